// The oracle of the watch service, fed good and bad streams by hand.
#include "sim/etcd/watch_oracle.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "sim/etcd/txn_model.h"
#include "sim/etcd/watch_stream.h"

namespace sim::etcd {

namespace {

using etcdserverpb::WatchCreateRequest;
using etcdserverpb::WatchResponse;

constexpr std::uint32_t kWatchClient = 3;
const std::string kWholeRange(1, '\0');

WatchCreateRequest watch(const std::string& key, const std::string& range_end = {}, std::int64_t from = 0) {
  WatchCreateRequest create;
  create.set_key(key);
  create.set_range_end(range_end);
  create.set_start_revision(from);
  return create;
}

// A history that the test writes by hand, and one stream over it. Watcher `n` has the id that the server gives, from 0 on.
struct WatchFixture {
  // Revisions 2 to 7: a, b, a again, both of them, c, and a goes.
  WatchFixture() {
    put("a", "1");
    put("b", "1");
    put("a", "2");
    model.begin();
    model.put("a", "3");
    model.put("b", "2");
    model.end();
    oracle.on_committed();
    put("c", "1");
    model.erase("a", "");
    oracle.on_committed();
  }
  void put(const std::string& key, const std::string& value) {
    model.put(key, value);
    oracle.on_committed();
  }
  void compact(std::int64_t revision) {
    REQUIRE(model.compact(revision));
    oracle.on_committed();
  }

  // What the server says.
  WatchResponse answer(std::int64_t id, std::int64_t revision) const {
    WatchResponse response;
    response.set_watch_id(id);
    response.mutable_header()->set_revision(revision);
    return response;
  }
  void create(const WatchCreateRequest& request, std::int64_t id = 0) { create_at(request, id, model.revision()); }
  void create_at(const WatchCreateRequest& request, std::int64_t id, std::int64_t revision) {
    stream->on_create(next_number++, request);
    WatchResponse response = answer(id, revision);
    response.set_created(true);
    stream->on_response(response);
  }
  // The change of this place, as it was.
  mvccpb::Event event(std::int64_t main, std::int64_t sub, bool with_previous = false) const {
    mvccpb::Event out;
    const ModelRow row = oracle.log().row({main, sub});
    if (row.is_tombstone) {
      out.set_type(mvccpb::Event::DELETE);
      out.mutable_kv()->set_key(row.kv->key);
      out.mutable_kv()->set_mod_revision(main);
    } else {
      *out.mutable_kv() = to_wire(*row.kv);
    }
    const ModelKeyValue* const previous = model.find(row.kv->key, main - 1);
    if (with_previous && previous != nullptr) *out.mutable_prev_kv() = to_wire(*previous);
    return out;
  }
  WatchResponse told(const std::vector<WatchPlace>& places, std::int64_t id = 0) const {
    WatchResponse response = answer(id, model.revision());
    for (const WatchPlace place : places) *response.add_events() = event(place.main, place.sub);
    return response;
  }
  void tell(const std::vector<WatchPlace>& places, std::int64_t id = 0) { stream->on_response(told(places, id)); }
  void tell_piece(const std::vector<WatchPlace>& places, std::int64_t id = 0) {
    WatchResponse response = told(places, id);
    response.set_fragment(true);
    stream->on_response(response);
  }
  void tell_with_previous(std::int64_t main, std::int64_t sub, void (*spoil)(mvccpb::Event&) = nullptr) {
    WatchResponse response = answer(0, model.revision());
    *response.add_events() = event(main, sub, true);
    if (spoil != nullptr) spoil(*response.mutable_events(0));
    stream->on_response(response);
  }
  void progress(std::int64_t id, std::int64_t revision) {
    if (id == -1) stream->on_progress_request();
    stream->on_response(answer(id, revision));
  }
  void cancel(std::int64_t id) {
    stream->on_cancel(id);
    say_canceled(id);
  }
  void say_canceled(std::int64_t id, std::int64_t compacted = 0) {
    WatchResponse response = answer(id, compacted == 0 ? model.revision() : 0);
    response.set_canceled(true);
    response.set_compact_revision(compacted);
    stream->on_response(response);
  }

