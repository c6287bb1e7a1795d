// property_tests/preload/preload.cc: a library for LD_PRELOAD that catches hidden inputs of a simulated run.
//
// A run of the simulator is a function of its scenario and seed. Whatever else reaches it, such as a clock, chance, a
// thread or a file, makes two runs differ one day. Between lockstep_preload_begin() and lockstep_preload_end(), which
// the simulator calls around each run when they are there, every such call aborts with its name and a backtrace.
// The simulator declares them so:
//
//   extern "C" void lockstep_preload_begin() __attribute__((weak));  // null without the library
//   extern "C" void lockstep_preload_end() __attribute__((weak));
//
// It sees calls between libraries, by name. It cannot see calls inside libc, system calls written in assembly, or the
// processor's own clock and generator (rdtsc, rdrand); for our code the tidy test bans those that use them.
//
// One call is let through: at each RST_STREAM nghttp2 reads a clock to refill its limiter of resets, which core/rpc
// has set out of reach (core/rpc/h2.h) and cannot switch off. It gets the same time at every call.

// The plain and the 64-bit names of a file call are both defined below, so neither may be an alias of the other.
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

// Set and read by every thread: a thread that runs during a run is itself the offence.
volatile bool in_run = false;

void print(const char* text) {
  // The result is of no use: the process is about to end, and this is its last word.
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) std::abort();
}

void check(const char* call, const char* detail = nullptr) {
  if (!in_run) return;
  in_run = false;  // what follows may use anything
  print("preload: a simulated run called ");
  print(call);
  print("()");
  if (detail != nullptr) {
    print(" on ");
    print(detail);
  }
  print("; it came through:\n");
  void* frames[64];
  const int count = backtrace(frames, 64);
  backtrace_symbols_fd(frames, count, STDERR_FILENO);
  std::abort();
}

// The function that we stand in front of.
template <typename Function>
Function* real(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) {
    print("preload: no such function: ");
    print(name);
    print("\n");
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

bool is_in_nghttp2(const void* code) {
  Dl_info found{};
  return dladdr(code, &found) != 0 && found.dli_fname != nullptr && std::strstr(found.dli_fname, "/libnghttp2.so") != nullptr;
}

bool takes_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

}  // namespace

extern "C" {

void lockstep_preload_begin() {
  // So that a test can tell a simulator that behaves from one that never calls us.
  if (std::getenv("LOCKSTEP_PRELOAD_TRAP") != nullptr) {
    print("preload: a run began\n");
    std::abort();
  }
  in_run = true;
}
void lockstep_preload_end() { in_run = false; }

// Clocks.

int clock_gettime(clockid_t clock, struct timespec* now) noexcept {
  if (in_run && is_in_nghttp2(__builtin_return_address(0))) {
    *now = {};
    return 0;
  }
  check("clock_gettime");
  static auto* const next = real<int(clockid_t, struct timespec*)>("clock_gettime");
  return next(clock, now);
}

int gettimeofday(struct timeval* __restrict now, void* __restrict zone) noexcept {
  check("gettimeofday");
  static auto* const next = real<int(struct timeval*, void*)>("gettimeofday");
  return next(now, zone);
}

time_t time(time_t* now) noexcept {
  check("time");
  static auto* const next = real<time_t(time_t*)>("time");
  return next(now);
}

int nanosleep(const struct timespec* wanted, struct timespec* left) {
  check("nanosleep");
  static auto* const next = real<int(const struct timespec*, struct timespec*)>("nanosleep");
  return next(wanted, left);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec* wanted, struct timespec* left) {
  check("clock_nanosleep");
  static auto* const next = real<int(clockid_t, int, const struct timespec*, struct timespec*)>("clock_nanosleep");
  return next(clock, flags, wanted, left);
}

// Chance.

ssize_t getrandom(void* into, size_t size, unsigned flags) {
  check("getrandom");
  static auto* const next = real<ssize_t(void*, size_t, unsigned)>("getrandom");
  return next(into, size, flags);
}

int getentropy(void* into, size_t size) {
  check("getentropy");
  static auto* const next = real<int(void*, size_t)>("getentropy");
  return next(into, size);
}

// Threads, and the network.

int pthread_create(pthread_t* __restrict thread, const pthread_attr_t* __restrict attributes, void* (*body)(void*),
                   void* __restrict argument) noexcept {
  check("pthread_create");
  static auto* const next = real<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
  return next(thread, attributes, body, argument);
}

int socket(int domain, int type, int protocol) noexcept {
  check("socket");
  static auto* const next = real<int(int, int, int)>("socket");
  return next(domain, type, protocol);
}

// Files; /dev/urandom is one of them.

#define LOCKSTEP_OPEN(name)                                                 \
  int name(const char* path, int flags, ...) {                              \
    check(#name, path);                                                     \
    static auto* const next = real<int(const char*, int, ...)>(#name);      \
    va_list rest;                                                           \
    va_start(rest, flags);                                                  \
    const mode_t mode = takes_mode(flags) ? va_arg(rest, mode_t) : 0;       \
    va_end(rest);                                                           \
    return next(path, flags, mode);                                         \
  }
LOCKSTEP_OPEN(open)
LOCKSTEP_OPEN(open64)

#define LOCKSTEP_OPENAT(name)                                               \
  int name(int folder, const char* path, int flags, ...) {                  \
    check(#name, path);                                                     \
    static auto* const next = real<int(int, const char*, int, ...)>(#name); \
    va_list rest;                                                           \
    va_start(rest, flags);                                                  \
    const mode_t mode = takes_mode(flags) ? va_arg(rest, mode_t) : 0;       \
    va_end(rest);                                                           \
    return next(folder, path, flags, mode);                                 \
  }
LOCKSTEP_OPENAT(openat)
LOCKSTEP_OPENAT(openat64)

// What the first four become in a library that was built with _FORTIFY_SOURCE.
#define LOCKSTEP_OPEN_2(name)                                               \
  int name(const char* path, int flags) {                                   \
    check(#name, path);                                                     \
    static auto* const next = real<int(const char*, int)>(#name);           \
    return next(path, flags);                                               \
  }
LOCKSTEP_OPEN_2(__open_2)
LOCKSTEP_OPEN_2(__open64_2)

#define LOCKSTEP_CREAT(name)                                                \
  int name(const char* path, mode_t mode) {                                 \
    check(#name, path);                                                     \
    static auto* const next = real<int(const char*, mode_t)>(#name);        \
    return next(path, mode);                                                \
  }
LOCKSTEP_CREAT(creat)
LOCKSTEP_CREAT(creat64)

#define LOCKSTEP_FOPEN(name)                                                \
  FILE* name(const char* __restrict path, const char* __restrict mode) {    \
    check(#name, path);                                                     \
    static auto* const next = real<FILE*(const char*, const char*)>(#name); \
    return next(path, mode);                                                \
  }
LOCKSTEP_FOPEN(fopen)
LOCKSTEP_FOPEN(fopen64)

// The same requests by number.
long syscall(long number, ...) noexcept {
  switch (number) {
    case SYS_clock_gettime: check("syscall", "clock_gettime"); break;
    case SYS_getrandom: check("syscall", "getrandom"); break;
    case SYS_openat: check("syscall", "openat"); break;
    case SYS_clone: check("syscall", "clone"); break;
    default: break;  // futex and its like are no inputs
  }
  static auto* const next = real<long(long, ...)>("syscall");
  va_list rest;
  va_start(rest, number);
  long arguments[6];
  for (long& argument : arguments) argument = va_arg(rest, long);
  va_end(rest);
  return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

}  // extern "C"
