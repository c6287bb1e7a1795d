#include "property_tests/differential/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/base/assert.h"

namespace property_tests::differential {

namespace {

// Only calls that are safe between fork and exec, for this process has threads.
[[noreturn]] void become(const std::vector<char*>& arguments, const std::vector<char*>& environment, const char* log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before we asked
  const int out = ::open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (out < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) ::_exit(127);
  ::execve(arguments.front(), arguments.data(), environment.data());
  ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Ours without what would configure a server.
std::vector<std::string> clean_environment() {
  std::vector<std::string> kept;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string text = *each;
    if (text.rfind("ETCD", 0) != 0 && text.rfind("NOTIFY_", 0) != 0) kept.push_back(text);
  }
  return kept;
}

}  // namespace

std::uint16_t free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT(probe >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT(::bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0);
  ASSERT(::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(probe);
  return ntohs(address.sin_port);
}

std::string url(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

ServerProcess::ServerProcess(const std::string& program, const std::string& parent, const Part& part) {
  directory_ = parent + "/lockstep-differential-XXXXXX";
  ASSERT(::mkdtemp(directory_.data()) != nullptr);
  client_port_ = part.client_port != 0 ? part.client_port : free_port();
  const std::uint16_t peer_port = part.peer_port != 0 ? part.peer_port : free_port();
  const std::string initial_cluster = part.initial_cluster.empty() ? part.name + "=" + url(peer_port) : part.initial_cluster;
  std::vector<std::string> arguments = {program,
                                        "--name=" + part.name,
                                        "--data-dir=" + directory_ + "/data",
                                        "--listen-client-urls=" + url(client_port_),
                                        "--advertise-client-urls=" + url(client_port_),
                                        "--listen-peer-urls=" + url(peer_port),
                                        "--initial-advertise-peer-urls=" + url(peer_port),
                                        "--initial-cluster=" + initial_cluster,
                                        "--log-level=warn"};
  arguments.insert(arguments.end(), part.flags.begin(), part.flags.end());
  std::vector<std::string> environment = clean_environment();
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> environment_pointers = pointers(environment);
  const std::string log = directory_ + "/log";
  const pid_t parent_pid = ::getpid();
  pid_ = ::fork();
  ASSERT(pid_ >= 0);
  if (pid_ == 0) become(argument_pointers, environment_pointers, log.c_str(), parent_pid);
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;  // a leftover in the temporary directory is no failure
  std::filesystem::remove_all(directory_, ignored);
}

bool ServerProcess::is_running() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

std::string ServerProcess::log_tail() const {
  constexpr std::size_t kBytesMax = 4000;
  std::ifstream file(directory_ + "/log", std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return text.size() > kBytesMax ? text.substr(text.size() - kBytesMax) : text;
}

}  // namespace property_tests::differential
