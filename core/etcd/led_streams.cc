#include "core/etcd/led_streams.h"

namespace etcd {

namespace {
constexpr int kLooksWithoutLeaderMax = 3;
}

void LedStreams::add(LedStream& stream) {
  streams_.push_back(stream);
  if (is_armed()) return;
  looks_without_leader_ = 0;
  clock_.arm(*this, clock_.now() + interval_);
}

void LedStreams::on_timer() {
  if (streams_.is_empty()) return;
  looks_without_leader_ = leadership_.leader() == base::MemberId::none ? looks_without_leader_ + 1 : 0;
  if (looks_without_leader_ >= kLooksWithoutLeaderMax) {
    base::IntrusiveList<LedStream> ended;
    ended.take_all(streams_);
    while (!ended.is_empty()) ended.pop_front().on_no_leader();
  }
  if (!streams_.is_empty()) clock_.arm(*this, clock_.now() + interval_);
}

}  // namespace etcd