  Findings findings;
  Model model;
  WatchOracle oracle{model, std::chrono::seconds(10), findings};
  std::optional<WatchStream> stream{std::in_place, oracle, kWatchClient};
  std::uint32_t next_number = 0;
};

// What the first finding says is broken; `none`.
std::string broken(const WatchFixture& f) {
  const std::string& message = f.findings.verdict().message;
  const std::size_t word = message.find(", not ");
  if (f.findings.is_clean() || word == message.npos) return "none";
  return message.substr(word + 6, message.find(':', word) - word - 6);
}

struct WatchStory {
  const char* name;
  void (*tell)(WatchFixture&);
};

void check_stories(const char* guarantee, const std::vector<WatchStory>& stories) {
  for (const WatchStory& story : stories) {
    CAPTURE(story.name);
    WatchFixture f;
    story.tell(f);
    CHECK_MESSAGE(broken(f) == guarantee, f.findings.verdict().message);
    if (!f.findings.is_clean()) CHECK_EQ(f.findings.verdict().oracle, WatchOracle::kName);
  }
}

}  // namespace

TEST_CASE("streams that tell what happened pass") {
  check_stories("none", {
      {"everything from the beginning, in two answers", [](WatchFixture& f) {
         f.create(watch(kWholeRange, kWholeRange, 1));
         f.tell({{2, 0}, {3, 0}, {4, 0}});
         f.tell({{5, 0}, {5, 1}, {6, 0}, {7, 0}});
       }},
      {"one key", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.tell({{2, 0}, {4, 0}, {5, 0}, {7, 0}});
       }},
      {"a range, and what comes later", [](WatchFixture& f) {
         f.create(watch("b", "c", 4));
         f.tell({{5, 1}});
         f.put("a", "4");
         f.put("bb", "1");
         f.tell({{9, 0}});
       }},
      {"from the next revision on", [](WatchFixture& f) {
         f.create(watch("a"));
         f.put("a", "4");
         f.tell({{8, 0}});
       }},
      {"from the next one of a member that is behind", [](WatchFixture& f) {
         f.create_at(watch("a"), 0, 3);
         f.tell({{4, 0}});
       }},
      {"from a future revision on", [](WatchFixture& f) {
         f.create(watch("a", "", 9));
         f.put("a", "4");
         f.put("a", "5");
         f.tell({{9, 0}});
       }},
      {"without puts", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a", "", 2);
         create.add_filters(WatchCreateRequest::NOPUT);
         f.create(create);
         f.tell({{7, 0}});
       }},
      {"without deletes", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a", "", 5);
         create.add_filters(WatchCreateRequest::NODELETE);
         f.create(create);
         f.tell({{5, 0}});
         f.progress(-1, 7);
       }},
      {"with what was before", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a", "", 2);
         create.set_prev_kv(true);
         f.create(create);
         f.tell_with_previous(2, 0);
         f.tell_with_previous(4, 0);
         f.tell_with_previous(5, 0);
         f.tell_with_previous(7, 0);
       }},
      {"what was before is compacted", [](WatchFixture& f) {
         f.compact(5);
         WatchCreateRequest create = watch("a", "", 5);
         create.set_prev_kv(true);
         f.create(create);
         f.tell({{5, 0}});
       }},
      {"in pieces", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a", "c", 2);
         create.set_fragment(true);
         f.create(create);
         f.tell_piece({{2, 0}, {3, 0}, {4, 0}, {5, 0}});
         f.tell({{5, 1}, {7, 0}});
       }},
      {"progress, of one and of all", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a");
         create.set_progress_notify(true);
         f.create(create);
         f.create(watch("b"), 1);
         f.progress(0, 7);
         f.progress(-1, 7);
         f.put("c", "2");
         f.progress(0, 8);
         f.put("a", "4");
         f.tell({{9, 0}});
         f.progress(-1, 9);
       }},
      {"history is gone", [](WatchFixture& f) {
         f.compact(5);
         f.create(watch("a", "", 4));
         f.say_canceled(0, 5);
         f.create(watch("a", "", 5), 1);
         f.tell({{5, 0}, {7, 0}}, 1);
         f.cancel(0);  // gives the id back
         f.create(watch("b"), 0);
       }},
      {"of a key that the compacted revision changed twice only the last change is left", [](WatchFixture& f) {
         f.model.begin();
         f.model.put("a", "4");
         f.model.put("d", "1");
         f.model.erase("a", "b");
         f.model.end();
         f.oracle.on_committed();
         f.compact(8);
         f.create(watch(kWholeRange, kWholeRange, 8));
         f.tell({{8, 1}, {8, 2}});
       }},
      {"or both changes, by whoever was there before", [](WatchFixture& f) {
         f.model.begin();
         f.model.put("a", "4");
         f.model.erase("a", "b");
         f.model.end();
         f.oracle.on_committed();
         f.create(watch("a", "", 8));
         f.compact(8);
         f.tell({{8, 0}, {8, 1}});
       }},
      {"a watcher that ends, and another one with its id", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a");
         create.set_watch_id(17);
         f.create(create, 17);
         f.cancel(17);
         f.create(create, 17);
         f.put("a", "4");
         f.tell({{8, 0}}, 17);
       }},
      {"refused, since nothing lies in the range, and since the id is taken", [](WatchFixture& f) {
         f.stream->on_create(std::nullopt, watch("b", "a"));
         WatchResponse refused = f.answer(-1, f.model.revision());
         refused.set_created(true);
         refused.set_canceled(true);
         f.stream->on_response(refused);
         f.create(watch("a"));
         f.create(watch("b"), 1);
         WatchCreateRequest again = watch("b");
         again.set_watch_id(1);
         f.stream->on_create(2, again);
         f.stream->on_response(refused);
       }},
  });
}

