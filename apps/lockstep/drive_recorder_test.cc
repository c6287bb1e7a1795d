#include "apps/lockstep/drive_recorder.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>

#include "core/api/kv.pb.h"

namespace lockstep {

TEST_CASE("a gap is a span of more than half a second without an acknowledgement, the ends of the run included") {
  constexpr std::int64_t kSecond = 1'000'000'000;
  Availability availability;
  availability.begin(10 * kSecond);
  for (const std::int64_t tenths : {6, 8, 13, 30, 35}) availability.on_acknowledged(10 * kSecond + tenths * kSecond / 10);
  availability.end(10 * kSecond + 45 * kSecond / 10);
  availability.on_acknowledged(99 * kSecond);  // what comes later belongs to no client
  const std::vector<AvailabilityGap> longest = availability.longest(2);
  CHECK_EQ(availability.gap_count(), 3);  // 0 to 0.6, 1.3 to 3, 3.5 to 4.5
  REQUIRE_EQ(longest.size(), 2);
  CHECK_EQ(longest[0].start_seconds, doctest::Approx(1.3));
  CHECK_EQ(longest[0].seconds, doctest::Approx(1.7));
  CHECK_EQ(longest[1].seconds, doctest::Approx(1.0));
}

TEST_CASE("what is recorded is counted, stamped in order, and without the names of members") {
  const std::string path = (std::filesystem::temp_directory_path() / ("lockstep-recorder-" + std::to_string(::getpid()))).string();
  sim::etcd::History history;
  history.endpoints = {"here"};
  base::Result<HistoryFile> file = HistoryFile::create(path);
  REQUIRE(file);
  file->begin(history);
  DriveRecorder recorder(history, *file);
  recorder.availability().begin(recorder.stamp());

  etcdserverpb::PutRequest put;
  put.set_key("k1");
  put.set_value("one");
  sim::etcd::HistoryOperation operation;
  operation.request = recorder.arena().add(put.SerializeAsString());
  operation.start_ns = recorder.stamp();
  etcdserverpb::PutResponse answer;
  answer.mutable_header()->set_cluster_id(77);
  answer.mutable_header()->set_member_id(78);
  answer.mutable_header()->set_raft_term(4);
  answer.mutable_header()->set_revision(2);
  recorder.on_answer(operation, "put", answer.SerializeAsString());
  operation.start_ns = recorder.stamp();
  recorder.on_error(operation, "put", {rpc::StatusCode::unavailable, "etcdserver: request timed out"});
  recorder.on_error(operation, "put", {rpc::StatusCode::unknown, "etcdserver: too many requests"});
  operation.start_ns = recorder.stamp();
  recorder.on_open(operation, "txn");
  REQUIRE(file->close());

  CHECK_EQ(recorder.shown(), 2);
  CHECK_EQ(recorder.terms(), std::set<std::uint64_t>{4});
  CHECK_EQ(recorder.kinds().at("put").acknowledged, 1);
  CHECK_EQ(recorder.kinds().at("put").unknown, 1);
  CHECK_EQ(recorder.kinds().at("put").refused, 1);
  CHECK_EQ(recorder.kinds().at("txn").unknown, 1);
  CHECK_EQ(recorder.errors().at("UNAVAILABLE: etcdserver: request timed out"), 1);
  std::int64_t last = 0;
  for (const sim::etcd::HistoryOperation& one : history.operations) {
    CHECK(one.start_ns >= last);
    CHECK(one.end_ns > one.start_ns);
    last = one.start_ns;
  }

  const base::Result<sim::etcd::History> read = read_history(path);
  std::filesystem::remove(path);
  REQUIRE(read);
  REQUIRE_EQ(read->operations.size(), 4);
  etcdserverpb::PutResponse kept;
  REQUIRE(kept.ParseFromString(std::string(read->operations[0].answer)));
  CHECK_EQ(kept.header().member_id(), 0);
  CHECK_EQ(kept.header().cluster_id(), 0);
  CHECK_EQ(kept.header().revision(), 2);
  CHECK(read->operations[3].end == sim::etcd::HistoryEnd::open);
}

TEST_CASE("a history that ends in the middle of a line is refused") {
  const std::string path = (std::filesystem::temp_directory_path() / ("lockstep-torn-" + std::to_string(::getpid()))).string();
  {
    base::Result<HistoryFile> file = HistoryFile::create(path);
    REQUIRE(file);
    file->begin({});
    REQUIRE(file->close());
  }
  REQUIRE(read_history(path));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 3);
  const base::Result<sim::etcd::History> read = read_history(path);
  std::filesystem::remove(path);
  REQUIRE_FALSE(read);
  CHECK(read.error().detail.find(path + ", line 2") == 0);
}

}  // namespace lockstep
