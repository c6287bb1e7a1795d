// Property: whatever watchers come and go, however slowly their clients take what they are told, and whatever is compacted meanwhile, each is
//   told exactly what happened to its keys from its start on, in order, a revision at a time; or that it is compacted.
// Method: few keys and small limits, three streams on connections of their own of which some stop reading; the model is the list of what each
//   revision did.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/hash.h"
#include "core/etcd/test_server.h"
#include "core/etcd/test_watch.h"
#include "core/etcd/txn_texts.h"

namespace etcd {
namespace {

using etcdserverpb::WatchCreateRequest;
using testing::TestServer;
using testing::TestWatch;
using namespace std::chrono_literals;

struct Happened {
  bool is_put = false;
  std::string key;
  std::string value;
  std::string previous;  // the value before; empty: none
};

struct Wish {
  std::string key;
  std::string end;
  std::int64_t start = 0;  // the first revision that it is to be told of
  bool wants_puts = true;
  bool wants_deletes = true;
  bool wants_previous = false;

  bool has(const Happened& what) const {
    if (!(what.is_put ? wants_puts : wants_deletes)) return false;
    if (end.empty()) return what.key == key;
    return what.key >= key && (end == std::string(1, '\0') || what.key < end);
  }
};

class WatchRun {
 public:
  explicit WatchRun(std::uint64_t seed) : seed_(seed) {
    test_.config.tuning.watch_slice_rows = 1 + below(10);
    test_.config.tuning.watch_slice_bytes = 1 + below(5'000);
    test_.config.tuning.stream_queued_bytes_max = 1 + below(50'000);
    test_.config.compaction_sleep_interval = 1ms;
    value_bytes_ = below(2) == 0 ? 10 : 100'000;  // more than a window, with a few of them
    test_.start();
    for (int i = 0; i < 3; ++i) {
      channels_.push_back(std::make_unique<rpc::Channel>(test_.client.world(), test_.config.listen_client[0], rpc::ChannelOptions(), nullptr));
      streams_.push_back(std::make_unique<TestWatch>(*channels_.back()));
      wishes_.emplace_back();
    }
  }
  ~WatchRun() { streams_.clear(); }

  void go() {
    for (int step = 0; step < 150; ++step) act();
    for (auto& stream : streams_) stream->pause(false);
    test_.sim.run_for(10s);
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      streams_[i]->ask_for_progress();
      test_.sim.run_for(1s);
      judge(i);
    }
  }

  static inline std::map<std::string, int> reached;

 private:
  std::uint64_t below(std::uint64_t bound) { return base::mix64(seed_, ++draws_) % bound; }
  std::string key() { return std::string(1, static_cast<char>('a' + below(5))); }

  void act() {
    const std::size_t at = below(streams_.size());
    switch (below(12)) {
      case 0: return watch(at);
      case 1: return streams_[at]->pause(below(2) == 0);
      case 2: return below(3) == 0 ? compact() : streams_[at]->cancel(static_cast<std::int64_t>(below(4)));
      case 3: return test_.sim.run_for(std::chrono::milliseconds(below(500)));
      case 4: return streams_[at]->ask_for_progress();
      case 5: return erase();
      case 6: return txn();
      default: return put();
    }
  }

  void put() {
    const std::string what = key();
    const std::string value = std::to_string(revision() + 1) + std::string(below(value_bytes_), 'x');
    REQUIRE(test_.put(what, value).ok());
    history_.push_back({change(true, what, value)});
  }
  void erase() {
    const std::string what = key();
    std::vector<Happened> happened;
    for (const auto& one : std::map<std::string, std::string>(state_)) {
      if (one.first >= what) happened.push_back(change(false, one.first, {}));
    }
    REQUIRE(test_.erase(what, std::string(1, '\0')).ok());
    if (!happened.empty()) history_.push_back(happened);
  }
  void txn() {
    REQUIRE(test_.call<etcdserverpb::TxnResponse>("/etcdserverpb.KV/Txn", testing::txn_of(": put d=1, put a=2, put c=3")).ok());
    history_.push_back({change(true, "d", "1"), change(true, "a", "2"), change(true, "c", "3")});
  }
  Happened change(bool is_put, const std::string& what, const std::string& value) {
    const auto before = state_.find(what);
    Happened out{is_put, what, value, before == state_.end() ? "" : before->second};
    if (is_put) state_[what] = value;
    else state_.erase(what);
    return out;
  }
  void compact() {
    if (revision() <= compacted_ + 1) return;
    compacted_ += 1 + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(revision() - compacted_)));
    etcdserverpb::CompactionRequest request;
    request.set_revision(compacted_);
    REQUIRE(test_.call<etcdserverpb::CompactionResponse>("/etcdserverpb.KV/Compact", request).ok());
  }