TEST_CASE("a watcher that is not told in order is caught") {
  check_stories("ordered", {
      {"an earlier revision behind a later one", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.tell({{4, 0}, {2, 0}});
       }},
      {"back to where it had been", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.tell({{2, 0}, {4, 0}, {5, 0}});
         f.tell({{2, 0}});
       }},
      {"two changes of one revision the other way round", [](WatchFixture& f) {
         f.create(watch("a", "c", 5));
         f.tell({{5, 1}, {5, 0}});
       }},
  });
}

TEST_CASE("an event that is told twice is caught") {
  check_stories("unique", {
      {"in one answer", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.tell({{2, 0}, {2, 0}});
       }},
      {"in two", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.tell({{2, 0}, {4, 0}});
         f.tell({{4, 0}, {5, 0}});
       }},
      {"a whole revision once more", [](WatchFixture& f) {
         f.create(watch("a", "c", 5));
         f.tell({{5, 0}, {5, 1}});
         f.tell({{5, 0}, {5, 1}});
       }},
  });
}

TEST_CASE("an event that is left out is caught") {
  check_stories("reliable", {
      {"between two of an answer", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.tell({{2, 0}, {5, 0}});
       }},
      {"between two answers", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.tell({{2, 0}});
         f.tell({{5, 0}});
       }},
      {"within a revision", [](WatchFixture& f) {
         f.create(watch(kWholeRange, kWholeRange, 4));
         f.tell({{4, 0}});
         f.tell({{5, 1}});
       }},
      {"a delete", [](WatchFixture& f) {
         f.create(watch("a", "", 5));
         f.tell({{5, 0}});
         f.put("a", "4");
         f.tell({{8, 0}});
       }},
      {"since history is gone, and nobody said so", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.tell({{2, 0}});
         f.compact(5);
         f.tell({{5, 0}});
       }},
      {"a change of the compacted revision that no other follows in it", [](WatchFixture& f) {
         f.compact(5);
         f.create(watch("a", "c", 5));
         f.tell({{5, 0}, {7, 0}});
       }},
      {"after progress", [](WatchFixture& f) {
         f.create(watch("a"));
         f.put("c", "2");
         f.progress(-1, 8);
         f.put("a", "4");
         f.put("a", "5");
         f.tell({{10, 0}});
       }},
  });
}

TEST_CASE("what one revision did and two answers tell is caught") {
  check_stories("atomic", {
      {"half of a revision", [](WatchFixture& f) {
         f.create(watch("a", "c", 5));
         f.tell({{5, 0}});
       }},
      {"pieces for somebody who has not asked for them", [](WatchFixture& f) {
         f.create(watch("a", "c", 5));
         f.tell_piece({{5, 0}});
       }},
      {"the last piece ends within a revision", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a", "c", 4);
         create.set_fragment(true);
         f.create(create);
         f.tell_piece({{4, 0}});
         f.tell({{5, 0}});
       }},
      {"something comes between the pieces", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a", "c", 5);
         create.set_fragment(true);
         f.create(create);
         f.create(watch("c", "", 6), 1);
         f.tell_piece({{5, 0}});
         f.tell({{6, 0}}, 1);
       }},
  });
}

