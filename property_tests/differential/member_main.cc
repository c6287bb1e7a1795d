// Differential test of memberships: a cluster of ours and one of a real etcd 3.4 get the same requests to change them, and must give the
// same answers.
#include <cstdio>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "property_tests/differential/command_line.h"
#include "property_tests/differential/member_generator.h"
#include "property_tests/differential/member_run.h"

namespace property_tests::differential {

namespace {

constexpr std::string_view kUsage =
    "usage: differential_members LOCKSTEPD ETCD [--epochs N] [--first N] [--seed N] [--each N]\n"
    "\n"
    "Each epoch begins with a fresh cluster of both: one member or three, with --strict-reconfig-check or without, or one\n"
    "and a learner that starts. With an etcd in place of ours as well, the table itself is tested.\n"
    "  --epochs N  how many (26)\n"
    "  --first N   the number of the first (0)\n"
    "  --seed N    the same seed, the same requests (1)\n"
    "  --each N    fail when a row of the coverage table was produced less often (0)\n";

struct Options {
  Programs programs;
  std::uint64_t epochs = 26;
  std::uint64_t first = 0;
  std::uint64_t seed = 1;
  std::uint64_t each = 0;
};

std::optional<Options> parse(const std::vector<std::string>& arguments) {
  Options out;
  if (!parse_numbers(arguments, {{"--epochs", &out.epochs}, {"--first", &out.first}, {"--seed", &out.seed}, {"--each", &out.each}})) return std::nullopt;
  out.programs = programs_of(arguments);
  return out;
}

// Most are quick; those of more members than one wait for each other. Behind the first cycle some wait for the end of requests as well.
MemberGenerator generator_of(std::uint64_t seed, std::uint64_t epoch) {
  constexpr std::uint64_t kCycle = 26;
  const bool is_strict = epoch % 2 == 0;
  if (epoch % kCycle < 2) return MemberGenerator(seed, epoch, Story::learner, is_strict, 25, false);
  if (epoch % kCycle < 4) return MemberGenerator(seed, epoch, Story::three, is_strict, 60, false);
  return MemberGenerator(seed, epoch, Story::alone, is_strict, 40, epoch % kCycle < 6 && epoch >= kCycle);
}

int run(const Options& options) {
  const io::real::DataDirectory none = io::real::DataDirectory::none();
  io::real::RealWorld world(none, {});
  Coverage coverage({std::begin(kMemberKinds), std::end(kMemberKinds)});
  std::uint64_t asked = 0;
  for (std::uint64_t epoch = options.first; epoch < options.first + options.epochs; ++epoch) {
    MemberGenerator generator = generator_of(options.seed, epoch);
    MemberRun groups(world, options.programs, generator.shape(), &coverage);
    std::vector<GroupStep> steps;
    while (!groups.is_over()) {
      std::optional<GroupStep> step = generator.next(groups.view());
      if (!step) break;
      if (step->act == Act::ask) ++asked;
      steps.push_back(std::move(*step));
      const std::optional<Difference> difference = groups.step(steps.back());
      if (!difference) continue;
      const GroupShape shape = generator.shape();
      std::printf("%zu of one begin, %s:\n", shape.voters, shape.is_strict ? "strict" : "not strict");
      int number = 0;
      for (const GroupStep& each : steps) std::printf("%3d. %s\n", ++number, to_text(each).c_str());
      std::printf("%s", difference->what.c_str());
      std::printf("seed %llu failed; again: --seed %llu --first %llu --epochs 1\n", static_cast<unsigned long long>(options.seed),
                  static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(epoch));
      return 1;
    }
  }
  const std::size_t too_few = coverage.print(options.each);
  std::printf("%llu requests to %llu pairs of clusters, no unexpected difference; rows produced less than %llu times: %zu\n",
              static_cast<unsigned long long>(asked), static_cast<unsigned long long>(options.epochs),
              static_cast<unsigned long long>(options.each), too_few);
  return too_few == 0 ? 0 : 1;
}

}  // namespace

}  // namespace property_tests::differential

int main(int argc, char** argv) {
  namespace differential = property_tests::differential;
  return differential::run_program(argc, argv, differential::kUsage, differential::parse, differential::run);
}
