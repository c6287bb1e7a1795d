// Differential test of watches: a server of ours and a real etcd 3.4 get the same changes and the same watches, and each watcher must be told
// the same, in the same order.
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/kv.pb.h"
#include "property_tests/differential/command_line.h"
#include "property_tests/differential/watch_generator.h"
#include "property_tests/differential/watch_side.h"

namespace property_tests::differential {

namespace {

constexpr std::string_view kWatchUsage =
    "usage: differential_watches LOCKSTEPD ETCD [--requests N] [--seed N] [--each N] [--epoch N]\n"
    "\n"
    "Both servers get the same requests; what each watcher is told must be the same, answer for answer and event for event.\n"
    "How events are grouped into answers and what a catching-up header says is each server's own; that a revision\n"
    "is never split and never goes back is checked for both. Not compared: what 3.4.23 does otherwise than 3.7, which is\n"
    "requests for progress (answered ahead of events) and negative start revisions (not refused).\n"
    "  --requests N  how many (2000)\n"
    "  --seed N      the same seed, the same requests (1)\n"
    "  --each N      fail when a row of the table was produced less often (0)\n"
    "  --epoch N     so many requests to one pair of fresh servers (500)\n";

struct WatchTestOptions {
  Programs programs;
  std::uint64_t requests = 2000;
  std::uint64_t seed = 1;
  std::uint64_t each = 0;
  std::uint64_t epoch = 500;
};

std::optional<WatchTestOptions> parse_watch_options(const std::vector<std::string>& arguments) {
  WatchTestOptions out;
  if (!parse_numbers(arguments, {{"--requests", &out.requests}, {"--seed", &out.seed}, {"--each", &out.each}, {"--epoch", &out.epoch}})) return std::nullopt;
  out.programs = programs_of(arguments);
  return out;
}

// A pair of fresh servers, and what is known of their stores.
class WatchPair {
 public:
  WatchPair(io::real::RealWorld& world, const Programs& programs)
      : ours_(world, programs.ours, programs.parent), theirs_(world, programs.theirs, programs.parent) {}

  std::int64_t revision() const { return revision_; }
  std::int64_t compacted() const { return compacted_; }

  // Empty: they agree.
  std::string step(const WatchStep& step) {
    const bool is_compaction = step.path == "/etcdserverpb.KV/Compact";
    // Whoever has just begun in the past is not to be overtaken by it in one of them only: etcd looks for such watchers ten times a second.
    if (is_compaction) theirs_.wait(std::chrono::milliseconds(300));
    if (step.path.empty()) {
      // What is asked on a stream and what is written are not ordered, so the answer comes first. There may be none, to a cancel of nobody.
      const std::uint64_t before = ours_.answers(step.stream);
      ours_.send(step.stream, step.request);
      theirs_.send(step.stream, step.request);
      const bool is_answered = ours_.wait_for_answers(step.stream, before + 1, std::chrono::milliseconds(20));
      if (!theirs_.wait_for_answers(step.stream, before + (is_answered ? 1 : 0), std::chrono::seconds(10))) return "  etcd does not answer\n" + differences();
    } else {
      const WatchSide::Unary ours = ours_.ask(step.path, step.message);
      const WatchSide::Unary theirs = theirs_.ask(step.path, step.message);
      if (!(ours.status == theirs.status)) return "  ours: " + rpc::to_text(ours.status) + "\n  etcd: " + rpc::to_text(theirs.status) + "\n";
      if (is_compaction && ours.status.code == rpc::StatusCode::ok) {
        etcdserverpb::CompactionRequest request;
        request.ParseFromString(step.message);
        compacted_ = request.revision();
      }
    }
    return settle();
  }

