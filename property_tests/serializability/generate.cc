#include "property_tests/serializability/generate.h"

#include <algorithm>
#include <utility>

#include "core/base/hash.h"

namespace tiny {

namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return base::mix64(seed_, ++drawn_) % bound; }
  int key() { return static_cast<int>(below(3)); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
  }

 private:
  const std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
};

// --- an execution -----------------------------------------------------------------------------------

// The clients and the store they talk to, moment by moment.
class Execution {
 public:
  Execution(Dice& dice, bool is_store_good) : dice_(dice), is_store_good_(is_store_good), history_(begin(dice)), store_(history_.first, history_.base) {}

  History run() {
    const std::uint64_t clients = 2 + dice_.below(3);
    const std::uint64_t operations = 1 + dice_.below(6);
    busy_.assign(clients, kIdle);
    const auto is_left = [&](int one) { return one >= 0 || (one == kIdle && history_.operations.size() < operations); };
    while (std::any_of(busy_.begin(), busy_.end(), is_left)) {
      now_ += 10;
      advance(dice_.below(clients), operations);
      perform_late();
    }
    // What is still on its way may arrive after everything else.
    for (const int late : std::exchange(late_, {})) if (dice_.one_in(2)) perform(late);
    return std::move(history_);
  }

 private:
  static History begin(Dice& dice) {
    History out;
    if (dice.one_in(3)) {
      out.first = 5;
      for (const std::size_t key : {0U, 1U}) if (dice.one_in(2)) out.base[key] = Pair{900 + static_cast<int>(key), 2, dice.between(2, 5), 2};
    }
    return out;
  }

  void advance(std::uint64_t client, std::uint64_t operations) {
    int& busy = busy_[client];
    if (busy == kWaiting) return;
    if (busy == kIdle) {
      if (history_.operations.size() >= operations) return;
      busy = static_cast<int>(history_.operations.size());
      start(static_cast<int>(client));
      return;
    }
    Operation& one = history_.operations[static_cast<std::size_t>(busy)];
    if (!is_performed_[static_cast<std::size_t>(busy)] && !dice_.one_in(12)) return perform(busy);
    if (!is_performed_[static_cast<std::size_t>(busy)]) {  // nobody hears of it again in time
      late_.push_back(busy);
      one.how = dice_.one_in(3) ? End::never : End::timed_out;
    } else if (one.how == End::never) {
      one.how = dice_.one_in(12) ? (dice_.one_in(3) ? End::never : End::timed_out) : End::answered;
    }
    if (one.how == End::never) {
      busy = kWaiting;
      return;
    }
    one.end = now_;
    busy = kIdle;
  }

  // A request that was given up may still arrive.
  void perform_late() {
    if (late_.empty() || !dice_.one_in(6)) return;
    const int one = late_.back();
    late_.pop_back();
    perform(one);
  }

  void start(int client) {
    Operation one = draw();
    one.client = client;
    one.start = now_;
    history_.operations.push_back(std::move(one));
    is_performed_.push_back(false);
  }

  void perform(int index) {
    is_performed_[static_cast<std::size_t>(index)] = true;
    Operation& one = history_.operations[static_cast<std::size_t>(index)];
    std::int64_t at = store_.revision();
    if (one.may_be_stale && dice_.one_in(2)) at = dice_.between(store_.first(), at);
    const bool goes_wrong = !is_store_good_ && dice_.one_in(3);
    // A store that reads what is old, loses a write, does it twice, or does not answer as it did.
    if (goes_wrong && one.kind == Kind::get && dice_.one_in(2)) at = dice_.between(store_.first(), at);
    std::optional<LogEntry> changes;
    const std::optional<Answer> answer = store_.perform(one, at, changes);
    if (answer) one.answer = *answer;
    else one.how = End::future;
    if (!changes) return;
    if (goes_wrong && dice_.one_in(2)) return store_.undo();
    history_.log.push_back(*changes);
    if (!goes_wrong || !dice_.one_in(2)) return;
    std::optional<LogEntry> again;
    store_.perform(one, store_.revision(), again);
    if (again) history_.log.push_back(*again);
  }

  // --- operations -------------------------------------------------------------------------------------

  Step put() {
    Step step{What::put, dice_.key(), 0, ++values_, dice_.one_in(3)};
    step.last = step.first;
    return step;
  }
  Step get() {
    const int first = dice_.key();
    return {What::get, first, dice_.one_in(3) ? 2 : first, 0, false};
  }

