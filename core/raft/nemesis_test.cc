// Property: whatever is lost, late, doubled or forgotten, Raft keeps its promises (test_group.h), and once all is well again the
//   group gets a leader and goes on.
// Method: a group of one to seven members and two that may join; single messages, writes and ticks in a drawn order; each run has its
//   own rates, with some of them switched off. Runs until it has made its steps; a failure names the seed of its run.
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <unistd.h>

#include "core/base/hash.h"
#include "core/raft/test_group.h"

namespace raft {
namespace {

constexpr std::uint64_t kStepsPerRun = 10'000;
constexpr std::size_t kMessagesMax = 300;

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return base::mix64(seed_, ++count_) % bound; }
  bool one_in(std::uint64_t bound) { return below(bound) == 0; }

 private:
  const std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

enum class Act : std::uint8_t {
  deliver, persist, tick, propose, read, lose, twice, crash, start, cut, heal, drop_log, snapshot, transfer, change, unreachable,
};
constexpr std::size_t kActCount = 16;

class Run {
 public:
  explicit Run(std::uint64_t seed)
      : draws_(base::mix64(seed, 1)), voters_(1 + draws_.below(7)), group_(voters(voters_), limits(), seed) {
    // Weights of a healthy group; what is rare is drawn per run, and half of it is off.
    weights_ = {400 + draws_.below(800), 200 + draws_.below(400), 20 + draws_.below(200), 10 + draws_.below(40), 20, 0, 0, 0, 12, 0, 6, 0, 20, 0, 0, 0};
    for (const Act act : {Act::lose, Act::twice, Act::crash, Act::cut, Act::drop_log, Act::transfer, Act::change, Act::unreachable}) {
      constexpr std::array<std::uint64_t, kActCount> kMost = {0, 0, 0, 0, 0, 150, 40, 12, 0, 12, 0, 60, 0, 6, 60, 60};
      if (draws_.one_in(2)) weights_[static_cast<std::size_t>(act)] = 1 + draws_.below(kMost[static_cast<std::size_t>(act)]);
    }
    keeps_order_ = draws_.one_in(3);
    for (std::uint64_t id = voters_ + 1; id <= voters_ + 2; ++id) group_.start(member(id));
  }

  // Empty when all went well.
  std::string go() {
    std::uint64_t total = 0;
    for (const std::uint64_t weight : weights_) total += weight;
    for (std::uint64_t i = 0; i < kStepsPerRun && group_.failure().empty(); ++i) {
      std::uint64_t draw = draws_.below(total);
      std::size_t act = 0;
      while (draw >= weights_[act]) draw -= weights_[act++];
      perform(static_cast<Act>(act));
    }
    if (!group_.failure().empty()) return group_.failure();
    return recover();
  }

  std::map<std::string, std::uint64_t>& marks() { return group_.marks(); }
  std::uint64_t committed() const { return group_.committed().size(); }
  std::string to_text() const { return group_.to_text(); }
  std::uint64_t reads() const { return group_.read_count(); }

 private:
  TestGroup::Limits limits() {
    TestGroup::Limits out;
    out.election_ticks = static_cast<std::uint32_t>(2 + draws_.below(6));
    out.flow.append_bytes_max = 1 + draws_.below(60);
    out.flow.in_flight_appends_max = 1 + draws_.below(6);
    out.flow.in_flight_bytes_max = 1 + draws_.below(200);
    out.uncommitted_bytes_max = 20 + draws_.below(1000);
    return out;
  }
  base::MemberId any() { return member(1 + draws_.below(voters_ + 2)); }
  // Half of the time the leader, where most can go wrong.
  base::MemberId any_up() {
    if (const base::MemberId leader = group_.leader(); leader != base::MemberId::none && draws_.one_in(2)) return leader;
    for (int i = 0; i < 20; ++i) {
      if (const base::MemberId id = any(); group_.is_up(id)) return id;
    }
    return base::MemberId::none;
  }

  void perform(Act act) {
    const base::MemberId id = any_up();
    if (id == base::MemberId::none && act != Act::start) return;
    auto& network = group_.network();
    while (network.size() > kMessagesMax) network.pop_front();
    const std::size_t place = network.empty() ? 0 : keeps_order_ ? 0 : draws_.below(network.size());
    switch (act) {
      case Act::deliver:
      case Act::twice:
      case Act::lose: {
        if (network.empty()) return;
        const TestGroup::Envelope envelope = network[place];
        if (act != Act::twice) network.erase(network.begin() + static_cast<std::ptrdiff_t>(place));
        if (act == Act::twice && std::holds_alternative<ForwardedProposal>(envelope.message)) return;  // as message.h says
        const bool is_cut = cut_.count({envelope.from, envelope.to}) > 0;
        if (act != Act::lose && !is_cut) group_.deliver(envelope);
        return;
      }
      case Act::persist: {
        const base::MemberId one = any();
        return group_.is_up(one) ? group_.persist(one, 1 + draws_.below(3)) : void();
      }
      case Act::tick: {
        // All alike, or a leader would never be late.
        const base::MemberId one = any();
        return group_.is_up(one) ? group_.tick(one) : void();
      }
      case Act::propose: return group_.propose(id);
      case Act::read: return group_.read(id);
      case Act::crash: ++marks()["crash"]; return group_.crash(id);
      case Act::start: {
        if (const base::MemberId one = any(); !group_.is_up(one)) group_.start(one);
        return;
      }
      case Act::cut: ++marks()["cut"]; cut_.insert({id, any()}); return;
      case Act::heal: return cut_.clear();
      case Act::drop_log: return group_.drop_through(id, base::LogIndex(draws_.below(group_.raft(id).committed().value() + 1)));
      case Act::snapshot: return group_.answer_snapshot_wish(!draws_.one_in(4));
      case Act::transfer: ++marks()["transfer"]; return group_.step(id, TransferLeadership{any()});
      case Act::unreachable: {
        const base::MemberId peer = any();
        return group_.step(id, Unreachable{peer});
      }
      case Act::change: return change(id);
    }
  }

