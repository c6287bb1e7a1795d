// sim/teller.h: what only a tenant can say of a run, in words.
//
// Asked for nothing but the story of a run (sim/story.h), so nothing here may change what happens. Words that nobody has are empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "sim/verdict.h"

namespace sim {

enum class OperationEnd : std::uint8_t {
  answered,  // with a result
  refused,   // certainly without effect
  unknown,   // it may have taken effect or not
};

// What clients ask and are told, in the turn in which it happens.
class OperationListener {
 public:
  virtual void on_asked(const OperationName& operation, std::string what) = 0;
  virtual void on_ended(const OperationName& operation, OperationEnd end, std::string answer) = 0;

 protected:
  ~OperationListener() = default;
};

class Teller {
 public:
  // Before anything starts; it outlives the run.
  virtual void tell(OperationListener& listener) = 0;
  // What this message of a call asks or answers.
  virtual std::string message_words(std::string_view path, bool is_answer, std::string_view message) const = 0;
  // What a member holds when the committed log up to here has taken effect: `revision 17`.
  virtual std::string state_words(base::LogIndex applied) const = 0;
  // Whose request the committed entry at this index is.
  virtual std::optional<OperationName> asked_by(base::LogIndex index) const = 0;
  // What this oracle of the tenant's watches over: `… that an answer is …`.
  virtual std::string_view promise(std::string_view oracle) const = 0;

 protected:
  ~Teller() = default;
};

}  // namespace sim
