#include "storage/mvcc/store.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "property_tests/property.h"
#include "storage/mvcc/test_store.h"

namespace mvcc {

using testing::kAll;
using testing::TestStore;

namespace {

TEST_CASE("the empty store stands at revision 1, and the first write gets 2") {
  TestStore test;
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
  TestStore test;
  test.entry([](Store& store) { CHECK_EQ(store.erase({"k", ""}), 0); });
  CHECK(test.store().current() == Revision(1));
}

TEST_CASE("changes of one entry share a revision, and see each other") {
  TestStore test;
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
  TestStore test;
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

TEST_CASE("who listens is told what each entry did, key by key, and nothing of what was abandoned") {
  struct Listener final : ChangeListener {
    void on_changes(Revision revision, const std::vector<KeyChange>& changes) override {
      told += to_text(revision) + ":";
      for (const KeyChange& change : changes) {
        const base::Result<Record> record = decode(change.record);
        REQUIRE(record.has_value());
        CHECK_EQ(change.fields.key, record->key);
        told += (change.kind == RowKind::put ? " put " : " delete ") + std::string(record->key);
      }
      told += "\n";
    }
    std::string told;
  };
  Listener listener;
  TestStore test;
  test.store().set_listener(listener);
  test.entry([](Store& store) {
    store.put("a", "1", 0);
    store.put("b", "1", 0);
    store.put("a", "2", 0);
  });
  test.entry([](Store&) {});
  test.store().begin_entry();
  test.store().put("c", "1", 0);
  test.store().abandon_entry();
  test.entry([](Store& store) { store.erase(kAll); });
  CHECK_EQ(listener.told, "2: put a put b put a\n3: delete a delete b\n");
}

TEST_CASE("a limit cuts what is found, and not what is counted") {
  TestStore test;
  for (const char* key : {"a", "b", "c"}) test.entry([&](Store& store) { store.put(key, key, 0); });
  CHECK_EQ(test.read(kAll, 0, 2), "3: a=a@2/2v1 b=b@3/3v1");
  CHECK_EQ(test.read(kAll, 0, 0), "3:");
}

TEST_CASE("rows are read back, from memory and from the files") {
  TestStore test;
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
    TestStore test;
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