 private:
  std::string settle() {
    etcdserverpb::PutRequest barrier;
    barrier.set_key(std::string(kBarrierKey));
    for (WatchSide* const side : {&ours_, &theirs_}) {
      const WatchSide::Unary answer = side->ask("/etcdserverpb.KV/Put", barrier.SerializeAsString());
      etcdserverpb::PutResponse response;
      if (answer.status.code != rpc::StatusCode::ok || !response.ParseFromString(answer.message)) return "  no barrier: " + rpc::to_text(answer.status) + "\n";
      if (side == &theirs_ && response.header().revision() != revision_) return "  the stores stand at different revisions\n";
      revision_ = response.header().revision();
      if (!side->wait_for_barrier(revision_)) return std::string("  ") + (side == &ours_ ? "ours" : "etcd") + " does not tell of the barrier\n";
      if (!side->broken().empty()) return std::string("  ") + (side == &ours_ ? "ours: " : "etcd: ") + side->broken() + "\n";
    }
    // Whoever begins in the past is told when the servers come to it: etcd looks ten times a second.
    constexpr int kLooks = 300;
    for (int look = 0; !is_equal(); ++look) {
      if (look == kLooks) return differences();
      ours_.wait(std::chrono::milliseconds(10));
      theirs_.wait(std::chrono::milliseconds(10));
    }
    return {};
  }
  bool is_equal() const {
    for (std::size_t i = 0; i < kStreams; ++i) {
      if (ours_.told(i) != theirs_.told(i)) return false;
    }
    return true;
  }
  std::string differences() const {
    std::string out;
    for (std::size_t i = 0; i < kStreams; ++i) {
      Told ours;
      Told theirs;
      for (const Told* const all : {&ours_.told(i), &theirs_.told(i)}) {
        for (const auto& one : *all) {
          const auto a = ours_.told(i).find(one.first);
          const auto b = theirs_.told(i).find(one.first);
          if (a != ours_.told(i).end() && b != theirs_.told(i).end() && a->second == b->second) continue;
          if (a != ours_.told(i).end()) ours.insert(*a);
          if (b != theirs_.told(i).end()) theirs.insert(*b);
        }
      }
      if (!ours.empty() || !theirs.empty()) out += "  stream " + std::to_string(i) + ", ours:\n" + to_text(ours) + "  etcd:\n" + to_text(theirs);
    }
    return out;
  }

  WatchSide ours_;
  WatchSide theirs_;
  std::int64_t revision_ = 1;
  std::int64_t compacted_ = 0;
};

int run_watch_test(const WatchTestOptions& options) {
  const io::real::DataDirectory none = io::real::DataDirectory::none();
  io::real::RealWorld world(none, {});
  std::map<std::string_view, std::uint64_t> counts;
  for (const std::string_view row : watch_rows()) counts[row] = 0;
  std::uint64_t done = 0;
  for (std::uint64_t epoch = 0; done < options.requests; ++epoch) {
    WatchGenerator generator(options.seed, epoch);
    WatchPair pair(world, options.programs);
    std::vector<WatchStep> steps;
    for (std::uint64_t i = 0; i < options.epoch && done < options.requests; ++i, ++done) {
      steps.push_back(generator.next(pair.revision(), pair.compacted()));
      for (const std::string_view row : steps.back().rows) ++counts.at(row);
      const std::string difference = pair.step(steps.back());
      if (difference.empty()) continue;
      int number = 0;
      for (const WatchStep& one : steps) std::printf("%3d. %s\n", ++number, to_text(one).c_str());
      std::printf("%s", difference.c_str());
      std::printf("seed %llu failed at request %llu; again: --seed %llu --epoch %llu --requests %llu\n",
                  static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(done + 1),
                  static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(options.epoch),
                  static_cast<unsigned long long>(done + 1));
      return 1;
    }
  }
  std::uint64_t too_few = 0;
  for (const auto& one : counts) {
    std::printf("%6llu  %.*s\n", static_cast<unsigned long long>(one.second), static_cast<int>(one.first.size()), one.first.data());
    if (one.second < options.each) ++too_few;
  }
  std::printf("%llu requests, no difference; rows produced less than %llu times: %llu\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(options.each), static_cast<unsigned long long>(too_few));
  return too_few == 0 ? 0 : 1;
}

}  // namespace

}  // namespace property_tests::differential

int main(int argc, char** argv) {
  namespace differential = property_tests::differential;
  return differential::run_program(argc, argv, differential::kWatchUsage, differential::parse_watch_options, differential::run_watch_test);
}
