#include "core/peer/hello.h"

#include <algorithm>
#include <variant>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/base/overloaded.h"
#include "core/base/text.h"
#include "io/address.h"

namespace peer {

namespace {

constexpr std::string_view kVersionName = "lockstep-peer-version";
constexpr std::string_view kClusterName = "lockstep-cluster-id";
constexpr std::string_view kFromName = "lockstep-from";
constexpr std::string_view kToName = "lockstep-to";
constexpr std::string_view kAddressesName = "lockstep-addresses";

// As base::hex() writes it, and in no other way.
std::optional<std::uint64_t> parse_hex(std::string_view text) {
  if (text.empty() || text.size() > 16 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4U | static_cast<std::uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return value;
}

std::string text_of(const std::vector<io::Address>& addresses) {
  std::string text;
  for (std::size_t i = 0; i < std::min(addresses.size(), kHelloAddressesMax); ++i) text += (i == 0 ? "" : ",") + io::to_text(addresses[i]);
  return text;
}

std::vector<io::Address> parse_addresses(std::string_view text) {
  std::vector<io::Address> addresses;
  while (!text.empty() && addresses.size() < kHelloAddressesMax) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (base::Result<io::Address> address = io::parse_address(text.substr(0, comma))) addresses.push_back(std::move(*address));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return addresses;
}

// `find` gives the value of a name.
template <typename Find>
base::Result<Hello> read_hello(const Find& find) {
  const auto number = [&](std::string_view name) {
    const std::optional<std::string_view> text = find(name);
    return text ? parse_hex(*text) : std::nullopt;
  };
  const std::optional<std::uint64_t> version = number(kVersionName);
  // Another version may say who it is in another way.
  if (version && *version != kProtocolVersion) return Hello{*version, {}, {}, {}, {}};
  const std::optional<std::uint64_t> cluster = number(kClusterName);
  const std::optional<std::uint64_t> from = number(kFromName);
  const std::optional<std::uint64_t> to = number(kToName);
  if (!version || !cluster || !from || !to) {
    return base::fail(base::Code::invalid, "the call does not say who speaks to whom, in which cluster");
  }
  return Hello{*version, base::ClusterId(*cluster), base::MemberId(*from), base::MemberId(*to),
               parse_addresses(find(kAddressesName).value_or(""))};
}

}  // namespace

std::string_view to_text(Lane lane) {
  switch (lane) {
    case Lane::control: return "control";
    case Lane::appends: return "appends";
    case Lane::snapshots: return "snapshots";
  }
  ASSERT(false && "a lane outside the enumeration");
  return {};
}

std::string_view path_of(Lane lane) {
  switch (lane) {
    case Lane::control: return "/lockstep.peer.Peer/Control";
    case Lane::appends: return "/lockstep.peer.Peer/Appends";
    case Lane::snapshots: return "/lockstep.peer.Peer/Snapshots";
  }
  ASSERT(false && "a lane outside the enumeration");
  return {};
}

Lane lane_of(const raft::Message& message) {
  return std::visit(base::Overloaded{[](const raft::Append&) { return Lane::appends; },
                                     [](const raft::ForwardedProposal&) { return Lane::appends; },
                                     [](const raft::Snapshot&) { return Lane::snapshots; },
                                     [](const auto&) { return Lane::control; }},
                    message);
}

std::uint64_t Hello::salt(Lane lane) const {
  std::uint64_t salt = base::mix64(version, static_cast<std::uint64_t>(lane));
  salt = base::mix64(salt, cluster.value());
  salt = base::mix64(salt, from.value());
  return base::mix64(salt, to.value());
}

std::vector<std::pair<std::string, std::string>> metadata_of(const Hello& hello) {
  std::vector<std::pair<std::string, std::string>> metadata = {{std::string(kVersionName), base::hex(hello.version)},
                                                               {std::string(kClusterName), base::to_text(hello.cluster)},
                                                               {std::string(kFromName), base::to_text(hello.from)},
                                                               {std::string(kToName), base::to_text(hello.to)}};
  if (!hello.addresses.empty()) metadata.emplace_back(kAddressesName, text_of(hello.addresses));
  return metadata;
}

base::Result<Hello> read_hello(const rpc::CallContext& call) {
  return read_hello([&](std::string_view name) { return call.metadata(name); });
}
base::Result<Hello> read_hello(const rpc::Metadata& metadata) {
  return read_hello([&](std::string_view name) { return metadata.find(name); });
}

std::optional<std::string> refusal(const Hello& hello, const Identity& identity, bool is_member) {
  if (hello.version != kProtocolVersion) {
    return "peer protocol version " + std::to_string(hello.version) + " is not known here; this member speaks version " +
           std::to_string(kProtocolVersion);
  }
  if (hello.cluster != identity.cluster) {
    return "cluster ID mismatch: this member belongs to " + base::to_text(identity.cluster) + ", the caller to " +
           base::to_text(hello.cluster);
  }
  if (hello.to != identity.self) return "this is member " + base::to_text(identity.self) + ", and not " + base::to_text(hello.to);
  if (hello.from == identity.self) return "the caller has this member's own ID " + base::to_text(identity.self);
  if (!is_member) return "member " + base::to_text(hello.from) + " is not known to belong to the group";
  return std::nullopt;
}

}  // namespace peer
