// The scenarios in traces/raft: a command per line behind `> `, and below it exactly what followed.
//
//   group 1 2 3 [+ 4]           starts these voters [and learners]          join 4        a member that is not of the group
//   tick 1 [N [JITTER]]         N ticks, one without                        state         of every member, one line each
//   propose 1 · read 1          a command; a linearizable read              persist 1     all its writes are durable (`all`: of all)
//   deliver [1 2]               every message that is under way now [from 1 to 2], in order
//   lose [1 2]                  likewise                                    settle        persist and deliver until nothing is left
//   crash 1 · start 1           what was not durable is gone                transfer 1 2  1 is to let 2 lead
//   change 1 to 1 2 4 [+ 3]     another group, proposed at 1                forget 1 5    1 drops its log through index 5
//   snapshot sent · snapshot lost                                           cut 1 2 · heal   whatever goes between the two is lost
//
// After a change of behaviour: `raft_script_test traces/raft --record` writes what follows now, and each changed line wants an explanation.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/raft/test_group.h"

namespace raft {
namespace {

class Script {
 public:
  // What the file should say.
  std::string play(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("> ", 0) != 0) {
        // What followed last time; comments and empty lines stay.
        if (line.empty() || line[0] == '#') out_ += line + "\n";
        continue;
      }
      out_ += line + "\n";
      std::istringstream words(line.substr(2));
      words_.clear();
      for (std::string word; words >> word;) words_.push_back(word);
      perform();
      if (group_ != nullptr && !group_->failure().empty()) out_ += "BROKEN: " + group_->failure() + "\n";
    }
    return out_;
  }

 private:
  struct Seen {
    Role role = Role::follower;
    base::Term term;
    base::LogIndex committed;
  };

  static base::MemberId id(const std::string& word) { return member(std::stoull(word)); }
  base::MemberId id(std::size_t at) const { return id(words_.at(at)); }

  Configuration configuration(std::size_t from) const {
    Configuration out;
    bool is_learner = false;
    for (std::size_t i = from; i < words_.size(); ++i) {
      if (words_[i] == "+") is_learner = true;
      else out.members.push_back(Member{id(i), is_learner, "", false, false});
    }
    std::sort(out.members.begin(), out.members.end(), [](const Member& a, const Member& b) { return a.id < b.id; });
    return out;
  }

  void perform() {
    const std::string& command = words_.at(0);
    if (command == "group") {
      const Configuration initial = configuration(1);
      group_ = std::make_unique<TestGroup>(initial, TestGroup::Limits{}, 1);
      group_->on_step = [this](base::MemberId one) { tell_step(one); };
      for (const Member& one : initial.members) {
        if (one.is_learner) group_->start(one.id);
      }
    } else if (command == "join" || command == "start") {
      group_->start(id(1));
    } else if (command == "tick") {
      const int times = words_.size() > 2 ? std::stoi(words_[2]) : 1;
      const std::uint32_t jitter = words_.size() > 3 ? static_cast<std::uint32_t>(std::stoul(words_[3])) : 0;
      for (int i = 0; i < times; ++i) group_->step(id(1), Tick{jitter});
    } else if (command == "propose") {
      group_->propose(id(1));
    } else if (command == "read") {
      group_->read(id(1));
    } else if (command == "persist") {
      for (const base::MemberId one : group_->members()) {
        if ((words_.at(1) == "all" || one == id(1)) && group_->is_up(one)) group_->persist(one, group_->write_count(one));
      }
    } else if (command == "deliver" || command == "lose") {
      pass_messages(command == "deliver");
    } else if (command == "cut") {
      cut_.insert({id(1), id(2)});
      cut_.insert({id(2), id(1)});
    } else if (command == "heal") {
      cut_.clear();
    } else if (command == "settle") {
      for (int i = 0; i < 100 && (!group_->network().empty() || has_writes()); ++i) {
        for (const base::MemberId one : group_->members()) {
          if (group_->is_up(one)) group_->persist(one, group_->write_count(one));
        }
        words_ = {"deliver"};
        pass_messages(true);
      }
    } else if (command == "crash") {
      group_->crash(id(1));
    } else if (command == "transfer") {
      group_->step(id(1), TransferLeadership{id(2)});
    } else if (command == "change") {
      group_->step(id(1), ProposeConfiguration{configuration(3)});
    } else if (command == "forget") {
      group_->drop_through(id(1), base::LogIndex(std::stoull(words_.at(2))));
    } else if (command == "snapshot") {
      group_->answer_snapshot_wish(words_.at(1) == "sent");
    } else if (command == "state") {
      out_ += group_->to_text();
    } else {
      out_ += "unknown command\n";
    }
  }

