// Crashes at any instant: what was durable is there, whole, and the log can go on from it.
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "property_tests/property.h"
#include "storage/sqlite/test_member.h"

namespace sqlite {

using io::sim::CrashKind;
using testing::Model;
using testing::TestMember;

namespace {

// One incarnation: apply some entries, go on for a while, perhaps with faults, and crash.
struct Life {
  unsigned entries = 0;
  unsigned run_time = 0;  // in units of 4 microseconds
  unsigned choices = 0;   // bits

  CrashKind crash_kind() const { return (choices & 1U) != 0 ? CrashKind::power_loss : CrashKind::process_kill; }
  bool wants_durable() const { return (choices & 2U) != 0; }
  bool has_sync_errors() const { return (choices & 12U) == 12U; }
  bool has_write_errors() const { return (choices & 12U) == 8U; }
  bool crashes_while_opening() const { return (choices & 48U) == 48U; }
  bool discards() const { return (choices & 64U) != 0; }
  base::Duration time() const { return std::chrono::microseconds(4) * run_time; }
};

std::ostream& operator<<(std::ostream& out, const Life& life) {
  return out << "{" << life.entries << " entries, run time " << life.run_time << ", choices " << life.choices << "}";
}

// In [0, bound), whatever the size of the case.
rc::Gen<unsigned> number(unsigned bound) { return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0U, bound)); }

class Story {
 public:
  explicit Story(std::uint64_t seed) : sim_(seed), member_(sim_, options()) {}

  void live(const Life& life) {
    if (life.crashes_while_opening()) member_.crash_while_opening(life.time(), life.crash_kind());
    open();
    io::sim::DiskFaults& faults = member_.node().disk_faults();
    if (life.has_sync_errors()) faults.sync_error_per_million = 300'000;
    if (life.has_write_errors()) faults.write_error_per_million = 5'000;
    for (unsigned i = 0; i < life.entries; ++i) {
      if (member_.applied() == member_.model.entry_count()) add_entry();
      member_.apply_next();
      note_state();
      if (i % 8 == 7) sim_.run_for(life.time() / 16);
    }
    if (life.discards()) discard_half();
    if (life.wants_durable()) member_.backend().want_durable();
    sim_.run_for(life.time());
    faults = {};
    member_.crash(life.crash_kind());
  }

  void finish() {
    open();
    member_.apply_all();
    RC_ASSERT(member_.run_until_durable());
    member_.close();
    open();
    RC_ASSERT(member_.applied() == member_.model.entry_count());
    member_.close();
  }

 private:
  static BackendOptions options() {
    BackendOptions options;
    options.batch_bytes = 100'000;
    options.batch_rows = 20;
    options.wal_bytes_max = 1U << 20U;
    options.checkpoint_delay = std::chrono::milliseconds(50);
    return options;
  }

  void open() {
    // The log was truncated as far as it may be.
    const base::Status opened = member_.open(member_.mark().applied.next());
    RC_ASSERT(opened.has_value());
    RC_ASSERT(member_.applied() >= member_.mark().applied.value());
    Model::Rows expected = member_.model.at(member_.applied());
    for (const std::uint64_t id : discarded_) {
      if (member_.opened_rows.count({Bucket::key, id}) == 0) expected.erase({Bucket::key, id});
      else member_.backend().discard(Bucket::key, id);  // a crash brought it back
    }
    RC_ASSERT(testing::same_rows(member_.opened_rows, expected));
    note_state();
  }

  // The state is a function of the log, in whichever life it was reached.
  void note_state() {
    const auto [at, is_new] = states_.try_emplace(member_.applied(), member_.backend().state());
    RC_ASSERT(is_new || at->second == member_.backend().state());
  }

  std::uint64_t draw(std::string_view purpose, std::uint64_t identity, std::uint64_t bound) {
    return sim_.decisions().below(purpose, {member_.model.entry_count(), identity}, bound);
  }

  void add_entry() {
    std::vector<Model::Change> changes;
    for (std::uint64_t i = draw("test.rows", 0, 4); i > 0; --i) {
      const std::uint64_t size = draw("test.large", i, 10) == 0 ? 30'000 : draw("test.size", i, 500);
      const std::uint64_t id = ++last_key_;
      changes.push_back({Row{Bucket::key, id, static_cast<std::int64_t>(id), 1, std::string(size, 'v')}, false});
    }
    const auto lease = static_cast<std::uint64_t>(1 + draw("test.lease", 0, 5));
    if (draw("test.erase", 0, 3) > 0) {
      leases_.insert(lease);
      changes.push_back({Row{Bucket::lease, lease, 0, 0, std::string(draw("test.size", 0, 3'000), 'l')}, false});
    } else if (leases_.erase(lease) > 0) {
      changes.push_back({Row{Bucket::lease, lease, 0, 0, {}}, true});
    }
    member_.model.add_entry(std::move(changes));
  }

  void discard_half() {
    for (const auto& [key, row] : member_.rows()) {
      if (key.first != Bucket::key || key.second % 2 == 0) continue;
      if (discarded_.insert(key.second).second) member_.backend().discard(Bucket::key, key.second);
    }
  }

  io::sim::Simulation sim_;
  TestMember member_;
  std::uint64_t last_key_ = 0;
  std::set<std::uint64_t> leases_;
  std::set<std::uint64_t> discarded_;
  std::map<std::uint64_t, base::Hash128> states_;
};

}  // namespace

PROPERTY("after any crash the store holds exactly what its applied index says, and never less than was durable") {
  property_tests::property("crashes", [](std::uint64_t seed) {
    const auto life = rc::gen::map(rc::gen::tuple(number(40), number(1U << 16U), number(256)), [](const auto& parts) {
      return Life{std::get<0>(parts), std::get<1>(parts), std::get<2>(parts)};
    });
    const auto lives = *rc::gen::container<std::vector<Life>>(1 + *number(10), life);
    Story story(seed);
    for (const Life& each : lives) story.live(each);
    story.finish();
  });
}

TEST_CASE("a crash at every instant of creation, of a batch and of a checkpoint") {
  // The same life is cut short a little later each time.
  for (const CrashKind kind : {CrashKind::process_kill, CrashKind::power_loss}) {
    for (int microseconds = 0; microseconds < 6'000; microseconds += 40) {
      CAPTURE(microseconds);
      io::sim::Simulation sim(static_cast<std::uint64_t>(microseconds));
      TestMember member(sim, {});
      member.crash_while_opening(std::chrono::microseconds(microseconds), kind);
      REQUIRE(member.open());
      for (std::uint64_t id = 1; id <= 40; ++id) member.put(id, std::string(5'000, 'x'));
      member.backend().want_durable();
      sim.run_for(std::chrono::microseconds(microseconds));
      member.crash(kind);
      REQUIRE(member.open(member.mark().applied.next()));
      CHECK(testing::same_rows(member.opened_rows, member.model.at(member.applied())));
      member.close();
    }
  }
}

}  // namespace sqlite
