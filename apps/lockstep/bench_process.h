// apps/lockstep/bench_process.h: servers that the benchmark starts, and what their processes use.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "io/network.h"

namespace lockstep {

// User and system time of all threads so far. Nothing for pid 0, and for a process that is gone.
std::optional<double> process_cpu_seconds(int pid);
double own_cpu_seconds();

// A single member with fresh data in a temporary directory, on free ports of the loopback. lockstepd and etcd take the same flags.
// Stopped, and its data removed, by the destructor. It does not outlive this process, however that ends.
class ServerProcess {
 public:
  explicit ServerProcess(std::string program) : program_(std::move(program)) {}
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Starts the process; whether it serves yet is for the caller to see. Again after stop(): with the data that are there.
  base::Status start();
  // Gracefully, by force after 20 seconds.
  void stop();
  // The process is there and has not ended. Requires: start() succeeded.
  bool is_running();

  int pid() const { return pid_; }
  io::Address client_address() const { return {"127.0.0.1", client_port_}; }
  const std::string& program() const { return program_; }
  // Bytes of anonymous memory: its heap, and not the pages of mapped files.
  std::optional<std::uint64_t> anonymous_bytes() const;
  // Bytes that its files take on the disk.
  std::uint64_t disk_bytes() const;
  // The end of what it printed, for an operator who wants to know why it did not start.
  std::string last_words() const;

 private:
  const std::string program_;
  std::string directory_;  // with its data and its log; empty before the first start()
  pid_t pid_ = 0;          // 0: none
  std::uint16_t client_port_ = 0;
  std::uint16_t peer_port_ = 0;
};

}  // namespace lockstep
