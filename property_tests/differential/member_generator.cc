#include "property_tests/differential/member_generator.h"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace property_tests::differential {

namespace {

using etcdserverpb::Member;
using etcdserverpb::MemberAddRequest;
using etcdserverpb::MemberListRequest;
using etcdserverpb::MemberPromoteRequest;
using etcdserverpb::MemberRemoveRequest;
using etcdserverpb::MemberUpdateRequest;
using namespace std::chrono_literals;

constexpr std::uint64_t kUnknown = 4711;
constexpr std::uint64_t kReserve = 2;  // the learner that starts, beside one voter
// Changes want connections that have stood for five seconds.
constexpr base::Duration kHealthyTime = 5700ms;
constexpr base::Duration kElectionTime = 2000ms;  // until a leader without a quorum has stepped down

const std::array<std::string, 18> kMalformedUrls = {
    "", "127.0.0.1:1", "http://", "http://127.0.0.1", "http://127.0.0.1:x", "ftp://127.0.0.1:1", "http://127.0.0.1:1/",
    "http://127.0.0.1:1/path", "://127.0.0.1:1", "127.0.0.1", "http:127.0.0.1:1", "unix://x", "http://::1:1", "http://[::1:1", "http://127.0.0.1:-1",
    "http//127.0.0.1:1", "what?", " "};
// Of those that etcd takes; ours takes the last two.
const std::array<std::string, 6> kOddUrls = {
    "https://127.0.0.1:901", "http://127.0.0.1:99999", "http://127.0.0.1:902?q", "http://user@127.0.0.1:903",
    "HTTP://127.0.0.1:904", " http://127.0.0.1:905 "};

GroupStep wait(base::Duration time) { return {Act::wait, 1, {}, time, false}; }

GroupStep at(std::size_t member, Kind kind, Body body) { return {Act::ask, member, {kind, std::move(body), {}}, {}, false}; }

MemberAddRequest adding(const std::string& url, bool is_learner) {
  MemberAddRequest out;
  out.add_peerurls(url);
  out.set_islearner(is_learner);
  return out;
}

MemberRemoveRequest removing(std::uint64_t number) {
  MemberRemoveRequest out;
  out.set_id(number);
  return out;
}

MemberPromoteRequest promoting(std::uint64_t number) {
  MemberPromoteRequest out;
  out.set_id(number);
  return out;
}

const Member& any_member(Dice& dice, const GroupView& view) { return view.members[dice.below(view.members.size())]; }

std::string any_url(Dice& dice, const GroupView& view) {
  const Member& member = any_member(dice, view);
  return member.peerurls_size() == 0 ? "" : member.peerurls(0);
}

}  // namespace

MemberGenerator::MemberGenerator(std::uint64_t seed, std::uint64_t epoch, Story story, bool is_strict, std::uint64_t requests, bool is_patient)
    : dice_(base::mix64(seed, epoch)), story_(story), is_strict_(is_strict), is_patient_(is_patient), left_(requests) {
  if (story == Story::learner) begin_learner_story();
  if (story == Story::three && is_strict) begin_before_healthy();
}

// Nothing that could cost a quorum, before connections have stood.
void MemberGenerator::begin_before_healthy() {
  planned_.push_back(wait(1s));
  const auto plan = [this](GroupStep step) {
    step.is_early = true;
    planned_.push_back(std::move(step));
  };
  plan(at(1, Kind::member_add, adding(fresh_url(), false)));
  plan(at(2, Kind::member_add, adding(fresh_url(), true)));
  plan(at(1, Kind::member_remove, removing(2)));
  plan(at(3, Kind::member_remove, removing(3)));
  planned_.push_back(wait(kHealthyTime));
  has_waited_ = true;
}

