// sim/etcd/kv_oracle.h: strict serializability of the key-value service, by revision.
//
// Every write that took effect stands in the committed log, which the model replays; an answer names its
// revision, so there is nothing to search for. An answer is right when
//   - a write's revision is the one at which the model has exactly that write, and it lies above every
//     revision that was revealed before the request was sent (real time);
//   - a read says what the model says at the revision that it names, and that revision is not below any that
//     was revealed before the request was sent, unless the read asked for possibly stale data;
//   - a transaction took the path and has the answers that the model has at its place in the log;
//   - a stream says in pieces what a read says in one; one that breaks off said the beginning of it;
//   - HashKV is the number that the model's history has;
//   - a refused revision had been compacted, on the path that a transaction takes; and what had been compacted, as anybody had
//     been told or as the revision of the answer shows, is refused;
//   - nothing was ever written that no client asked for, and nothing twice.
// A request without an answer may have taken effect or not: the log tells.
//
// That a write is known in the log by its unique value holds for the clients of the workload. Programs of others (application.h) write
// what they like; their writes are known by their bytes and by the revision that they were told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/etcd/command.h"
#include "core/rpc/status.h"
#include "sim/committed_log.h"
#include "sim/etcd/foreign_request.h"
#include "sim/etcd/foreign_writes.h"
#include "sim/etcd/model.h"
#include "sim/etcd/operation.h"
#include "sim/etcd/store_oracle.h"
#include "sim/etcd/stream_answer.h"
#include "sim/etcd/wire_request.h"
#include "sim/teller.h"
#include "sim/verdict.h"

namespace sim::etcd {

// One request of one client, from sending to answer.
struct Request {
  std::uint32_t client = 0;
  std::uint32_t number = 0;
  KvOperation operation;
  WireRequest wire;
  std::int64_t floor = 0;      // the highest revision revealed to anyone before it was sent
  std::optional<OperationName> floor_by = {};  // by the answer to this one; none: to nobody
  std::int64_t compacted = -1;  // the highest compaction that had been acknowledged by then; -1: none
  StreamAnswer stream;         // what has come of it so far
  bool is_judged = true;       // ForeignRequest
  std::string context = {};    // what a program of others does it for
};

struct KvCounts {
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;  // answered with a result, and checked
  std::uint64_t refused = 0;       // certainly without effect
  std::uint64_t unknown = 0;       // no answer, or one that leaves the outcome open
  std::uint64_t resolved = 0;      // of those, later found in the log
};

// What a read that asks for possibly stale data, or for a hash, may miss.
enum class StaleReads : std::uint8_t {
  anything,  // it is answered by some member, wherever that stands
  nothing,   // there is one member, which has applied whatever it acknowledged
};

// Whose writes the log holds.
enum class Writers : std::uint8_t {
  workload,  // clients that give each put a value of its own
  foreign,   // programs of others
};

class KvOracle final : public CommittedListener {
 public:
  static constexpr std::string_view kName = "serializability";
  KvOracle(Findings& findings, StaleReads stale_reads, Writers writers = Writers::workload)
      : findings_(findings), stale_reads_(stale_reads), writers_(writers) {}

  void on_committed(const base::Entry& entry) override;

  // The request to send now, and what was known when it was sent.
  Request send(std::uint32_t client, std::uint32_t number, const KvOperation& operation);
  Request send(std::uint32_t client, std::uint32_t number, ForeignRequest foreign, std::string context);
  void on_answer(const Request& request, std::string_view response);  // the serialized response
  // Of a stream: one message of it, and its good end. A bad end is an error.
  void on_part(Request& request, std::string_view message);
  void on_end(const Request& request);
  void on_error(const Request& request, const rpc::Status& status);

