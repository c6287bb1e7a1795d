// core/rpc/routes.h: which handler serves a path, and what to say when none does.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/rpc/server.h"

namespace rpc {

struct Route {  // exactly one of them
  UnaryHandler* unary = nullptr;
  StreamHandler* stream = nullptr;
};

class Routes {
 public:
  // Requires: `path` is `/Service/Method` and not there yet.
  void add(std::string_view path, Route route);
  const Route* find(std::string_view path) const;
  // UNIMPLEMENTED, in the words of grpc-go. Requires: find(path) finds nothing.
  Status why_missing(std::string_view path) const;

 private:
  std::map<std::string, Route, std::less<>> routes_;
};

}  // namespace rpc
