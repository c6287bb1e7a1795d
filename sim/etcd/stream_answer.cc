#include "sim/etcd/stream_answer.h"

namespace sim::etcd {

std::string StreamAnswer::add(std::string_view message) {
  etcdserverpb::RangeStreamResponse part;
  if (!part.ParseFromString(std::string(message)) || !part.has_range_response()) return "a message of its stream cannot be read";
  if (is_whole()) return "its stream goes on behind the last message";
  const etcdserverpb::RangeResponse& range = part.range_response();
  if (!range.has_header() && (range.more() || range.count() != 0)) return "a message before the last one already knows the totals";
  if (!range.has_header() && range.kvs().empty()) return "a message before the last one is empty";
  merged_.MergeFrom(range);
  return {};
}

}  // namespace sim::etcd
