#include "storage/mvcc/store.h"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "io/sim/simulation.h"
#include "property_tests/property.h"
#include "storage/mvcc/record.h"

namespace mvcc {
namespace {

using namespace std::chrono_literals;

// A store on a backend in the simulated world. Each entry() is one entry of the log.
class StoreFixture final : sqlite::RowVisitor, sqlite::BackendListener, io::Completion {
 public:
  StoreFixture() : node_(sim_.add_node("m1")) { open(); }
  ~StoreFixture() {
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
  void let_time_pass() { sim_.run_for(1s); }
  void reopen() {
    done_ = false;
    backend_->close(*this);
    REQUIRE(sim_.run_until([&] { return done_; }, 60s));
    open();
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
    backend_->open({base::StoreGeneration(1), base::LogIndex(0)}, base::LogIndex(1), *this, *this, *this);
    REQUIRE(sim_.run_until([&] { return done_; }, 60s));
    base::Result<Loaded> loaded = loader_.take();
    REQUIRE(loaded.has_value());
    store_->adopt(std::move(*loaded));
  }
  void on_row(const sqlite::RowView& row) override { loader_.on_row(row); }
  void on_durable(const base::StoreMark&) override {}
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
  bool done_ = false;
};

const KeyRange kAll{kOpenEnd, kOpenEnd};

TEST_CASE("the empty store stands at revision 1, and the first write gets 2") {
  StoreFixture test;
  CHECK(test.store().current() == Revision(1));
  CHECK_EQ(test.read(kAll, 0), "0:");
  test.entry([](Store& store) { store.put("k", "v", 0); });
  CHECK(test.store().current() == Revision(2));
  CHECK_EQ(test.read(kAll, 0), "1: k=v@2/2v1");
  CHECK_EQ(test.read(kAll, 1), "0:");
  CHECK_EQ(test.read(kAll, -5), "1: k=v@2/2v1");
  CHECK_EQ(test.read(kAll, 3), "future");
}

TEST_CASE("an entry without effect leaves the revision") {
  StoreFixture test;
  test.entry([](Store& store) { CHECK_EQ(store.erase({"k", ""}), 0); });
  CHECK(test.store().current() == Revision(1));
}

TEST_CASE("changes of one entry share a revision, and see each other") {
  StoreFixture test;
  test.entry([](Store& store) {
    store.put("a", "1", 0);
    CHECK(store.newest() == Revision(2));
    CHECK(store.current() == Revision(1));
    store.put("b", "2", 0);
    CHECK_EQ(store.erase({"a", ""}), 1);
    store.put("a", "3", 0);
  });
  CHECK_EQ(test.read(kAll, 0), "2: a=3@2/2v1 b=2@2/2v1");
  CHECK(test.store().current() == Revision(2));
}

TEST_CASE("an abandoned entry has not happened") {
  StoreFixture test;
  test.entry([](Store& store) {
    store.put("a", "1", 0);
    store.put("b", "2", 0);
  });
  const base::Hash128 state = test.backend().state();
  const std::string before = test.read(kAll, 0);
  test.store().begin_entry();
  test.store().put("a", "3", 0);
  test.store().put("new", "4", 0);
  CHECK_EQ(test.store().erase(kAll), 3);
  test.store().put("b", "5", 0);
  CHECK_EQ(test.read(kAll, 0), "1: b=5@3/3v1");
  test.store().abandon_entry();
  CHECK(test.store().current() == Revision(2));
  CHECK_EQ(test.store().key_count(), 2);
  CHECK_EQ(test.read(kAll, 0), before);
  test.entry([](Store&) {});
  CHECK(test.backend().state() == state);
  test.entry([](Store& store) { store.put("a", "6", 0); });  // its row and sub revision are the next ones
  CHECK_EQ(test.read(kAll, 0), "2: a=6@2/3v2 b=2@2/2v1");
  test.let_time_pass();
  test.reopen();
  CHECK_EQ(test.read(kAll, 0), "2: a=6@2/3v2 b=2@2/2v1");
}

TEST_CASE("a limit cuts what is found, and not what is counted") {
  StoreFixture test;
  for (const char* key : {"a", "b", "c"}) test.entry([&](Store& store) { store.put(key, key, 0); });
  CHECK_EQ(test.read(kAll, 0, 2), "3: a=a@2/2v1 b=b@3/3v1");
  CHECK_EQ(test.read(kAll, 0, 0), "3:");
}

TEST_CASE("rows are read back, from memory and from the files") {
  StoreFixture test;
  for (int i = 0; i < 50; ++i) {
    test.entry([&](Store& store) { store.put("key" + std::to_string(i % 7), std::string(1000, static_cast<char>('a' + i % 26)), 0); });
  }
  test.entry([](Store& store) { store.erase({"key3", "key6"}); });
  const std::string now = test.read(kAll, 0);
  const std::string before = test.read(kAll, 30);
  test.let_time_pass();
  CHECK_EQ(test.backend().unmaterialised_bytes(), 0);
  CHECK_EQ(test.read(kAll, 0), now);
  CHECK_EQ(test.read(kAll, 30), before);
  test.reopen();
  CHECK(test.store().current() == Revision(52));
  CHECK_EQ(test.read(kAll, 0), now);
  CHECK_EQ(test.read(kAll, 30), before);
  test.entry([](Store& store) { store.put("key0", "after", 0); });
  CHECK(test.store().current() == Revision(53));
}

// Property: at every revision the store reads as a plain map did at that revision, also after it was closed and
// opened again. Method: four keys and entries of several changes, so that generations and revisions collide.
struct ModelValue {
  std::string value;
  std::uint64_t created;
  std::uint64_t modified;
  std::uint64_t version;
};
using Model = std::map<std::string, ModelValue>;

std::string read_model(const Model& model) {
  std::string out = std::to_string(model.size()) + ":";
  for (const auto& [key, v] : model) {
    out += " " + key + "=" + v.value + "@" + std::to_string(v.created) + "/" + std::to_string(v.modified) + "v" +
           std::to_string(v.version);
  }
  return out;
}

void apply(Model& model, Store& store, std::uint64_t revision, std::uint8_t change) {
  const std::string key(1, static_cast<char>('a' + change % 4));
  if ((change & 4U) != 0) {
    const std::string end(1, static_cast<char>('b' + (change >> 4U) % 4));
    std::uint64_t expected = 0;
    for (auto it = model.lower_bound(key); it != model.end() && it->first < end; ++expected) it = model.erase(it);
    RC_ASSERT(store.erase({key, end}) == expected);
    return;
  }
  const std::string value = std::to_string(change) + "@" + std::to_string(revision);
  const auto known = model.find(key);
  if (known == model.end()) {
    model[key] = {value, revision, revision, 1};
  } else {
    known->second = {value, known->second.created, revision, known->second.version + 1};
  }
  store.put(key, value, 0);
}

PROPERTY("the store reads as the model remembers") {
  property_tests::property("store", [](const std::vector<std::vector<std::uint8_t>>& entries, bool reopen) {
    StoreFixture test;
    std::vector<Model> history(2);  // revisions 0 and 1
    for (const std::vector<std::uint8_t>& changes : entries) {
      Model model = history.back();
      test.entry([&](Store& store) {
        for (const std::uint8_t change : changes) apply(model, store, history.size(), change);
      });
      const bool changed = test.store().current() == Revision(history.size());
      if (changed) {
        history.push_back(std::move(model));
      } else {
        RC_ASSERT(read_model(model) == read_model(history.back()));
      }
      RC_ASSERT(test.store().current() == Revision(history.size() - 1));
    }
    if (reopen) test.let_time_pass();
    if (reopen) test.reopen();
    for (std::size_t revision = 1; revision < history.size(); ++revision) {
      RC_ASSERT(test.read(kAll, static_cast<std::int64_t>(revision)) == read_model(history[revision]));
    }
  });
}

}  // namespace
}  // namespace mvcc
