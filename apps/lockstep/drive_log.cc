#include "apps/lockstep/drive_log.h"

#include <algorithm>
#include <utility>

#include "apps/lockstep/drive_reads.h"
#include "sim/etcd/history_load.h"

namespace lockstep {

namespace {

constexpr std::int64_t kBaseKeysMax = 10000;
// For a member to come back once others serve.
constexpr base::Duration kMemberPatience = std::chrono::seconds(10);

void everything(etcdserverpb::RangeRequest& range) {
  range.set_key(std::string(1, '\0'));
  range.set_range_end(std::string(1, '\0'));
}

class ReadBase final : public RangeReads {
 public:
  explicit ReadBase(sim::etcd::History& history) : history_(history) {}
  void fill(std::size_t, etcdserverpb::RangeRequest& range) override {
    everything(range);
    range.set_limit(kBaseKeysMax);
  }
  base::Status take(std::size_t, const etcdserverpb::RangeResponse& range) override {
    if (range.more()) return base::fail(base::Code::invalid, "the store holds more than " + std::to_string(kBaseKeysMax) + " keys; a drive needs one that is its own");
    history_.first_revision = range.header().revision();
    for (const mvccpb::KeyValue& kv : range.kvs()) {
      if (kv.lease() != 0) return base::fail(base::Code::invalid, "the store holds keys with leases; a drive needs one that is its own");
      history_.base.push_back(history_.arena.add(kv.SerializeAsString()));
    }
    return {};
  }

 private:
  sim::etcd::History& history_;
};

class ReadHead final : public RangeReads {
 public:
  void fill(std::size_t, etcdserverpb::RangeRequest& range) override {
    everything(range);
    range.set_count_only(true);
  }
  base::Status take(std::size_t, const etcdserverpb::RangeResponse& range) override {
    head = range.header().revision();
    return {};
  }
  std::int64_t head = 0;
};

class ReadOnce final : public RangeReads {
 public:
  ReadOnce(const DriveOptions& options, std::uint32_t endpoint, DriveRecorder& recorder) : recorder_(recorder) {
    operation_.client = options.clients + endpoint;
    operation_.endpoint = endpoint;
    operation_.call = sim::etcd::HistoryCall::range;
  }
  // An attempt that fails reads nothing, and is not worth a line.
  void fill(std::size_t, etcdserverpb::RangeRequest& range) override {
    everything(range);
    operation_.request = recorder_.arena().add(range.SerializeAsString());
    operation_.start_ns = recorder_.stamp();
  }
  base::Status take(std::size_t, const etcdserverpb::RangeResponse& range) override {
    recorder_.on_answer(operation_, "last range", range.SerializeAsString());
    return {};
  }

 private:
  DriveRecorder& recorder_;
  sim::etcd::HistoryOperation operation_;
};

class ReadPuts final : public RangeReads {
 public:
  explicit ReadPuts(sim::etcd::History& history) : history_(history), appeared_(history.log.size()), is_suspect_(history.log.size()) {}
  void fill(std::size_t place, etcdserverpb::RangeRequest& range) override {
    const std::int64_t revision = history_.log[place].revision;
    everything(range);
    range.set_revision(revision);
    range.set_min_mod_revision(revision);
    range.set_max_mod_revision(revision);
    range.set_serializable(true);  // what is committed there never changes
  }
  base::Status take(std::size_t place, const etcdserverpb::RangeResponse& range) override {
    sim::etcd::LogRevision& out = history_.log[place];
    for (const mvccpb::KeyValue& kv : range.kvs()) {
      if (kv.version() == 1) ++appeared_[place];
      if (sim::etcd::is_marker(kv.key())) is_suspect_[place] = true;
      out.puts.push_back(history_.arena.add(kv.SerializeAsString()));
    }
    out.key_count = range.count();
    return {};
  }
  // After all of them: the revisions that may have deleted something, which are those with a marker, and those that left fewer keys
  // than there should be.
  std::vector<bool> find_suspects(std::int64_t count_before) {
    for (std::size_t i = 0; i < history_.log.size(); ++i) {
      if (history_.log[i].key_count != count_before + appeared_[i]) is_suspect_[i] = true;
      count_before = history_.log[i].key_count;
    }
    return is_suspect_;
  }

