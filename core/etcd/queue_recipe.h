// core/etcd/queue_recipe.h: standing in line behind those who came first, as etcd's clients do it for locks and elections with keys and leases
// (behaviour reference §13; clientv3 concurrency).
//
// Whoever stands in line has a key `name/<lease in hex>`; whose key is the oldest is first. Who is not watches the one right before him
// until that is gone. Stock clients do the same with the same keys, so both stand in one line.
//
//   granting (no lease was given) -> putting -> [ looking -> watching ]* -> reading -> first
//   any of these -> leaving -> failed
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/api/header.pb.h"
#include "core/api/kv.pb.h"
#include "core/etcd/local_call.h"

namespace etcd {

// Of whatever went wrong inside, clients see the text with the code Unknown (behaviour reference §1.3).
rpc::Status as_unknown(const rpc::Status& status);

// `name/`, the prefix of all keys of a line.
std::string queue_prefix(std::string_view name);

// On the condition that the key is the one that was created at this revision, and no later one of that name; 0: that it is not there.
void compare_created(const std::string& key, std::int64_t revision, etcdserverpb::TxnRequest& request);

// That condition, and then the key's value is another.
etcdserverpb::TxnRequest proclamation(const std::string& key, std::int64_t created, const std::string& value, std::int64_t lease);

// The oldest key of a line, as a request.
void ask_for_oldest(std::string_view prefix, etcdserverpb::RangeRequest& request);

class QueueRecipeListener {
 public:
  // The caller is first.
  virtual void on_first() = 0;
  // He is not, and his key has been deleted, if that could be done; otherwise it is there until its lease ends.
  virtual void on_queue_failed(const rpc::Status& status) = 0;

 protected:
  ~QueueRecipeListener() = default;
};

class QueueRecipe final : private LocalCallListener, private LocalStreamListener {
 public:
  // A lock reads its own key once more when it is first, and fails when that is gone; an election does not.
  enum class Kind : std::uint8_t { lock, election };

  QueueRecipe(const io::World& world, const LocalServices& services, Kind kind, QueueRecipeListener& listener)
      : services_(services), kind_(kind), listener_(listener), call_(world, *this), stream_(world, *this) {}

  // `caller` outlives this. Once.
  void start(const rpc::CallContext& caller, std::string_view name, std::int64_t lease, std::string_view value);
  // The caller has gone: when his key is out of the way, on_queue_failed() says so.
  void leave();

  const std::string& key() const { return key_; }
  std::int64_t lease() const { return lease_; }
  std::int64_t created() const { return created_; }  // the revision of the key
  const etcdserverpb::ResponseHeader& header() const { return header_; }  // of the answer that decided

 private:
  enum class Stage : std::uint8_t { idle, granting, putting, proclaiming, looking, watching, reading, leaving, over };

  void on_local_answer(const rpc::Status& status, std::string_view message) override;
  void on_local_messages(std::vector<std::string> messages) override;
  void on_local_end(const rpc::Status& status) override;

  void put();
  void on_granted(std::string_view message);
  void on_put(std::string_view message);
  void look();
  void on_looked(std::string_view message);
  void watch(const std::string& key, std::int64_t from);
  void on_nobody_before();
  void on_read(std::string_view message);
  bool may_have_key() const { return stage_ != Stage::idle && stage_ != Stage::granting; }
  void give_up(rpc::Status why);

  template <typename Request>
  void ask(Stage stage, rpc::UnaryHandler& handler, const Request& request) {
    stage_ = stage;
    call_.ask(*caller_, handler, request.SerializeAsString());
  }

  const LocalServices& services_;
  const Kind kind_;
  QueueRecipeListener& listener_;
  LocalCall call_;
  LocalStream stream_;
  const rpc::CallContext* caller_ = nullptr;
  Stage stage_ = Stage::idle;
  std::string prefix_;
  std::string key_;
  std::string value_;
  std::int64_t lease_ = 0;
  std::int64_t created_ = 0;
  etcdserverpb::ResponseHeader header_;
  rpc::Status why_;  // while leaving
};

}  // namespace etcd
