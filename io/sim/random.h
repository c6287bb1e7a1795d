// io/sim/random.h: named draws of one member.
#pragma once

#include "io/random.h"
#include "io/sim/host.h"

namespace io::sim {

class Random final : public io::Random {
 public:
  explicit Random(Life& life) : life_(life) {}
  // A function of (seed, member, incarnation, purpose, identity). Requires: at most eight parts of identity.
  std::uint64_t draw(std::string_view purpose, std::initializer_list<std::uint64_t> identity) override {
    Identity full{life_.host.key(), life_.incarnation};
    for (const std::uint64_t part : identity) full.add(part);
    return life_.host.decisions().draw(purpose, full);
  }

 private:
  Life& life_;
};

}  // namespace io::sim
