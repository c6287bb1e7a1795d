// storage/mvcc/test_store.h: a store on a backend in the simulated world. Tests only.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/sim/simulation.h"
#include "storage/mvcc/record.h"
#include "storage/mvcc/store.h"

namespace mvcc::testing {

inline const KeyRange kAll{kOpenEnd, kOpenEnd};

// Each entry() is one entry of the log.
class TestStore final : sqlite::RowVisitor, sqlite::BackendListener, io::Completion {
 public:
  TestStore() : node_(sim_.add_node("m1")) { open(); }
  ~TestStore() {
    node_.crash(io::sim::CrashKind::process_kill);
    backend_.reset();
  }

  Store& store() { return *store_; }
  sqlite::Backend& backend() { return *backend_; }

  template <typename Change>
  void entry(Change&& change) {
    store_->begin_entry();
    change(*store_);
    store_->end_entry();
    backend_->finish_entry({base::Term(1), backend_->applied().next()});
  }
  void let_time_pass(base::Duration time = std::chrono::seconds(1)) { sim_.run_for(time); }
  void reopen() {
    done_ = false;
    backend_->close(*this);
    REQUIRE(sim_.run_until([&] { return done_; }, std::chrono::seconds(60)));
    open();
  }
  // Afterwards the store stands wherever backend().applied() says; the caller applies again what is missing.
  void crash(io::sim::CrashKind kind) {
    node_.crash(kind);
    backend_.reset();
    node_.restart();
    open();
  }
  // Until nothing superfluous is left.
  void finish_compaction() {
    while (store_->is_compaction_pending()) store_->run_compaction_slice({});
  }
  // The ids of all rows of the bucket `key`, with a blank after each.
  std::string rows() {
    std::string out;
    for (std::uint64_t from = 0;;) {
      const auto row = backend_->read_at_or_after(sqlite::Bucket::key, from);
      REQUIRE(row.has_value());
      if (!row->has_value()) return out;
      out += std::to_string((*row)->id) + " ";
      from = (*row)->id + 1;
    }
  }

  // `key=value@create/mod v version`, or the error.
  std::string read(KeyRange range, std::int64_t revision, std::uint64_t limit = std::numeric_limits<std::uint64_t>::max()) {
    const auto at = store_->readable(revision);
    if (!at) return at.error() == RevisionError::future ? "future" : "compacted";
    std::vector<Found> found;
    const std::uint64_t count = store_->find(range, *at, limit, found);
    std::string out = std::to_string(count) + ":";
    for (const Found& key : found) {
      const base::Result<std::string_view> bytes = store_->read(key.version);
      REQUIRE(bytes.has_value());
      const base::Result<Record> record = decode(*bytes);
      REQUIRE(record.has_value());
      CHECK_EQ(record->key, key.key);
      out += " " + std::string(record->key) + "=" + std::string(record->value) + "@" + std::to_string(record->create_revision) +
             "/" + std::to_string(record->mod_revision) + "v" + std::to_string(record->version);
    }
    return out;
  }

 private:
  void open() {
    loader_ = {};
    store_.reset();
    backend_.reset();  // the old world's files first
    backend_ = std::make_unique<sqlite::Backend>(node_.world(), sqlite::BackendOptions());
    store_ = std::make_unique<Store>(*backend_);
    done_ = false;
    backend_->open(mark_, base::LogIndex(1), *this, *this, *this);
    REQUIRE(sim_.run_until([&] { return done_; }, std::chrono::seconds(60)));
    base::Result<Loaded> loaded = loader_.take();
    REQUIRE(loaded.has_value());
    store_->adopt(std::move(*loaded));
  }
  void on_row(const sqlite::RowView& row) override { loader_.on_row(row); }
  void on_durable(const base::StoreMark& mark) override { mark_ = mark; }
  void on_room() override {}
  void on_failed(const base::Error& error) override { FAIL(error.detail); }
  void complete(base::Status status) override {
    REQUIRE_MESSAGE(status.has_value(), (status ? std::string() : status.error().detail));
    done_ = true;
  }

  io::sim::Simulation sim_{1};
  io::sim::Node& node_;
  std::unique_ptr<sqlite::Backend> backend_;
  std::unique_ptr<Store> store_;
  Loader loader_;
  base::StoreMark mark_{base::StoreGeneration(1), base::LogIndex(0)};
  bool done_ = false;
};

}  // namespace mvcc::testing
