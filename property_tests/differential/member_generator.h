// property_tests/differential/member_generator.h: the story of one pair of groups, as a function of the seed, the epoch
// and what the groups have become.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "property_tests/differential/dice.h"
#include "property_tests/differential/group.h"
#include "property_tests/differential/group_view.h"

namespace property_tests::differential {

enum class Story : std::uint8_t {
  alone,    // one member, and others that never start: until a second voter takes its quorum away
  three,    // a group that keeps its quorum when some are added that never start
  learner,  // one member, and a learner that does start
};

class MemberGenerator {
 public:
  MemberGenerator(std::uint64_t seed, std::uint64_t epoch, Story story, bool is_strict, std::uint64_t requests, bool is_patient);

  GroupShape shape() const { return {story_ == Story::three ? std::size_t{3} : std::size_t{1}, is_strict_}; }
  // Nothing: the end.
  std::optional<GroupStep> next(const GroupView& view);

 private:
  GroupStep draw(const GroupView& view);
  void begin_before_healthy();
  void begin_learner_story();
  void add_and_remove_in_one_second(const GroupView& view);
  GroupStep add(const GroupView& view);
  GroupStep remove(const GroupView& view);
  GroupStep update(const GroupView& view);
  GroupStep promote(const GroupView& view);
  GroupStep ask(Kind kind, Body body, const GroupView& view);
  std::string fresh_url();
  std::uint64_t draw_id(const GroupView& view, unsigned unknown_percent);

  Dice dice_;
  Story story_;
  bool is_strict_;
  bool is_patient_;
  std::uint64_t left_;
  std::uint64_t port_ = 1;  // of the next fresh URL; nobody listens on these
  std::deque<GroupStep> planned_;
  bool has_waited_ = false;  // until connections count as healthy
  bool has_lost_quorum_ = false;
};

}  // namespace property_tests::differential
