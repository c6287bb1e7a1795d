#include "core/raft/configuration.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/codec.h"

namespace raft {

namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kLearnerFlag = 1;

bool is_sorted_and_unique(const std::vector<Member>& members) {
  return std::adjacent_find(members.begin(), members.end(),
                            [](const Member& a, const Member& b) { return a.id >= b.id; }) == members.end();
}

}  // namespace

bool Configuration::is_voter(base::MemberId id) const {
  return std::any_of(members.begin(), members.end(), [id](const Member& m) { return m.id == id && !m.is_learner; });
}

std::size_t Configuration::voter_count() const {
  return static_cast<std::size_t>(std::count_if(members.begin(), members.end(), [](const Member& m) { return !m.is_learner; }));
}

std::string encode(const Configuration& configuration) {
  ASSERT(is_sorted_and_unique(configuration.members));
  std::string out;
  base::ByteWriter writer(out);
  writer.u8(kFormat);
  writer.u32(static_cast<std::uint32_t>(configuration.members.size()));
  for (const Member& member : configuration.members) {
    writer.u64(member.id.value());
    writer.u8(member.is_learner ? kLearnerFlag : 0);
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
    member.is_learner = flags == kLearnerFlag;
    member.context = reader.bytes();
    if (flags > kLearnerFlag) return base::fail(base::Code::damaged, "a membership record with unknown flags");
    configuration.members.push_back(std::move(member));
  }
  if (!reader.ok() || !reader.at_end() || !is_sorted_and_unique(configuration.members)) {
    return base::fail(base::Code::damaged, "a membership record that is cut short, too long or out of order");
  }
  return configuration;
}

}  // namespace raft
