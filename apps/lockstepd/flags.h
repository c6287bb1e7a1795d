// apps/lockstepd/flags.h: every flag of etcd 3.7, its kind and default, and what we do with it (behaviour reference §11.1).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "apps/lockstepd/refusal.h"

namespace lockstepd {

enum class Kind : std::uint8_t {
  boolean,   // `--flag` alone means true; `--flag value` is not understood, by etcd's rule
  count,     // an unsigned number
  number,    // a signed one
  duration,  // as Go writes it: 100ms, 1h30m
  text,
  urls,      // one or several, separated by commas
  state,     // `new` or `existing`
};

enum class Support : std::uint8_t {
  used,
  accepted,  // tunes something that this server does otherwise or not at all: any good value is taken, without effect
  refused,   // a feature that is not there: only its default is taken, for pretending would be worse
  obsolete,  // etcd itself ignores it, and takes it for a boolean
};

struct Flag {
  std::string_view name;
  Kind kind;
  Support support;
  std::string_view fallback;  // the default, as text
  std::string_view help;
};

// In the order in which --help shows them.
std::span<const Flag> all_flags();
const Flag* find_flag(std::string_view name);  // null: there is none

// `ETCD_` and the name in upper case, `-` as `_` (behaviour reference §11.3).
std::string variable_of(const Flag& flag);

// Where a value stood, for messages and for the exit code.
enum class Origin : std::uint8_t { command_line, environment };

// Refuses a value that is not of the flag's kind, and any but the default of a refused one.
Parsed<std::string> check_value(const Flag& flag, std::string value, Origin origin);

}  // namespace lockstepd
