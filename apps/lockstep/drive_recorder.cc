#include "apps/lockstep/drive_recorder.h"

#include <algorithm>

#include "core/api/kv.pb.h"

namespace lockstep {

namespace {

using sim::etcd::HistoryCall;
using sim::etcd::HistoryEnd;
using sim::etcd::HistoryOperation;

struct Header {
  std::int64_t revision = 0;
  std::uint64_t term = 0;
};

// Without who answered, which the endpoint says and no checker wants.
template <typename Response>
std::string strip(std::string_view answer, Header& header) {
  Response response;
  if (!response.ParseFromArray(answer.data(), static_cast<int>(answer.size()))) return std::string(answer);
  header = {response.header().revision(), response.header().raft_term()};
  response.mutable_header()->clear_cluster_id();
  response.mutable_header()->clear_member_id();
  return response.SerializeAsString();
}

std::string strip(HistoryCall call, std::string_view answer, Header& header) {
  switch (call) {
    case HistoryCall::put: return strip<etcdserverpb::PutResponse>(answer, header);
    case HistoryCall::range: return strip<etcdserverpb::RangeResponse>(answer, header);
    case HistoryCall::txn: return strip<etcdserverpb::TxnResponse>(answer, header);
  }
  return std::string(answer);
}

double seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

}  // namespace

void Availability::begin(std::int64_t at_ns) { begin_ns_ = last_ns_ = at_ns; }

void Availability::end(std::int64_t at_ns) {
  on_acknowledged(at_ns);
  is_over_ = true;
}

void Availability::on_acknowledged(std::int64_t at_ns) {
  if (is_over_) return;
  if (at_ns - last_ns_ > kGapNs) gaps_.push_back({seconds(last_ns_ - begin_ns_), seconds(at_ns - last_ns_)});
  last_ns_ = at_ns;
}

std::vector<AvailabilityGap> Availability::longest(std::size_t count) const {
  std::vector<AvailabilityGap> out = gaps_;
  std::stable_sort(out.begin(), out.end(), [](const AvailabilityGap& a, const AvailabilityGap& b) { return a.seconds > b.seconds; });
  out.resize(std::min(count, out.size()));
  return out;
}

std::int64_t DriveRecorder::stamp() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  last_stamp_ = std::max(last_stamp_ + 1, std::int64_t{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()});
  return last_stamp_;
}

KindCounts& DriveRecorder::counts(std::string_view kind) {
  const auto found = kinds_.find(kind);
  return found != kinds_.end() ? found->second : kinds_[std::string(kind)];
}

void DriveRecorder::add(const HistoryOperation& operation) {
  history_.operations.push_back(operation);
  file_.add(operation);
}

void DriveRecorder::on_answer(HistoryOperation operation, std::string_view kind, std::string_view answer) {
  operation.end_ns = stamp();
  operation.end = HistoryEnd::answered;
  Header header;
  operation.answer = arena().add(strip(operation.call, answer, header));
  shown_ = std::max(shown_, header.revision);
  terms_.insert(header.term);
  availability_.on_acknowledged(operation.end_ns);
  ++counts(kind).acknowledged;
  add(operation);
}

void DriveRecorder::on_error(HistoryOperation operation, std::string_view kind, const rpc::Status& status) {
  operation.end_ns = stamp();
  operation.end = HistoryEnd::failed;
  operation.code = status.code;
  operation.answer = arena().add(status.message);
  const bool is_unknown = sim::etcd::meaning_of(status) == sim::etcd::ErrorMeaning::unknown;
  ++(is_unknown ? counts(kind).unknown : counts(kind).refused);
  ++errors_[to_text(status)];
  add(operation);
}

void DriveRecorder::on_open(const HistoryOperation& operation, std::string_view kind) {
  ++counts(kind).unknown;
  add(operation);
}

}  // namespace lockstep
