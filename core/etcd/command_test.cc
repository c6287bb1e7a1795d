#include "core/etcd/command.h"

#include <doctest/doctest.h>

#include "core/api/kv.pb.h"

namespace etcd {
namespace {

TEST_CASE("the example in docs/formats/etcd-command.md") {
  etcdserverpb::PutRequest request;
  request.set_key("a");
  request.set_value("b");
  const std::string bytes = encode_command(CommandKind::put, request);
  CHECK_EQ(bytes, "\x01\x0a\x01\x61\x12\x01\x62");
  const std::optional<CommandView> back = decode_command(bytes);
  REQUIRE(back.has_value());
  CHECK(back->kind == CommandKind::put);
  CHECK_EQ(back->message, std::string_view(bytes).substr(1));
}

TEST_CASE("a command of no known kind is told apart") {
  for (const std::string_view bytes : {std::string_view(""), std::string_view("\0", 1), std::string_view("\x0a"), std::string_view("\xff")}) {
    CHECK(!decode_command(bytes).has_value());
  }
}

}  // namespace
}  // namespace etcd
