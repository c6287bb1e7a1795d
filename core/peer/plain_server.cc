#include "core/peer/plain_server.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "core/base/hash.h"
#include "io/address.h"

namespace peer {

namespace {

base::Result<base::MemberId> parse_member(std::string_view text) {
  std::uint64_t number = 0;
  const std::from_chars_result parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (number == 0 || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return base::fail(base::Code::invalid, "`" + std::string(text) + "` is no number of a member; they begin with 1");
  }
  return base::MemberId(number);
}

}  // namespace

base::Result<PlainServerConfig> parse_plain_config(std::string_view self, std::string_view listen, std::string_view group) {
  PlainServerConfig config;
  const base::Result<base::MemberId> id = parse_member(self);
  if (!id) return base::fail(id.error());
  config.self = *id;
  base::Result<io::Address> clients = io::parse_address(listen);
  if (!clients) return base::fail(clients.error());
  config.listen = std::move(*clients);
  while (!group.empty()) {
    const std::string_view one = group.substr(0, group.find(','));
    group.remove_prefix(std::min(group.size(), one.size() + 1));
    const std::size_t equals = std::min(one.find('='), one.size());
    const base::Result<base::MemberId> member = parse_member(one.substr(0, equals));
    if (!member) return base::fail(member.error());
    base::Result<io::Address> address = io::parse_address(one.substr(std::min(one.size(), equals + 1)));
    if (!address) return base::fail(address.error());
    config.group[*member].push_back(std::move(*address));
  }
  if (!config.group.contains(*id)) return base::fail(base::Code::invalid, "member " + std::string(self) + " does not belong to the group");
  return config;
}

// A call that waits. Every way out ends in done(), and the object with it.
class PlainServer::Request final : private replica::Proposal, private replica::ReadWait, private rpc::CallCancelled, private io::Timer {
 public:
  Request(PlainServer& server, rpc::UnaryCall& call, std::string_view text) : server_(server), call_(call), text_(text) {}

  void begin(Method method, std::list<Request>::iterator self) {
    self_ = self;
    call_.on_cancel(*this);
    server_.world_.clock.arm(*this, server_.world_.clock.now() + server_.config_.wait_max);
    replica::Replica& replica = server_.member_.replica();
    base::Status taken = replica.gate();
    if (taken && method == Method::read) return replica.read_index(*this);
    if (taken) taken = replica.propose(text_, {}, 0, *this);
    if (!taken) on_refused(taken.error());
  }

 private:
  void on_applied(std::string answer) override { respond(std::move(answer)); }
  void on_readable() override { respond(server_.reader_.read(text_)); }
  void on_refused(const base::Error& error) override { fail(rpc::StatusCode::unavailable, error.detail); }
  void on_timer() override { fail(rpc::StatusCode::deadline_exceeded, "the members did not agree on it in time"); }
  void on_cancelled() override { done(); }

  void respond(std::string answer) {
    call_.respond(answer);
    done();
  }
  void fail(rpc::StatusCode code, std::string why) {
    call_.fail({code, std::move(why)});
    done();
  }
  void done() {
    server_.world_.clock.disarm(*this);
    server_.member_.replica().abandon(*this);
    server_.requests_.erase(self_);
  }

  PlainServer& server_;
  rpc::UnaryCall& call_;
  const std::string text_;
  std::list<Request>::iterator self_;
};

void PlainServer::Door::handle(rpc::UnaryCall& call, std::string_view request) {
  server_.requests_.emplace_back(server_, call, request);
  server_.requests_.back().begin(method_, std::prev(server_.requests_.end()));
}

PlainServer::PlainServer(const io::World& world, PlainServerConfig config, replica::StateMachine& machine, const PlainReader& reader,
                         replica::ReplicaListener& owner)
    : world_(world), config_(std::move(config)), reader_(reader), owner_(owner), member_(world_, machine, *this, config_.peer) {}

PlainServer::~PlainServer() = default;

base::Status PlainServer::start() {
  const base::Result<io::Address> bound = member_.server().listen(config_.group.at(config_.self).front());
  if (!bound) return base::fail(bound.error());
  replica::Options options = config_.tuning;
  options.identity = {base::ClusterId(base::hash64(config_.service)), config_.self};
  for (const auto& member : config_.group) options.configuration.members.push_back({member.first, false, {}});
  member_.start(std::move(options));
  return {};
}

void PlainServer::on_started() {
  const replica::Replica& replica = member_.replica();
  bool is_same = replica.identity().member == config_.self && replica.configuration().members.size() == config_.group.size();
  for (const raft::Member& member : replica.configuration().members) is_same = is_same && config_.group.contains(member.id);
  if (!is_same) {
    return owner_.on_stopped({base::Code::invalid, "the log belongs to another member, or to a group of other members"});
  }
  member_.join(config_.group, true);
  if (const base::Status listening = listen_to_clients(); !listening) return owner_.on_stopped(listening.error());
  owner_.on_started();
}

base::Status PlainServer::listen_to_clients() {
  rpc::ServerOptions options;
  options.receive_bytes_max = config_.request_bytes_max;
  clients_ = std::make_unique<rpc::Server>(world_, options);
  clients_->add_unary("/" + config_.service + "/Write", writes_);
  clients_->add_unary("/" + config_.service + "/Read", reads_);
  const base::Result<io::Address> bound = clients_->listen(config_.listen);
  if (!bound) return base::fail(bound.error());
  return {};
}

void PlainServer::stop(io::Completion& done) {
  clients_.reset();
  member_.leave(done);
}

}  // namespace peer