TEST_CASE("a watcher that is not told everything from its revision on is caught") {
  check_stories("resumable", {
      {"the first event is missing", [](WatchFixture& f) {
         f.create(watch("a", "", 4));
         f.tell({{5, 0}});
       }},
      {"the delete at the compacted revision", [](WatchFixture& f) {
         f.compact(7);
         f.create(watch("a", "", 7));
         f.put("a", "4");
         f.tell({{8, 0}});
       }},
      {"from the next revision on, which is missing", [](WatchFixture& f) {
         f.create(watch("a"));
         f.put("a", "4");
         f.put("a", "5");
         f.tell({{9, 0}});
       }},
      {"history is gone, and nobody said so", [](WatchFixture& f) {
         f.compact(5);
         f.create(watch("a", "", 2));
         f.tell({{5, 0}});
       }},
  });
}

TEST_CASE("progress that is none is caught") {
  check_stories("bookmarkable", {
      {"it overtakes an event", [](WatchFixture& f) {
         f.create(watch("a", "", 5));
         f.tell({{5, 0}});
         f.progress(-1, 7);
       }},
      {"it overtakes an event of one of two", [](WatchFixture& f) {
         f.create(watch("c"));
         f.create(watch("a"), 1);
         f.put("a", "4");
         f.progress(-1, 8);
       }},
      {"it goes back", [](WatchFixture& f) {
         f.create(watch("c"));
         f.put("a", "4");
         f.progress(-1, 8);
         f.progress(-1, 7);
       }},
      {"below what was told", [](WatchFixture& f) {
         f.create(watch("a", "", 4));
         f.tell({{4, 0}, {5, 0}});
         f.progress(-1, 4);
       }},
      {"below where the watcher was created", [](WatchFixture& f) {
         f.create(watch("a"));
         f.progress(-1, 6);
       }},
      {"beyond what is committed", [](WatchFixture& f) {
         f.create(watch("a"));
         f.progress(-1, 8);
       }},
      {"to somebody who waits for the future", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a", "", 20);
         create.set_progress_notify(true);
         f.create(create);
         f.progress(0, 7);
       }},
      {"nobody has asked", [](WatchFixture& f) {
         f.create(watch("a"));
         f.stream->on_response(f.answer(-1, 7));
       }},
      {"the watcher had not asked for it", [](WatchFixture& f) {
         f.create(watch("a"));
         f.progress(0, 7);
       }},
      {"an event in an answer at a lower revision", [](WatchFixture& f) {
         f.create(watch("a", "", 7));
         WatchResponse response = f.told({{7, 0}});
         response.mutable_header()->set_revision(6);
         f.stream->on_response(response);
       }},
      {"an event in an answer beyond what is committed", [](WatchFixture& f) {
         f.create(watch("a", "", 7));
         WatchResponse response = f.told({{7, 0}});
         response.mutable_header()->set_revision(8);
         f.stream->on_response(response);
       }},
      {"created beyond what is committed", [](WatchFixture& f) { f.create_at(watch("a"), 0, 8); }},
  });
}

TEST_CASE("an event that was not asked for is caught") {
  check_stories("filtered", {
      {"another key", [](WatchFixture& f) {
         f.create(watch("a", "", 3));
         f.tell({{3, 0}});
       }},
      {"the end of the range", [](WatchFixture& f) {
         f.create(watch("a", "b", 3));
         f.tell({{3, 0}});
       }},
      {"a put", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a", "", 5);
         create.add_filters(WatchCreateRequest::NOPUT);
         f.create(create);
         f.tell({{5, 0}});
       }},
      {"a delete", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a", "", 7);
         create.add_filters(WatchCreateRequest::NODELETE);
         f.create(create);
         f.tell({{7, 0}});
       }},
      {"below the start", [](WatchFixture& f) {
         f.create(watch("a", "", 5));
         f.tell({{4, 0}});
       }},
      {"below a start in the future", [](WatchFixture& f) {
         f.create(watch("a", "", 10));
         f.put("a", "4");
         f.tell({{8, 0}});
       }},
      {"what stood already when it was created", [](WatchFixture& f) {
         f.create(watch("a"));
         f.tell({{7, 0}});
       }},
  });
}

