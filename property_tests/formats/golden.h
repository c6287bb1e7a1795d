// property_tests/formats/golden.h: files that a released version wrote, and what is said when today's code no longer does (traces/formats/README.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace formats {

struct Settings {
  std::string directory;  // traces/formats
  bool records = false;   // files that are not there yet are written; one that is there never is
};
Settings& settings();  // main()'s

// The whole file. Fails the running test case, and is empty, when it is not there.
std::string read_golden(const std::string& name);
// Demands that today's writer writes exactly this file. A difference means another format: it needs a version and a file of its own.
void check_golden(const std::string& name, std::string_view bytes);

// A golden file of short pieces: lines `name: bytes in hexadecimal`; one that begins with `#` is for readers.
class Pieces {
 public:
  explicit Pieces(std::string about) : text_("# " + std::move(about) + "\n") {}
  void add(const std::string& name, std::string_view bytes);
  const std::string& text() const { return text_; }
  // Of a golden file, by name.
  static std::map<std::string, std::string> read(std::string_view text);

 private:
  std::string text_;
};

}  // namespace formats
