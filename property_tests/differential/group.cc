#include "property_tests/differential/group.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "core/base/assert.h"
#include "property_tests/differential/texts.h"

namespace property_tests::differential {

namespace {

constexpr base::Duration kGroupStartTimeMax = std::chrono::seconds(60);
constexpr base::Duration kGroupAnswerTimeMax = std::chrono::seconds(30);
constexpr base::Duration kLittleTime = std::chrono::milliseconds(500);
constexpr base::Duration kGroupPollTime = std::chrono::milliseconds(20);

std::string name_of(std::size_t number) { return "m" + std::to_string(number); }

// Whoever counts the time, the server or its client, has words of its own for it.
bool is_over_time(const rpc::Status& status) {
  return status.code == rpc::StatusCode::deadline_exceeded || status.message == kTimeOver || status.message == kNoLeader ||
         status.message.rfind("etcdserver: request timed out", 0) == 0;
}

}  // namespace

Group::Group(io::real::RealWorld& world, const std::string& program, const std::string& parent, const GroupShape& shape)
    : world_(world), program_(program), parent_(parent), shape_(shape) {
  // A port that was free may be taken by the time it is listened on: then again.
  constexpr int kAttemptCount = 5;
  for (int attempt = 1;; ++attempt) {
    launch(shape.voters);
    if (is_up_in_time()) break;
    if (attempt == kAttemptCount) {
      std::fprintf(stderr, "%s does not serve. It wrote:\n%s\n", program.c_str(), logs().c_str());
      std::exit(2);
    }
  }
  // Numbers are given in the order of the words of the URLs, so before anything else.
  Call list;
  begin(1, {Kind::member_list, etcdserverpb::MemberListRequest(), {}}, Patience::much, list);
  const Answer answer = finish(list);
  ASSERT(members_in(answer) != nullptr);
  ASSERT(members_in(answer)->size() == static_cast<int>(shape.voters));
}

void Group::launch(std::size_t voters) {
  members_.clear();
  names_ = MemberNames();
  std::string initial_cluster;
  for (std::size_t number = 1; number <= voters + 1; ++number) {
    Part part;
    part.name = name_of(number);
    part.client_port = free_port();
    part.peer_port = free_port();
    part.flags.push_back(std::string("--strict-reconfig-check=") + (shape_.is_strict ? "true" : "false"));
    names_.add_url(MemberNames::peer(number), url(part.peer_port));
    names_.add_url(MemberNames::client(number), url(part.client_port));
    if (number <= voters) initial_cluster += (number > 1 ? "," : "") + part.name + "=" + url(part.peer_port);
    members_.push_back({std::move(part), nullptr, nullptr});
  }
  for (std::size_t i = 0; i < voters; ++i) {
    Running& one = members_[i];
    one.part.initial_cluster = initial_cluster;
    one.process = std::make_unique<ServerProcess>(program_, parent_, one.part);
  }
  members_.back().part.initial_cluster = initial_cluster + "," + members_.back().part.name + "=" + url(members_.back().part.peer_port);
  members_.back().part.flags.push_back("--initial-cluster-state=existing");
}

void Group::start_last() {
  Running& last = members_.back();
  ASSERT(last.process == nullptr);
  last.process = std::make_unique<ServerProcess>(program_, parent_, last.part);
  const base::Instant deadline = world_.world().clock.now() + kGroupStartTimeMax;
  while (world_.world().clock.now() < deadline && !is_serving(members_.size())) {
    if (!last.process->is_running()) break;
  }
  if (is_serving(members_.size())) return;
  std::fprintf(stderr, "%s does not join. It wrote:\n%s\n", program_.c_str(), last.process->log_tail().c_str());
  std::exit(2);
}

// A read of its own store is what a learner answers too.
bool Group::is_serving(std::size_t member) {
  etcdserverpb::RangeRequest range;
  range.set_key("probe");
  range.set_serializable(true);
  Call call;
  begin(member, {Kind::range, range, {}}, Patience::little, call);
  const bool is_good = finish(call).ok();
  const base::Instant again = world_.world().clock.now() + kGroupPollTime;
  while (!is_good && world_.world().clock.now() < again) world_.run_turn(kGroupPollTime);
  return is_good;
}

bool Group::is_up_in_time() {
  const base::Instant deadline = world_.world().clock.now() + kGroupStartTimeMax;
  for (std::size_t number = 1; number < members_.size(); ++number) {
    while (!is_serving(number)) {
      if (world_.world().clock.now() > deadline || !members_[number - 1].process->is_running()) return false;
    }
  }
  return true;
}

void Group::begin(std::size_t member, const Request& request, Patience patience, Call& call) {
  ASSERT(member >= 1 && member <= members_.size());
  Running& asked = members_[member - 1];
  if (!asked.channel || asked.channel->is_closed()) {
    const io::Address address{"127.0.0.1", asked.part.client_port};
    asked.channel = std::make_unique<rpc::Channel>(world_.world(), address, rpc::ChannelOptions{}, nullptr);
  }
  const Request real = names_.to_real(request);
  rpc::CallOptions options;
  options.deadline = world_.world().clock.now() + (patience == Patience::much ? kGroupAnswerTimeMax : kLittleTime);
  call.member = member;
  call.patience = patience;
  call.kind = real.kind;
  asked.channel->unary(real.path(), real.bytes(), options, call);
}

Answer Group::finish(Call& call) {
  while (!call.status) world_.run_turn(std::chrono::seconds(1));
  // Whoever counts the time, the server or its client, has words of its own for it.
  if (call.patience == Patience::little && is_over_time(*call.status)) return {{rpc::StatusCode::deadline_exceeded, std::string(kNoAnswer)}, {}};
  Answer answer = names_.to_words(make_answer(call.kind, *call.status, call.messages));
  if (answer.ok() && call.kind != Kind::range) {
    const std::string wrong = objection_to_header(call.member, call.messages);
    if (!wrong.empty()) return {{rpc::StatusCode::internal, wrong}, {}};
  }
  return answer;
}

std::string Group::objection_to_header(std::size_t member, const std::vector<std::string>& messages) {
  etcdserverpb::MemberListResponse response;  // as every other it begins with the header
  if (!response.ParsePartialFromString(messages.front())) return "";
  const std::uint64_t cluster = response.header().cluster_id();
  if (!cluster_) cluster_ = cluster;
  if (cluster != *cluster_) return "a header of another cluster";
  if (names_.number_of(response.header().member_id()) != member) return "a header of another member";
  return "";
}

std::string Group::logs() {
  std::string text;
  for (Running& each : members_) {
    if (each.process) text += each.process->log_tail();
  }
  return text;
}

std::string Group::health() {
  std::string text;
  for (Running& each : members_) {
    if (each.process && !each.process->is_running()) text += each.part.name + " of " + program_ + " has ended; it wrote:\n" + each.process->log_tail() + "\n";
  }
  return text;
}

Answers ask_both(Group& ours, Group& theirs, std::size_t member, const Request& request, Group::Patience patience) {
  Group::Call our_call, their_call;
  ours.begin(member, request, patience, our_call);
  theirs.begin(member, request, patience, their_call);
  Answers answers;
  answers.ours = ours.finish(our_call);
  answers.theirs = theirs.finish(their_call);
  return answers;
}

}  // namespace property_tests::differential