TEST_CASE("an event that never was is caught") {
  check_stories("written", {
      {"another value", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         WatchResponse response = f.told({{2, 0}});
         response.mutable_events(0)->mutable_kv()->set_value("2");
         f.stream->on_response(response);
       }},
      {"another version", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         WatchResponse response = f.told({{2, 0}});
         response.mutable_events(0)->mutable_kv()->set_version(2);
         f.stream->on_response(response);
       }},
      {"a delete that was a put", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         WatchResponse response = f.told({{2, 0}});
         response.mutable_events(0)->set_type(mvccpb::Event::DELETE);
         f.stream->on_response(response);
       }},
      {"a delete with a value", [](WatchFixture& f) {
         f.create(watch("a", "", 7));
         WatchResponse response = f.told({{7, 0}});
         response.mutable_events(0)->mutable_kv()->set_value("3");
         f.stream->on_response(response);
       }},
      {"a revision that nobody committed", [](WatchFixture& f) {
         f.create(watch("a"));
         WatchResponse response = f.told({{5, 0}});
         response.mutable_events(0)->mutable_kv()->set_mod_revision(8);
         f.stream->on_response(response);
       }},
  });
}

TEST_CASE("a wrong value from before is caught") {
  struct Case {
    const char* name;
    std::int64_t main;
    bool has_asked;
    void (*spoil)(mvccpb::Event&);
  };
  const Case cases[] = {
      {"it is missing", 4, true, [](mvccpb::Event& event) { event.clear_prev_kv(); }},
      {"it is missing with a delete", 7, true, [](mvccpb::Event& event) { event.clear_prev_kv(); }},
      {"it is another one", 4, true, [](mvccpb::Event& event) { event.mutable_prev_kv()->set_value("0"); }},
      {"it is the new one", 4, true, [](mvccpb::Event& event) { *event.mutable_prev_kv() = event.kv(); }},
      {"the key did not exist", 2, true, [](mvccpb::Event& event) { *event.mutable_prev_kv() = event.kv(); }},
      {"nobody has asked for it", 4, false, [](mvccpb::Event&) {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    WatchFixture f;
    WatchCreateRequest create = watch("a", "", c.main);
    create.set_prev_kv(c.has_asked);
    f.create(create);
    f.tell_with_previous(c.main, 0, c.spoil);
    CHECK_MESSAGE(broken(f) == "previous", f.findings.verdict().message);
  }
}

TEST_CASE("a watcher that is cancelled without need is caught") {
  check_stories("compacted", {
      {"nothing was compacted there", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.say_canceled(0, 5);
       }},
      {"it begins just there", [](WatchFixture& f) {
         f.compact(5);
         f.create(watch("a", "", 5));
         f.say_canceled(0, 5);
       }},
      {"it has come further", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.tell({{2, 0}, {4, 0}, {5, 0}});
         f.compact(5);
         f.say_canceled(0, 5);
       }},
      {"it was told that it has come further", [](WatchFixture& f) {
         f.create(watch("c"));
         f.put("a", "4");
         f.progress(-1, 8);
         f.compact(8);
         f.say_canceled(0, 8);
       }},
  });
}

TEST_CASE("an event before the watcher is there is caught") {
  check_stories("created", {
      {"never created", [](WatchFixture& f) {
         f.stream->on_create(0, watch("a", "", 2));
         f.tell({{2, 0}});
       }},
      {"created without being asked for", [](WatchFixture& f) {
         WatchResponse response = f.answer(0, 7);
         response.set_created(true);
         f.stream->on_response(response);
       }},
      {"refused without a reason", [](WatchFixture& f) {
         f.stream->on_create(0, watch("a"));
         WatchResponse response = f.answer(-1, 7);
         response.set_created(true);
         response.set_canceled(true);
         f.stream->on_response(response);
       }},
      {"not refused, with a reason", [](WatchFixture& f) { f.create(watch("b", "a")); }},
      {"created with an event", [](WatchFixture& f) {
         f.stream->on_create(0, watch("a", "", 2));
         WatchResponse response = f.told({{2, 0}});
         response.set_created(true);
         f.stream->on_response(response);
       }},
  });
}

