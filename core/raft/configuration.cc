#include "core/raft/configuration.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/codec.h"

namespace raft {

namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kLearnerFlag = 1;
constexpr std::uint8_t kOutgoingFlag = 2;
constexpr std::uint8_t kLeavingFlag = 4;

bool is_incoming_voter(const Member& member) { return !member.is_learner && !member.is_leaving; }

// Of the eight combinations of flags those that say something.
bool makes_sense(const Member& member) { return !member.is_leaving || (member.is_outgoing && !member.is_learner); }

bool is_sorted_and_unique(const std::vector<Member>& members) {
  return std::adjacent_find(members.begin(), members.end(),
                            [](const Member& a, const Member& b) { return a.id >= b.id; }) == members.end();
}

}  // namespace

const Member* Configuration::find(base::MemberId id) const {
  const auto found = std::lower_bound(members.begin(), members.end(), id, [](const Member& m, base::MemberId than) { return m.id < than; });
  return found != members.end() && found->id == id ? &*found : nullptr;
}

bool Configuration::is_voter(base::MemberId id) const {
  const Member* const member = find(id);
  return member != nullptr && (is_incoming_voter(*member) || member->is_outgoing);
}

bool Configuration::is_joint() const {
  return std::any_of(members.begin(), members.end(), [](const Member& m) { return m.is_outgoing; });
}

std::vector<base::MemberId> Configuration::voters() const {
  std::vector<base::MemberId> out;
  for (const Member& member : members) {
    if (is_incoming_voter(member)) out.push_back(member.id);
  }
  return out;
}

std::vector<base::MemberId> Configuration::outgoing_voters() const {
  std::vector<base::MemberId> out;
  for (const Member& member : members) {
    if (member.is_outgoing) out.push_back(member.id);
  }
  return out;
}

Configuration toward(const Configuration& from, const Configuration& to) {
  ASSERT(!from.is_joint());
  ASSERT(!to.is_joint());
  ASSERT(to.voter_count() > 0);
  if (from.voters() == to.voters()) return to;
  Configuration joint = to;
  for (const base::MemberId id : from.voters()) {
    const auto at = std::lower_bound(joint.members.begin(), joint.members.end(), id,
                                     [](const Member& m, base::MemberId than) { return m.id < than; });
    if (at != joint.members.end() && at->id == id) {
      at->is_outgoing = true;
    } else {
      joint.members.insert(at, Member{id, false, from.find(id)->context, true, true});
    }
  }
  return joint;
}

Configuration after_joint(const Configuration& joint) {
  Configuration out;
  for (Member member : joint.members) {
    if (member.is_leaving) continue;
    member.is_outgoing = false;
    out.members.push_back(std::move(member));
  }
  return out;
}

std::string encode(const Configuration& configuration) {
  ASSERT(is_sorted_and_unique(configuration.members));
  std::string out;
  base::ByteWriter writer(out);
  writer.u8(kFormat);
  writer.u32(static_cast<std::uint32_t>(configuration.members.size()));
  for (const Member& member : configuration.members) {
    writer.u64(member.id.value());
    ASSERT(makes_sense(member));
    writer.u8(static_cast<std::uint8_t>((member.is_learner ? kLearnerFlag : 0) | (member.is_outgoing ? kOutgoingFlag : 0) |
                                        (member.is_leaving ? kLeavingFlag : 0)));
    writer.bytes(member.context);
  }
  return out;
}

base::Result<Configuration> decode_configuration(std::string_view bytes) {
  base::ByteReader reader(bytes);
  if (const std::uint8_t format = reader.u8(); reader.ok() && format != kFormat) {
    return base::fail(base::Code::invalid, "a membership record of format " + std::to_string(format) +
                                               "; this version knows only format 1: use the version that wrote it");
  }
  Configuration configuration;
  const std::uint32_t count = reader.u32();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    Member member;
    member.id = base::MemberId(reader.u64());
    const std::uint8_t flags = reader.u8();
    member.is_learner = (flags & kLearnerFlag) != 0;
    member.is_outgoing = (flags & kOutgoingFlag) != 0;
    member.is_leaving = (flags & kLeavingFlag) != 0;
    member.context = reader.bytes();
    if (member.id == base::MemberId::none) return base::fail(base::Code::damaged, "a membership record with a member of no id");
    if (flags > (kLearnerFlag | kOutgoingFlag | kLeavingFlag) || !makes_sense(member)) return base::fail(base::Code::damaged, "a membership record with unknown flags");
    configuration.members.push_back(std::move(member));
  }
  if (!reader.ok() || !reader.at_end() || !is_sorted_and_unique(configuration.members)) {
    return base::fail(base::Code::damaged, "a membership record that is cut short, too long or out of order");
  }
  if (configuration.voter_count() == 0) return base::fail(base::Code::damaged, "a membership record without a voter");
  return configuration;
}

}  // namespace raft
