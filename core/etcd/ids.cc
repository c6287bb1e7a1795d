#include "core/etcd/ids.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "core/base/assert.h"

// The functions that take a context of ours, and not EVP: they compute and do nothing else. EVP initialises the
// library on first use, which reads a configuration file, the clock and the system's randomness, and a
// simulated run must be free of those (design: hidden clocks and chance in libraries are closed).
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace etcd {

namespace {

// The first eight bytes of the hash, big-endian.
std::uint64_t sha1_prefix(std::string_view bytes) {
  SHA_CTX context;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ASSERT(SHA1_Init(&context) == 1);
  ASSERT(SHA1_Update(&context, bytes.data(), bytes.size()) == 1);
  ASSERT(SHA1_Final(digest.data(), &context) == 1);
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) prefix = (prefix << 8U) | digest[i];
  return prefix;
}

}  // namespace

base::MemberId member_id(std::vector<std::string> peer_urls, std::string_view token) {
  std::sort(peer_urls.begin(), peer_urls.end());
  std::string bytes;
  for (const std::string& url : peer_urls) bytes += url;
  bytes += token;
  return base::MemberId(sha1_prefix(bytes));
}

base::ClusterId cluster_id(std::vector<base::MemberId> members) {
  std::sort(members.begin(), members.end());
  std::string bytes;
  for (const base::MemberId member : members) {
    for (unsigned shift = 64; shift > 0; shift -= 8) bytes.push_back(static_cast<char>(member.value() >> (shift - 8)));
  }
  return base::ClusterId(sha1_prefix(bytes));
}

InitialIds initial_ids(const ServerConfig& config) {
  InitialIds ids;
  std::vector<base::MemberId> members;
  for (const InitialMember& member : config.initial_cluster) {
    const base::MemberId id = member_id(member.peer_urls, config.initial_cluster_token);
    members.push_back(id);
    ids.members.emplace(id, member);
    if (member.name == config.name) ids.self = id;
  }
  ids.cluster = cluster_id(std::move(members));
  ASSERT(ids.self != base::MemberId::none);
  return ids;
}

}  // namespace etcd