  // Each member out, a learner or a voter, by chance; a leader that asks goes itself as often as not.
  void change(base::MemberId id) {
    Configuration target;
    for (std::uint64_t one = 1; one <= voters_ + 2; ++one) {
      const std::uint64_t kind = draws_.below(member(one) == id ? 2 : 6);
      if (kind > 0) target.members.push_back(Member{member(one), kind == 1 && member(one) != id, "m", false, false});
    }
    if (target.voter_count() == 0) return;
    group_.step(id, ProposeConfiguration{target});
    if (!group_.last_output().proposal_refused) ++marks()["change begun"];
  }

  // All members up, all links whole, everything in order.
  std::string recover() {
    for (const base::MemberId id : group_.members()) {
      if (!group_.is_up(id)) group_.start(id);
    }
    constexpr std::size_t kRoundsMax = 400;
    const bool is_led = group_.run(kRoundsMax, [&] { return group_.leader() != base::MemberId::none; });
    if (!is_led) return "no leader, although all is well";
    const std::size_t before = group_.committed().size();
    const std::uint64_t reads = group_.read_count();
    std::size_t asked = 0;
    const bool goes_on = group_.run(kRoundsMax, [&] {
      const base::MemberId leader = group_.leader();
      if (leader == base::MemberId::none) return false;
      if (asked++ % 8 == 0) group_.propose(leader), group_.read(leader);
      const Raft& raft = group_.raft(leader);
      if (group_.committed().size() <= before || group_.read_count() <= reads || raft.configuration().is_joint()) return false;
      for (const Member& one : raft.configuration().members) {
        if (group_.raft(one.id).committed() != raft.committed()) return false;
      }
      return raft.committed() == raft.log().last().index;
    });
    if (!group_.failure().empty()) return group_.failure();
    return goes_on ? "" : "no progress, although all is well";
  }

  Draws draws_;
  const std::uint64_t voters_;
  TestGroup group_;
  std::array<std::uint64_t, kActCount> weights_ = {};
  bool keeps_order_ = false;
  std::set<std::pair<base::MemberId, base::MemberId>> cut_;
};

std::uint64_t current_seed = 0;
const char* program = "";

void say_seed() {
  std::printf("seed %llu failed; again: %s --steps 1 --seed %llu\n", static_cast<unsigned long long>(current_seed), program,
              static_cast<unsigned long long>(current_seed));
  std::fflush(stdout);
}

int run_all(std::uint64_t steps, std::uint64_t first_seed) {
  std::map<std::string, std::uint64_t> marks;
  std::uint64_t runs = 0;
  for (; runs * kStepsPerRun < steps; ++runs) {
    current_seed = first_seed + runs;
    Run run(current_seed);
    if (const std::string failure = run.go(); !failure.empty()) {
      std::printf("%s\n%s", failure.c_str(), run.to_text().c_str());
      say_seed();
      return 1;
    }
    for (const auto& mark : run.marks()) marks[mark.first] += mark.second;
    marks["reads answered"] += run.reads();
  }
  std::printf("%llu runs of %llu steps:", static_cast<unsigned long long>(runs), static_cast<unsigned long long>(kStepsPerRun));
  for (const auto& mark : marks) std::printf(" %s %llu,", mark.first.c_str(), static_cast<unsigned long long>(mark.second));
  std::printf(" no promise broken\n");
  // What no run reaches is not tested.
  constexpr std::uint64_t kEnoughRuns = 50;
  for (const char* mark : {"leader elected", "committed", "reads answered", "snapshot installed", "change begun", "crash", "cut", "transfer", "log dropped"}) {
    if (runs < kEnoughRuns || marks[mark] > 0) continue;
    std::printf("never happened: %s\n", mark);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace raft

int main(int argc, char** argv) {
  std::uint64_t steps = 2'000'000;
  std::uint64_t seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    (name == "--steps" ? steps : seed) = std::strtoull(argv[i + 1], nullptr, 10);
  }
  raft::program = argv[0];
  std::signal(SIGABRT, [](int) {
    raft::say_seed();
    ::_exit(1);
  });
  return raft::run_all(steps, seed);
}
