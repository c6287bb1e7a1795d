// core/etcd/watch_stream.h: one stream of the Watch service, with the watchers that its client has made on it (behaviour reference §4).
//
// It answers what the client asks at once and in order; events come from the hub. A response leaves whole before the next one, so pieces of
// a fragmented one lie together.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/api/watch.pb.h"
#include "core/base/intrusive_list.h"
#include "core/etcd/led_streams.h"
#include "core/etcd/service_context.h"
#include "core/etcd/watch_hub.h"
#include "core/etcd/watcher.h"
#include "io/clock.h"

namespace etcd {

class WatchStreamOwner {
 public:
  virtual void on_over(std::uint64_t number) = 0;  // the stream may be destroyed within this

 protected:
  ~WatchStreamOwner() = default;
};

class WatchStream final : public rpc::StreamReceiver, private WatchSink, private LedStream, private io::Timer {
 public:
  // `number` tells the streams of a member apart.
  WatchStream(ServiceContext& context, WatchHub& hub, LedStreams& led, rpc::StreamCall& call, std::uint64_t number,
              WatchStreamOwner& owner);
  ~WatchStream();

 private:
  // rpc::StreamReceiver
  void on_message(std::string_view message) override;
  void on_half_close() override {}  // it goes on; what cannot send any more may well listen
  void on_room() override;
  void on_cancelled() override { end(); }
  // WatchSink
  bool has_room() const override;
  void send_events(const Watcher& watcher, mvcc::Revision at, const EventBatch& events) override;
  void keep_behind(Watcher& watcher) override { behind_.push_back(watcher); }
  void send_compacted(const Watcher& watcher, mvcc::Revision compacted) override;

  void on_no_leader() override;
  void on_timer() override;  // who wants progress and has heard nothing?
  void arm();

  void create(const etcdserverpb::WatchCreateRequest& request);
  void refuse(std::string_view reason);
  void cancel(std::int64_t id);
  void tell_progress();
  std::int64_t free_id();
  void send(mvcc::Revision at, const WatchWords& words);
  void send(const WatchWords& words) { send(context_.machine.header().revision, words); }
  void finish(ErrorId id);
  void end();

  ServiceContext& context_;
  WatchHub& hub_;
  rpc::StreamCall* call_;  // null: it is over
  const std::uint64_t number_;
  WatchStreamOwner& owner_;
  std::map<std::int64_t, std::unique_ptr<Watcher>> watchers_;  // by id; the dead ones keep theirs
  base::IntrusiveList<WatchTurn> behind_;                      // of them, those for whom there was no room
  std::int64_t next_id_ = 0;
  etcdserverpb::WatchRequest request_;  // reused
  std::string head_;                    // likewise
};

}  // namespace etcd