// Promoted too early and in time, and what a learner answers meanwhile.
void MemberGenerator::begin_learner_story() {
  planned_.push_back(at(1, Kind::member_add, adding(MemberNames::peer(kReserve), true)));
  planned_.push_back(at(1, Kind::member_promote, promoting(kReserve)));
  planned_.push_back({Act::start_last, 1, {}, {}, false});
  planned_.push_back(wait(1s));
  planned_.push_back(at(kReserve, Kind::member_list, MemberListRequest()));
  planned_.push_back(at(kReserve, Kind::member_add, adding(fresh_url(), false)));
  planned_.push_back(at(kReserve, Kind::member_remove, removing(1)));
  planned_.push_back(at(kReserve, Kind::member_update, MemberUpdateRequest()));
  planned_.push_back(at(kReserve, Kind::member_promote, promoting(kReserve)));
  planned_.push_back(at(1, Kind::member_list, MemberListRequest()));
  planned_.push_back(at(1, Kind::member_promote, promoting(kReserve)));
  planned_.push_back(wait(500ms));
  planned_.push_back(at(1, Kind::member_promote, promoting(kReserve)));
  planned_.push_back(at(kReserve, Kind::member_list, MemberListRequest()));
  planned_.push_back(at(kReserve, Kind::member_promote, promoting(kReserve)));
}

std::optional<GroupStep> MemberGenerator::next(const GroupView& view) {
  if (!planned_.empty()) {
    GroupStep step = std::move(planned_.front());
    planned_.pop_front();
    return step;
  }
  // A few before connections are healthy, the others long after.
  const bool is_alone = story_ == Story::alone;
  if (is_strict_ && !is_alone && !has_waited_ && dice_.chance(34)) {
    has_waited_ = true;
    return wait(kHealthyTime);
  }
  if (!view.has_quorum() && !has_lost_quorum_) {
    has_lost_quorum_ = true;
    left_ = std::min<std::uint64_t>(left_, is_strict_ ? 4 : 1);
    if (is_patient_ || dice_.chance(50)) return wait(kElectionTime);
  }
  if (left_ == 0) return std::nullopt;
  --left_;
  if (view.has_quorum() && dice_.chance(2) && view.voters() == view.members.size()) {
    add_and_remove_in_one_second(view);
    return next(view);
  }
  GroupStep step = draw(view);
  step.is_patient = is_patient_ && !view.has_quorum() && step.request.kind != Kind::member_list;
  return step;
}

GroupStep MemberGenerator::draw(const GroupView& view) {
  // To etcd 3.4 no voter can be added beside one that does not run, so it does not stay for long.
  if (is_strict_ && story_ == Story::three && view.running_voters() < view.voters() && view.has_quorum() && dice_.chance(40)) {
    const auto is_idle = [&](const Member& each) { return !each.islearner() && view.running.count(each.id()) == 0; };
    return ask(Kind::member_remove, removing(std::find_if(view.members.begin(), view.members.end(), is_idle)->id()), view);
  }
  const std::uint64_t what = dice_.below(100);
  GroupStep step = what < 34   ? add(view)
                   : what < 55 ? remove(view)
                   : what < 73 ? update(view)
                   : what < 90 ? promote(view)
                               : ask(Kind::member_list, MemberListRequest(), view);
  if (step.request.kind == Kind::member_list && dice_.chance(50)) std::get<MemberListRequest>(step.request.body).set_linearizable(true);
  return step;
}

// The member that comes would have the id of the one that went.
void MemberGenerator::add_and_remove_in_one_second(const GroupView& view) {
  const std::string url = fresh_url();
  planned_.push_back({Act::wait_for_second, 1, {}, {}, false});
  const auto plan = [this](GroupStep step) {
    step.is_in_second = true;
    planned_.push_back(std::move(step));
  };
  const std::size_t member = ask(Kind::member_list, MemberListRequest(), view).member;
  plan(at(member, Kind::member_add, adding(url, true)));
  plan(at(member, Kind::member_remove, removing(view.newest + 1)));
  plan(at(member, Kind::member_add, adding(url, true)));
}

