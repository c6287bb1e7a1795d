// core/etcd/sealed.h: what members ask and tell each other in single calls, with a checksum.
//
// TCP's is weak, and gRPC has none: a list of the group with one changed bit in the cluster's id made a member join a cluster that does not
// exist. Against accidents, not against anybody (docs/formats/peer.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace etcd {

// `purpose` is the path of the call: an answer to another question is no answer.
std::string seal(std::string_view bytes, std::string_view purpose);
// Nothing: these are not the bytes that were sealed for that purpose. A view into `sealed`.
std::optional<std::string_view> unseal(std::string_view sealed, std::string_view purpose);

}  // namespace etcd
