// sim/etcd/kv.h: a client of etcd for the processes of an application.
//
//   kv_.put(request, [this](const Answer<etcdserverpb::PutResponse>& answer) { … answer.fate … });
//
// Each request is sent once: what to do when nobody knows what came of it is what an application has to be right about. Several may be
// under way. The client stays with one member, and goes to another one when it gets no answer. What the cluster answers is judged besides.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/api/kv.pb.h"
#include "core/rpc/client.h"
#include "sim/etcd/application.h"
#include "sim/etcd/kv_oracle.h"

namespace sim::etcd {

enum class Fate : std::uint8_t {
  done,     // with a response. A transaction is done whichever way it took
  refused,  // certainly without effect
  unknown,  // it has taken effect, or will, or never does
};

template <typename Response>
struct Answer {
  Fate fate = Fate::unknown;
  Response response;   // when it is done
  rpc::Status status;  // when it is not
  bool is_done() const { return fate == Fate::done; }
};

class Kv {
 public:
  // On a later turn, unless the Kv has gone by then. The Kv may be destroyed within. (A function and no interface: programs stay short,
  // and nothing of ours runs on it.)
  template <typename Response>
  using Then = std::function<void(const Answer<Response>&)>;

  explicit Kv(Machine& machine);
  ~Kv();
  Kv(const Kv&) = delete;
  Kv& operator=(const Kv&) = delete;

  void put(const etcdserverpb::PutRequest& request, Then<etcdserverpb::PutResponse> then) { ask("Put", request, std::move(then)); }
  void range(const etcdserverpb::RangeRequest& request, Then<etcdserverpb::RangeResponse> then) { ask("Range", request, std::move(then)); }
  void erase(const etcdserverpb::DeleteRangeRequest& request, Then<etcdserverpb::DeleteRangeResponse> then) {
    ask("DeleteRange", request, std::move(then));
  }
  void txn(const etcdserverpb::TxnRequest& request, Then<etcdserverpb::TxnResponse> then) { ask("Txn", request, std::move(then)); }
  void compact(const etcdserverpb::CompactionRequest& request, Then<etcdserverpb::CompactionResponse> then) {
    ask("Compact", request, std::move(then));
  }

 private:
  struct Connection {
    std::unique_ptr<rpc::Channel> channel;
    std::size_t open = 0;  // calls
  };
  class Call;
  using Told = std::function<void(Fate, const rpc::Status&, std::string_view)>;

  template <typename Request, typename Response>
  void ask(std::string_view method, const Request& request, Then<Response> then) {
    send(method, request.SerializeAsString(), [then = std::move(then)](Fate fate, const rpc::Status& status, std::string_view bytes) {
      Answer<Response> answer;
      answer.fate = fate;
      answer.status = status;
      if (fate == Fate::done && !answer.response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) answer.fate = Fate::unknown;
      then(answer);
    });
  }
  void send(std::string_view method, const std::string& bytes, Told told);
  Connection& connection();
  void on_end(Call& call, const rpc::Status& status);

  Machine& machine_;
  std::size_t server_ = 0;
  std::list<Connection> connections_;  // the last is the one for new calls, while it is open
  bool is_given_up_ = false;           // that one
  std::list<std::unique_ptr<Call>> calls_;
};

}  // namespace sim::etcd