  // For the story of a run: says what was asked and answered; outlives the requests.
  void tell(OperationListener& listener) { listener_ = &listener; }
  // Whose write the committed entry at this index is; nullopt: nobody's. Of a write without a put it is known while one client
  // waits for an answer to just that, and when somebody listens.
  std::optional<OperationName> asked_by(base::LogIndex index) const;
  // What this client has asked last.
  std::optional<OperationName> newest_of(std::uint32_t client) const;

  const KvCounts& counts() const { return counts_; }
  std::int64_t revealed_revision() const { return revealed_; }
  const Model& model() const { return model_; }

  // After this log index; nullopt: nobody has committed it.
  std::optional<ModelPosition> position(base::LogIndex index) const;

 private:
  enum class WriteFate : std::uint8_t { open, unknown, refused, committed };
  struct Write {
    OperationName name;
    WriteFate fate = WriteFate::open;
    base::LogIndex index;       // once committed
    std::int64_t revision = 0;  // likewise
    bool has_changed = false;   // likewise
    std::string sent;           // the request's bytes
    std::optional<etcdserverpb::TxnResponse> answer;  // of a committed transaction; none: it had to be refused
  };

  bool is_foreign() const { return writers_ == Writers::foreign; }
  void on_command(const base::Entry& entry);
  void replay(const ::etcd::CommandView& command);
  void on_foreign_command(const ::etcd::CommandView& command);
  void on_committed_put(std::string_view message);
  void on_committed_txn(std::string_view message);
  // The write that this value belongs to, now committed; null after an accusation.
  Write* commit(const std::string& value, std::string_view what, std::string_view message);

  void on_put(const Request& request, std::string_view response);
  void on_range(const Request& request, std::string_view response);
  void check_range(const Request& request, const etcdserverpb::RangeResponse& range);
  void check_beginning(const Request& request);
  void on_hash(const Request& request, std::string_view response);
  void on_erase(const Request& request, std::string_view response);
  void on_txn(const Request& request, std::string_view response);
  void on_compact(const Request& request, std::string_view response);
  void on_foreign_refused(const Request& request, const std::string& text);
  void on_out_of_range(const Request& request, const std::string& text);
  void on_read_txn_refused(const Request& request, const std::string& text);
  bool may_be_stale(const Request& request) const;
  std::string text_of(const Request& request) const;
  // As the first entry after which the model stood at this revision left it: whoever stands there has applied that entry.
  ModelPosition first_at(std::int64_t revision) const;
  // The least that was compacted when a request was answered at this revision.
  std::int64_t compacted_for(const Request& request, std::int64_t revision) const;
  void judge(const Request& request, std::string_view response);
  void judge_error(const Request& request, const rpc::Status& status);
  bool reveal(const Request& request, std::int64_t revision, bool has_changed);
  void accuse(const Request& request, const std::string& what, std::optional<OperationName> witness = {});

  Findings& findings_;
  const StaleReads stale_reads_;
  const Writers writers_;
  OperationListener* listener_ = nullptr;  // null: nobody wants to know
  Model model_;
  KvCounts counts_;
  std::int64_t revealed_ = 1;
  std::optional<OperationName> revealed_by_;
  std::int64_t compacted_ = -1;                        // acknowledged
  std::vector<ModelPosition> positions_;               // after log index 1 and up
  std::map<std::string, Write> writes_;                // by the unique value of their first put
  std::map<std::int64_t, std::int64_t> erased_count_;  // by revision
  // Of transactions that write without a put: by their bytes, what the log answers to each of them, and whether it changed anything;
  // and those that had to be refused.
  std::map<std::string, std::map<std::string, bool>> answers_;
  std::set<std::string> unreadable_;
  ForeignWrites foreign_writes_;
  struct Asked {
    std::uint32_t number = 0;
    std::string open;  // its bytes, while it waits for an answer and somebody listens
  };
  std::map<std::uint32_t, Asked> newest_;  // by client
  std::map<base::LogIndex, std::string> commands_;  // that were committed, when somebody listens
};

}  // namespace sim::etcd
