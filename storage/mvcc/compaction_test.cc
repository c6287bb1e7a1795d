#include "storage/mvcc/compaction.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "property_tests/property.h"
#include "storage/mvcc/test_store.h"

namespace mvcc {

using testing::kAll;
using testing::TestStore;

namespace {

void put_key(TestStore& test, std::string_view key) {
  test.entry([&](Store& store) { store.put(key, "v", 0); });
}
void erase(TestStore& test, std::string_view key) {
  test.entry([&](Store& store) { REQUIRE_EQ(store.erase({key, ""}), 1); });
}
// "ok", or why not.
std::string compact(TestStore& test, std::int64_t revision) {
  std::string answer = "ok";
  test.entry([&](Store& store) {
    const auto compacted = store.compact(revision);
    if (!compacted) answer = compacted.error() == RevisionError::future ? "future" : "compacted";
  });
  return answer;
}

}  // namespace

TEST_CASE("which revisions can be compacted") {  // behaviour reference §2.5
  TestStore test;
  CHECK_EQ(compact(test, -1), "compacted");
  CHECK_EQ(compact(test, 2), "future");
  CHECK(!test.store().compacted().has_value());
  CHECK_EQ(compact(test, 0), "ok");  // once, in a virgin store
  CHECK_EQ(compact(test, 0), "compacted");
  put_key(test, "a");
  put_key(test, "a");
  CHECK_EQ(compact(test, 2), "ok");
  CHECK_EQ(compact(test, 2), "compacted");
  CHECK_EQ(compact(test, 1), "compacted");
  CHECK_EQ(compact(test, 3), "ok");  // the newest
  CHECK_EQ(compact(test, 4), "future");
  CHECK(test.store().current() == Revision(3));
  test.let_time_pass();
  test.reopen();
  CHECK(test.store().compacted() == Revision(3));
  CHECK_EQ(compact(test, 3), "compacted");
}

TEST_CASE("what compaction keeps") {  // behaviour reference §8.4
  struct Case { std::string_view name; std::int64_t at; std::string_view rows; };
  // Rows 1 to 6 are the revisions 2 to 7: put a, put b, put a, delete b, put a, put b.
  constexpr Case cases[] = {
      {"nothing is below", 2, "1 2 3 4 5 6 "},
      {"what still stands", 3, "1 2 3 4 5 6 "},
      {"not what was replaced", 4, "2 3 4 5 6 "},
      {"a tombstone exactly there, and not what it deleted", 5, "3 4 5 6 "},
      {"no tombstone below", 6, "5 6 "},
      {"the newest of all", 7, "5 6 "},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    TestStore test;
    for (const char* key : {"a", "b", "a"}) put_key(test, key);
    erase(test, "b");
    for (const char* key : {"a", "b"}) put_key(test, key);
    const base::Hash128 untouched = test.backend().state();
    const std::string there = test.read(kAll, c.at);
    const std::string now = test.read(kAll, 0);
    REQUIRE_EQ(compact(test, c.at), "ok");
    const base::Hash128 state = test.backend().state();
    CHECK(state != untouched);
    test.finish_compaction();
    CHECK(test.backend().state() == state);
    CHECK_EQ(test.rows(), c.rows);
    CHECK_EQ(test.read(kAll, c.at), there);
    CHECK_EQ(test.read(kAll, 0), now);
    CHECK_EQ(test.read(kAll, c.at - 1), "compacted");
    CHECK(test.store().removed() == Revision(static_cast<std::uint64_t>(c.at)));
  }
}

TEST_CASE("a key of which nothing is left is forgotten, and begins anew") {
  TestStore test;
  put_key(test, "gone");
  erase(test, "gone");
  put_key(test, "other");
  REQUIRE_EQ(compact(test, 4), "ok");
  test.finish_compaction();
  CHECK_EQ(test.store().key_count(), 1);
  put_key(test, "gone");
  CHECK_EQ(test.read({"gone", ""}, 0), "1: gone=v@5/5v1");
}

TEST_CASE("a slice discards what its budget says, in the order of rows, within one key too") {
  TestStore test;
  for (int i = 0; i < 10; ++i) put_key(test, "long");
  put_key(test, "short");
  put_key(test, "short");
  REQUIRE_EQ(compact(test, 13), "ok");
  const auto rows_after_slice = [&](CompactionBudget budget) {
    test.store().run_compaction_slice(budget);
    return test.rows();
  };
  CHECK_EQ(rows_after_slice({10, 4}), "5 6 7 8 9 10 11 12 ");
  put_key(test, "long");  // between slices
  CHECK_EQ(rows_after_slice({10, 4}), "9 10 11 12 13 ");
  CHECK_EQ(test.read({"long", ""}, 13), "1: long=v@2/11v10");
  CHECK(test.store().is_compaction_pending());
  CHECK_EQ(rows_after_slice({1, 4}), "10 12 13 ");
  CHECK(!test.store().is_compaction_pending());
}

TEST_CASE("nothing is discarded before every key was looked at") {
  TestStore test;
  for (const char* key : {"a", "b", "a", "b", "c"}) put_key(test, key);
  REQUIRE_EQ(compact(test, 6), "ok");
  for (int slice = 0; slice < 2; ++slice) {
    CHECK_EQ(test.rows(), "1 2 3 4 5 ");
    test.store().run_compaction_slice({1, 1});
  }
  CHECK_EQ(test.rows(), "1 2 3 4 5 ");
  test.store().run_compaction_slice({1, 1});
  CHECK_EQ(test.rows(), "2 3 4 5 ");
  test.store().run_compaction_slice({1, 1});
  CHECK_EQ(test.rows(), "3 4 5 ");
  CHECK(!test.store().is_compaction_pending());
}

TEST_CASE("a compaction during a pass counts at once, and makes another pass necessary") {
  TestStore test;
  for (const char* key : {"a", "a", "b", "b", "b"}) put_key(test, key);
  REQUIRE_EQ(compact(test, 3), "ok");
  test.store().run_compaction_slice({1, 10});
  CHECK_EQ(test.rows(), "1 2 3 4 5 ");
  put_key(test, "a");
  REQUIRE_EQ(compact(test, 7), "ok");
  test.store().run_compaction_slice({});
  CHECK_EQ(test.rows(), "2 5 6 ");  // b at 7, though the pass began at 3; a was passed before
  CHECK(test.store().removed() == Revision(3));
  CHECK(test.store().is_compaction_pending());
  test.finish_compaction();
  CHECK_EQ(test.rows(), "5 6 ");
  CHECK(test.store().removed() == Revision(7));
}

TEST_CASE("rows that a crash brings back are discarded again") {
  TestStore test;
  for (int i = 0; i < 5; ++i) put_key(test, "a");
  REQUIRE_EQ(compact(test, 6), "ok");
  test.let_time_pass();  // entries are in the files
  test.finish_compaction();
  CHECK_EQ(test.rows(), "5 ");
  test.crash(io::sim::CrashKind::process_kill);  // discards are not
  CHECK_EQ(test.rows(), "1 2 3 4 5 ");
  CHECK(test.store().compacted() == Revision(6));
  CHECK(!test.store().removed().has_value());
  CHECK_EQ(test.read(kAll, 5), "compacted");
  test.finish_compaction();
  CHECK_EQ(test.rows(), "5 ");
}

namespace {

// One entry of the log: a compaction, or changes of keys a to d.
struct LogEntry {
  std::optional<std::int64_t> compact;
  std::vector<std::uint8_t> changes;
};

struct Step {
  unsigned kind = 0;
  unsigned number = 0;
  std::vector<std::uint8_t> changes;
};
std::ostream& operator<<(std::ostream& out, const Step& step) {
  out << "{" << step.kind << " " << step.number;
  for (const std::uint8_t change : step.changes) out << " " << static_cast<unsigned>(change);
  return out << "}";
}

// What the store should hold, in the plainest way: every change that was ever made, and a copy of all keys at each revision.
struct CompactionModel {
  struct Change {
    std::uint64_t row;
    std::string key;
    std::uint64_t main;
    bool is_delete;
  };
  using Keys = std::map<std::string, std::string>;  // as TestStore::read() says it

