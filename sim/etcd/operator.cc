#include "sim/etcd/operator.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/assert.h"
#include "sim/etcd/addresses.h"

namespace sim::etcd {

namespace {

constexpr base::Duration kListTimeout = std::chrono::seconds(3);
constexpr base::Duration kChangeTimeout = std::chrono::seconds(9);  // a little more than the server's own
constexpr base::Duration kLookAfterEvery = std::chrono::seconds(2);
constexpr base::Duration kRefusedPause = std::chrono::milliseconds(700);
constexpr base::Duration kHurriedPause = std::chrono::milliseconds(40);
constexpr std::uint32_t kBlindAsks = 20;
constexpr base::Duration kSilentPause = std::chrono::milliseconds(100);
// Of one step while things go wrong. A group wants connections that have stood for five seconds, a learner wants to catch up.
constexpr std::uint32_t kTriesMax = 15;
// One list in so many that nobody answered is asked for as it stands somewhere: a group may wait for somebody who has to be started.
constexpr std::uint32_t kStaleEvery = 3;
// After so many silent lists whoever was to be added is started all the same.
constexpr std::uint32_t kSilentMax = 12;

// Decided before anything is proposed, whatever code they are sent with (behaviour reference §7.3).
constexpr std::string_view kMemberRefusalTexts[] = {
    "etcdserver: unhealthy cluster",
    "etcdserver: re-configuration failed due to not enough started members",
    "etcdserver: not capable",
    "etcdserver: too many requests",
};

}  // namespace

ChangeOutcome outcome_of(const rpc::Status& status) {
  if (status.code == rpc::StatusCode::ok) return ChangeOutcome::ok;
  if (std::find(std::begin(kMemberRefusalTexts), std::end(kMemberRefusalTexts), status.message) != std::end(kMemberRefusalTexts)) return ChangeOutcome::refused;
  const bool is_decided = status.code == rpc::StatusCode::failed_precondition || status.code == rpc::StatusCode::not_found ||
                          status.code == rpc::StatusCode::invalid_argument;
  return is_decided ? ChangeOutcome::refused : ChangeOutcome::unknown;
}

Operator::Operator(const io::World& world, OperatorOptions options, const std::vector<ScheduledChange>& changes, Roster& roster,
                   MemberOracle& oracle, OperatorCounts& counts, bool& is_finished)
    : world_(world), options_(std::move(options)), changes_(changes.begin(), changes.end()), roster_(roster), oracle_(oracle),
      counts_(counts), is_finished_(is_finished), is_in_a_hurry_(draw("operator-in-a-hurry", 0, 2) == 0) {
  is_finished_ = false;
  server_ = draw("operator-server", 0, roster_.machines());
}

Operator::~Operator() {
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
}

std::uint64_t Operator::draw(std::string_view purpose, std::uint64_t number, std::uint64_t below) {
  return io::below(world_.random.draw(purpose, {number}), below);
}

void Operator::go_elsewhere() {
  if (roster_.machines() == 1) return;
  server_ = (server_ + 1 + draw("operator-next-server", moves_++, roster_.machines() - 1)) % roster_.machines();
}

void Operator::go_on() {
  if (asking_ != Asking::nothing) return;
  const base::Instant now = world_.clock.now();
  const bool is_due = !current_ && !changes_.empty() && now >= base::Instant(changes_.front().at);
  if (is_due) {
    current_ = Current();
    current_->scheduled = changes_.front();
    changes_.pop_front();
    if (options_.listener != nullptr) {
      const ScheduledChange& change = current_->scheduled;
      options_.listener->on_asked({options_.client, change.number}, "member " + std::string(name_of(change.change)));
    }
    go_elsewhere();
    // Who leads may be cut off: it will list nobody, and takes the change.
    if (is_in_a_hurry_ && list_.members_size() > 0) act();
    if (asking_ != Asking::nothing) return;
  } else if (now < wait_until_) {
    base::Instant until = wait_until_;
    if (!current_ && !changes_.empty()) until = std::min(until, base::Instant(changes_.front().at));
    return world_.clock.arm(*this, until);
  }
  if (const std::optional<std::uint32_t> view = std::exchange(view_, std::nullopt); view && !current_) return ask_for_view(*view);
  // The one after the last of these is preceded by a list.
  if (asks_blindly_ > 0 && --asks_blindly_ > 0 && current_) act();
  if (asking_ == Asking::nothing) ask_for_list();
}

void Operator::ask(Asking what, std::string_view path, const std::string& request, base::Duration timeout) {
  asking_ = what;
  asked_at_ = roster_.moment();
  answer_.clear();
  if (channel_ == nullptr || channel_->is_closed()) {
    channel_ = std::make_unique<rpc::Channel>(world_, client_address(static_cast<std::uint32_t>(server_)), rpc::ChannelOptions(), nullptr);
  }
  rpc::CallOptions options;
  options.deadline = world_.clock.now() + timeout;
  channel_->unary(path, request, options, *this);
}

void Operator::on_status(const rpc::Status& status) {
  const Asking what = std::exchange(asking_, Asking::nothing);
  ASSERT(what != Asking::nothing);
  const ChangeOutcome outcome = outcome_of(status);
  wait_until_ = world_.clock.now();
  const bool is_no_server = status.message == "etcdserver: rpc not supported for learner";
  if (outcome == ChangeOutcome::unknown || is_no_server) {
    go_elsewhere();
    wait_until_ = wait_until_ + kSilentPause;
  } else if (outcome == ChangeOutcome::refused) {
    if (what == Asking::change && is_in_a_hurry_ && asks_blindly_ == 0) asks_blindly_ = kBlindAsks;
    wait_until_ = wait_until_ + (asks_blindly_ > 0 ? kHurriedPause : kRefusedPause);
  }
  if (outcome != ChangeOutcome::refused) asks_blindly_ = 0;
  switch (what) {
    case Asking::nothing:
    case Asking::removal: break;
    case Asking::list: on_list(status); break;
    case Asking::view: on_view(status); break;
    case Asking::change:
      if (outcome == ChangeOutcome::refused) ++counts().refused;
      if (outcome == ChangeOutcome::unknown) ++counts().unknown;
  }
  world_.loop.at_end_of_turn(*this);
}

// Only now may the channel go whose callback this was.
void Operator::on_end_of_turn() {
  if (asking_ == Asking::nothing) channel_.reset();
  go_on();
}

// --- looking ----------------------------------------------------------------------------------------

void Operator::ask_for_list() {
  etcdserverpb::MemberListRequest request;
  is_stale_ = silent_lists_ % kStaleEvery == kStaleEvery - 1;
  request.set_linearizable(!is_stale_);
  group_asked_at_ = oracle_.now();
  ask(Asking::list, "/etcdserverpb.Cluster/MemberList", request.SerializeAsString(), kListTimeout);
}

void Operator::on_list(const rpc::Status& status) {
  etcdserverpb::MemberListResponse list;
  if (status.code != rpc::StatusCode::ok || !list.ParseFromString(answer_)) {
    ++silent_lists_;
    const bool may_be_added = current_ && current_->step == Step::add && current_->tries > 0;
    if (may_be_added && silent_lists_ >= kSilentMax) roster_.start_unlisted(current_->machine, list_);
    return;
  }
  if (is_stale_) oracle_.on_stale(list);
  else oracle_.on_linearizable(list, group_asked_at_);
  roster_.note(list, is_stale_ ? Roster::ListKind::stale : Roster::ListKind::linearizable, asked_at_);
  if (is_calm()) roster_.end_removed();
  if (is_stale_) {
    ++silent_lists_;
    return;
  }
  silent_lists_ = 0;
  list_ = std::move(list);
  if (const etcdserverpb::Member* const twin = find_twin()) return remove_twin(*twin);
  act();
}

const etcdserverpb::Member* Operator::listed(base::MemberId member) const {
  const auto found = std::find_if(list_.members().begin(), list_.members().end(),
                                  [&](const etcdserverpb::Member& one) { return one.id() == member.value(); });
  return found == list_.members().end() ? nullptr : &*found;
}

const etcdserverpb::Member* Operator::listed_at(std::uint32_t machine) const {
  const auto found = std::find_if(list_.members().begin(), list_.members().end(),
                                  [&](const etcdserverpb::Member& one) { return machine_of(one, roster_.machines()) == machine; });
  return found == list_.members().end() ? nullptr : &*found;
}

// --- acting -----------------------------------------------------------------------------------------

// On a list that has just come. Asks for something, or the next list tells more.
void Operator::act() {
  if (!current_) return look_after();
  if (current_->step == Step::choose && !choose()) return drop();
  switch (current_->step) {
    case Step::choose: break;
    case Step::remove: return go_on_removing();
    case Step::add: return go_on_adding();
    case Step::promote: return go_on_promoting();
    case Step::move: return go_on_moving();
  }
  ASSERT(false && "a step that was not chosen");
}

// Listed on a machine that runs another one who is listed: its MemberAdd came late, when that one had moved and its URL was free again.
const etcdserverpb::Member* Operator::find_twin() const {
  for (const etcdserverpb::Member& member : list_.members()) {
    const std::uint32_t machine = *machine_of(member, roster_.machines());
    const bool is_there = roster_.is_started_for(machine, base::MemberId(member.id()));
    const bool another_is = std::any_of(list_.members().begin(), list_.members().end(), [&](const etcdserverpb::Member& other) {
      return machine_of(other, roster_.machines()) == machine && roster_.is_started_for(machine, base::MemberId(other.id()));
    });
    if (!is_there && another_is) return &member;
  }
  return nullptr;
}

void Operator::remove_twin(const etcdserverpb::Member& twin) {
  etcdserverpb::MemberRemoveRequest request;
  request.set_id(twin.id());
  ask(Asking::removal, "/etcdserverpb.Cluster/MemberRemove", request.SerializeAsString(), kChangeTimeout);
}

void Operator::look_after() {
  const auto serves = [this](const etcdserverpb::Member& member) {
    const std::uint32_t machine = *machine_of(member, roster_.machines());
    return roster_.is_started_for(machine, base::MemberId(member.id())) && (roster_.has_served(machine) || may_be_broken(machine));
  };
  const bool is_settled = changes_.empty() && is_calm() && std::all_of(list_.members().begin(), list_.members().end(), serves);
  if (!is_settled || !is_same_group(shown_, list_)) have_shown_.clear();
  shown_ = list_;
  if (is_settled) find_next_view();
  is_finished_ = is_settled && !view_;
  wait_until_ = world_.clock.now() + (view_ ? kSilentPause : kLookAfterEvery);
}

// Learners do not list members (behaviour reference §7.6).
void Operator::find_next_view() {
  for (const etcdserverpb::Member& member : list_.members()) {
    const std::uint32_t machine = *machine_of(member, roster_.machines());
    if (!member.islearner() && !may_be_broken(machine) && have_shown_.count(machine) == 0) view_ = machine;
  }
}

void Operator::ask_for_view(std::uint32_t machine) {
  server_ = viewed_ = machine;
  etcdserverpb::MemberListRequest request;
  request.set_linearizable(false);
  ask(Asking::view, "/etcdserverpb.Cluster/MemberList", request.SerializeAsString(), kListTimeout);
}

void Operator::on_view(const rpc::Status& status) {
  etcdserverpb::MemberListResponse view;
  if (status.code != rpc::StatusCode::ok || !view.ParseFromString(answer_)) return;
  oracle_.on_stale(view);
  if (is_same_group(view, shown_)) have_shown_.insert(viewed_);
}

bool Operator::may_be_removed(const etcdserverpb::Member& member) const {
  if (list_.members_size() == 1) return false;
  const auto voters = std::count_if(list_.members().begin(), list_.members().end(), [](const auto& one) { return !one.islearner(); });
  return member.islearner() || static_cast<std::uint64_t>(voters) > options_.voters_min;
}

// Whom the change is done to, as the group is now; false: nobody.
bool Operator::choose() {
  if (world_.clock.now() >= base::Instant(options_.begins_until)) return false;
  const GroupChange change = current_->scheduled.change;
  const std::uint32_t number = current_->scheduled.number;
  std::vector<std::uint32_t> machines;
  for (std::uint32_t machine = 0; machine < roster_.machines(); ++machine) {
    const etcdserverpb::Member* const member = listed_at(machine);
    bool is_fit = member == nullptr;
    if (change == GroupChange::promote) is_fit = member != nullptr && member->islearner();
    if (change == GroupChange::remove || change == GroupChange::replace) is_fit = member != nullptr && may_be_removed(*member);
    if (change == GroupChange::update) is_fit = member != nullptr && place_of(*member) + 1 < kPlaces;
    if (is_fit) machines.push_back(machine);
  }
  if (machines.empty()) return false;
  current_->machine = machines[draw("operator-machine", number, machines.size())];
  if (const etcdserverpb::Member* const member = listed_at(current_->machine)) current_->member = base::MemberId(member->id());
  switch (change) {
    case GroupChange::voter: begin(Step::add); return true;
    case GroupChange::learner:
      current_->is_learner = true;
      begin(Step::add);
      return true;
    case GroupChange::promote: begin(Step::promote); return true;
    case GroupChange::remove: begin(Step::remove); return true;
    case GroupChange::replace:
      current_->is_followed = true;
      current_->is_learner = draw("operator-learner", number, 2) == 0;
      begin(Step::remove);
      return true;
    case GroupChange::update:
      current_->place = place_of(*listed_at(current_->machine)) + 1;
      roster_.keep_places(current_->machine, draw("operator-keeps-places", number, 2) == 0);
      begin(Step::move);
      return true;
  }
  ASSERT(false && "a change outside the enumeration");
  return false;
}

void Operator::begin(Step step) {
  current_->step = step;
  current_->tries = 0;
}

void Operator::tell(OperationEnd end, std::string_view how) {
  if (options_.listener == nullptr) return;
  options_.listener->on_ended({options_.client, current_->scheduled.number}, end, std::string(how));
}

void Operator::done() {
  ++counts().done;
  tell(OperationEnd::answered, "done");
  current_.reset();
}

void Operator::drop() {
  ++counts().dropped;
  tell(OperationEnd::unknown, "given up");
  if (current_->step == Step::add) roster_.give_up(current_->machine);
  current_.reset();
}

void Operator::ask_for_change(std::string_view path, const std::string& request) {
  if (asks_blindly_ == 0) ++current_->tries;
  ++counts().asked;
  ask(Asking::change, path, request, kChangeTimeout);
}

void Operator::go_on_removing() {
  const etcdserverpb::Member* const member = listed(current_->member);
  if (member == nullptr) {
    if (!current_->is_followed) return done();
    begin(Step::add);
    return go_on_adding();
  }
  const bool is_late = world_.clock.now() >= base::Instant(options_.begins_until);
  if (is_late || current_->tries >= kTriesMax || !may_be_removed(*member)) return drop();
  etcdserverpb::MemberRemoveRequest request;
  request.set_id(current_->member.value());
  ask_for_change("/etcdserverpb.Cluster/MemberRemove", request.SerializeAsString());
}

// In the calm nobody joins who could cost a quorum: another voter is one more that the group has to do without where some stay broken.
void Operator::go_on_adding() {
  if (const etcdserverpb::Member* const member = listed_at(current_->machine)) {
    current_->member = base::MemberId(member->id());
    if (!current_->is_followed || !member->islearner()) return done();
    begin(Step::promote);
    return go_on_promoting();
  }
  if (world_.clock.now() >= base::Instant(options_.begins_until)) {
    if (may_be_broken(current_->machine)) return drop();
    current_->is_learner = true;
  }
  if (current_->tries >= kTriesMax) return drop();
  roster_.make_room(current_->machine);
  etcdserverpb::MemberAddRequest request;
  request.add_peerurls(peer_url(current_->machine));
  request.set_islearner(current_->is_learner);
  ask_for_change("/etcdserverpb.Cluster/MemberAdd", request.SerializeAsString());
}

// What was begun ends in the calm, where a learner becomes ready for certain.
void Operator::go_on_promoting() {
  const etcdserverpb::Member* const member = listed(current_->member);
  if (member == nullptr) return drop();
  if (!member->islearner()) return done();
  const bool is_late = world_.clock.now() >= base::Instant(options_.begins_until);
  if (is_late && may_be_broken(current_->machine)) return drop();
  if (!is_late && current_->tries >= kTriesMax) return drop();
  etcdserverpb::MemberPromoteRequest request;
  request.set_id(current_->member.value());
  ask_for_change("/etcdserverpb.Cluster/MemberPromote", request.SerializeAsString());
}

// It may have moved on meanwhile, when there is another operator.
void Operator::go_on_moving() {
  const etcdserverpb::Member* const member = listed(current_->member);
  if (member == nullptr) return drop();
  if (place_of(*member) >= current_->place) return done();
  if (current_->tries >= kTriesMax) return drop();
  etcdserverpb::MemberUpdateRequest request;
  request.set_id(current_->member.value());
  request.add_peerurls(peer_url(current_->machine, current_->place));
  ask_for_change("/etcdserverpb.Cluster/MemberUpdate", request.SerializeAsString());
}

}  // namespace sim::etcd
