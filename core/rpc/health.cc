#include "core/rpc/health.h"

#include <optional>
#include <string>

#include "core/base/assert.h"

namespace rpc {
namespace {

enum class ServingStatus : std::uint8_t { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };

// The two messages are written and read by hand, as this folder knows no protobuf:
//   HealthCheckRequest  { string service = 1; }
//   HealthCheckResponse { ServingStatus status = 1; }
std::string encode_response(ServingStatus status) { return {'\x08', static_cast<char>(status)}; }

std::optional<std::uint64_t> read_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

// The service named in a request; nothing when it is malformed. Other fields than strings are not expected.
std::optional<std::string_view> parse_request(std::string_view request) {
  constexpr std::uint64_t kServiceTag = 1U << 3U | 2U;
  constexpr std::uint64_t kLengthDelimited = 2;
  std::string_view service;
  while (!request.empty()) {
    const std::optional<std::uint64_t> tag = read_varint(request);
    if (!tag || (*tag & 7U) != kLengthDelimited) return std::nullopt;
    const std::optional<std::uint64_t> size = read_varint(request);
    if (!size || *size > request.size()) return std::nullopt;
    if (*tag == kServiceTag) service = request.substr(0, *size);
    request.remove_prefix(*size);
  }
  return service;
}

ServingStatus overall(bool serving) { return serving ? ServingStatus::serving : ServingStatus::not_serving; }

const Status kMalformed{StatusCode::internal, "grpc: error unmarshalling request"};

}  // namespace

class HealthService::Watcher final : public StreamReceiver {
 public:
  Watcher(HealthService& health, StreamCall& call, std::uint64_t number) : health_(health), call_(call), number_(number) {}

  void on_message(std::string_view request) override {
    if (has_request_) return;
    const std::optional<std::string_view> service = parse_request(request);
    if (!service) return finish(kMalformed);
    has_request_ = true;
    is_overall_ = service->empty();
    if (is_overall_) return tell();
    call_.send(encode_response(ServingStatus::service_unknown));
  }
  void on_half_close() override {
    if (!has_request_) finish(kMalformed);
  }
  void on_room() override {}
  void on_cancelled() override { health_.watchers_.erase(number_); }

  void on_change() {
    if (is_overall_) tell();
  }

 private:
  void tell() { call_.send(encode_response(overall(health_.serving_))); }
  void finish(const Status& status) {
    call_.finish(status);
    health_.watchers_.erase(number_);  // this
  }

  HealthService& health_;
  StreamCall& call_;
  const std::uint64_t number_;
  bool has_request_ = false;
  bool is_overall_ = false;
};

HealthService::HealthService() = default;

HealthService::~HealthService() { ASSERT(watchers_.empty()); }

void HealthService::add_to(Server& server) {
  server.add_unary("/grpc.health.v1.Health/Check", *this);
  server.add_stream("/grpc.health.v1.Health/Watch", *this);
}

void HealthService::set_serving(bool serving) {
  if (serving_ == serving) return;
  serving_ = serving;
  for (const auto& [number, watcher] : watchers_) watcher->on_change();
}

void HealthService::handle(UnaryCall& call, std::string_view request) {
  if (refusal_) return call.fail(*refusal_);
  const std::optional<std::string_view> service = parse_request(request);
  if (!service) return call.fail(kMalformed);
  if (!service->empty()) return call.fail({StatusCode::not_found, "unknown service"});
  call.respond(encode_response(overall(serving_)));
}

StreamReceiver* HealthService::open(StreamCall& call) {
  if (refusal_) {
    call.finish(*refusal_);
    return nullptr;
  }
  const std::uint64_t number = next_number_++;
  return watchers_.emplace(number, std::make_unique<Watcher>(*this, call, number)).first->second.get();
}

}  // namespace rpc
