// core/etcd/led_streams.h: streams whose clients want a leader at the other end, and would rather look elsewhere than wait
// (`hasleader`, behaviour reference §4.7).
#pragma once

#include "core/base/intrusive_list.h"
#include "core/base/time.h"
#include "core/etcd/leadership.h"
#include "io/clock.h"

namespace etcd {

// To leave: LedStream::unlink().
class LedStream : public base::ListNode<LedStream> {
 public:
  virtual void on_no_leader() = 0;  // for long; not in the list any more when called

 protected:
  ~LedStream() = default;
};

class LedStreams final : private io::Timer {
 public:
  // Looks once per `interval`, as long as there are streams.
  LedStreams(io::Clock& clock, const Leadership& leadership, base::Duration interval)
      : clock_(clock), leadership_(leadership), interval_(interval) {}
  ~LedStreams() { clock_.disarm(*this); }

  void add(LedStream& stream);

 private:
  void on_timer() override;

  io::Clock& clock_;
  const Leadership& leadership_;
  const base::Duration interval_;
  int looks_without_leader_ = 0;  // in a row
  base::IntrusiveList<LedStream> streams_;
};

}  // namespace etcd
