// core/etcd/publisher.h: a member tells the cluster, through the log, how it is called and where clients reach it.
//   idle -> proposed -> idle: published; or -> waiting -> proposed: each attempt has the request timeout
#pragma once

#include <cstdint>
#include <string>

#include "core/etcd/config.h"
#include "core/replica/replica.h"
#include "io/world.h"

namespace etcd {

class PublisherListener {
 public:
  virtual void on_published() = 0;  // once

 protected:
  ~PublisherListener() = default;
};

class Publisher final : private replica::Proposal, private io::Timer {
 public:
  Publisher(const io::World& world, const ServerConfig& config, replica::Replica& replica, PublisherListener& listener);
  ~Publisher();

  // Requires: the replica has started.
  void start();
  void stop();  // gives up; no effect when it is not under way

 private:
  enum class Stage : std::uint8_t { idle, proposed, waiting };

  void on_applied(std::string response) override;
  void on_refused(const base::Error& error) override;
  void on_timer() override;
  void propose();

  const io::World& world_;
  const ServerConfig& config_;
  replica::Replica& replica_;
  PublisherListener& listener_;
  Stage stage_ = Stage::idle;
  std::string command_;
};

}  // namespace etcd
