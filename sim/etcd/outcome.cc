#include "sim/etcd/outcome.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "core/base/assert.h"

namespace sim::etcd {

namespace {

constexpr std::string_view kLearnerText = "etcdserver: rpc not supported for learner";

// Decided before the log, whatever code they are sent with (§1.1, §1.3).
constexpr std::string_view kRefusalTexts[] = {
    "etcdserver: too many requests",              // the backlog gate
    "raft proposal dropped",                      // a leader that hands over, or is no member any more
    "etcdserver: not capable",                    // the cluster has not agreed on its version yet
    kLearnerText,
};

}  // namespace

ErrorMeaning meaning_of(const rpc::Status& status) {
  if (std::find(std::begin(kRefusalTexts), std::end(kRefusalTexts), status.message) != std::end(kRefusalTexts)) return ErrorMeaning::refused;
  switch (status.code) {
    case rpc::StatusCode::ok: ASSERT(false && "not an error"); break;
    case rpc::StatusCode::unavailable:
    case rpc::StatusCode::deadline_exceeded:
    case rpc::StatusCode::cancelled:
    case rpc::StatusCode::unknown: return ErrorMeaning::unknown;
    case rpc::StatusCode::resource_exhausted: return ErrorMeaning::refused;
    case rpc::StatusCode::out_of_range: return ErrorMeaning::out_of_range;
    case rpc::StatusCode::invalid_argument:
    case rpc::StatusCode::not_found:
    case rpc::StatusCode::already_exists:
    case rpc::StatusCode::permission_denied:
    case rpc::StatusCode::failed_precondition:
    case rpc::StatusCode::aborted:
    case rpc::StatusCode::unimplemented:
    case rpc::StatusCode::internal:
    case rpc::StatusCode::data_loss:
    case rpc::StatusCode::unauthenticated: return ErrorMeaning::not_allowed;
  }
  return ErrorMeaning::unknown;
}

bool is_no_answer(const rpc::Status& status) {
  const rpc::StatusCode code = status.code;
  return status.message == kLearnerText || code == rpc::StatusCode::unavailable || code == rpc::StatusCode::deadline_exceeded ||
         code == rpc::StatusCode::cancelled || code == rpc::StatusCode::unknown || code == rpc::StatusCode::resource_exhausted;
}

}  // namespace sim::etcd
