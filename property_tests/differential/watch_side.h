// property_tests/differential/watch_side.h: one server, a few Watch streams to it, and what each of their watchers was told.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/watch.pb.h"
#include "core/rpc/client.h"
#include "io/real/world.h"
#include "property_tests/differential/server_process.h"

namespace property_tests::differential {

inline constexpr std::size_t kStreams = 3;
// Each stream has a watcher of its own over the barrier key, by which it is known that what came before has arrived.
inline constexpr std::int64_t kBarrierId = 1'000'000;
inline constexpr std::string_view kBarrierKey = "\x01 barrier";

// What came for one id of a stream, an item for each answer that is no event and for each event, in order. Header revisions stand where both
// servers have to agree on them: in answers to requests.
using Told = std::map<std::int64_t, std::vector<std::string>>;

class WatchSide {
 public:
  // Ends the process if it does not serve in time.
  WatchSide(io::real::RealWorld& world, const std::string& program, const std::string& parent);
  ~WatchSide();

  struct Unary {
    rpc::Status status;
    std::string message;
  };
  Unary ask(std::string_view path, const std::string& request);
  void send(std::size_t stream, const etcdserverpb::WatchRequest& request);
  // How many answers to requests the stream has had.
  std::uint64_t answers(std::size_t stream) const { return streams_[stream]->answers; }
  // Until there are so many. False: not in this time.
  bool wait_for_answers(std::size_t stream, std::uint64_t count, base::Duration time);
  // Until every stream has been told of the barrier at this revision or a later one. False: it was not in time.
  bool wait_for_barrier(std::int64_t revision);
  void wait(base::Duration time);

  const Told& told(std::size_t stream) const { return streams_[stream]->told; }
  // What an answer must never do, whoever gave it; empty: nothing of that.
  const std::string& broken() const { return broken_; }
  std::string log_tail() const { return process_->log_tail(); }

 private:
  struct Stream final : rpc::ClientCall {
    Stream(WatchSide& its_side) : side(its_side) {}
    void on_message(std::string_view bytes) override { side.on_message(*this, bytes); }
    void on_status(const rpc::Status& with) override { side.broken_ = "a stream ended: " + rpc::to_text(with); }

    WatchSide& side;
    Told told;
    std::int64_t barrier = 0;
    std::uint64_t answers = 0;
    std::optional<std::int64_t> fragment_of;           // the next answer is more of this watcher's
    std::map<std::int64_t, std::int64_t> last_revision;  // of the events of each watcher
  };

  void on_message(Stream& stream, std::string_view bytes);
  bool is_serving_in_time();

  io::real::RealWorld& world_;
  std::unique_ptr<ServerProcess> process_;
  std::unique_ptr<rpc::Channel> channel_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::string broken_;
};

// In words, for a failure.
std::string to_text(const Told& told);

}  // namespace property_tests::differential