  bool has_writes() const {
    const std::vector<base::MemberId> all = group_->members();
    return std::any_of(all.begin(), all.end(), [this](base::MemberId one) { return group_->write_count(one) > 0; });
  }

  void pass_messages(bool is_delivered) {
    std::deque<TestGroup::Envelope> now;
    now.swap(group_->network());
    for (const TestGroup::Envelope& envelope : now) {
      const bool is_meant = words_.size() < 3 || (envelope.from == id(1) && envelope.to == id(2));
      if (!is_meant) {
        group_->network().push_back(envelope);
      } else if (is_delivered && cut_.count({envelope.from, envelope.to}) == 0) {
        group_->deliver(envelope);
      }
    }
  }

  void tell_step(base::MemberId one) {
    const Raft& raft = group_->raft(one);
    std::istringstream effects(to_text(group_->last_output()));
    const std::string name = base::to_text(one) + "  ";
    for (std::string line; std::getline(effects, line);) out_ += name + line + "\n";
    Seen& seen = seen_[one];
    if (raft.role() != seen.role || raft.term() != seen.term) out_ += name + "is " + std::string(to_text(raft.role())) + " in term " + base::to_text(raft.term()) + "\n";
    if (raft.committed() != seen.committed) out_ += name + "has committed " + base::to_text(raft.committed()) + "\n";
    seen = {raft.role(), raft.term(), raft.committed()};
  }

  std::string out_;
  std::vector<std::string> words_;
  std::unique_ptr<TestGroup> group_;
  std::set<std::pair<base::MemberId, base::MemberId>> cut_;
  std::map<base::MemberId, Seen> seen_;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The first line that differs.
void show_difference(const std::string& expected, const std::string& played) {
  std::istringstream one(expected);
  std::istringstream other(played);
  std::string a;
  std::string b;
  for (int number = 1;; ++number) {
    const bool has_a = static_cast<bool>(std::getline(one, a));
    const bool has_b = static_cast<bool>(std::getline(other, b));
    if (has_a && has_b && a == b) continue;
    std::printf("  line %d: expected `%s`, and there came `%s`\n", number, has_a ? a.c_str() : "", has_b ? b.c_str() : "");
    return;
  }
}

int play_all(const std::filesystem::path& directory, bool is_recording) {
  std::set<std::filesystem::path> paths;
  for (const auto& file : std::filesystem::directory_iterator(directory)) paths.insert(file.path());
  int failed = 0;
  for (const std::filesystem::path& path : paths) {
    const std::string expected = read_file(path);
    const std::string played = Script().play(expected);
    if (is_recording) {
      std::ofstream(path) << played;
    } else if (played != expected || played.find("BROKEN") != std::string::npos) {
      std::printf("%s\n", path.filename().c_str());
      show_difference(expected, played);
      ++failed;
    }
  }
  // Counted as doctest counts, so that the tally counts scenarios.
  std::printf("[doctest] test cases: %zu | %zu passed | %d failed | 0 skipped\n", paths.size(), paths.size() - static_cast<std::size_t>(failed), failed);
  return failed == 0 && !paths.empty() ? 0 : 1;
}

}  // namespace
}  // namespace raft

// script_test DIRECTORY [--record]
int main(int argc, char** argv) { return argc < 2 ? 2 : raft::play_all(argv[1], argc > 2 && std::string(argv[2]) == "--record"); }
