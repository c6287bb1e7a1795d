#include "storage/wal/test_member.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/base/text.h"

namespace wal {

struct TestMember::Waiter final : io::Completion {
  void complete(base::Status result) override {
    ASSERT(!status.has_value());
    status = std::move(result);
  }
  std::optional<base::Status> status;
};

struct TestMember::RecoverJob final : io::Job {
  void run() override { result.emplace(recover(world->disk, world->random, options, initial)); }
  void finished() override { is_finished = true; }
  const io::World* world = nullptr;
  Options options;
  State initial;
  std::optional<base::Result<Recovered>> result;
  bool is_finished = false;
};

std::string to_text(const State& state) {
  std::string text = base::to_text(state.identity.cluster) + "/" + base::to_text(state.identity.member) + " start " +
                     base::to_text(state.start.last_dropped) + " '" + state.start.configuration + "' hard " +
                     base::to_text(state.hard_state.term) + "," + base::to_text(state.hard_state.voted_for) + "," +
                     base::to_text(state.hard_state.committed) + " mark " + base::to_text(state.store_mark) + " entries";
  for (const base::Entry& entry : state.entries) {
    text += " " + base::to_text(entry.id) + ":" + std::to_string(static_cast<int>(entry.kind)) + ":" +
            base::hex(base::hash64(entry.bytes()));
  }
  return text;
}

State after(State state, const Batch& batch) {
  if (batch.hard_state) state.hard_state = *batch.hard_state;
  if (batch.store_mark) state.store_mark = *batch.store_mark;
  std::vector<base::Entry>& entries = state.entries;
  if (batch.start) {
    state.start = *batch.start;
    const base::EntryId dropped = state.start.last_dropped;
    if (batch.is_reset) entries.clear();
    entries.erase(std::remove_if(entries.begin(), entries.end(),
                                 [dropped](const base::Entry& entry) { return entry.id.index <= dropped.index; }),
                  entries.end());
  }
  if (!batch.entries.empty()) {
    const base::LogIndex first = batch.entries.front().id.index;
    while (!entries.empty() && entries.back().id.index >= first) entries.pop_back();
    entries.insert(entries.end(), batch.entries.begin(), batch.entries.end());
  }
  return state;
}

TestMember::TestMember(std::uint64_t seed, std::uint64_t segment_bytes) : sim_(seed), node_(sim_.add_node("m1")) {
  options_.segment_bytes = segment_bytes;
  initial.identity = {base::ClusterId(0xc), base::MemberId(0x1)};
  initial.start.configuration = "voters: 1";
  initial.store_mark.generation = base::StoreGeneration(1);
  model_ = initial;
  node_.observation().listener = this;
}

TestMember::~TestMember() {
  if (node_.is_up()) node_.end();
}

void TestMember::restart_if_down() {
  if (!node_.is_up()) node_.restart();
}

base::Status TestMember::boot(base::Duration at_most, io::sim::CrashKind kind) {
  ASSERT(wal_ == nullptr);
  restart_if_down();
  RecoverJob job;
  job.world = &node_.world();
  job.options = options_;
  job.initial = initial;
  std::unique_ptr<io::WorkQueue> queue = node_.world().workers.open_queue("boot");
  queue->submit(job);
  if (!sim_.run_until([&] { return job.is_finished; }, at_most)) {
    node_.crash(kind);
    return base::fail(base::Code::unavailable, "crashed while recovering");
  }
  if (!*job.result) return base::fail(job.result->error());
  recovered_ = (*job.result)->state;
  const std::string text = to_text(recovered_);
  if (maybe_ && text == to_text(*maybe_)) model_ = *maybe_;
  CHECK_EQ(text, to_text(model_));
  model_ = recovered_;  // after a failed check, so that one loss is reported once
  maybe_.reset();
  written_.clear();
  told.reset();
  WalListener& listener = *this;
  wal_ = std::make_unique<Wal>(node_.world(), options_, std::move(**job.result), listener);
  return {};
}

void TestMember::start_append(const OwnedBatch& batch) {
  maybe_ = after(model_, batch.view());
  waiter_ = std::make_unique<Waiter>();
  wal_->append(batch.view(), *waiter_);
  CHECK(wal_->is_writing());
}

base::Status TestMember::append(const OwnedBatch& batch, base::Duration at_most) {
  start_append(batch);
  if (!sim_.run_until([&] { return waiter_->status.has_value(); }, at_most)) {
    return base::fail(base::Code::unavailable, "still in flight");
  }
  CHECK_FALSE(wal_->is_writing());
  if (*waiter_->status) {
    model_ = std::move(*maybe_);
    maybe_.reset();
  }
  return *waiter_->status;
}

base::Status TestMember::append_command(std::string_view data) {
  OwnedBatch batch;
  base::EntryId id = model_.last();
  id = {std::max(id.term, std::max(model_.hard_state.term, base::Term(1))), id.index.next()};
  batch.entries.push_back({id, base::EntryKind::command, std::make_shared<const std::string>(data)});
  return append(batch);
}

void TestMember::close() {
  Waiter closed;
  wal_->close(closed);
  CHECK(sim_.run_until([&] { return closed.status.has_value(); }, std::chrono::hours(1)));
  wal_.reset();
  node_.shut_down();
}

void TestMember::crash(io::sim::CrashKind kind) {
  node_.crash(kind);
  wal_.reset();
}

void TestMember::in_job(const std::function<void(io::Disk&)>& work) {
  struct WorkJob final : io::Job {
    void run() override { (*work)(*disk); }
    void finished() override { is_finished = true; }
    const std::function<void(io::Disk&)>* work = nullptr;
    io::Disk* disk = nullptr;
    bool is_finished = false;
  } job;
  restart_if_down();
  job.work = &work;
  job.disk = &node_.world().disk;
  std::unique_ptr<io::WorkQueue> queue = node_.world().workers.open_queue("test");
  queue->submit(job);
  CHECK(sim_.run_until([&] { return job.is_finished; }, std::chrono::hours(1)));
}

std::vector<std::string> TestMember::files() {
  std::vector<std::string> names;
  in_job([&](io::Disk& disk) { names = disk.list(options_.directory).value(); });
  return names;
}

void TestMember::on_wal_failed(const base::Error& error) {
  CHECK_FALSE(told.has_value());
  CHECK_FALSE(wal_->is_writing());
  told = error;
  if (!closes_when_told) return;
  closed_ = std::make_unique<Waiter>();
  wal_->close(*closed_);
}

bool TestMember::is_closed() const { return closed_ != nullptr && closed_->status.has_value(); }

// Whoever says "synced" is not believed: the disk must have the bytes.
void TestMember::on_event(std::string_view, io::sim::VirtualTime, const io::Event& event) {
  if (const auto* wrote = std::get_if<io::WroteEntries>(&event)) {
    written_.push_back({std::string(wrote->file), wrote->offset, std::string(wrote->bytes)});
    last_file = wrote->file;
    last_offset = wrote->offset;
  }
  if (const auto* started = std::get_if<io::WroteStart>(&event)) {
    written_.push_back({std::string(started->file), started->offset, std::string(started->bytes)});
    starts.push_back(base::to_text(started->last) + " " + base::to_text(started->store) + (started->is_reset ? " reset" : ""));
  }
  if (std::holds_alternative<io::LogSynced>(event)) {
    ++synced_count;
    for (const Written& range : written_) {
      const std::optional<std::string> durable = node_.durable_bytes(range.file, range.offset, range.bytes.size());
      CHECK(durable.has_value());
      CHECK(durable == range.bytes);
    }
    written_.clear();
  }
}

}  // namespace wal