 private:
  sim::etcd::History& history_;
  std::vector<std::int64_t> appeared_;  // keys that were not there before
  std::vector<bool> is_suspect_;
};

// The keys behind and before each revision at which one may have vanished: places 2i and 2i + 1.
class ReadKeys final : public RangeReads {
 public:
  ReadKeys(sim::etcd::History& history, const std::vector<bool>& is_suspect) : history_(history) {
    for (std::size_t i = 0; i < is_suspect.size(); ++i) {
      if (is_suspect[i]) suspects_.push_back(i);
    }
    keys_.resize(2 * suspects_.size());
    taken_.resize(suspects_.size());
  }
  std::size_t count() const { return keys_.size(); }
  void fill(std::size_t place, etcdserverpb::RangeRequest& range) override {
    everything(range);
    range.set_revision(history_.log[suspects_[place / 2]].revision - static_cast<std::int64_t>(place % 2));
    range.set_keys_only(true);
    range.set_serializable(true);
  }
  base::Status take(std::size_t place, const etcdserverpb::RangeResponse& range) override {
    for (const mvccpb::KeyValue& kv : range.kvs()) keys_[place].push_back(kv.key());
    if (++taken_[place / 2] < 2) return {};
    std::vector<std::string>& after = keys_[place / 2 * 2];
    std::vector<std::string>& before = keys_[place / 2 * 2 + 1];
    for (const std::string& key : before) {
      if (!std::binary_search(after.begin(), after.end(), key)) history_.log[suspects_[place / 2]].deletes.push_back(history_.arena.add(key));
    }
    after = {};
    before = {};
    return {};
  }

 private:
  sim::etcd::History& history_;
  std::vector<std::size_t> suspects_;           // places in the log
  std::vector<std::vector<std::string>> keys_;  // by key
  std::vector<int> taken_;                      // of the two
};

}  // namespace

base::Status read_base(BenchWorld& world, const std::vector<io::Address>& endpoints, base::Duration patience, sim::etcd::History& history) {
  ReadBase reads(history);
  return read_ranges(world, endpoints, 1, patience, reads);
}

base::Result<std::vector<std::string>> read_everywhere(BenchWorld& world, const DriveOptions& options, DriveRecorder& recorder) {
  ReadHead head;
  if (base::Status read = read_ranges(world, options.endpoints, 1, options.settle_timeout, head); !read) return base::fail(read.error());
  std::vector<std::string> silent;
  for (std::uint32_t i = 0; i < options.endpoints.size(); ++i) {
    ReadOnce reads(options, i, recorder);
    const base::Status read = read_ranges(world, {options.endpoints[i]}, 1, std::min(options.settle_timeout, kMemberPatience), reads);
    if (!read && read.error().code != base::Code::unavailable) return base::fail(read.error());
    if (!read) silent.push_back(to_text(options.endpoints[i]));
  }
  return silent;
}

base::Status read_log(BenchWorld& world, const std::vector<io::Address>& endpoints, base::Duration patience, sim::etcd::History& history) {
  ReadHead head;
  if (base::Status read = read_ranges(world, endpoints, 1, patience, head); !read) return read;
  if (head.head < history.first_revision) {
    return base::fail(base::Code::invalid, "the store has gone back from revision " + std::to_string(history.first_revision) + " to " +
                                               std::to_string(head.head));
  }
  history.log.resize(static_cast<std::size_t>(head.head - history.first_revision));
  for (std::size_t i = 0; i < history.log.size(); ++i) history.log[i].revision = history.first_revision + 1 + static_cast<std::int64_t>(i);
  ReadPuts puts(history);
  if (base::Status read = read_ranges(world, endpoints, history.log.size(), patience, puts); !read) return read;
  ReadKeys keys(history, puts.find_suspects(static_cast<std::int64_t>(history.base.size())));
  return read_ranges(world, endpoints, keys.count(), patience, keys);
}

}  // namespace lockstep
