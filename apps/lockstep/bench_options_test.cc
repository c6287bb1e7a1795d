#include "apps/lockstep/bench_options.h"

#include <doctest/doctest.h>

#include <ostream>

using namespace lockstep;

namespace {

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (at < line.size()) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) out.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("the shortest command line has sensible defaults") {
  const auto options = parse_bench_options(words("put --endpoint 127.0.0.1:2379"));
  REQUIRE(options.has_value());
  CHECK(options->load.kind == LoadKind::put);
  CHECK_EQ(options->load.clients, 1);
  CHECK_EQ(connection_count(options->load), 1);
  CHECK_EQ(options->load.operations, 10000);
  CHECK_EQ(options->pairs, 1);
  REQUIRE_EQ(options->targets.size(), 1);
  CHECK(options->targets[0].address == io::Address{"127.0.0.1", 2379});
}

TEST_CASE("two servers are compared in the order in which they were named") {
  const auto options = parse_bench_options(words("range --endpoint [::1]:1 --pid 7 --against=/usr/bin/etcd --clients 101 --serializable"));
  REQUIRE(options.has_value());
  REQUIRE_EQ(options->targets.size(), 2);
  CHECK(options->targets[0].address == io::Address{"::1", 1});
  CHECK_EQ(options->targets[0].pid, 7);
  CHECK_EQ(options->targets[1].program, "/usr/bin/etcd");
  CHECK_EQ(options->pairs, 5);
  CHECK(options->load.serializable);
  CHECK_EQ(connection_count(options->load), 11);
}

TEST_CASE("every option of the usage text is understood, and --help asks for nothing else") {
  const auto help = parse_bench_options(words("--help"));
  CHECK((help.has_value() && help->help));
  const auto options = parse_bench_options(
      words("mixed --endpoint a:1 --endpoint b:2 --pid 3 --pid2 4 --pairs 6 --clients 20 --connections 2 --seconds 1.5 --rate 2000 "
            "--key-bytes 30 --value-bytes 0 --key-space 1000000 --sequential --serializable --reads 5 --seed 9 --fill --json"));
  REQUIRE(options.has_value());
  CHECK_EQ(options->targets[1].pid, 4);
  CHECK_EQ(options->pairs, 6);
  CHECK_EQ(options->load.connections, 2);
  CHECK_EQ(options->load.seconds, 1.5);
  CHECK_EQ(options->load.rate, 2000.0);
  CHECK_EQ(options->load.key_bytes, 30);
  CHECK_EQ(options->load.value_bytes, 0);
  CHECK_EQ(options->load.key_space, 1000000);
  CHECK(options->load.sequential);
  CHECK_EQ(options->load.read_percent, 5);
  CHECK_EQ(options->load.seed, 9);
  CHECK(options->fill);
  CHECK(options->json);
}

TEST_CASE("watchers have options of their own") {
  const auto options = parse_bench_options(
      words("watch --endpoint a:1 --against b --watchers 1000 --streams 50 --slow-streams 3 --behind 5000 --until-told --clients 4"));
  REQUIRE(options.has_value());
  CHECK(options->load.kind == LoadKind::watch);
  CHECK_EQ(options->load.watchers, 1000);
  CHECK_EQ(options->load.streams, 50);
  CHECK_EQ(connection_count(options->load), 5);  // one for every ten streams
  CHECK_EQ(options->load.slow_streams, 3);
  CHECK_EQ(options->load.behind, 5000);
  CHECK(options->load.until_told);
  CHECK_EQ(options->pairs, 5);
  const auto idle = parse_bench_options(words("watch --spawn a --against b --idle"));
  REQUIRE(idle.has_value());
  CHECK(idle->load.idle);
  CHECK_EQ(idle->pairs, 1);
}

TEST_CASE("what makes no sense is refused in one line that names it") {
  struct Case { const char* line; const char* says; };
  constexpr Case cases[] = {
      {"", "what to send is missing"},
      {"put", "a server is missing"},
      {"delete --endpoint a:1", "`delete` is not a load"},
      {"put range --endpoint a:1", "one load at a time"},
      {"put --endpoint a", "`a` cannot be the HOST:PORT of --endpoint"},
      {"put --endpoint a:0", "cannot be the HOST:PORT"},
      {"put --endpoint a:65536", "cannot be the HOST:PORT"},
      {"put --endpoint ::1:5", "cannot be the HOST:PORT"},
      {"put --endpoint a:1 --clients 0", "cannot be the N of --clients"},
      {"put --endpoint a:1 --clients many", "cannot be the N of --clients"},
      {"put --endpoint a:1 --clients", "takes a value"},
      {"put --endpoint a:1 --rate 0", "cannot be the N of --rate"},
      {"put --endpoint a:1 --seconds nan", "cannot be the S of --seconds"},
      {"put --endpoint a:1 --seconds 1 --operations 1", "exclude each other"},
      {"put --endpoint a:1 --connections 2", "would stand idle"},
      {"put --endpoint a:1 --key-bytes 3", "do not fit into --key-bytes"},
      {"put --endpoint a:1 --speed 3", "takes no --speed"},
      {"put --endpoint a:1 --json=yes", "takes no value"},
      {"put --endpoint a:1 --pid2 3", "second --endpoint"},
      {"put --spawn x --pid 3", "leave out its pid"},
      {"put --spawn x --against y --endpoint a:1", "at most two"},
      {"footprint --endpoint a:1", "starts its servers itself"},
      {"put --endpoint a:1 --watchers 5", "belong to the load `watch`"},
      {"put --endpoint a:1 --until-told", "belong to the load `watch`"},
      {"watch --endpoint a:1 --idle", "--spawn PROGRAM, not --endpoint"},
      {"watch --spawn a --idle --behind 1", "neither slow nor late"},
      {"watch --endpoint a:1 --streams 101", "more streams than watchers"},
      {"watch --endpoint a:1 --connections 11", "more connections than streams"},
      {"watch --endpoint a:1 --value-bytes 15", "--value-bytes is 16 at least"},
      {"watch --endpoint a:1 --seconds 1", "--operations, not --seconds"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.line);
    const auto options = parse_bench_options(words(c.line));
    REQUIRE_FALSE(options.has_value());
    CHECK_MESSAGE(options.error().detail.find(c.says) != std::string::npos, options.error().detail);
    CHECK(options.error().detail.find('\n') == std::string::npos);
  }
}
