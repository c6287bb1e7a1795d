// storage/sqlite/test_member.h: a backend on a simulated machine, and a model of what it should hold. Tests only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "io/sim/simulation.h"
#include "storage/sqlite/backend.h"

namespace sqlite::testing {

using RowKey = std::pair<Bucket, std::uint64_t>;

// Rows by bucket and id, and what they were at every log index.
class Model {
 public:
  struct Change {
    Row row;
    bool is_erased = false;
  };
  using Rows = std::map<RowKey, Row>;

  // The entry at log index entries() + 1.
  void add_entry(std::vector<Change> changes) { entries_.push_back(std::move(changes)); }
  std::uint64_t entry_count() const { return entries_.size(); }
  const std::vector<Change>& entry(std::uint64_t index) const { return entries_[index - 1]; }

  Rows at(std::uint64_t index) const {
    Rows rows;
    for (std::uint64_t i = 1; i <= index; ++i) apply(rows, i);
    return rows;
  }
  void apply(Rows& rows, std::uint64_t index) const {
    for (const Change& change : entry(index)) {
      const RowKey key{change.row.bucket, change.row.id};
      if (change.is_erased) rows.erase(key);
      else rows[key] = change.row;
    }
  }

 private:
  std::vector<std::vector<Change>> entries_;
};

struct TestDone final : io::Completion {
  void complete(base::Status status) override { result = std::move(status); }
  std::optional<base::Status> result;
};

struct TestRows final : RowVisitor {
  void on_row(const RowView& row) override {
    const RowKey key{row.bucket, row.id};
    ASSERT(rows.empty() || rows.rbegin()->first < key);
    rows[key] = Row{row.bucket, row.id, row.main, row.sub, std::string(row.value)};
  }
  Model::Rows rows;
};

inline bool same_rows(const Model::Rows& a, const Model::Rows& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.main == y.second.main && x.second.sub == y.second.sub &&
           x.second.value == y.second.value;
  });
}

// One member: it opens a backend, applies entries of a model as a replica would, and crashes.
class TestMember final : public BackendListener {
 public:
  TestMember(io::sim::Simulation& sim, BackendOptions options)
      : sim_(sim), node_(sim.add_node("m1")), options_(std::move(options)) {
    mark_.generation = base::StoreGeneration(1);
  }
  ~TestMember() {
    if (backend_ != nullptr) crash(io::sim::CrashKind::process_kill);
  }

  // What open() completed with.
  base::Status open(base::LogIndex first_kept = base::LogIndex(1)) {
    failed.reset();
    backend_ = std::make_unique<Backend>(node_.world(), options_);
    TestRows visited;
    TestDone done;
    backend_->open(mark_, first_kept, visited, *this, done);
    sim_.run_until([&] { return done.result.has_value(); }, std::chrono::hours(1));
    ASSERT(done.result.has_value());
    if (!*done.result) {
      backend_.reset();
      return *done.result;
    }
    opened_rows = std::move(visited.rows);
    rows_ = model.at(applied());
    return {};
  }

  // Begins to open and crashes in the middle, or at the end.
  void crash_while_opening(base::Duration after, io::sim::CrashKind kind) {
    backend_ = std::make_unique<Backend>(node_.world(), options_);
    TestRows visited;
    TestDone done;
    backend_->open(mark_, mark_.applied.next(), visited, *this, done);
    const base::StoreMark before = mark_;
    sim_.run_until([&] { return done.result.has_value(); }, after);
    crash(kind);
    ASSERT(mark_ == before);
  }

  // Applies the next entry of the model.
  void apply_next() {
    const std::uint64_t index = applied() + 1;
    for (const Model::Change& change : model.entry(index)) {
      const RowKey key{change.row.bucket, change.row.id};
      const auto old = rows_.find(key);
      if (change.is_erased) {
        ASSERT(old != rows_.end());
        backend_->erase(change.row.bucket, change.row.id, hash(old->second));
        rows_.erase(old);
      } else {
        const base::Hash128 replaced = old == rows_.end() ? base::Hash128() : hash(old->second);
        backend_->put(change.row, old == rows_.end() ? nullptr : &replaced);
        rows_[key] = change.row;
      }
    }
    backend_->finish_entry({base::Term(1 + index / 50), base::LogIndex(index)});
  }
  void apply_all() {
    while (applied() < model.entry_count()) apply_next();
  }

  // Adds an entry of one row and applies it.
  void put(std::uint64_t id, std::string value, Bucket bucket = Bucket::key) {
    const auto revision = bucket == Bucket::key ? static_cast<std::int64_t>(id) : 0;
    model.add_entry({{Row{bucket, id, revision, 0, std::move(value)}}});
    apply_next();
  }

  bool run_until_durable(base::Duration at_most = std::chrono::seconds(60)) {
    backend_->want_durable();
    return sim_.run_until([&] { return failed || mark_.applied.value() == applied(); }, at_most) && !failed;
  }

  void crash(io::sim::CrashKind kind) {
    node_.crash(kind);
    backend_.reset();
    node_.restart();
  }
  void close() {
    TestDone done;
    backend_->close(done);
    sim_.run_until([&] { return done.result.has_value(); }, std::chrono::hours(1));
    ASSERT(done.result.has_value());
    backend_.reset();
  }

  // Files, while no backend is open or beside it.
  std::string file(std::string_view path) {
    auto opened = node_.world().disk.open_page_file(path, io::Open::existing);
    ASSERT(opened.has_value());
    std::string bytes(*(*opened)->size(), '\0');
    ASSERT(*(*opened)->read(0, base::as_writable_bytes(bytes)) == bytes.size());
    return bytes;
  }
  void overwrite(std::string_view path, std::uint64_t offset, std::string_view bytes) {
    auto opened = node_.world().disk.open_page_file(path, io::Open::existing);
    ASSERT(opened.has_value());
    ASSERT((*opened)->write(offset, base::as_bytes(bytes)).has_value());
  }
  void flip_bit(std::string_view path, std::uint64_t offset, unsigned bit = 3) {
    const char byte = file(path)[offset];
    overwrite(path, offset, std::string(1, static_cast<char>(byte ^ (1 << bit))));
  }
  void truncate(std::string_view path, std::uint64_t size) {
    auto opened = node_.world().disk.open_page_file(path, io::Open::existing);
    ASSERT(opened.has_value());
    ASSERT((*opened)->truncate(size).has_value());
  }

  void on_durable(const base::StoreMark& mark) override {
    ASSERT(mark.applied > mark_.applied);
    ASSERT(mark.generation == mark_.generation);
    mark_ = mark;
  }
  void on_room() override { ++rooms; }
  void on_failed(const base::Error& error) override {
    ASSERT(!failed);
    failed = error;
  }

  Backend& backend() { return *backend_; }
  io::sim::Simulation& sim() { return sim_; }
  io::sim::Node& node() { return node_; }
  io::Disk& disk() { return node_.world().disk; }
  base::StoreMark& mark() { return mark_; }  // as the log would hold it
  BackendOptions& options() { return options_; }
  std::uint64_t applied() const { return backend_->applied().value(); }
  const Model::Rows& rows() const { return rows_; }

  Model model;
  Model::Rows opened_rows;  // as the last open() saw them
  std::optional<base::Error> failed;
  int rooms = 0;

 private:
  io::sim::Simulation& sim_;
  io::sim::Node& node_;
  BackendOptions options_;
  base::StoreMark mark_;
  std::unique_ptr<Backend> backend_;
  Model::Rows rows_;  // after the last applied entry
};

}  // namespace sqlite::testing
