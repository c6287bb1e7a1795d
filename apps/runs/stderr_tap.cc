#include "apps/runs/stderr_tap.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace runs {

namespace {

constexpr std::size_t kKeptBytes = 64U << 10U;
constexpr std::size_t kWordsBytesMax = 300;

}  // namespace

void StderrTap::open() {
  close_reader();
  text_.clear();
  int fds[2];
  if (pipe(fds) != 0) std::exit(3);
  reader_ = fds[0];
  writer_ = fds[1];
}

void StderrTap::in_child() {
  close_reader();
  dup2(writer_, STDERR_FILENO);
  close(writer_);
}

void StderrTap::in_parent() {
  close(writer_);
  writer_ = -1;
}

bool StderrTap::read() {
  if (reader_ < 0) return false;
  char buffer[4096];
  const ssize_t count = ::read(reader_, buffer, sizeof buffer);
  if (count <= 0) {
    close_reader();
    return false;
  }
  text_.append(buffer, static_cast<std::size_t>(count));
  if (text_.size() > 2 * kKeptBytes) text_.erase(0, text_.size() - kKeptBytes);
  const ssize_t passed_on = ::write(STDERR_FILENO, buffer, static_cast<std::size_t>(count));
  static_cast<void>(passed_on);  // nobody may be there to read it
  return true;
}

void StderrTap::close_reader() {
  if (reader_ >= 0) close(reader_);
  reader_ = -1;
}

std::string last_words(std::string_view text) {
  // The first that is found, from the end on, in this order.
  constexpr std::string_view kSigns[] = {": ASSERT(", "ERROR: AddressSanitizer", "runtime error: ", ""};
  for (const std::string_view sign : kSigns) {
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t before = rest.rfind('\n', rest.size() - 1);
      const std::string_view line = before == std::string_view::npos ? rest : rest.substr(before + 1);
      if (!line.empty() && line.find(sign) != std::string_view::npos) return std::string(line.substr(0, kWordsBytesMax));
      rest = before == std::string_view::npos ? std::string_view() : rest.substr(0, before);
    }
  }
  return {};
}

std::string crash_text(int status, std::string_view text) {
  if (!WIFSIGNALED(status)) return "the run's process ended with code " + std::to_string(WEXITSTATUS(status));
  const std::string words = last_words(text);
  return std::string("the code under test ended itself: ") + strsignal(WTERMSIG(status)) + (words.empty() ? "" : ": " + words);
}

}  // namespace runs
