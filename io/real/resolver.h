// io/real/resolver.h: names to addresses, off the loop.
//
// The system's resolver blocks, sometimes for many seconds, and cannot be interrupted. So each lookup runs on one of
// a few threads that nobody ever waits for: what they share with the loop is kept alive by both.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/base/result.h"
#include "io/network.h"
#include "io/real/loop.h"
#include "io/real/socket_address.h"

namespace io::real {

// Embedded in whoever waits. Its owner cancels it before destroying it.
class Lookup {
 public:
  virtual void on_resolved(base::Result<std::vector<SocketAddress>> addresses) = 0;  // on a later turn

 protected:
  ~Lookup() = default;
};

class Resolver final : private Source {
 public:
  explicit Resolver(RealLoop& loop);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Requires: `lookup` is not waiting already.
  void resolve(const Address& address, Lookup& lookup);
  // No effect on one that is not waiting.
  void cancel(Lookup& lookup);

 private:
  struct Shared;  // with the threads
  struct Waiting {
    std::uint64_t ticket = 0;
    Lookup* lookup = nullptr;
  };

  void on_ready(std::uint32_t events) override;
  static void run(const std::shared_ptr<Shared>& shared);  // a thread

  RealLoop& loop_;
  SourceId id_;
  std::uint64_t next_ticket_ = 1;
  std::vector<Waiting> waiting_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace io::real
