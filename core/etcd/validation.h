// core/etcd/validation.h: what is refused by looking at the request alone, in etcd's order
// (behaviour reference §2.2, §2.3). nullopt: nothing to object.
#pragma once

#include <optional>
#include <string_view>

#include "core/api/kv.pb.h"
#include "core/etcd/errors.h"

namespace etcd {

std::optional<ErrorId> validate(const etcdserverpb::RangeRequest& request);
std::optional<ErrorId> validate(const etcdserverpb::PutRequest& request);
std::optional<ErrorId> validate(const etcdserverpb::DeleteRangeRequest& request);

// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace etcd
