#include "core/etcd/local_call.h"

#include <utility>

#include "core/base/assert.h"

namespace etcd {

RememberedCaller::RememberedCaller(const rpc::CallContext& caller) : peer_(caller.peer_text()), identity_(caller.verified_identity()) {
  for (const std::string_view name : {"token", "authorization", "client-api-version", "grpcgateway-accept"}) {
    if (const std::optional<std::string_view> value = caller.metadata(name)) metadata_.emplace(name, *value);
  }
}

std::optional<std::string_view> RememberedCaller::metadata(std::string_view name) const {
  const auto found = metadata_.find(name);
  return found == metadata_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

// --- one question -----------------------------------------------------------------------------------

void LocalCall::ask(const rpc::CallContext& caller, rpc::UnaryHandler& handler, std::string_view request) {
  ASSERT(stage_ == Stage::idle);
  stage_ = Stage::asking;
  caller_ = &caller;
  waiting_ = nullptr;
  message_.clear();
  rpc::UnaryCall& call = *this;
  handler.handle(call, request);
}

void LocalCall::stop() {
  const Stage before = std::exchange(stage_, Stage::idle);
  world_.loop.forget(*this);
  if (before == Stage::asking && waiting_ != nullptr) std::exchange(waiting_, nullptr)->on_cancelled();
}

void LocalCall::respond(std::string_view message) {
  message_ = message;
  end({});
}

void LocalCall::respond(std::vector<std::string> parts) {
  for (const std::string& part : parts) message_ += part;
  end({});
}

void LocalCall::fail(const rpc::Status& status) { end(status); }

// Heard of on a later turn: a handler may answer within the question.
void LocalCall::end(rpc::Status status) {
  ASSERT(stage_ == Stage::asking);
  stage_ = Stage::answered;
  status_ = std::move(status);
  world_.loop.on_next_turn(*this);
}

void LocalCall::on_end_of_turn() {
  ASSERT(stage_ == Stage::answered);
  stage_ = Stage::idle;
  const rpc::Status status = std::move(status_);
  const std::string message = std::move(message_);
  listener_.on_local_answer(status, message);
}

// --- a stream ---------------------------------------------------------------------------------------

void LocalStream::open(const rpc::CallContext& caller, rpc::StreamHandler& handler, std::string_view request) {
  ASSERT(stage_ == Stage::idle);
  stage_ = Stage::open;
  caller_ = &caller;
  messages_.clear();
  rpc::StreamCall& call = *this;
  receiver_ = handler.open(call);
  if (receiver_ != nullptr && stage_ == Stage::open) receiver_->on_message(request);
}

void LocalStream::stop() {
  const Stage before = std::exchange(stage_, Stage::idle);
  world_.loop.forget(*this);
  is_turn_asked_ = false;
  if (before == Stage::open && receiver_ != nullptr) std::exchange(receiver_, nullptr)->on_cancelled();
}

void LocalStream::send(std::string_view first, std::string_view second) {
  ASSERT(stage_ == Stage::open);
  messages_.emplace_back(first).append(second);
  ask_for_turn();
}

void LocalStream::finish(const rpc::Status& status) {
  ASSERT(stage_ == Stage::open);
  stage_ = Stage::ended;
  receiver_ = nullptr;
  status_ = status;
  ask_for_turn();
}

void LocalStream::ask_for_turn() {
  if (!std::exchange(is_turn_asked_, true)) world_.loop.on_next_turn(*this);
}

void LocalStream::on_end_of_turn() {
  is_turn_asked_ = false;
  if (stage_ == Stage::ended) {
    // What came before the end comes first.
    if (!messages_.empty()) {
      ask_for_turn();
      return listener_.on_local_messages(std::exchange(messages_, {}));
    }
    stage_ = Stage::idle;
    const rpc::Status status = std::move(status_);
    return listener_.on_local_end(status);
  }
  listener_.on_local_messages(std::exchange(messages_, {}));
}

}  // namespace etcd
