// property_tests/preload/preload_subject.cc: does one thing inside or outside of a "run", for preload_test.py.
//
// usage: preload_subject inside|outside|after THING
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <thread>

// As the simulator declares them: null without the library.
extern "C" void lockstep_preload_begin() __attribute__((weak));
extern "C" void lockstep_preload_end() __attribute__((weak));

namespace {

// A server session that is sent a request and its reset.
bool reset_a_stream() {
  static constexpr char kBytes[] =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
      "\0\0\0\4\0\0\0\0\0"                           // SETTINGS
      "\0\0\6\1\5\0\0\0\1\x82\x86\x84\x41\x01" "a"  // HEADERS: GET http://a/
      "\0\0\4\3\0\0\0\0\1\0\0\0\x08";               // RST_STREAM: CANCEL
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session* session = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return false;
  if (nghttp2_session_server_new(&session, callbacks, nullptr) != 0) return false;
  const ssize_t size = sizeof kBytes - 1;
  const bool good = nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(kBytes), sizeof kBytes - 1) == size &&
                    nghttp2_session_want_read(session) != 0;
  nghttp2_session_del(session);
  nghttp2_session_callbacks_del(callbacks);
  return good;
}

bool do_thing(std::string_view thing) {
  if (thing == "nothing") {  // what a run does all the time
    std::map<std::string, int> numbers;
    for (int i = 0; i < 1000; ++i) numbers[std::to_string(i)] = i;
    return numbers.size() == 1000;
  }
  if (thing == "nghttp2") return reset_a_stream();
  if (thing == "clock_gettime") {
    timespec now{};
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0;
  }
  if (thing == "steady_clock") return std::chrono::steady_clock::now().time_since_epoch().count() != 0;
  if (thing == "system_clock") return std::chrono::system_clock::now().time_since_epoch().count() != 0;
  if (thing == "time") return std::time(nullptr) > 0;
  if (thing == "gettimeofday") {
    timeval now{};
    return gettimeofday(&now, nullptr) == 0;
  }
  if (thing == "nanosleep") {
    const timespec little{0, 1};
    return nanosleep(&little, nullptr) == 0;
  }
  if (thing == "getrandom") {
    char bytes[8];
    return getrandom(bytes, sizeof bytes, 0) == sizeof bytes;
  }
  if (thing == "getentropy") {
    char bytes[8];
    return getentropy(bytes, sizeof bytes) == 0;
  }
  if (thing == "syscall") {
    char bytes[8];
    return syscall(SYS_getrandom, bytes, sizeof bytes, 0) == sizeof bytes;
  }
  if (thing == "thread") {
    std::thread([] {}).join();
    return true;
  }
  if (thing == "socket") {
    const int file = socket(AF_UNIX, SOCK_STREAM, 0);
    return file >= 0 && close(file) == 0;
  }
  if (thing == "open") {
    const int file = open("/dev/urandom", O_RDONLY);
    return file >= 0 && close(file) == 0;
  }
  if (thing == "openat") {
    const int file = openat(AT_FDCWD, "/dev/null", O_RDONLY);
    return file >= 0 && close(file) == 0;
  }
  if (thing == "creat") {
    const int file = creat("/dev/null", 0600);
    return file >= 0 && close(file) == 0;
  }
  if (thing == "fopen") {
    FILE* file = std::fopen("/dev/null", "r");
    return file != nullptr && std::fclose(file) == 0;
  }
  if (thing == "ifstream") return std::ifstream("/dev/null").is_open();
  std::fprintf(stderr, "preload_subject: no such thing\n");
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const std::string_view where = arguments[1];
  const bool is_preloaded = lockstep_preload_begin != nullptr;
  if (is_preloaded && where != "outside") lockstep_preload_begin();
  if (is_preloaded && where == "after") lockstep_preload_end();
  const bool good = do_thing(arguments[2]);
  if (is_preloaded && where == "inside") lockstep_preload_end();
  std::printf("%s\n", is_preloaded ? "preloaded" : "plain");
  return good ? 0 : 1;
}
