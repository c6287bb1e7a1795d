// seats_sim: the seats in the simulator.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "apps/examples/seats/seats.h"
#include "apps/runs/program.h"
#include "sim/plain.h"

namespace {

using std::chrono::milliseconds;

// A second opinion: it keeps the commands, and looks through them for each answer.
class Judge final : public sim::PlainJudge {
 public:
  explicit Judge(sim::PlainRun& run) : run_(run) {}

  void on_committed(base::LogIndex index, std::string_view command) override { commands_[index.value()] = command; }

  // Whoever asks now has to see what anybody has been told by now.
  void on_asked(const sim::PlainRequest& request) override { known_before_[request.name] = known_; }

  void on_answered(const sim::PlainRequest& request, std::string_view answer) override {
    const std::uint64_t index = index_of(answer);
    const std::uint64_t before = known_before_[request.name];
    if (request.is_read) {
      run_.check(index >= before, "a read was answered as of index " + std::to_string(index) + ", and " + std::to_string(before) + " had been told before");
      run_.check(answer == expected(index, {}), "a read was told " + std::string(answer) + "; right is " + expected(index, {}));
    } else {
      const std::string seat = seat_of(request.text);
      run_.check(index > before && commands_[index] == request.text, "a write was told of index " + std::to_string(index) + ", which is another's");
      run_.check(answer == expected(index, seat), "(" + request.text + ") was told " + std::string(answer) + "; right is " + expected(index, seat));
    }
    known_ = std::max(known_, index);
  }

  void on_left(base::LogIndex applied, std::string_view answer) override {
    run_.check(answer == expected(applied.value(), {}), "a member left " + std::string(answer) + "; right is " + expected(applied.value(), {}));
  }

 private:
  static std::uint64_t index_of(std::string_view answer) {
    std::istringstream in{std::string(answer)};
    std::uint64_t index = 0;
    in >> index;
    return index;
  }
  static std::string seat_of(const std::string& command) {
    std::istringstream in(command);
    std::string what, seat;
    in >> what >> seat;
    return seat;
  }
  // Who has the seat behind this index: the first who wanted it since it was left.
  std::string holder(const std::string& seat, std::uint64_t index) const {
    std::string holder;
    for (auto command = commands_.begin(); command != commands_.end() && command->first <= index; ++command) {
      if (holder.empty() && command->second.starts_with("take " + seat + " ")) holder = command->second.substr(("take " + seat + " ").size());
      if (!holder.empty() && command->second == "leave " + seat + " " + holder) holder.clear();
    }
    return holder;
  }
  // `only`: of this seat; empty: of all.
  std::string expected(std::uint64_t index, const std::string& only) const {
    std::set<std::string> seats;
    for (const auto& command : commands_) seats.insert(seat_of(command.second));
    std::string answer = std::to_string(index);
    for (const std::string& seat : seats) {
      if (const std::string who = holder(seat, index); !who.empty() && (only.empty() || seat == only)) answer += " " + seat + "=" + who;
    }
    return answer;
  }

  sim::PlainRun& run_;
  std::map<std::uint64_t, std::string> commands_;  // by log index
  std::map<sim::OperationName, std::uint64_t> known_before_;
  std::uint64_t known_ = 0;  // the highest index that anybody was told
};

// Few seats and few names, so that they meet.
void draw(sim::Draft& draft) {
  for (std::uint32_t client = 0; client < draft.processes(); ++client) {
    for (std::uint64_t i = 0; i < 60; ++i) {
      const std::string seat = std::to_string(draft.below("seat", {client, i}, 4));
      const std::string name = "n" + std::to_string(draft.below("name", {client, i}, 3));
      const std::uint64_t what = draft.below("what", {client, i}, 10);
      const std::string line = what < 2 ? "read" : (what < 6 ? "write take " : "write leave ") + seat + " " + name;
      draft.add(client, draft.between("at", {client, i}, milliseconds(500), draft.faults_until()), line);
    }
    draft.add(client, draft.faults_until() + milliseconds(500), "write take 0 n0");  // in the calm
    draft.add(client, draft.faults_until() + milliseconds(500), "read");
  }
  draft.disturb_processes();
}

}  // namespace

int main(int argc, char** argv) {
  runs::Program program{"seats_sim", SEATS_BUILD, {}};
  sim::PlainKind kind;
  kind.name = "seats";
  kind.service = seats::kService;
  kind.promise = "a seat is given to one, and whoever asks is told so";
  kind.make_machine = sim::make_plain_machine<seats::Seats>;
  kind.draw = draw;
  kind.make_judge = [](sim::PlainRun& run) -> std::unique_ptr<sim::PlainJudge> { return std::make_unique<Judge>(run); };
  program.scenarios.push_back(sim::make_scenario(kind));
  if (argc > 1) return runs::run(program, argc, argv);
  std::printf("%s", runs::usage(program).c_str());
  return 0;
}