  Operation draw() {
    Operation one;
    const std::uint64_t kind = dice_.below(10);
    if (kind < 3) {
      one.kind = Kind::put;
      one.then = {put()};
    } else if (kind < 7) {
      one.then = {get()};
      one.may_be_stale = dice_.one_in(4);
      if (dice_.one_in(5)) one.asked = dice_.between(history_.first, store_.revision() + 1);
    } else {
      draw_txn(one);
    }
    return one;
  }

  void draw_txn(Operation& one) {
    one.kind = Kind::txn;
    if (dice_.one_in(3) == false) {
      Compare compare;
      compare.key = dice_.key();
      compare.target = static_cast<Target>(dice_.below(4));
      compare.relation = static_cast<Relation>(dice_.below(4));
      compare.operand = dice_.between(0, compare.target == Target::value ? values_ : store_.revision());
      one.compares.push_back(compare);
    }
    one.then = draw_branch();
    if (dice_.one_in(2)) one.otherwise = draw_branch();
  }

  std::vector<Step> draw_branch() {
    std::vector<Step> out;
    const std::uint64_t form = dice_.below(6);
    if (form == 0) return {get()};
    if (form == 1) {
      out.push_back({What::put, kMarker, kMarker, ++values_, false});
      const int first = dice_.key();
      out.push_back({What::erase, first, dice_.one_in(2) ? 2 : first, 0, dice_.one_in(2)});
    } else {
      out.push_back(put());
      if (form == 2 && out[0].first != 2) {
        Step second = put();
        second.first = second.last = 2;
        out.push_back(second);
      }
    }
    if (dice_.one_in(3)) out.push_back(get());
    if (dice_.one_in(6)) out.insert(out.begin(), get());
    return out;
  }

  Dice& dice_;
  const bool is_store_good_;
  History history_;
  Store store_;
  static constexpr int kIdle = -1;
  static constexpr int kWaiting = -2;  // for ever
  std::vector<int> busy_;  // by client: its operation, or one of these
  std::vector<bool> is_performed_;
  std::vector<int> late_;
  std::int64_t now_ = 0;
  int values_ = 0;
};

// --- spoiling ---------------------------------------------------------------------------------------

class Spoiler {
 public:
  Spoiler(Dice& dice, History& history) : dice_(dice), history_(history) {}

  void spoil() {
    switch (dice_.below(12)) {
      case 0: return spoil_revision();
      case 1: return spoil_answer();
      case 2: return swap_answers();
      case 3: return swap_log();
      case 4: return drop_log();
      case 5: return repeat_log();
      case 6: return spoil_log();
      case 7: return spoil_end();
      case 8: return move_time();
      case 9: return spoil_request();
      case 10: return renumber_all();
      case 11: return swap_times();
    }
  }

 private:
  Operation& any() { return history_.operations[dice_.below(history_.operations.size())]; }
  LogEntry& any_entry() { return history_.log[dice_.below(history_.log.size())]; }

  void spoil_revision() {
    Operation& one = any();
    if (one.answer.revision == 0) return;  // it has none
    const std::int64_t by = dice_.one_in(2) ? 1 : -1;
    one.answer.revision += by;
    for (StepAnswer& step : one.answer.steps) if (one.kind != Kind::txn || dice_.one_in(2)) step.revision += by;
  }

  void spoil_pair(Pair& pair) {
    switch (dice_.below(4)) {
      case 0: pair.value = static_cast<int>(dice_.between(1, 8)); return;
      case 1: pair.create += dice_.one_in(2) ? 1 : -1; return;
      case 2: pair.mod += dice_.one_in(2) ? 1 : -1; return;
      case 3: pair.version += 1; return;
    }
  }

  void spoil_answer() {
    Operation& one = any();
    if (one.kind == Kind::txn && dice_.one_in(4)) one.answer.succeeded = !one.answer.succeeded;
    if (one.answer.steps.empty()) return;
    const std::size_t place = dice_.below(one.answer.steps.size());
    StepAnswer& step = one.answer.steps[place];
    const std::vector<Step>& steps = one.answer.succeeded ? one.then : one.otherwise;
    const bool has_count = place < steps.size() && steps[place].what != What::put;
    if (dice_.one_in(4) && has_count) step.count += 1;
    else if (!step.found.empty() && dice_.one_in(3)) step.found.pop_back();
    else if (!step.found.empty()) spoil_pair(step.found[0].pair);
  }

  static bool is_same_shape(const Operation& one, const Operation& other) {
    return one.kind == other.kind && one.answer.succeeded == other.answer.succeeded && one.then.size() == other.then.size() &&
           one.otherwise.size() == other.otherwise.size() && one.answer.steps.size() == other.answer.steps.size() &&
           std::equal(one.then.begin(), one.then.end(), other.then.begin(), [](const Step& a, const Step& b) { return a.what == b.what; }) &&
           std::equal(one.otherwise.begin(), one.otherwise.end(), other.otherwise.begin(),
                      [](const Step& a, const Step& b) { return a.what == b.what; });
  }

