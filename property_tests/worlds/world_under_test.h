// property_tests/worlds/world_under_test.h: one set of contract tests for every world.
//
// The tests know the interfaces of io/*.h and this. Each world has one factory file, linked with the same tests
// into a program of its own, so what core/ may rely on is checked on both sides with the same words.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "io/world.h"

namespace property_tests::worlds {

// Two members of one world that reach each other. Tests call from outside any turn, as main() does.
class WorldUnderTest {
 public:
  virtual ~WorldUnderTest() = default;
  virtual const io::World& member() = 0;
  virtual const io::World& other() = 0;
  // Where member() listens, as other() and itself name it.
  virtual io::Address address(std::uint16_t port) const = 0;
  // Turns of both members until `done()`. False when that did not come within any sensible time.
  virtual bool run_until(const std::function<bool()>& done) = 0;
  // Turns until nothing has happened for long enough that nothing will.
  virtual void settle() = 0;
};

// Defined by the factory file.
std::unique_ptr<WorldUnderTest> make_world();

}  // namespace property_tests::worlds
