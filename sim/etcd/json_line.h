// sim/etcd/json_line.h: reads a line that is one JSON object, value by value, without building anything of it.
//
// Strings are bytes, one character each: ASCII as it is, everything else as \u00XX, as base::escaped() writes them. After a
// false, or a nullopt, `error()` says what is wrong, and nothing else may be asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/etcd/history.h"

namespace sim::etcd {

class JsonLine {
 public:
  explicit JsonLine(std::string_view text) : text_(text) {}

  // The whole object: begin_object(), then next_member() with a value read after each, until it returns an empty name.
  bool begin_object() { return take('{', "an object"); }
  std::optional<std::string_view> next_member();
  // begin_array(), then a value after each true of next_element().
  bool begin_array() { return take('[', "an array"); }
  bool next_element(bool& has_one);

  bool read_number(std::int64_t& out);  // a whole number
  bool read_bytes(ByteArena& arena, std::string_view& out);
  // Behind the object there is nothing.
  bool at_end();

  const std::string& error() const { return error_; }
  bool fail(std::string what);

 private:
  void skip_space();
  bool take(char c, const char* what);
  bool read_escape(char& out);

  std::string_view text_;
  std::size_t at_ = 0;
  bool is_first_ = true;  // of the object or array that was begun last
  std::string error_;
};

}  // namespace sim::etcd