TEST_CASE("two watchers with one id are caught") {
  check_stories("identified", {
      {"the server gives it twice", [](WatchFixture& f) {
         f.create(watch("a"));
         f.create(watch("b"));
       }},
      {"the server gives one that a client has chosen", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a");
         create.set_watch_id(1);
         f.create(create, 1);
         f.create(watch("b"), 1);
       }},
      {"a client chooses it again, and gets it", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a");
         create.set_watch_id(1);
         f.create(create, 1);
         f.create(create, 1);
       }},
      {"a client chooses one, and gets another one", [](WatchFixture& f) {
         WatchCreateRequest create = watch("a");
         create.set_watch_id(5);
         f.create(create, 6);
       }},
      {"one whose history is gone keeps its own", [](WatchFixture& f) {
         f.compact(5);
         f.create(watch("a", "", 2));
         f.say_canceled(0, 5);
         f.create(watch("b"));
       }},
      {"events for nobody", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.stream->on_progress_request();
         f.tell({{2, 0}}, -1);
       }},
  });
}

TEST_CASE("a word after the end is caught") {
  check_stories("ended", {
      {"an event after the client has cancelled", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.cancel(0);
         f.tell({{2, 0}});
       }},
      {"an event after history was gone", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.compact(5);
         f.say_canceled(0, 5);
         f.tell({{5, 0}});
       }},
      {"history is gone twice", [](WatchFixture& f) {
         f.create(watch("a", "", 2));
         f.compact(5);
         f.say_canceled(0, 5);
         f.say_canceled(0, 5);
       }},
      {"cancelled, and nobody wanted that", [](WatchFixture& f) {
         f.create(watch("a"));
         f.say_canceled(0);
       }},
      {"cancelled twice", [](WatchFixture& f) {
         f.create(watch("a"));
         f.cancel(0);
         f.say_canceled(0);
       }},
  });
}

TEST_CASE("whoever wants to watch is told everything in the end") {
  const OperationName watcher{kWatchClient, 0};
  WatchFixture f;
  CHECK_FALSE(f.oracle.untold());  // nobody watches
  f.oracle.want(watcher);
  REQUIRE(f.oracle.untold());
  CHECK_EQ(f.oracle.untold()->what, "client 3's watcher 0 is on no stream");
  f.create(watch("a", "", 5));
  REQUIRE(f.oracle.untold());
  CHECK_EQ(f.oracle.untold()->what, "client 3's watcher 0 (watch a from revision 5) was not told of revision 5");
  f.tell({{5, 0}});
  CHECK_EQ(f.oracle.untold()->what, "client 3's watcher 0 (watch a from revision 5) was not told of revision 7");
  f.tell({{7, 0}});
  CHECK_FALSE(f.oracle.untold());

  SUBCASE("what was committed long before the end") {
    f.put("a", "4");
    f.oracle.on_time(std::chrono::seconds(9));
    f.oracle.on_time(std::chrono::seconds(11));
    f.oracle.at_end();
    CHECK(f.findings.verdict().kind == VerdictKind::liveness);
  }
  SUBCASE("but not what comes just before it") {
    f.oracle.on_time(std::chrono::seconds(11));
    f.put("a", "4");
    f.oracle.on_time(std::chrono::seconds(12));
    f.oracle.at_end();
    CHECK(f.findings.is_clean());
  }
  SUBCASE("unless it wants no more") {
    f.put("a", "4");
    f.oracle.on_time(std::chrono::seconds(11));
    f.oracle.unwant(watcher);
    f.oracle.at_end();
    CHECK(f.findings.is_clean());
  }
  SUBCASE("also when its stream broke") {
    f.oracle.on_time(std::chrono::seconds(11));
    f.stream.reset();
    f.oracle.at_end();
    CHECK(f.findings.verdict().kind == VerdictKind::liveness);
  }
  SUBCASE("also when its history was gone, and it did not begin anew") {
    f.oracle.on_time(std::chrono::seconds(11));
    f.put("a", "4");
    f.compact(8);
    f.put("a", "5");
    f.compact(9);
    f.say_canceled(0, 9);
    f.oracle.at_end();
    CHECK(f.findings.verdict().kind == VerdictKind::liveness);
  }
}

}  // namespace sim::etcd
