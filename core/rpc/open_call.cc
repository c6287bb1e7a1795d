#include "core/rpc/open_call.h"

#include <utility>

#include "core/base/assert.h"
#include "core/rpc/status_wire.h"

namespace rpc {

CallHandle::~CallHandle() {
  if (open_ != nullptr) open_->drop();
}

OpenCall::OpenCall(CallOwner& owner, io::Clock& clock, ClientCall& user, Kind kind_, std::size_t receive_bytes_max)
    : kind(kind_), reader(receive_bytes_max), owner_(owner), clock_(clock), user_(&user) {
  ASSERT(user.handle.open_ == nullptr);  // one call at a time
  user.handle.open_ = this;
}

OpenCall::~OpenCall() {
  release_user();
  clock_.disarm(*this);
}

ClientCall* OpenCall::release_user() {
  ClientCall* const user = std::exchange(user_, nullptr);
  if (user != nullptr) user->handle.open_ = nullptr;
  return user;
}

void OpenCall::on_header(std::string_view name, std::string_view value) {
  if (name == ":status") http_status_ = value;
  if (name == "grpc-status") code_ = parse_status_code(value);
  if (name == "grpc-message") message_ = value;
}

Status OpenCall::final_status() const {
  if (code_) {
    if (*code_ == StatusCode::ok && kind == Kind::unary && !has_message) return {StatusCode::internal, "the server answered without a message"};
    return {*code_, percent_decode(message_)};
  }
  if (http_status_ != "200") {
    return {from_http_status(http_status_), "unexpected HTTP status code received from server: " + http_status_};
  }
  return {StatusCode::internal, "server closed the stream without sending trailers"};
}

}  // namespace rpc
