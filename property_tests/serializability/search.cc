#include "property_tests/serializability/search.h"

#include <algorithm>

namespace tiny {

namespace {

class Search {
 public:
  explicit Search(const History& history) : history_(history), store_(history.first, history.base), is_placed_(history.operations.size()) {}

  bool run() {
    for (const Operation& one : history_.operations) {
      // No order makes these right.
      if (one.how == End::compacted || one.how == End::not_allowed) return false;
      if (one.how == End::future && one.asked == 0) return false;
    }
    return place_next();
  }

 private:
  // It has to stand in the order.
  bool must_be_placed(const Operation& one) const {
    // A member that lags may stand before the beginning, of which nothing is known.
    if (one.may_be_stale && (one.how == End::future || (one.answer.revision >= 1 && one.answer.revision < history_.first))) return false;
    return one.how == End::answered || one.how == End::future;
  }
  bool may_be_placed(const Operation& one) const { return must_be_placed(one) || one.how == End::timed_out || one.how == End::never; }
  std::int64_t start(const Operation& one) const { return one.may_be_stale ? -1 : one.start; }

  bool is_done() const {
    if (log_read_ != history_.log.size()) return false;
    for (std::size_t i = 0; i < is_placed_.size(); ++i) {
      if (!is_placed_[i] && must_be_placed(history_.operations[i])) return false;
    }
    return true;
  }

  // Nothing that was over before it was sent is still to come.
  bool is_its_turn(const Operation& one) const {
    for (std::size_t i = 0; i < is_placed_.size(); ++i) {
      const Operation& other = history_.operations[i];
      if (!is_placed_[i] && must_be_placed(other) && other.end < start(one)) return false;
    }
    return true;
  }

  bool place_next() {
    if (is_done()) return true;
    for (std::size_t i = 0; i < is_placed_.size(); ++i) {
      const Operation& one = history_.operations[i];
      if (is_placed_[i] || !may_be_placed(one) || !is_its_turn(one)) continue;
      if (place(i, one)) return true;
    }
    return false;
  }

  bool place(std::size_t i, const Operation& one) {
    std::optional<LogEntry> changes;
    const std::optional<Answer> answer = store_.perform(one, store_.revision(), changes);
    bool fits = true;
    if (one.how == End::future) fits = !answer;
    else if (one.how == End::answered) fits = answer == one.answer;
    else fits = changes.has_value();  // it does something, or it may as well be left out
    if (fits && changes) fits = is_next_of_log(*changes);
    bool is_right = false;
    if (fits) {
      is_placed_[i] = true;
      log_read_ += changes ? 1U : 0U;
      is_right = place_next();
      log_read_ -= changes ? 1U : 0U;
      is_placed_[i] = false;
    }
    if (changes) store_.undo();
    return is_right;
  }

  bool is_next_of_log(LogEntry changes) const {
    if (log_read_ == history_.log.size()) return false;
    if (history_.log[log_read_].count < 0) changes.count = history_.log[log_read_].count;
    return changes == history_.log[log_read_];
  }

  const History& history_;
  Store store_;
  std::vector<bool> is_placed_;
  std::size_t log_read_ = 0;
};

}  // namespace

bool is_strictly_serializable(const History& history) { return Search(history).run(); }

}  // namespace tiny
