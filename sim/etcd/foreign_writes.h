// sim/etcd/foreign_writes.h: writes that nothing marks as somebody's: programs of others write what they like.
//
// The clients of the workload give each put a value of its own, so that a committed entry says whose it is. Here equal bytes are all
// that there is: so often as they stand in the log somebody must have sent them, and not been refused.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sim::etcd {

class ForeignWrites {
 public:
  void on_sent(const std::string& bytes) { ++writes_[bytes].sent; }
  // Each says what is wrong, or nothing. `revision`: at which a put took effect; 0: it is none.
  std::string on_committed(std::string_view bytes, std::int64_t revision);
  std::string on_refused(const std::string& bytes);

  // Whether the put that made this revision has these bytes.
  bool is_put_at(std::int64_t revision, const std::string& bytes) const;

 private:
  struct Fates {
    std::uint64_t sent = 0;
    std::uint64_t refused = 0;  // certainly without effect
    std::uint64_t committed = 0;
  };
  std::map<std::string, Fates, std::less<>> writes_;
  std::map<std::int64_t, std::string> puts_;  // by revision
};

}  // namespace sim::etcd
