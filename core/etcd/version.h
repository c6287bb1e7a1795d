// core/etcd/version.h: which etcd we are to clients. Digits only: they parse it.
#pragma once

#include <string_view>

namespace etcd {

inline constexpr std::string_view kEtcdVersion = "3.7.1";
inline constexpr std::string_view kStorageVersion = "3.7";

}  // namespace etcd