  std::vector<Change> changes;
  std::vector<Keys> history = std::vector<Keys>(2);  // revisions 0 and 1
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> generations;  // create revision, version
  std::optional<std::uint64_t> compacted;

  std::uint64_t current() const { return history.size() - 1; }
  std::string read(std::uint64_t revision) const {
    if (compacted && revision < *compacted) return "compacted";
    std::string out = std::to_string(history[revision].size()) + ":";
    for (const auto& [key, text] : history[revision]) out += " " + text;
    return out;
  }
  std::string kept_rows() const {
    std::string out;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const Change& change = changes[i];
      bool is_kept = true;
      if (compacted && change.main < *compacted) {
        is_kept = !change.is_delete && std::none_of(changes.begin() + static_cast<std::ptrdiff_t>(i) + 1, changes.end(), [&](const Change& later) {
          return later.key == change.key && later.main <= *compacted;
        });
      }
      if (is_kept) out += std::to_string(change.row) + " ";
    }
    return out;
  }
};

// A store and its model under a log that survives crashes.
class Story {
 public:
  void run(const Step& step) {
    switch (step.kind % 8) {
      case 4: {
        const auto base = static_cast<std::int64_t>(model_.compacted.value_or(0));
        return add({base - 1 + static_cast<std::int64_t>(step.number % 8), {}});
      }
      case 5: {
        if (test_.store().is_compaction_pending()) {
          test_.store().run_compaction_slice({1 + step.number % 3, 1 + step.number / 4 % 3});
        }
        return;
      }
      case 6: {
        if (step.number % 4 == 0) test_.backend().want_durable();
        test_.let_time_pass(std::chrono::microseconds(step.number));  // may end in the middle of a job
        return;
      }
      case 7: {
        if (step.number % 4 == 0) {
          test_.reopen();
        } else {
          test_.crash(step.number % 4 == 1 ? io::sim::CrashKind::process_kill : io::sim::CrashKind::power_loss);
        }
        return replay();
      }
      default: return add({std::nullopt, step.changes});
    }
  }
  void check_reads() {
    for (std::uint64_t revision = 1; revision <= model_.current(); ++revision) {
      RC_ASSERT(test_.read(kAll, static_cast<std::int64_t>(revision)) == model_.read(revision));
    }
    RC_ASSERT(test_.read(kAll, static_cast<std::int64_t>(model_.current()) + 1) == "future");
  }
  void finish() {
    test_.finish_compaction();
    check_reads();
    RC_ASSERT(test_.rows() == model_.kept_rows());
    test_.let_time_pass();
    test_.reopen();
    RC_ASSERT(test_.backend().applied() == base::LogIndex(log_.size()));
    RC_ASSERT(test_.rows() == model_.kept_rows());
    check_reads();
  }

