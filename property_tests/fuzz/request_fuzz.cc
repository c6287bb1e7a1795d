// Requests as the handlers take them: parsed, looked at, and made into a command that every member reads alike.
//
// The first byte says which request the rest is.
#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/api/kv.pb.h"
#include "core/base/assert.h"
#include "core/etcd/command.h"
#include "core/etcd/txn_validation.h"
#include "core/etcd/validation.h"
#include "property_tests/fuzz/input.h"

namespace {

template <typename Request>
bool parse(Request& request, std::string_view bytes) {
  return request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// Whatever was accepted travels through the log and arrives as it was.
template <typename Request>
void check_command(etcd::CommandKind kind, Request& request) {
  request.DiscardUnknownFields();
  const std::string command = etcd::encode_command(kind, request);
  const std::optional<etcd::CommandView> view = etcd::decode_command(command);
  ASSERT(view.has_value());
  ASSERT(view->kind == kind);
  Request arrived;
  ASSERT(parse(arrived, view->message));
  ASSERT(arrived.SerializeAsString() == request.SerializeAsString());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t which = input.byte();
  const std::string_view bytes = input.rest();
  static_cast<void>(etcd::is_utf8(bytes));
  switch (which % 4) {
    case 0: {
      etcdserverpb::RangeRequest range;
      if (parse(range, bytes)) static_cast<void>(etcd::validate(range));
      break;
    }
    case 1: {
      etcdserverpb::PutRequest put;
      if (parse(put, bytes) && !etcd::validate(put)) check_command(etcd::CommandKind::put, put);
      break;
    }
    case 2: {
      etcdserverpb::DeleteRangeRequest erase;
      if (parse(erase, bytes) && !etcd::validate(erase)) check_command(etcd::CommandKind::delete_range, erase);
      break;
    }
    default: {
      etcdserverpb::TxnRequest txn;
      if (parse(txn, bytes) && !etcd::validate(txn, 128)) check_command(etcd::CommandKind::txn, txn);
      break;
    }
  }
  return 0;
}
