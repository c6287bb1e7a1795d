#include "storage/sqlite/backend.h"

#include <doctest/doctest.h>

#include <string>

#include "storage/sqlite/test_member.h"

namespace sqlite {

using namespace std::chrono_literals;
using testing::Model;
using testing::same_rows;
using testing::TestMember;

namespace {

std::string text_at(Backend& backend, Bucket bucket, std::uint64_t id) {
  const auto value = backend.read(bucket, id);
  REQUIRE(value.has_value());
  return *value ? std::string(**value) : "none";
}

// The ids of a bucket, by read_at_or_after().
std::string ids_of(Backend& backend, Bucket bucket) {
  std::string ids;
  for (std::uint64_t from = 0;;) {
    const auto row = backend.read_at_or_after(bucket, from);
    REQUIRE(row.has_value());
    if (!*row) return ids;
    ids += std::to_string((*row)->id) + "=" + std::string((*row)->value) + " ";
    from = (*row)->id + 1;
  }
}

}  // namespace

TEST_CASE("a row is read from the tail, from the store, and after a restart") {
  io::sim::Simulation sim(1);
  TestMember member(sim, {});
  REQUIRE(member.open());
  CHECK_EQ(member.applied(), 0);
  member.put(1, "one");
  member.put(7, "a lease", Bucket::lease);
  CHECK_EQ(text_at(member.backend(), Bucket::key, 1), "one");
  CHECK_GT(member.backend().unmaterialised_bytes(), 0);
  CHECK(sim.run_until([&] { return member.backend().unmaterialised_bytes() == 0; }, 1s));
  CHECK_EQ(member.rooms, 1);
  CHECK_EQ(text_at(member.backend(), Bucket::key, 1), "one");
  CHECK_EQ(text_at(member.backend(), Bucket::lease, 7), "a lease");
  CHECK_EQ(text_at(member.backend(), Bucket::key, 2), "none");
  const base::Hash128 state = member.backend().state();
  member.close();
  REQUIRE(member.open());
  CHECK_EQ(member.applied(), 2);
  CHECK_EQ(member.backend().applied_term(), base::Term(1));
  CHECK(member.backend().state() == state);
  CHECK(same_rows(member.opened_rows, member.rows()));
  CHECK_EQ(text_at(member.backend(), Bucket::key, 1), "one");
}

TEST_CASE("reads merge what is stored with what is not yet") {
  io::sim::Simulation sim(2);
  TestMember member(sim, {});
  REQUIRE(member.open());
  for (const std::uint64_t id : {2U, 4U, 6U}) member.put(id, "s", Bucket::auth);
  REQUIRE(member.run_until_durable());
  CHECK_EQ(ids_of(member.backend(), Bucket::auth), "2=s 4=s 6=s ");
  member.put(1, "t", Bucket::auth);
  member.put(4, "t", Bucket::auth);
  member.put(9, "t", Bucket::auth);
  CHECK_EQ(ids_of(member.backend(), Bucket::auth), "1=t 2=s 4=t 6=s 9=t ");
  member.model.add_entry({{Row{Bucket::auth, 6, 0, 0, {}}, true}, {Row{Bucket::auth, 9, 0, 0, {}}, true}});
  member.apply_next();
  CHECK_EQ(ids_of(member.backend(), Bucket::auth), "1=t 2=s 4=t ");
  CHECK_EQ(text_at(member.backend(), Bucket::auth, 6), "none");
  member.backend().discard(Bucket::auth, 2);
  CHECK_EQ(ids_of(member.backend(), Bucket::auth), "1=t 4=t ");
  REQUIRE(member.run_until_durable());
  CHECK_EQ(ids_of(member.backend(), Bucket::auth), "1=t 4=t ");
  CHECK_EQ(ids_of(member.backend(), Bucket::key), "");
}

TEST_CASE("a view lives until its turn ends, though its batch has left the tail") {
  io::sim::Simulation sim(3);
  TestMember member(sim, {});
  REQUIRE(member.open());
  const std::string value(100'000, 'v');
  member.put(1, value);
  member.backend().want_durable();
  // Every turn reads the row twice; whatever happened in between, the first view is intact.
  for (int turn = 0; turn < 50 && sim.step(); ++turn) {
    const auto first = member.backend().read(Bucket::key, 1);
    const auto second = member.backend().read(Bucket::key, 1);
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(**first == value);
    CHECK(**second == value);
  }
  CHECK_EQ(member.backend().unmaterialised_bytes(), 0);
}

TEST_CASE("discarded rows leave the store and not the state") {
  io::sim::Simulation sim(4);
  TestMember member(sim, {});
  REQUIRE(member.open());
  for (std::uint64_t id = 1; id <= 100; ++id) member.put(id, "value " + std::to_string(id));
  REQUIRE(member.run_until_durable());
  const base::Hash128 state = member.backend().state();
  for (std::uint64_t id = 1; id <= 90; ++id) member.backend().discard(Bucket::key, id);
  CHECK_EQ(text_at(member.backend(), Bucket::key, 90), "none");
  CHECK(sim.run_until([&] { return member.backend().unmaterialised_bytes() == 0; }, 1s));
  CHECK(member.backend().state() == state);
  member.close();
  REQUIRE(member.open());  // the sum of the rows fits what is left
  CHECK_EQ(member.opened_rows.size(), 10);
  CHECK(member.backend().state() == state);
}

TEST_CASE("the mark moves after some time, or when the log asks for it") {
  io::sim::Simulation sim(5);
  TestMember member(sim, {});
  REQUIRE(member.open());
  member.put(1, "one");
  sim.run_for(4s);
  CHECK_EQ(member.mark().applied, base::LogIndex(0));
  sim.run_for(2s);
  CHECK_EQ(member.mark().applied, base::LogIndex(1));
  member.put(2, "two");
  member.backend().want_durable();
  sim.run_for(100ms);
  CHECK_EQ(member.mark().applied, base::LogIndex(2));
  CHECK(member.backend().durable_mark() == member.mark());
  // Nothing new: nothing to do.
  const std::uint64_t turns = sim.turns().count();
  member.backend().want_durable();
  sim.run_for(10s);
  CHECK_EQ(sim.turns().count(), turns);
  // An entry without rows moves it as well.
  member.model.add_entry({});
  member.apply_next();
  REQUIRE(member.run_until_durable());
  CHECK_EQ(member.mark().applied, base::LogIndex(3));
}

TEST_CASE("batches close by bytes, by rows and by time") {
  io::sim::Simulation sim(6);
  BackendOptions options;
  options.batch_bytes = 10'000;
  options.batch_rows = 5;
  options.batch_delay = 20ms;
  TestMember member(sim, options);
  REQUIRE(member.open());
  // By rows: 23 entries are four full batches, and three rows that wait for their time.
  for (std::uint64_t id = 1; id <= 23; ++id) member.put(id, "x");
  CHECK(sim.run_until([&] { return member.rooms == 4; }, 15ms));
  CHECK_GT(member.backend().unmaterialised_bytes(), 0);
  CHECK(sim.run_until([&] { return member.rooms == 5; }, 1s));
  CHECK_EQ(member.backend().unmaterialised_bytes(), 0);
  member.put(24, std::string(20'000, 'y'));  // by bytes
  CHECK(sim.run_until([&] { return member.rooms == 6; }, 15ms));
}

TEST_CASE("the size of -wal stays below its bound") {
  io::sim::Simulation sim(7);
  BackendOptions options;
  options.wal_bytes_max = 2U << 20U;
  options.batch_bytes = 128U << 10U;
  options.checkpoint_delay = 1h;
  TestMember member(sim, options);
  REQUIRE(member.open());
  std::uint64_t largest = 0;
  for (std::uint64_t id = 1; id <= 400; ++id) {
    member.put(id, std::string(40'000, static_cast<char>('a' + id % 26)));
    sim.run_until([&] { return member.backend().unmaterialised_bytes() < (1U << 20U); }, 10s);
    const auto wal = member.disk().open_page_file("store-1/db-wal", io::Open::existing);
    REQUIRE(wal.has_value());
    largest = std::max(largest, *(*wal)->size());
  }
  CHECK_LE(largest, options.wal_bytes_max);
  CHECK_GE(largest, options.wal_bytes_max / 2);
  CHECK_GT(member.mark().applied, base::LogIndex(0));  // checkpoints came from the bound alone
}

TEST_CASE("free pages return to the disk bit by bit") {
  io::sim::Simulation sim(8);
  TestMember member(sim, {});
  REQUIRE(member.open());
  for (std::uint64_t id = 1; id <= 500; ++id) member.put(id, std::string(40'000, 'x'));
  REQUIRE(member.run_until_durable());
  const std::uint64_t full = member.backend().size_bytes();
  CHECK_EQ(full, member.backend().size_in_use_bytes());
  for (std::uint64_t id = 1; id <= 450; ++id) member.backend().discard(Bucket::key, id);
  CHECK(sim.run_until([&] { return member.backend().unmaterialised_bytes() == 0; }, 5s));
  CHECK_LT(member.backend().size_in_use_bytes(), full / 5);
  sim.run_for(60s);
  CHECK_LT(member.backend().size_bytes(), full / 2);
  CHECK_EQ(member.file("store-1/db").size(), member.backend().size_bytes());
  member.close();
  REQUIRE(member.open());
  CHECK_EQ(member.opened_rows.size(), 50);
}

TEST_CASE("a full disk holds batches back and loses nothing") {
  io::sim::Simulation sim(9);
  TestMember member(sim, {});
  REQUIRE(member.open());
  member.put(1, "before");
  REQUIRE(member.run_until_durable());
  member.node().disk_faults().is_full = true;
  member.node().observation().keeps_log = true;
  for (std::uint64_t id = 2; id <= 50; ++id) member.put(id, std::string(10'000, 'x'));
  member.backend().want_durable();
  sim.run_for(10s);
  CHECK_FALSE(member.failed);
  CHECK_EQ(text_at(member.backend(), Bucket::key, 2), std::string(10'000, 'x'));
  CHECK_LT(member.mark().applied, base::LogIndex(50));
  CHECK_EQ(member.node().observation().log.size(), 1);  // the operator hears of it once
  member.node().disk_faults().is_full = false;
  CHECK(sim.run_until([&] { return member.mark().applied == base::LogIndex(50); }, 10s));
  member.close();
  REQUIRE(member.open());
  CHECK(same_rows(member.opened_rows, member.rows()));
}

TEST_CASE("a failed sync is final, though the next one would succeed") {
  io::sim::Simulation sim(10);
  TestMember member(sim, {});
  REQUIRE(member.open());
  member.put(1, "one");
  REQUIRE(member.run_until_durable());
  member.put(2, "two");
  member.node().disk_faults().sync_error_per_million = 1'000'000;
  CHECK_FALSE(member.run_until_durable());
  member.node().disk_faults().sync_error_per_million = 0;
  REQUIRE(member.failed.has_value());
  CHECK_EQ(member.failed->code, base::Code::io);
  CHECK(member.failed->detail.find("store-1/db") != std::string::npos);
  // Reads fail as well: what they would see may not be what the disk has.
  sim.run_for(10ms);
  const auto read = member.backend().read(Bucket::key, 1);
  CHECK_FALSE(read.has_value());
  member.put(3, "three");
  sim.run_for(30s);
  CHECK_EQ(member.mark().applied, base::LogIndex(1));
  member.crash(io::sim::CrashKind::power_loss);
  REQUIRE(member.open());
  CHECK(same_rows(member.opened_rows, member.model.at(member.applied())));
}

TEST_CASE("an error of the disk is final") {
  io::sim::Simulation sim(11);
  TestMember member(sim, {});
  REQUIRE(member.open());
  member.node().disk_faults().write_error_per_million = 1'000'000;
  member.put(1, "one");
  CHECK(sim.run_until([&] { return member.failed.has_value(); }, 1s));
  CHECK_EQ(member.failed->code, base::Code::io);
  member.node().disk_faults().write_error_per_million = 0;
  member.put(2, "two");
  sim.run_for(30s);
  CHECK_EQ(member.rooms, 0);
}

TEST_CASE("a backend can be closed and destroyed at every stage") {
  for (int steps = 0; steps < 40; ++steps) {
    CAPTURE(steps);
    io::sim::Simulation sim(12);
    BackendOptions options;
    options.batch_rows = 4;
    TestMember member(sim, options);
    REQUIRE(member.open());
    for (std::uint64_t id = 1; id <= 30; ++id) member.put(id, std::string(30'000, 'x'));
    member.backend().want_durable();
    for (int i = 0; i < steps; ++i) sim.step();
    member.close();
    REQUIRE(member.open());
    CHECK(same_rows(member.opened_rows, member.model.at(member.applied())));
  }
}

TEST_CASE("two runs of one seed are the same run, and leave the same files") {
  struct Outcome {
    base::Hash128 digest;
    std::string main, wal;
  };
  const auto run = [] {
    io::sim::Simulation sim(13);
    BackendOptions options;
    options.wal_bytes_max = 1U << 20U;
    options.batch_bytes = 64U << 10U;
    TestMember member(sim, options);
    REQUIRE(member.open());
    for (std::uint64_t id = 1; id <= 300; ++id) {
      member.put(id, std::string(id * 37 % 20'000, 'd'));
      if (id % 3 == 0) sim.step();
      if (id % 50 == 0) REQUIRE(member.run_until_durable());
      if (id % 120 == 0) {
        member.crash(io::sim::CrashKind::power_loss);
        REQUIRE(member.open());
        member.apply_all();
      }
    }
    member.close();
    return Outcome{sim.digest(), member.file("store-1/db"), member.file("store-1/db-wal")};
  };
  const Outcome one = run();
  const Outcome other = run();
  CHECK(one.digest == other.digest);
  CHECK(one.main == other.main);
  CHECK(one.wal == other.wal);
}

}  // namespace sqlite