  void swap_answers() {
    Operation& one = any();
    Operation& other = any();
    if (is_same_shape(one, other)) std::swap(one.answer, other.answer);
  }

  void renumber(LogEntry& entry, std::int64_t revision) {
    for (Found& put : entry.puts) {
      if (put.pair.create == put.pair.mod) put.pair.create = revision;
      put.pair.mod = revision;
    }
    entry.revision = revision;
  }

  void renumber_all() {
    std::int64_t revision = history_.first;
    for (LogEntry& entry : history_.log) renumber(entry, ++revision);
  }

  void swap_log() {
    if (history_.log.size() < 2) return;
    const std::size_t at = dice_.below(history_.log.size() - 1);
    std::swap(history_.log[at], history_.log[at + 1]);
    if (!dice_.one_in(4)) renumber_all();
  }

  void drop_log() {
    if (history_.log.empty()) return;
    const std::size_t at = dice_.below(history_.log.size());
    history_.log.erase(history_.log.begin() + static_cast<std::ptrdiff_t>(at));
    if (dice_.one_in(2)) renumber_all();
  }

  void repeat_log() {
    if (history_.log.empty()) return;
    LogEntry again = any_entry();
    renumber(again, history_.log.back().revision + 1);
    for (Found& put : again.puts) put.pair.version += 1;
    history_.log.push_back(std::move(again));
  }

  void spoil_log() {
    if (history_.log.empty()) return;
    LogEntry& entry = any_entry();
    switch (dice_.below(7)) {
      case 0: entry.count = -1; return;
      case 1: entry.count += entry.count < 0 ? 0 : 1; return;
      case 2: entry.revision += 1; return;
      case 3: if (!entry.puts.empty()) entry.puts.pop_back(); return;
      case 4: if (!entry.puts.empty()) spoil_pair(entry.puts[0].pair); return;
      case 5: if (!entry.deletes.empty()) entry.deletes.pop_back(); return;
      case 6: if (entry.deletes.empty()) entry.deletes.push_back(dice_.key()); return;
    }
  }

  void spoil_end() {
    Operation& one = any();
    constexpr End kEnds[] = {End::answered, End::timed_out, End::timed_out, End::timed_out, End::never, End::too_many,
                             End::too_many, End::future,    End::compacted, End::not_allowed};
    const End how = kEnds[dice_.below(std::size(kEnds))];
    // Nobody knows what it would have been told.
    if (how == End::answered && one.answer.steps.empty()) return;
    one.how = how;
    if (how == End::never) one.end = kNever;
    else if (one.end == kNever) one.end = one.start + 5;
  }

  void move_time() {
    Operation& one = any();
    std::int64_t least = kNever;
    std::int64_t most = 0;
    for (const Operation& other : history_.operations) {
      least = std::min(least, other.start);
      most = std::max({most, other.start, other.end == kNever ? 0 : other.end});
    }
    // Now and then at the very moment of something else.
    std::int64_t start = dice_.between(least, most);
    std::int64_t end = dice_.between(least, most);
    if (start > end) std::swap(start, end);
    one.start = start;
    if (one.end != kNever) one.end = std::max(end, start + 1);
  }

  void swap_times() {
    Operation& one = any();
    Operation& other = any();
    if (one.end == kNever || other.end == kNever) return;
    std::swap(one.start, other.start);
    std::swap(one.end, other.end);
  }

  void spoil_request() {
    Operation& one = any();
    switch (dice_.below(3)) {
      case 0:
        if (one.kind == Kind::get) one.may_be_stale = !one.may_be_stale;
        return;
      case 1:
        if (one.kind == Kind::get) one.asked = dice_.one_in(2) ? 0 : dice_.between(history_.first, history_.first + 3);
        return;
      case 2:
        for (Compare& compare : one.compares) compare.operand += dice_.one_in(2) ? 1 : (compare.operand > 0 ? -1 : 0);
        return;
    }
  }

  Dice& dice_;
  History& history_;
};

}  // namespace

History generate(std::uint64_t seed) {
  Dice dice(seed);
  const std::uint64_t manner = dice.below(8);
  History history = Execution(dice, manner < 6).run();
  if (manner == 0) return history;
  const std::uint64_t times = manner < 6 ? 1 + dice.below(2) : dice.below(2);
  for (std::uint64_t i = 0; i < times; ++i) Spoiler(dice, history).spoil();
  return history;
}

}  // namespace tiny