  void watch(std::size_t at) {
    Wish wish;
    wish.key = key();
    const std::uint64_t kind = below(3);
    if (kind == 1) wish.end = std::string(1, '\0');
    if (kind == 2) wish.end = std::string(1, static_cast<char>(wish.key[0] + 1 + static_cast<char>(below(3))));
    wish.wants_puts = below(5) != 0;
    wish.wants_deletes = below(5) != 0;
    wish.wants_previous = below(3) == 0;
    const std::uint64_t from = below(3);
    if (from == 0) wish.start = 1 + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(revision())));
    if (from == 1) wish.start = revision() + 1 + static_cast<std::int64_t>(below(5));
    auto request = TestWatch::request_of(wish.key, wish.end, wish.start);
    request.mutable_create_request()->set_prev_kv(wish.wants_previous);
    if (!wish.wants_puts) request.mutable_create_request()->add_filters(WatchCreateRequest::NOPUT);
    if (!wish.wants_deletes) request.mutable_create_request()->add_filters(WatchCreateRequest::NODELETE);
    streams_[at]->send(request);
    wishes_[at].push_back(wish);
    test_.sim.run_for(1ms);
  }

  std::int64_t revision() const { return static_cast<std::int64_t>(history_.size()) + 1; }
  const std::vector<Happened>& at(std::int64_t when) const { return history_[static_cast<std::size_t>(when - 2)]; }

  // Reads the responses of a stream from the first to the last; watchers are created in the order in which they were wished for.
  void judge(std::size_t index) {
    CAPTURE(index);
    struct Known {
      Wish wish;
      std::int64_t next = 0;
    };
    std::map<std::int64_t, Known> known;
    std::set<std::int64_t> dead;
    std::size_t created = 0;
    for (const etcdserverpb::WatchResponse& response : streams_[index]->responses) {
      CAPTURE(testing::text_of(response).substr(0, 300));
      if (response.created()) {
        Wish wish = wishes_[index].at(created++);
        if (wish.start == 0) wish.start = response.header().revision() + 1;
        REQUIRE(known.emplace(response.watch_id(), Known{wish, wish.start}).second);
        continue;
      }
      if (response.watch_id() == -1) {
        ++reached["progress"];
        for (auto& one : known) tell_nothing(one.second.wish, one.second.next, response.header().revision());
        continue;
      }
      const auto found = known.find(response.watch_id());
      if (response.canceled() && response.compact_revision() == 0) {
        REQUIRE_EQ(known.erase(response.watch_id()) + dead.erase(response.watch_id()), 1);
        continue;
      }
      REQUIRE(found != known.end());
      Known& watcher = found->second;
      if (response.canceled()) {
        ++reached["compacted"];
        CHECK_LE(response.compact_revision(), compacted_);
        CHECK_LT(watcher.next, response.compact_revision());
        dead.insert(response.watch_id());
        known.erase(found);
        continue;
      }
      REQUIRE_GT(response.events_size(), 0);
      int event = 0;
      while (event < response.events_size()) {
        const std::int64_t when = response.events(event).kv().mod_revision();
        REQUIRE_GE(when, watcher.next);
        REQUIRE_LE(when, revision());
        tell_nothing(watcher.wish, watcher.next, when - 1);
        for (const Happened& what : at(when)) {
          if (!watcher.wish.has(what)) continue;
          REQUIRE_LT(event, response.events_size());
          check(watcher.wish, what, when, response.events(event++));
        }
        watcher.next = when + 1;
      }
      CHECK_GE(response.header().revision(), watcher.next - 1);
    }
    CHECK_EQ(created, wishes_[index].size());
    for (auto& one : known) tell_nothing(one.second.wish, one.second.next, revision());
  }
  // Nothing of these revisions was the watcher's.
  void tell_nothing(const Wish& wish, std::int64_t& next, std::int64_t through) {
    next = std::max<std::int64_t>(next, 2);  // the empty store stands at 1
    for (; next <= through; ++next) {
      for (const Happened& what : at(next)) REQUIRE_FALSE(wish.has(what));
    }
  }
  void check(const Wish& wish, const Happened& what, std::int64_t when, const mvccpb::Event& event) {
    ++reached["event"];
    CHECK_EQ(event.type() == mvccpb::Event::PUT, what.is_put);
    CHECK_EQ(event.kv().key(), what.key);
    CHECK_EQ(event.kv().value(), what.value);
    CHECK_EQ(event.kv().mod_revision(), when);
    const bool has_previous = wish.wants_previous && !what.previous.empty();
    if (!event.has_prev_kv()) {
      if (has_previous) CHECK_LT(when - 1, compacted_);
      return;
    }
    CHECK(has_previous);
    CHECK_EQ(event.prev_kv().value(), what.previous);
  }

  const std::uint64_t seed_;
  std::uint64_t draws_ = 0;
  TestServer test_;
  std::uint64_t value_bytes_ = 0;
  std::vector<std::unique_ptr<rpc::Channel>> channels_;
  std::vector<std::unique_ptr<TestWatch>> streams_;
  std::vector<std::vector<Wish>> wishes_;       // of each stream, in the order of asking
  std::vector<std::vector<Happened>> history_;  // by revision, from 2 on
  std::map<std::string, std::string> state_;
  std::int64_t compacted_ = 0;
};

}  // namespace

TEST_CASE("every watcher is told exactly what happened") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    WatchRun(seed).go();
  }
  for (const char* what : {"event", "compacted", "progress"}) {
    CAPTURE(what);
    CHECK_GT(WatchRun::reached[what], 20);
  }
}

}  // namespace etcd
