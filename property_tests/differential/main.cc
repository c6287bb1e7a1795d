// Differential test: our server and a real etcd 3.4 get the same requests and must give the same answers.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "property_tests/differential/command_line.h"
#include "property_tests/differential/generator.h"
#include "property_tests/differential/run.h"
#include "property_tests/differential/shrink.h"

namespace property_tests::differential {

namespace {

constexpr std::string_view kUsage =
    "usage: differential LOCKSTEPD ETCD [--requests N] [--seed N] [--each N] [--epoch N] [--only KIND,KIND…]\n"
    "\n"
    "Both servers get the same requests; every answer must be the same, apart from ids and raft terms and from the\n"
    "differences between etcd 3.4 and 3.7 that the table at the end lists. With an etcd in place of ours as well, the\n"
    "claims and the table itself are tested: rows of 3.7 stay empty then.\n"
    "  --requests N  how many (3000)\n"
    "  --seed N      the same seed, the same requests (1)\n"
    "  --each N      fail when a row of the coverage table was produced less often (0)\n"
    "  --epoch N     so many requests to one pair of fresh servers (1000)\n"
    "  --only LIST   of range, range_stream, put, delete, txn, compact, hash, raw (all)\n";

struct Options {
  Programs programs;
  std::uint64_t requests = 3000;
  std::uint64_t seed = 1;
  std::uint64_t each = 0;
  std::uint64_t epoch = 1000;
  std::set<Kind> kinds{std::begin(kKinds), std::end(kKinds)};
};

bool parse_kinds(std::string_view text, std::set<Kind>& out) {
  out.clear();
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::size_t known = out.size();
    for (const Kind kind : kKinds) {
      if (to_text(kind) == text.substr(0, comma)) out.insert(kind);
    }
    if (out.size() == known) return false;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return !out.empty();
}

std::optional<Options> parse(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2 || arguments.size() % 2 != 0) return std::nullopt;
  Options out;
  out.programs = programs_of(arguments);
  for (std::size_t i = 2; i < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    const std::string& value = arguments[i + 1];
    const bool ok = name == "--requests" ? parse_number(value, out.requests)
                    : name == "--seed"   ? parse_number(value, out.seed)
                    : name == "--each"   ? parse_number(value, out.each)
                    : name == "--epoch"  ? parse_number(value, out.epoch) && out.epoch > 0
                    : name == "--only"   ? parse_kinds(value, out.kinds)
                                         : false;
    if (!ok) return std::nullopt;
  }
  return out;
}

// Runs a list of steps from fresh servers on, and remembers what was different.
class Replay final : public StillFails {
 public:
  Replay(io::real::RealWorld& world, const Programs& programs) : world_(world), programs_(programs) {}

  bool operator()(const std::vector<Step>& steps) override {
    std::fputc('.', stdout);
    std::fflush(stdout);
    Run run(world_, programs_, nullptr);
    for (const Step& step : steps) {
      if (run.step(step)) return true;
    }
    return false;
  }

  void print(const std::vector<Step>& steps) {
    Run run(world_, programs_, nullptr);
    int number = 0;
    for (const Step& step : steps) {
      const std::optional<Difference> difference = run.step(step);
      std::printf("%3d. %s\n", ++number, to_text(difference ? difference->request : step.request).c_str());
      if (difference) {
        std::printf("%s", difference->what.c_str());
        return;
      }
    }
    std::printf("   no difference this time\n");
  }

 private:
  io::real::RealWorld& world_;
  Programs programs_;
};

void report(io::real::RealWorld& world, const Options& options, std::vector<Step> steps, const Difference& difference) {
  std::printf("\nrequest %zu of its epoch is answered differently:\n  %s\n%s\nshrinking", steps.size(), to_text(difference.request).c_str(),
              difference.what.c_str());
  Replay replay(world, options.programs);
  constexpr std::size_t kQuestionsMax = 300;
  if (replay(steps)) {
    steps = shrink(std::move(steps), replay, kQuestionsMax);
    std::printf("\n%zu requests from fresh servers on show it (revisions beyond 10^15 count from the newest):\n", steps.size());
    replay.print(steps);
  } else {
    std::printf("\nthe same requests to fresh servers do not show it again\n");
  }
}

int run(const Options& options) {
  const io::real::DataDirectory none = io::real::DataDirectory::none();
  io::real::RealWorld world(none, {});
  Coverage coverage(options.kinds);
  std::uint64_t done = 0;
  for (std::uint64_t epoch = 0; done < options.requests; ++epoch) {
    Generator generator(options.seed, epoch, options.kinds);
    Run servers(world, options.programs, &coverage);
    std::vector<Step> steps;
    for (std::uint64_t i = 0; i < options.epoch && done < options.requests; ++i, ++done) {
      steps.push_back(generator.next());
      const std::optional<Difference> difference = servers.step(steps.back());
      if (!difference) continue;
      report(world, options, std::move(steps), *difference);
      std::printf("seed %llu failed at request %llu; again: --seed %llu --epoch %llu --requests %llu\n",
                  static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(done + 1),
                  static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(options.epoch),
                  static_cast<unsigned long long>(done + 1));
      return 1;
    }
  }
  const std::size_t too_few = coverage.print(options.each);
  std::printf("%llu requests, no unexpected difference; rows produced less than %llu times: %zu\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(options.each), too_few);
  return too_few == 0 ? 0 : 1;
}

}  // namespace

}  // namespace property_tests::differential

int main(int argc, char** argv) {
  namespace differential = property_tests::differential;
  return differential::run_program(argc, argv, differential::kUsage, differential::parse, differential::run);
}
