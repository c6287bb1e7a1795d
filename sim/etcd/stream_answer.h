// sim/etcd/stream_answer.h: the messages of one RangeStream, put together (behaviour reference §2.2).
//
// Every message holds keys; the last one, and no other, also has header, `more` and `count`, and it alone may be without
// keys. Merged they are the answer of a Range.
#pragma once

#include <string>
#include <string_view>

#include "core/api/kv.pb.h"

namespace sim::etcd {

class StreamAnswer {
 public:
  // What is wrong with it, or empty.
  std::string add(std::string_view message);
  bool is_whole() const { return merged_.has_header(); }
  const etcdserverpb::RangeResponse& merged() const { return merged_; }

 private:
  etcdserverpb::RangeResponse merged_;
};

}  // namespace sim::etcd
