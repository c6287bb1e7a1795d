// core/rpc/server_core.h: what the connections of one server share.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "core/rpc/call.h"
#include "core/rpc/h2.h"
#include "core/rpc/http.h"
#include "core/rpc/routes.h"
#include "core/rpc/server.h"

namespace rpc {

class Connection;

// Lists of connections that have something to do; kept by the server.
class Attention {
 public:
  virtual void flush_at_end_of_turn(Connection& connection) = 0;
  virtual void call_next_turn(Connection& connection) = 0;

 protected:
  ~Attention() = default;
};

struct ServerCore {
  const io::World world;
  const ServerOptions options;
  Attention& attention;
  Routes routes;
  std::map<std::string, HttpHandler*, std::less<>> pages;  // of HTTP/1, by path
  CallPool calls;
  CallbacksPtr callbacks;
  OptionPtr option;
  std::string input;    // of one read
  std::string scratch;  // of one flush
};

}  // namespace rpc
