// property_tests/differential/server_process.h: a server as a child process, with a fresh data directory and free
// ports of the loopback. It takes etcd's flags, so it is ours or etcd. It ends with this object, and if this process
// dies without a word, with this process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace property_tests::differential {

// How it takes part in a cluster; by default it is alone.
struct Part {
  std::string name = "subject";
  std::uint16_t client_port = 0;  // 0: some free one
  std::uint16_t peer_port = 0;    // likewise
  std::string initial_cluster;    // empty: itself
  std::vector<std::string> flags;
};

// A port that nobody listens on at this moment.
std::uint16_t free_port();
std::string url(std::uint16_t port);  // on the loopback

class ServerProcess {
 public:
  // Starts it; when it serves is for the client to find out. `parent` is where its directory is made.
  ServerProcess(const std::string& program, const std::string& parent, const Part& part = {});
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  std::uint16_t port() const { return client_port_; }
  bool is_running();
  // The end of what it wrote, for a failure.
  std::string log_tail() const;

 private:
  std::string directory_;
  std::uint16_t client_port_ = 0;
  pid_t pid_ = -1;  // -1: it has ended and was waited for
};

}  // namespace property_tests::differential
