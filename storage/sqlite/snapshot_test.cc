// Snapshots from one store to another: what comes of them, whatever happens meanwhile.
#include <malloc.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "property_tests/property.h"
#include "storage/sqlite/test_snapshot.h"

namespace sqlite {

using namespace std::chrono_literals;
using io::sim::CrashKind;
using testing::Model;
using testing::Opened;
using testing::read_all;
using testing::same_rows;
using testing::TestMember;
using testing::TestReceiver;

namespace {

constexpr base::StoreGeneration kNext{2};

// Small, so that all of it happens.
BackendOptions small_options() {
  BackendOptions options;
  options.batch_bytes = 50'000;
  options.batch_rows = 10;
  options.wal_bytes_max = 256U << 10U;
  options.checkpoint_delay = 50ms;
  options.snapshot_wal_bytes = 1U << 20U;
  options.snapshot_wal_bytes_max = 4U << 20U;
  return options;
}

std::unique_ptr<Snapshot> take(TestMember& member) {
  base::Result<std::unique_ptr<Snapshot>> snapshot = member.backend().take_snapshot();
  REQUIRE(snapshot.has_value());
  return std::move(*snapshot);
}

// A member with some rows of every bucket in its files.
void fill(TestMember& member, std::uint64_t keys = 60) {
  REQUIRE(member.open());
  for (std::uint64_t id = 1; id <= keys; ++id) member.put(id, std::string(id * 50, static_cast<char>('a' + id % 26)));
  for (const Bucket bucket : {Bucket::lease, Bucket::auth, Bucket::members, Bucket::alarm, Bucket::compaction}) member.put(5, "5", bucket);
  REQUIRE(member.run_until_durable());
}

std::uint64_t wal_size(TestMember& member) {
  const auto wal = member.disk().open_page_file("store-1/db-wal", io::Open::existing);
  REQUIRE(wal.has_value());
  return *(*wal)->size();
}

}  // namespace

// Method: entries with rows of every bucket, discards, checkpoints and further entries, while two sources are read in pieces of any
// size. The model knows what each of them must hold.
PROPERTY("what arrives is the store as it stood when the snapshot was taken, whatever was written meanwhile") {
  property_tests::property("snapshots", [](std::uint64_t seed) {
    io::sim::Simulation sim(seed);
    BackendOptions options = small_options();
    options.snapshot_wal_bytes = options.snapshot_wal_bytes_max = 1U << 30U;  // nobody is cut off
    TestMember member(sim, options);
    TestReceiver receiver(sim, options);
    RC_ASSERT(member.open().has_value());
    std::uint64_t step = 0;
    const auto draw = [&](std::string_view purpose, std::uint64_t bound) { return sim.decisions().below(purpose, {++step}, bound); };
    std::uint64_t last_key = 0;
    std::set<std::uint64_t> gone;
    std::map<std::uint64_t, base::Hash128> states;
    const auto act = [&] {
      std::vector<Model::Change> changes;
      const std::uint64_t id = ++last_key;
      changes.push_back({Row{Bucket::key, id, static_cast<std::int64_t>(id), 3, std::string(draw("test.size", 3'000), 'k')}, false});
      const auto bucket = static_cast<Bucket>(1 + draw("test.bucket", kBucketCount - 1));
      const std::uint64_t other = draw("test.id", 4);
      const bool is_there = member.rows().count({bucket, other}) > 0;
      if (is_there && draw("test.erase", 2) == 0) changes.push_back({Row{bucket, other, 0, 0, {}}, true});
      else changes.push_back({Row{bucket, other, 0, 0, std::string(draw("test.large", 20'000), 'o')}, false});
      member.model.add_entry(std::move(changes));
      member.apply_next();
      states[member.applied()] = member.backend().state();
      const std::uint64_t victim = 1 + draw("test.victim", last_key);
      if (draw("test.discard", 3) == 0 && gone.insert(victim).second) member.backend().discard(Bucket::key, victim);
      if (draw("test.durable", 10) == 0) member.backend().want_durable();
      sim.run_for(std::chrono::microseconds(draw("test.time", 3'000)));
    };
    for (std::uint64_t i = draw("test.before", 60); i > 0; --i) act();

    struct Reading {
      std::unique_ptr<Snapshot> snapshot;
      std::vector<std::string> pieces;
      bool has_more = true;
    };
    Reading readings[2];
    for (Reading& reading : readings) {
      reading.snapshot = std::move(*member.backend().take_snapshot());
      RC_ASSERT(reading.snapshot->applied() >= member.mark().applied);
      for (std::uint64_t i = draw("test.between", 5); i > 0; --i) act();
    }
    while (readings[0].has_more || readings[1].has_more) {
      for (Reading& reading : readings) {
        if (!reading.has_more || draw("test.slow", 3) == 0) continue;
        const base::Result<bool> more = reading.snapshot->read(1 + draw("test.bytes", 30'000), reading.pieces.emplace_back());
        RC_ASSERT(more.has_value());
        reading.has_more = *more;
      }
      if (draw("test.act", 2) == 0) act();
    }
    for (Reading& reading : readings) {
      const base::StoreMark mark{kNext, reading.snapshot->applied()};
      reading.snapshot.reset();
      RC_ASSERT(receiver.receive(mark, reading.pieces).has_value());
      receiver.let_go();
      Opened opened(sim, receiver.node(), mark);
      RC_ASSERT(opened.status.has_value());
      RC_ASSERT(opened.applied.index == mark.applied);
      RC_ASSERT(opened.applied.term == base::Term(mark.applied.value() == 0 ? 0 : 1 + mark.applied.value() / 50));
      if (mark.applied.value() > 0) RC_ASSERT(opened.state == states.at(mark.applied.value()));
      // Rows that were discarded sooner or later may be there or not.
      Model::Rows expected = member.model.at(mark.applied.value());
      for (const std::uint64_t id : gone) {
        if (opened.rows.count({Bucket::key, id}) == 0) expected.erase({Bucket::key, id});
      }
      RC_ASSERT(same_rows(opened.rows, expected));
    }
    // The store that was read goes on as if nothing had been.
    RC_ASSERT(member.run_until_durable());
    RC_ASSERT(!member.failed);
    member.close();
    RC_ASSERT(member.open().has_value());
    member.close();
  });
}

PROPERTY("a snapshot that was changed on its way is refused, and leaves nothing") {
  io::sim::Simulation sim(1);
  TestMember member(sim, small_options());
  fill(member, 12);
  std::unique_ptr<Snapshot> snapshot = take(member);
  const base::StoreMark mark{kNext, snapshot->applied()};
  std::string whole;
  for (const std::string& piece : read_all(*snapshot, 4'000)) whole += piece;
  snapshot.reset();
  TestReceiver receiver(sim, small_options());
  property_tests::property("changed snapshots", [&] {
    std::string bytes = whole;
    const auto at = [&] { return *rc::gen::inRange<std::size_t>(0, bytes.size()); };
    switch (*rc::gen::inRange(0, 5)) {
      case 0: bytes[at()] ^= static_cast<char>(1 << *rc::gen::inRange(0, 7)); break;
      case 1: bytes.resize(at()); break;
      case 2: bytes.erase(at(), *rc::gen::inRange<std::size_t>(1, 100)); break;
      case 3: {
        const std::size_t from = at();
        const std::string part = bytes.substr(from, *rc::gen::inRange<std::size_t>(1, 100));
        bytes.insert(at(), part);
        break;
      }
      default: bytes[at()] = static_cast<char>(*rc::gen::inRange(0, 256)); break;
    }
    const std::size_t cut = bytes.empty() ? 0 : at();
    const base::Status status = receiver.receive(mark, {bytes.substr(0, cut), bytes.substr(cut)});
    receiver.let_go();
    sim.run_for(1s);
    if (bytes == whole) {
      RC_ASSERT(status.has_value());
    } else {
      RC_ASSERT(!status.has_value());
      RC_ASSERT(status.error().code == base::Code::damaged || status.error().code == base::Code::invalid);
      RC_ASSERT(!receiver.has_files(kNext));
    }
  });
}

TEST_CASE("a snapshot of another log index than was announced is refused") {
  io::sim::Simulation sim(2);
  TestMember member(sim, small_options());
  fill(member);
  std::unique_ptr<Snapshot> snapshot = take(member);
  TestReceiver receiver(sim, small_options());
  const base::Status status = receiver.receive({kNext, snapshot->applied().next()}, read_all(*snapshot, 10'000));
  REQUIRE(!status.has_value());
  CHECK(status.error().code == base::Code::invalid);
}

TEST_CASE("a source that pins too much of -wal is cut off, the next one may pin more, and afterwards -wal shrinks") {
  io::sim::Simulation sim(3);
  const BackendOptions options = small_options();
  TestMember member(sim, options);
  fill(member);
  std::uint64_t id = 60;
  std::uint64_t largest = 0;
  // Writes until the source has had its day; what came of it then.
  const auto write_while_open = [&](Snapshot& snapshot) {
    for (;;) {
      std::string piece;
      const base::Result<bool> more = snapshot.read(1, piece);
      if (!more) return more.error();
      for (int i = 0; i < 4; ++i) member.put(++id, std::string(20'000, 'x'));
      sim.run_until([&] { return member.backend().unmaterialised_bytes() == 0; }, 10s);
      REQUIRE(member.backend().unmaterialised_bytes() == 0);  // batches go on
      largest = std::max(largest, wal_size(member));
    }
  };
  for (const std::uint64_t budget : {options.snapshot_wal_bytes, 2 * options.snapshot_wal_bytes, 4 * options.snapshot_wal_bytes,
                                     4 * options.snapshot_wal_bytes}) {  // the maximum
    CAPTURE(budget);
    const std::unique_ptr<Snapshot> snapshot = take(member);
    largest = 0;
    CHECK(write_while_open(*snapshot).code == base::Code::overloaded);
    CHECK(largest >= budget / 2);
    CHECK(largest <= budget + (256U << 10U));  // a batch or two more
    REQUIRE(member.run_until_durable());  // though it still lives
    member.put(++id, "x");
    REQUIRE(member.run_until_durable());
    CHECK(wal_size(member) <= options.wal_bytes_max);
    std::string piece;
    CHECK(!snapshot->read(1, piece).has_value());
    CHECK(piece.empty());
  }

  // One that is read to its end sets the budget back.
  static_cast<void>(read_all(*take(member), 100'000));
  const std::unique_ptr<Snapshot> last = take(member);
  largest = 0;
  write_while_open(*last);
  CHECK(largest <= options.snapshot_wal_bytes + (256U << 10U));
}

TEST_CASE("with two sources each has its own budget, and checkpoints go on when the last is gone") {
  io::sim::Simulation sim(4);
  TestMember member(sim, small_options());
  fill(member);
  std::unique_ptr<Snapshot> one = take(member);
  member.put(100, std::string(10'000, 'x'));
  sim.run_for(1s);
  std::unique_ptr<Snapshot> other = take(member);
  CHECK(other->applied() == one->applied().next());
  member.put(101, std::string(10'000, 'x'));
  REQUIRE(member.run_until_durable());
  sim.run_for(1s);
  const std::uint64_t turns = sim.turns().count();
  sim.run_for(60s);
  CHECK_EQ(sim.turns().count(), turns);  // nobody tries again and again
  // Only a checkpoint makes the database file larger.
  std::uint64_t id = 101;
  const auto is_covered = [&] {
    const std::uint64_t before = member.file("store-1/db").size();
    member.put(++id, std::string(30'000, 'x'));
    REQUIRE(member.run_until_durable());
    return member.file("store-1/db").size() > before;
  };
  one.reset();
  sim.run_for(1s);
  CHECK_FALSE(is_covered());
  CHECK_EQ(read_all(*other, 1U << 20U).size(), 1);
  other.reset();
  sim.run_for(1s);
  CHECK(is_covered());
}

// A follower whose disk hangs keeps a source open for a minute. The log of the leader must not wait for that.
TEST_CASE("what is written while a source is read is durable in -wal, and there after a power loss") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    io::sim::Simulation sim(seed);
    TestMember member(sim, small_options());
    member.node().disk_faults().lost_sector_per_million = 1'000'000;
    fill(member);
    std::unique_ptr<Snapshot> source = take(member);
    for (std::uint64_t id = 100; id < 110; ++id) {
      member.put(id, std::string(3000, 'x'));
      if (id % 3 == 0) REQUIRE(member.run_until_durable());
    }
    const std::uint64_t durable = member.mark().applied.value();
    CHECK_LT(durable, member.applied());
    source.reset();  // and nothing comes of that any more
    member.crash(io::sim::CrashKind::power_loss);
    REQUIRE(member.open());
    CHECK_GE(member.applied(), durable);
    CHECK(same_rows(member.opened_rows, member.model.at(member.applied())));
  }
}

TEST_CASE("a crash between any two steps of receiving leaves a store that boots, whichever the log names") {
  std::vector<std::string> pieces;
  Model::Rows rows;
  base::LogIndex applied;
  {
    io::sim::Simulation sim(5);
    TestMember member(sim, small_options());
    fill(member);
    std::unique_ptr<Snapshot> snapshot = take(member);
    applied = snapshot->applied();
    rows = member.rows();
    pieces = read_all(*snapshot, 20'000);
  }
  for (const CrashKind kind : {CrashKind::process_kill, CrashKind::power_loss}) {
    bool was_whole = false;
    for (int microseconds = 0; !was_whole; microseconds += 35) {
      CAPTURE(microseconds);
      io::sim::Simulation sim(static_cast<std::uint64_t>(microseconds));
      TestReceiver receiver(sim, small_options());
      const base::StoreMark old{base::StoreGeneration(1), {}};
      REQUIRE(Opened(sim, receiver.node(), old).status);
      const base::StoreMark mark{kNext, applied};
      receiver.begin(mark);
      bool ended = false;
      std::size_t next = 0;
      receiver.ask(pieces[next++]);
      const bool is_out_of_time = !sim.run_until([&] {
        if (!receiver.is_done()) return false;
        if (ended) return true;
        if (next < pieces.size()) {
          receiver.ask(pieces[next++]);
        } else {
          ended = true;
          receiver.ask_end();
        }
        return false;
      }, std::chrono::microseconds(microseconds));
      was_whole = !is_out_of_time;
      receiver.crash(kind);
      if (was_whole) {
        Opened opened(sim, receiver.node(), mark);
        REQUIRE(opened.status);
        CHECK(same_rows(opened.rows, rows));
        CHECK(!receiver.has_files(base::StoreGeneration(1)));
      } else {
        Opened opened(sim, receiver.node(), old);
        REQUIRE(opened.status);
        CHECK(opened.rows.empty());
        CHECK(!receiver.has_files(kNext));
      }
      receiver.boot();
    }
  }
}

// Method: small pieces are many transactions on the same pages, and a power loss that takes few writes leaves a good part of what was
// never synced.
TEST_CASE("what a power loss leaves of a -wal that was never synced brings no old page back") {
  io::sim::Simulation source_sim(14);
  TestMember member(source_sim, small_options());
  fill(member);
  std::unique_ptr<Snapshot> snapshot = take(member);
  const base::StoreMark mark{kNext, snapshot->applied()};
  const std::vector<std::string> pieces = read_all(*snapshot, 1'500);
  BackendOptions options = small_options();
  options.wal_bytes_max = 64U << 20U;  // one -wal for all
  options.snapshot_wal_bytes = options.wal_bytes_max;
  options.snapshot_wal_bytes_max = options.wal_bytes_max;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    io::sim::Simulation sim(seed);
    TestReceiver receiver(sim, options);
    receiver.node().disk_faults().lost_sector_per_million = 50'000;
    receiver.node().disk_faults().mixed_write_per_million = 0;
    receiver.node().disk_faults().lost_name_per_million = 0;
    REQUIRE(receiver.receive(mark, pieces));
    receiver.crash(CrashKind::power_loss);
    const Opened opened(sim, receiver.node(), mark);
    REQUIRE(opened.status);
    CHECK(same_rows(opened.rows, member.rows()));
    receiver.boot();
  }
}

TEST_CASE("a store that was never whole does not open as one") {
  io::sim::Simulation sim(6);
  TestMember member(sim, small_options());
  fill(member);
  std::unique_ptr<Snapshot> snapshot = take(member);
  const base::StoreMark mark{kNext, snapshot->applied()};
  const std::vector<std::string> pieces = read_all(*snapshot, 10'000);
  TestReceiver receiver(sim, small_options());
  receiver.begin(mark);
  for (const std::string& piece : pieces) {
    receiver.ask(piece);
    REQUIRE(receiver.wait());
  }
  receiver.crash(CrashKind::process_kill);
  const Opened opened(sim, receiver.node(), mark);
  REQUIRE(!opened.status);
  CHECK(opened.status.error().code == base::Code::damaged);
  receiver.boot();
}

TEST_CASE("whoever lets go early leaves nothing, also while a job runs, and the next attempt is none the worse") {
  io::sim::Simulation sim(7);
  TestMember member(sim, small_options());
  fill(member);
  std::unique_ptr<Snapshot> snapshot = take(member);
  const base::StoreMark mark{kNext, snapshot->applied()};
  const std::vector<std::string> pieces = read_all(*snapshot, 20'000);
  TestReceiver receiver(sim, small_options());
  for (std::size_t taken = 0; taken <= pieces.size(); ++taken) {
    for (const bool job_runs : {false, true}) {
      CAPTURE(taken);
      CAPTURE(job_runs);
      receiver.begin(mark);
      for (std::size_t i = 0; i < taken; ++i) {
        receiver.ask(pieces[i]);
        REQUIRE(receiver.wait());
      }
      if (job_runs && taken < pieces.size()) receiver.ask(pieces[taken]);
      if (job_runs && taken == pieces.size()) receiver.ask_end();
      receiver.let_go();
      if (taken % 2 == 0) {
        sim.run_for(1s);
        CHECK(!receiver.has_files(kNext));
      }
    }
  }
  const base::Status received = receiver.receive(mark, pieces);
  REQUIRE_MESSAGE(received.has_value(), (received ? std::string() : received.error().detail));
  receiver.let_go();
  sim.run_for(1s);
  CHECK(receiver.has_files(kNext));
  // What nobody wanted in the end makes room for the next.
  REQUIRE(receiver.receive(mark, pieces));
  receiver.let_go();
  CHECK(Opened(sim, receiver.node(), mark).status);
}

TEST_CASE("whoever hears that a store is whole may let go of it at once") {
  struct LetsGo final : io::Completion {
    void complete(base::Status status) override {
      CHECK(status.has_value());
      attempt->let_go();
      was_told = true;
    }
    Receiver::Attempt* attempt = nullptr;
    bool was_told = false;
  };
  io::sim::Simulation sim(12);
  TestMember member(sim, small_options());
  fill(member);
  std::unique_ptr<Snapshot> snapshot = take(member);
  const base::StoreMark mark{kNext, snapshot->applied()};
  io::sim::Node& node = sim.add_node("m2");
  auto receiver = std::make_unique<Receiver>(node.world(), small_options());
  Receiver::Attempt& attempt = receiver->begin(mark);
  testing::TestDone taken;
  attempt.take(read_all(*snapshot, 1U << 20U)[0], taken);
  REQUIRE(sim.run_until([&] { return taken.result.has_value(); }, 1h));
  LetsGo done;
  done.attempt = &attempt;
  attempt.end(done);
  REQUIRE(sim.run_until([&] { return done.was_told; }, 1h));
  CHECK(Opened(sim, node, mark).status);
  receiver.reset();
}

TEST_CASE("a receiver can be closed at any time, and then nobody hears of anything") {
  for (int steps = 0; steps < 12; ++steps) {
    CAPTURE(steps);
    io::sim::Simulation sim(8);
    TestMember member(sim, small_options());
    fill(member);
    std::unique_ptr<Snapshot> snapshot = take(member);
    const base::StoreMark mark{kNext, snapshot->applied()};
    TestReceiver receiver(sim, small_options());
    receiver.begin(mark);
    receiver.ask(read_all(*snapshot, 1U << 20U)[0]);
    for (int i = 0; i < steps; ++i) sim.step();
    if (steps % 3 == 1) receiver.let_go();
    CHECK(receiver.close());
    receiver.boot();
  }
}

TEST_CASE("a full disk ends the attempt, its files go, and the next one finds room") {
  io::sim::Simulation sim(9);
  TestMember member(sim, small_options());
  fill(member);
  std::unique_ptr<Snapshot> snapshot = take(member);
  const base::StoreMark mark{kNext, snapshot->applied()};
  const std::vector<std::string> pieces = read_all(*snapshot, 10'000);
  TestReceiver receiver(sim, small_options());
  for (std::size_t full_at = 0; full_at < pieces.size(); ++full_at) {
    CAPTURE(full_at);
    receiver.begin(mark);
    base::Status status;
    for (std::size_t i = 0; i < pieces.size() && status; ++i) {
      if (i == full_at) receiver.node().disk_faults().is_full = true;
      receiver.ask(pieces[i]);
      status = receiver.wait();
    }
    if (status) {
      receiver.ask_end();
      status = receiver.wait();
    }
    REQUIRE(!status);
    CHECK(status.error().code == base::Code::no_space);
    receiver.let_go();
    sim.run_for(1s);
    CHECK(!receiver.has_files(kNext));
    receiver.node().disk_faults().is_full = false;
  }
  REQUIRE(receiver.receive(mark, pieces));
  receiver.let_go();
}

TEST_CASE("any failing call while receiving is an error, and never a store that is not what was sent") {
  io::sim::Simulation sim(10);
  TestMember member(sim, small_options());
  fill(member);
  std::unique_ptr<Snapshot> snapshot = take(member);
  const base::StoreMark mark{kNext, snapshot->applied()};
  const std::vector<std::string> pieces = read_all(*snapshot, 20'000);
  TestReceiver receiver(sim, small_options());
  int failed = 0;
  int whole = 0;
  for (int i = 0; i < 60; ++i) {
    CAPTURE(i);
    io::sim::DiskFaults& faults = receiver.node().disk_faults();
    faults.write_error_per_million = i % 4 == 0 ? 10'000 : 0;
    faults.sync_error_per_million = i % 4 == 1 ? 150'000 : 0;
    faults.metadata_error_per_million = i % 4 == 2 ? 30'000 : 0;
    faults.misdirected_per_million = i % 4 == 3 ? 20'000 : 0;
    const base::Status status = receiver.receive(mark, pieces);
    faults = {};
    receiver.let_go();
    sim.run_for(1s);
    if (!status) {
      ++failed;
      CHECK(status.error().code != base::Code::invalid);
      continue;
    }
    ++whole;
    const Opened opened(sim, receiver.node(), mark);
    REQUIRE(opened.status);
    CHECK(same_rows(opened.rows, member.rows()));
  }
  CHECK(failed > 10);
  CHECK(whole > 5);
}

TEST_CASE("a source does not keep the space that the store needs") {
  io::sim::Simulation sim(13);
  TestMember member(sim, small_options());
  fill(member);
  for (std::uint64_t id = 1; id <= 20; ++id) member.put(9, std::string(20'000, static_cast<char>('a' + id)), Bucket::auth);
  REQUIRE(member.run_until_durable());
  const std::unique_ptr<Snapshot> snapshot = take(member);
  // The same row again and again: in a -wal that begins anew there is room for it, however full the disk.
  for (std::uint64_t id = 1; id <= 20; ++id) {
    member.put(9, std::string(20'000, static_cast<char>('a' + id)), Bucket::auth);
    sim.run_for(100ms);
  }
  member.node().disk_faults().is_full = true;
  for (std::uint64_t id = 1; id <= 4; ++id) member.put(9, std::string(20'000, static_cast<char>('A' + id)), Bucket::auth);
  member.backend().want_durable();
  CHECK(sim.run_until([&] { return member.mark().applied == base::LogIndex(member.applied()); }, 10s));
  CHECK(!member.failed);
  std::string piece;
  const base::Result<bool> read = snapshot->read(1, piece);
  REQUIRE(!read.has_value());
  CHECK(read.error().code == base::Code::overloaded);
}

// It held on to everything that it had given away unless a piece ended where a row did: 300 MB of snapshot took 140 MB of memory.
TEST_CASE("a source holds no more than a few pieces and rows") {
  io::sim::Simulation sim(1);
  TestMember member(sim, small_options());
  REQUIRE(member.open());
  for (std::uint64_t id = 1; id <= 400; ++id) member.put(id, std::string(20'001, static_cast<char>('a' + id % 26)));
  REQUIRE(member.run_until_durable());
  const std::unique_ptr<Snapshot> snapshot = take(member);
  std::string piece;
  REQUIRE(snapshot->read(1000, piece).has_value());
  const std::size_t before = mallinfo2().uordblks;
  std::size_t most = 0;
  for (bool more = true; more;) {
    piece.clear();
    const base::Result<bool> read = snapshot->read(64U << 10U, piece);
    REQUIRE(read.has_value());
    more = *read;
    most = std::max(most, mallinfo2().uordblks - std::min(before, mallinfo2().uordblks));
  }
  CHECK(most < (2U << 20U));  // SQLite's cache of a megabyte is among it
}

TEST_CASE("a failing read of a source is the disk's error") {
  io::sim::Simulation sim(11);
  TestMember member(sim, small_options());
  fill(member, 300);
  std::unique_ptr<Snapshot> snapshot = take(member);
  member.node().disk_faults().read_error_per_million = 1'000'000;
  std::string piece;
  const base::Result<bool> read = snapshot->read(1U << 20U, piece);
  REQUIRE(!read.has_value());
  CHECK(read.error().code == base::Code::io);
  const auto other = member.backend().take_snapshot();
  REQUIRE(!other.has_value());
  CHECK(other.error().code == base::Code::io);
}

}  // namespace sqlite
