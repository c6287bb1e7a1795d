#include "apps/lockstep/drive_reads.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/assert.h"
#include "core/rpc/client.h"

namespace lockstep {

namespace {

constexpr std::size_t kConnections = 4;
constexpr std::size_t kCalls = 128;  // on their way, on all connections
constexpr base::Duration kCallTimeout = std::chrono::seconds(10);
constexpr base::Duration kReadPause = std::chrono::milliseconds(100);

class ReadFigures;

class Call final : public rpc::ClientCall {
 public:
  explicit Call(ReadFigures& reading) : reading_(reading) {}
  void on_message(std::string_view message) override;
  void on_status(const rpc::Status& status) override;

  std::size_t place = 0;
  bool has_answer = false;

 private:
  ReadFigures& reading_;
};

// A lost connection, a member that is not ready, one that lags: another time.
bool is_passing(const rpc::Status& status) {
  switch (status.code) {
    case rpc::StatusCode::unavailable:
    case rpc::StatusCode::deadline_exceeded:
    case rpc::StatusCode::cancelled:
    case rpc::StatusCode::unknown:
    case rpc::StatusCode::resource_exhausted: return true;
    case rpc::StatusCode::out_of_range: return status.message.find("future") != std::string::npos;
    case rpc::StatusCode::ok:
    case rpc::StatusCode::invalid_argument:
    case rpc::StatusCode::not_found:
    case rpc::StatusCode::already_exists:
    case rpc::StatusCode::permission_denied:
    case rpc::StatusCode::failed_precondition:
    case rpc::StatusCode::aborted:
    case rpc::StatusCode::unimplemented:
    case rpc::StatusCode::internal:
    case rpc::StatusCode::data_loss:
    case rpc::StatusCode::unauthenticated: return false;
  }
  return false;
}

class ReadFigures final : private io::Timer {
 public:
  ReadFigures(BenchWorld& world, const std::vector<io::Address>& endpoints, std::size_t count, base::Duration patience, RangeReads& reads)
      : bench_(world), world_(world.real().world()), endpoints_(endpoints), count_(count), patience_(patience), reads_(reads) {
    for (std::size_t i = 0; i < std::min(kCalls, count); ++i) idle_.push_back(calls_.emplace_back(std::make_unique<Call>(*this)).get());
    last_answer_ = world_.clock.now();
  }
  ~ReadFigures() { world_.clock.disarm(*this); }

  base::Status perform() {
    while (taken_ < count_ && !failure_) {
      go_on();
      bench_.real().run_turn(base::Duration(-1));
      if (bench_.is_interrupted()) failure_ = base::Error{base::Code::unavailable, "interrupted"};
      if (!failure_ && world_.clock.now() - last_answer_ > patience_) {
        failure_ = base::Error{base::Code::unavailable, "nobody answers: " + (last_error_.empty() ? "no connection" : last_error_)};
      }
    }
    if (failure_) return base::fail(*failure_);
    return {};
  }

  void on_message(const Call& call, std::string_view message) {
    if (failure_) return;
    if (!answer_.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      failure_ = base::Error{base::Code::invalid, "an answer that cannot be read"};
    } else if (const base::Status taken = reads_.take(call.place, answer_); !taken) {
      failure_ = taken.error();
    }
    ++taken_;
    last_answer_ = world_.clock.now();
  }

  void on_end(Call& call, const rpc::Status& status) {
    idle_.push_back(&call);
    if (call.has_answer) return;
    again_.push_back(call.place);
    last_error_ = to_text(status);
    if (!is_passing(status)) failure_ = base::Error{base::Code::invalid, last_error_};
    // Not at once, and elsewhere.
    is_leaving_ = true;
  }

 private:
  void on_timer() override {}  // the turn is all that is wanted

  void go_on() {
    const base::Instant now = world_.clock.now();
    world_.clock.arm(*this, now + kReadPause);
    if (is_leaving_ && idle_.size() == calls_.size()) {
      is_leaving_ = false;
      channels_.clear();
      endpoint_ = (endpoint_ + 1) % endpoints_.size();
      not_before_ = now + kReadPause;
    }
    if (is_leaving_ || now < not_before_) return;
    if (channels_.empty()) {
      for (std::size_t i = 0; i < std::min(kConnections, count_); ++i) {
        channels_.push_back(std::make_unique<rpc::Channel>(world_, endpoints_[endpoint_], rpc::ChannelOptions{}, nullptr));
      }
    }
    while (!idle_.empty() && (next_ < count_ || !again_.empty())) ask();
  }

  void ask() {
    Call& call = *idle_.back();
    idle_.pop_back();
    if (!again_.empty()) {
      call.place = again_.front();
      again_.pop_front();
    } else {
      call.place = next_++;
    }
    call.has_answer = false;
    request_.Clear();
    reads_.fill(call.place, request_);
    rpc::CallOptions options;
    options.deadline = world_.clock.now() + kCallTimeout;
    channels_[asked_++ % channels_.size()]->unary("/etcdserverpb.KV/Range", request_.SerializeAsString(), options, call);
  }

  BenchWorld& bench_;
  const io::World& world_;
  const std::vector<io::Address>& endpoints_;
  const std::size_t count_;
  const base::Duration patience_;
  RangeReads& reads_;
  // Channels go before the calls that they hold.
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<std::unique_ptr<rpc::Channel>> channels_;
  std::vector<Call*> idle_;
  std::deque<std::size_t> again_;  // places that failed
  std::size_t next_ = 0;           // the first place that was never asked
  std::size_t taken_ = 0;
  std::size_t asked_ = 0;
  std::size_t endpoint_ = 0;
  bool is_leaving_ = false;
  base::Instant not_before_;
  base::Instant last_answer_;
  std::string last_error_;
  std::optional<base::Error> failure_;
  etcdserverpb::RangeRequest request_;
  etcdserverpb::RangeResponse answer_;
};

void Call::on_message(std::string_view message) {
  has_answer = true;
  reading_.on_message(*this, message);
}

void Call::on_status(const rpc::Status& status) { reading_.on_end(*this, status); }

}  // namespace

base::Status read_ranges(BenchWorld& world, const std::vector<io::Address>& endpoints, std::size_t count, base::Duration patience,
                         RangeReads& reads) {
  ASSERT(!endpoints.empty());
  ReadFigures reading(world, endpoints, count, patience, reads);
  return reading.perform();
}

}  // namespace lockstep
