#include "property_tests/differential/watch_generator.h"

#include <algorithm>
#include <array>

#include "property_tests/differential/watch_side.h"

namespace property_tests::differential {

using etcdserverpb::WatchCreateRequest;

namespace {

const std::array<std::string, 6> kWatchedKeys = {"a", "b", "ba", "bb", "c", "d"};
const std::string kToTheLast(1, '\0');

template <typename Request>
WatchStep asked(std::string_view row, std::string_view path, const Request& request, bool is_change) {
  WatchStep step;
  step.rows = {row};
  step.path = path;
  step.message = request.SerializeAsString();
  step.is_change = is_change;
  return step;
}

}  // namespace

std::vector<std::string_view> watch_rows() {
  return {"put", "delete: a key", "delete: a range", "txn", "compact",
          "create: from now on", "create: in the past", "create: in the future", "create: at the compacted revision", "create: before it",
          "create: one key", "create: a range", "create: to the end", "create: no key", "create: an empty range",
          "create: id of the client", "create: id that is taken", "create: previous values", "create: no puts", "create: no deletes",
          "create: neither", "create: fragments", "cancel: a watcher", "cancel: nobody", "no request"};
}

std::string to_text(const WatchStep& step) {
  std::string out;
  for (const std::string_view row : step.rows) out += std::string(row) + "; ";
  if (!step.path.empty()) return out + step.path;
  return out + "on stream " + std::to_string(step.stream) + ": " + step.request.ShortDebugString();
}

std::string WatchGenerator::key() { return dice_.pick(kWatchedKeys); }

WatchStep WatchGenerator::next(std::int64_t revision, std::int64_t compacted) {
  ++count_;
  barriers_.push_back(revision);
  const std::uint64_t kind = dice_.below(100);
  if (kind < 35) return put();
  if (kind < 45) return erase();
  if (kind < 55) return txn();
  if (kind < 57) return compact(revision, compacted);
  if (kind < 85) return create(revision, compacted);
  if (kind < 98) return cancel();
  WatchStep nothing;
  nothing.rows = {"no request"};
  nothing.stream = dice_.below(kStreams);
  return nothing;
}

WatchStep WatchGenerator::put() {
  etcdserverpb::PutRequest request;
  request.set_key(key());
  request.set_value("value " + std::to_string(count_));
  return asked("put", "/etcdserverpb.KV/Put", request, true);
}

WatchStep WatchGenerator::erase() {
  etcdserverpb::DeleteRangeRequest request;
  request.set_key(key());
  const bool is_range = dice_.chance(30);
  if (is_range) request.set_range_end("c");
  return asked(is_range ? "delete: a range" : "delete: a key", "/etcdserverpb.KV/DeleteRange", request, true);
}

WatchStep WatchGenerator::txn() {
  etcdserverpb::TxnRequest request;
  const std::size_t first = dice_.below(kWatchedKeys.size());
  for (std::size_t i = 0; i < 3; ++i) {  // no key twice
    const std::string& one = kWatchedKeys[(first + i) % kWatchedKeys.size()];
    if (dice_.chance(70)) {
      etcdserverpb::PutRequest& part = *request.add_success()->mutable_request_put();
      part.set_key(one);
      part.set_value("txn " + std::to_string(count_));
    } else {
      request.add_success()->mutable_request_delete_range()->set_key(one);
    }
  }
  return asked("txn", "/etcdserverpb.KV/Txn", request, true);
}

WatchStep WatchGenerator::compact(std::int64_t revision, std::int64_t compacted) {
  etcdserverpb::CompactionRequest request;
  // At a barrier: 3.4.23 loses a delete at the very revision (etcd #18089), which 3.7 does not. Now and then at one that is refused.
  const std::uint64_t kind = dice_.below(10);
  request.set_revision(kind == 0 ? compacted : kind == 1 ? revision + 5 : barriers_[dice_.below(barriers_.size())]);
  return asked("compact", "/etcdserverpb.KV/Compact", request, false);
}

WatchStep WatchGenerator::create(std::int64_t revision, std::int64_t compacted) {
  WatchStep step;
  step.stream = dice_.below(kStreams);
  WatchCreateRequest& request = *step.request.mutable_create_request();
  request.set_key(key());
  switch (dice_.below(6)) {
    case 0:
    case 1: step.rows.push_back("create: one key"); break;
    case 2:
      step.rows.push_back("create: a range");
      request.set_range_end(request.key() + "z");
      break;
    case 3:
      step.rows.push_back("create: to the end");
      request.set_range_end(kToTheLast);
      break;
    case 4:
      step.rows.push_back("create: no key");
      request.clear_key();
      if (dice_.chance(70)) request.set_range_end(kToTheLast);
      break;
    default:
      step.rows.push_back("create: an empty range");
      request.set_range_end(dice_.chance(50) ? request.key() : "A");
      break;
  }
  switch (dice_.below(7)) {
    case 0:
      step.rows.push_back("create: in the past");
      request.set_start_revision(dice_.between(std::min(compacted + 1, revision), revision));
      break;
    case 1:
      step.rows.push_back("create: in the future");
      request.set_start_revision(revision + dice_.between(1, 20));
      break;
    case 2:
      if (compacted == 0) {
        step.rows.push_back("create: from now on");
        break;
      }
      if (dice_.chance(50) && compacted > 1) {
        step.rows.push_back("create: before it");
        request.set_start_revision(dice_.between(1, compacted - 1));
      } else {
        step.rows.push_back("create: at the compacted revision");
        request.set_start_revision(compacted);
      }
      break;
    default: step.rows.push_back("create: from now on"); break;
  }
  switch (dice_.below(9)) {
    case 0:
      step.rows.push_back("create: previous values");
      request.set_prev_kv(true);
      break;
    case 1:
      step.rows.push_back("create: no puts");
      request.add_filters(WatchCreateRequest::NOPUT);
      break;
    case 2:
      step.rows.push_back("create: no deletes");
      request.add_filters(WatchCreateRequest::NODELETE);
      break;
    case 3:
      step.rows.push_back("create: neither");
      request.add_filters(WatchCreateRequest::NOPUT);
      request.add_filters(WatchCreateRequest::NODELETE);
      break;
    case 4:
      step.rows.push_back("create: fragments");
      request.set_fragment(true);
      break;
    case 5:
      step.rows.push_back("create: id of the client");
      request.set_watch_id(dice_.between(20, 40));
      break;
    case 6:
      step.rows.push_back("create: id that is taken");
      request.set_watch_id(kBarrierId);
      break;
    default: break;
  }
  return step;
}

WatchStep WatchGenerator::cancel() {
  WatchStep step;
  step.stream = dice_.below(kStreams);
  const bool is_nobody = dice_.chance(20);
  step.rows = {is_nobody ? "cancel: nobody" : "cancel: a watcher"};
  step.request.mutable_cancel_request()->set_watch_id(is_nobody ? 999 : dice_.between(0, 40));
  return step;
}

}  // namespace property_tests::differential
