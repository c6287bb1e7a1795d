#include "core/rpc/routes.h"

#include "core/base/assert.h"

namespace rpc {

void Routes::add(std::string_view path, Route route) {
  ASSERT(path.size() > 2);
  ASSERT(path.front() == '/');
  ASSERT(path.find('/', 1) != std::string_view::npos);
  ASSERT((route.unary == nullptr) != (route.stream == nullptr));
  const bool is_new = routes_.emplace(path, route).second;
  ASSERT(is_new);
}

const Route* Routes::find(std::string_view path) const {
  const auto found = routes_.find(path);
  return found == routes_.end() ? nullptr : &found->second;
}

Status Routes::why_missing(std::string_view path) const {
  const std::size_t last = path.rfind('/');
  if (last == std::string_view::npos || last == 0) {
    return {StatusCode::unimplemented, "malformed method name: \"" + std::string(path) + "\""};
  }
  const std::string prefix(path.substr(0, last + 1));  // `/Service/`
  const std::string service(path.substr(1, last - 1));
  const auto first = routes_.lower_bound(prefix);
  if (first == routes_.end() || !first->first.starts_with(prefix)) return {StatusCode::unimplemented, "unknown service " + service};
  return {StatusCode::unimplemented, "unknown method " + std::string(path.substr(last + 1)) + " for service " + service};
}

}  // namespace rpc
