#include "apps/lockstep/bench_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "io/real/descriptor.h"

namespace lockstep {

namespace {

namespace fs = std::filesystem;

tl::unexpected<base::Error> failed(const std::string& what, int error) {
  return base::fail(base::Code::io, what + ": " + std::strerror(error));
}

// Free a moment ago, which is as much as can be known.
base::Result<std::uint16_t> free_port() {
  const io::real::Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (!probe.is_open() || ::bind(probe.get(), generic, size) != 0 || ::getsockname(probe.get(), generic, &size) != 0) {
    return failed("no free port on the loopback", errno);
  }
  return ntohs(address.sin_port);
}

// In the child, between fork and exec: nothing here allocates.
[[noreturn]] void become(const char* program, char* const* arguments, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  // The parent's loop takes these as input, and blocked signals are inherited.
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_UNBLOCK, &all, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGXFSZ, SIG_DFL);
  // An operator's Ctrl-C is for the tool, which then stops its servers in order.
  ::setpgid(0, 0);
  ::dup2(log, 1);
  ::dup2(log, 2);
  ::execv(program, arguments);
  ::_exit(127);
}

}  // namespace

std::optional<double> process_cpu_seconds(int pid) {
  clockid_t clock{};
  timespec time{};
  if (pid == 0 || ::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return std::nullopt;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double own_cpu_seconds() { return process_cpu_seconds(::getpid()).value_or(0); }

ServerProcess::~ServerProcess() {
  stop();
  std::error_code ignored;
  if (!directory_.empty()) fs::remove_all(directory_, ignored);
}

base::Status ServerProcess::start() {
  if (::access(program_.c_str(), X_OK) != 0) {
    return base::fail(base::Code::not_found, program_ + ": " + std::strerror(errno) + "; name the server's program with its path");
  }
  if (directory_.empty()) {
    std::string pattern = (fs::temp_directory_path() / "lockstep-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return failed(pattern, errno);
    directory_ = pattern;
    for (std::uint16_t* const port : {&client_port_, &peer_port_}) {
      const base::Result<std::uint16_t> found = free_port();
      if (!found) return base::fail(found.error());
      *port = *found;
    }
  }
  const std::string client_url = "http://127.0.0.1:" + std::to_string(client_port_);
  const std::string peer_url = "http://127.0.0.1:" + std::to_string(peer_port_);
  std::vector<std::string> words = {program_,
                                    "--name=bench",
                                    "--data-dir=" + directory_ + "/data",
                                    "--listen-client-urls=" + client_url,
                                    "--advertise-client-urls=" + client_url,
                                    "--listen-peer-urls=" + peer_url,
                                    "--initial-advertise-peer-urls=" + peer_url,
                                    "--initial-cluster=bench=" + peer_url,
                                    "--log-level=warn"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log_path = directory_ + "/log";
  const io::real::Descriptor log(::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log.is_open()) return failed(log_path, errno);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) {
    pid_ = 0;
    return failed(program_, errno);
  }
  if (pid_ == 0) become(program_.c_str(), arguments.data(), log.get(), parent);
  return {};
}

bool ServerProcess::is_running() {
  if (pid_ != 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
  return pid_ != 0;
}

void ServerProcess::stop() {
  if (!is_running()) return;
  ::kill(pid_, SIGTERM);
  for (int tries = 0; tries < 2000 && is_running(); ++tries) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (!is_running()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::optional<std::uint64_t> ServerProcess::anonymous_bytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.rfind("RssAnon:", 0) != 0) continue;
    const std::size_t digit = line.find_first_of("0123456789");
    std::uint64_t kilobytes = 0;
    if (digit == std::string::npos) return std::nullopt;
    std::from_chars(line.data() + digit, line.data() + line.size(), kilobytes);
    return kilobytes * 1024;
  }
  return std::nullopt;
}

std::uint64_t ServerProcess::disk_bytes() const {
  std::uint64_t blocks = 0;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory_ + "/data", error);
  while (!error && entry != fs::recursive_directory_iterator()) {
    struct stat about {};
    if (::lstat(entry->path().c_str(), &about) == 0) blocks += static_cast<std::uint64_t>(about.st_blocks);
    entry.increment(error);
  }
  return blocks * 512;  // st_blocks counts in these, whatever the file system does (stat(2))
}

std::string ServerProcess::last_words() const {
  std::ifstream log(directory_ + "/log");
  std::stringstream text;
  text << log.rdbuf();
  const std::string all = text.str();
  return all.size() > 2000 ? all.substr(all.size() - 2000) : all;
}

}  // namespace lockstep
