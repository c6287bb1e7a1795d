// core/etcd/range_stream.h: KV/RangeStream: a Range whose answer comes in many messages, in key order
// (behaviour reference §2.2).
//
//   waiting for the request -> waiting for the read index -> sending -> finished, or the client went away
//
// Put together, the messages are the answer of the Range: keys first, and with the last message header, `more` and
// `count`. All are of one revision, the newest when the first was read; a compaction that overtakes a stream of the
// newest before its first message makes it begin anew; another store that is installed meanwhile ends it as unavailable. However large the range is, the member holds one message that
// is being filled, and what the client has not taken of those before, which is bounded likewise.
#pragma once

#include <optional>
#include <string>

#include "core/api/kv.pb.h"
#include "core/etcd/linearizable_read.h"
#include "core/etcd/pool.h"
#include "core/etcd/range_scan.h"
#include "core/etcd/slice_queue.h"

namespace etcd {

// Refuses what cannot come in key order, piece by piece. An order of NONE is the order of keys here, whatever the
// target. The errors are no etcd errors but have texts of their own.
std::optional<rpc::Status> validate_stream(const etcdserverpb::RangeRequest& request);

class RangeStreamOperation final : public rpc::StreamReceiver, private ReadIndexWait, private Sliced {
 public:
  RangeStreamOperation(ServiceContext& context, SliceQueue& queue, Pool<RangeStreamOperation>& pool)
      : ReadIndexWait(context), queue_(queue), pool_(pool) {}

  // Then the receiver of the call, until it ends; back to the pool with that.
  void start(rpc::StreamCall& call);

 private:
  void on_message(std::string_view message) override;
  void on_half_close() override;
  void on_room() override;
  void on_cancelled() override;
  void on_read_allowed() override;
  void on_read_refused(ErrorId why) override;
  void run_slice() override;

  void begin_sending();
  bool is_chunk_full() const;
  void send_chunk();
  void send_last();
  void finish(const rpc::Status& status);
  void reset();

  SliceQueue& queue_;
  Pool<RangeStreamOperation>& pool_;
  rpc::StreamCall* call_ = nullptr;  // null: idle
  bool has_request_ = false;
  bool waits_for_room_ = false;
  bool has_sent_ = false;  // a first message
  etcdserverpb::RangeRequest request_;
  RangeScan scan_;
  base::StoreGeneration generation_;  // of the store that is read
  Header header_;               // of the last message
  std::string chunk_;           // fields of a RangeResponse
  std::uint64_t chunk_keys_ = 0;
  std::uint64_t chunk_keys_max_ = 0;
};

class RangeStreamHandler final : public rpc::StreamHandler {
 public:
  RangeStreamHandler(ServiceContext& context, SliceQueue& queue) : context_(context), queue_(queue) {}

 private:
  rpc::StreamReceiver* open(rpc::StreamCall& call) override;

  ServiceContext& context_;
  SliceQueue& queue_;
  Pool<RangeStreamOperation> operations_;
};

}  // namespace etcd
