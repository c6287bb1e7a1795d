// apps/runs/stderr_tap.h: what a child process says on its stderr: passed on, and remembered for its last words.
#pragma once

#include <string>
#include <string_view>

namespace runs {

// Of one child. Between fork() and its end: in_child() there, in_parent() here.
class StderrTap {
 public:
  StderrTap() = default;
  StderrTap(const StderrTap&) = delete;
  StderrTap& operator=(const StderrTap&) = delete;
  ~StderrTap() { close_reader(); }

  void open();  // before fork()
  void in_child();
  void in_parent();
  int fd() const { return reader_; }  // to be polled; -1: nothing will come
  // What is there now; waits when there is nothing. False: it has ended.
  bool read();
  // Up to the end of the child.
  void drain() {
    while (read()) {}
  }
  void close_reader();
  const std::string& text() const { return text_; }  // the last of it

 private:
  int reader_ = -1;
  int writer_ = -1;
  std::string text_;
};

// Why a process ended, of all that it said: the line of an assertion or of a sanitizer, or else the last one. Empty: it said nothing.
std::string last_words(std::string_view text);
// `status` is waitpid's.
std::string crash_text(int status, std::string_view text);

}  // namespace runs
