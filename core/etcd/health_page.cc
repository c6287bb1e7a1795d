#include "core/etcd/health_page.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/assert.h"
#include "core/etcd/range_scan.h"

namespace etcd {

namespace {

std::string range_error(ErrorId error) { return "RANGE ERROR:" + std::string(wire_error(error).text); }

// The first key that there is, without its value. Empty: it could be read.
std::string read_something(ServiceContext& context) {
  etcdserverpb::RangeRequest request;
  request.set_key(std::string(1, '\0'));
  request.set_range_end(std::string(1, '\0'));  // and everything behind it
  request.set_limit(1);
  request.set_keys_only(true);
  RangeScan scan;
  if (const Refusal refused = scan.begin(context.machine.store(), request)) return range_error(*refused);
  std::string found;
  const base::Result<Refusal> refused = scan.run(context.machine.store(), request, ScanBudget{1, 1, 1}, found);
  if (!refused) {
    context.failure.on_read_failed(refused.error());
    return range_error(ErrorId::stopped);
  }
  return *refused ? range_error(**refused) : std::string();
}

}  // namespace

rpc::HttpResponse health_answer(std::string_view reason) {
  nlohmann::ordered_json page;
  page["health"] = reason.empty() ? "true" : "false";
  page["reason"] = reason;
  if (!reason.empty()) return rpc::http_error(503, page.dump());
  rpc::HttpResponse response;
  response.body = page.dump();
  return response;
}

void HealthPage::handle(rpc::HttpCall& call) {
  if (call.request().method != "GET") return call.respond(rpc::http_method_not_allowed("GET"));
  if (context_.is_stopped) return call.respond(health_answer(range_error(ErrorId::stopped)));
  if (call.request().parameter("serializable") == "true") return call.respond(health_answer(read_something(context_)));
  if (context_.leadership.leader() == base::MemberId::none) return call.respond(health_answer("RAFT NO LEADER"));
  checks_.take(context_, checks_).start(call);
}

void HealthPage::Check::start(rpc::HttpCall& call) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  call.on_cancel(*this);
  begin_waiting();
}

void HealthPage::Check::on_read_allowed() {
  std::exchange(call_, nullptr)->respond(health_answer(read_something(context_)));
  pool_.give_back(*this);
}

void HealthPage::Check::on_read_refused(ErrorId why) {
  std::exchange(call_, nullptr)->respond(health_answer(range_error(why)));
  pool_.give_back(*this);
}

void HealthPage::Check::on_cancelled() {
  stop_waiting();
  call_ = nullptr;
  pool_.give_back(*this);
}

}  // namespace etcd