 private:
  void add(LogEntry entry) {
    log_.push_back(std::move(entry));
    apply(log_.back(), true);
    states_.push_back(test_.backend().state());
  }
  // What a crash took from the store is in the log; the second time everything ends as it did the first time.
  void replay() {
    for (;;) {
      const std::uint64_t applied = test_.backend().applied().value();
      if (applied > 0) RC_ASSERT(test_.backend().state() == states_[applied - 1]);
      if (applied == log_.size()) break;
      apply(log_[applied], false);
    }
    RC_ASSERT(test_.store().current() == Revision(model_.current()));
    const auto compacted = test_.store().compacted();
    RC_ASSERT(compacted.has_value() == model_.compacted.has_value());
    if (compacted) RC_ASSERT(compacted->value() == *model_.compacted);
  }
  void apply(const LogEntry& entry, bool is_first_time) {
    test_.entry([&](Store& store) {
      if (entry.compact) return compact(store, *entry.compact, is_first_time);
      CompactionModel::Keys keys = model_.history.back();
      const std::size_t count = model_.changes.size();
      for (const std::uint8_t change : entry.changes) apply_change(store, change, is_first_time ? &keys : nullptr);
      if (is_first_time && model_.changes.size() > count) model_.history.push_back(std::move(keys));
    });
    if (is_first_time) RC_ASSERT(test_.store().current() == Revision(model_.current()));
  }
  void compact(Store& store, std::int64_t revision, bool is_first_time) {
    const auto result = store.compact(revision);
    if (!is_first_time) return;
    const bool is_compacted = revision < 0 || (model_.compacted && revision <= static_cast<std::int64_t>(*model_.compacted));
    const bool is_future = !is_compacted && revision > static_cast<std::int64_t>(model_.current());
    RC_ASSERT(result.has_value() == (!is_compacted && !is_future));
    if (!result) RC_ASSERT((result.error() == RevisionError::compacted) == is_compacted);
    if (result) model_.compacted = static_cast<std::uint64_t>(revision);
  }
  // `keys` null: the model knows it already.
  void apply_change(Store& store, std::uint8_t change, CompactionModel::Keys* keys) {
    const std::string key(1, static_cast<char>('a' + change % 4));
    const bool is_delete = (change & 4U) != 0;
    if (is_delete) {
      const std::uint64_t count = store.erase({key, ""});
      if (keys == nullptr) return;
      RC_ASSERT(count == keys->erase(key));
      if (count == 0) return;
      model_.generations.erase(key);
    } else {
      store.put(key, std::to_string(change), 0);
      if (keys == nullptr) return;
      const std::uint64_t revision = model_.history.size();
      auto& [created, version] = model_.generations.try_emplace(key, revision, 0).first->second;
      ++version;
      (*keys)[key] = key + "=" + std::to_string(change) + "@" + std::to_string(created) + "/" + std::to_string(revision) + "v" + std::to_string(version);
    }
    model_.changes.push_back({model_.changes.size() + 1, key, model_.history.size(), is_delete});
  }

  TestStore test_;
  CompactionModel model_;
  std::vector<LogEntry> log_;
  std::vector<base::Hash128> states_;  // after each entry
};

rc::Gen<unsigned> number(unsigned bound) { return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0U, bound)); }

}  // namespace

// Property: at every revision that is not compacted the store reads as a plain map did at that revision, below it
// is refused, and in the end exactly the rows that compaction keeps are there; through restarts and crashes at
// any time. Method: four keys, tiny slices, compactions close behind each other.
PROPERTY("a compacted store reads as the model remembers") {
  property_tests::property("compaction", [] {
    const auto step = rc::gen::map(rc::gen::tuple(number(8), number(1U << 16U), rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>())),
                                   [](const auto& parts) { return Step{std::get<0>(parts), std::get<1>(parts), std::get<2>(parts)}; });
    const auto steps = *rc::gen::container<std::vector<Step>>(*number(40), step);
    Story story;
    for (const Step& each : steps) {
      story.run(each);
      story.check_reads();
    }
    story.finish();
  });
}

}  // namespace mvcc