GroupStep MemberGenerator::add(const GroupView& view) {
  MemberAddRequest out;
  out.set_islearner(dice_.chance(story_ == Story::alone ? 80 : 55));  // alone a second voter is the end of the quorum
  const std::uint64_t what = dice_.below(100);
  if (what < 5) return ask(Kind::member_add, out, view);  // without any URL
  if (what < 22) {
    // Seldom one that ours refuses and etcd takes: that is the end of the story. With another, so that no id is given twice in a second.
    const bool is_odd = dice_.chance(15);
    if (is_odd || dice_.chance(30)) out.add_peerurls(fresh_url());
    out.add_peerurls(is_odd ? dice_.pick(kOddUrls) : dice_.pick(kMalformedUrls));
  } else if (what < 38) {
    // Alone only those of who was there at first: others may have that very id, within a second.
    const std::string url = any_url(dice_, view);
    const bool is_peer = url.rfind("http://peer-", 0) == 0;
    if (!is_peer || dice_.chance(30)) out.add_peerurls(fresh_url());
    out.add_peerurls(url);
  } else {
    out.add_peerurls(fresh_url());
    if (what < 50) out.add_peerurls(fresh_url());
    if (what < 44) out.add_peerurls("http://a:1");  // before the others
    if (what >= 50 && what < 58) out.add_peerurls(out.peerurls(0));
  }
  return ask(Kind::member_add, out, view);
}

std::uint64_t MemberGenerator::draw_id(const GroupView& view, unsigned unknown_percent) {
  if (dice_.chance(unknown_percent)) return kUnknown;
  if (!view.removed.empty() && dice_.chance(15)) return view.removed[dice_.below(view.removed.size())];
  return any_member(dice_, view).id();
}

GroupStep MemberGenerator::remove(const GroupView& view) {
  std::uint64_t number = draw_id(view, 15);
  // Seldom one that runs: there are few, and the group must go on.
  if (view.running.size() > 1 && view.running.count(number) > 0 && !dice_.chance(10)) number = kUnknown;
  // That ends etcd.
  const Member* const member = view.find(number);
  if (!is_strict_ && member != nullptr && !member->islearner() && view.voters() == 1 && !dice_.chance(10)) number = kUnknown;
  GroupStep step = ask(Kind::member_remove, removing(number), view);
  if (view.running.size() == 1 || view.running.count(number) == 0) return step;
  // Asked at another, which goes on.
  const auto is_other = [&](const Member& each) { return !each.islearner() && each.id() != number && view.running.count(each.id()) > 0; };
  const auto other = std::find_if(view.members.begin(), view.members.end(), is_other);
  if (other == view.members.end()) return ask(Kind::member_remove, removing(kUnknown), view);
  step.member = static_cast<std::size_t>(other->id());
  planned_.push_back(wait(kElectionTime));
  return step;
}

GroupStep MemberGenerator::update(const GroupView& view) {
  MemberUpdateRequest out;
  out.set_id(draw_id(view, 12));
  const Member* member = view.find(out.id());
  if (member != nullptr && member->islearner() && !dice_.chance(20)) {
    out.set_id(view.members.front().id());  // etcd 3.4 makes the learner a voter, and the story ends
    member = view.find(out.id());
  }
  const std::uint64_t what = dice_.below(100);
  // Those that run among others must remain reachable.
  const bool keeps = member != nullptr && (what < 25 || (view.running.size() > 1 && view.running.count(out.id()) > 0));
  if (keeps) {
    *out.mutable_peerurls() = member->peerurls();
  } else if (what < 45) {
    out.add_peerurls(any_url(dice_, view));
  } else if (what < 52) {
    // none at all
  } else if (what < 64) {
    out.add_peerurls(dice_.chance(50) ? dice_.pick(kOddUrls) : dice_.pick(kMalformedUrls));
  } else {
    out.add_peerurls(fresh_url());
    if (what < 80) out.add_peerurls(dice_.chance(50) ? "http://a:1" : out.peerurls(0));
  }
  return ask(Kind::member_update, out, view);
}

GroupStep MemberGenerator::promote(const GroupView& view) { return ask(Kind::member_promote, promoting(draw_id(view, 20)), view); }

// Some voter that runs.
GroupStep MemberGenerator::ask(Kind kind, Body body, const GroupView& view) {
  std::vector<std::uint64_t> voters;
  for (const std::uint64_t number : view.running) {
    const Member* const member = view.find(number);
    if (member != nullptr && !member->islearner()) voters.push_back(number);
  }
  const std::size_t member = voters.empty() ? 1 : static_cast<std::size_t>(voters[dice_.below(voters.size())]);
  return at(member, kind, std::move(body));
}

std::string MemberGenerator::fresh_url() { return "http://127.0.0.1:" + std::to_string(port_++); }

}  // namespace property_tests::differential
