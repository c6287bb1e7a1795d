// property_tests/differential/server_process.h: a server as a child process, with a fresh data directory and free
// ports of the loopback. It takes etcd's flags, so it is ours or etcd. It ends with this object, and if this process
// dies without a word, with this process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace property_tests::differential {

class ServerProcess {
 public:
  // Starts it; when it serves is for the client to find out. `parent` is where its directory is made.
  ServerProcess(const std::string& program, const std::string& parent);
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
