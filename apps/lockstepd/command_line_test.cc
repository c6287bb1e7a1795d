#include "apps/lockstepd/command_line.h"

#include <doctest/doctest.h>

#include <ostream>

using namespace lockstepd;

namespace {

Parsed<Settings> parse(std::vector<std::string> arguments) { return parse_arguments(arguments); }

Parsed<Settings> with_environment(std::vector<std::string> arguments, std::vector<std::string> environment) {
  Parsed<Settings> settings = parse_arguments(arguments);
  REQUIRE(settings.has_value());
  return add_environment(std::move(*settings), environment);
}

}  // namespace

TEST_CASE("four spellings mean the same") {
  const std::vector<std::vector<std::string>> spellings = {{"--name", "v"}, {"--name=v"}, {"-name", "v"}, {"-name=v"}};
  for (const auto& arguments : spellings) {
    CAPTURE(arguments.front());
    const auto settings = parse(arguments);
    REQUIRE(settings.has_value());
    CHECK(settings->get("name") == "v");
    CHECK(settings->is_set("name"));
    CHECK(!settings->is_set("data-dir"));
  }
}

TEST_CASE("what a value may look like") {
  struct Case {
    std::vector<std::string> arguments;
    std::string_view flag, value;
  };
  const Case cases[] = {
      {{}, "name", "default"},
      {{"--name", "-x"}, "name", "-x"},
      {{"--name", "--data-dir"}, "name", "--data-dir"},
      {{"--name="}, "name", ""},
      {{"--name", ""}, "name", ""},
      {{"--name=a=b"}, "name", "a=b"},
      {{"--name=a,b"}, "name", "a,b"},
      {{"--name=a\nb"}, "name", "a\nb"},
      {{"--name", "a", "-name=b"}, "name", "b"},
      {{"--data-dir=" + std::string(100000, 'x') + "y", "--name", "z"}, "name", "z"},
      {{"--pre-vote"}, "pre-vote", "true"},
      {{"--pre-vote=false"}, "pre-vote", "false"},
      {{"-listen-peer-urls", "http://a:1,http://b:2"}, "listen-peer-urls", "http://a:1,http://b:2"},
      {{"--name", "a", "--"}, "name", "a"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.value);
    const auto settings = parse(c.arguments);
    REQUIRE(settings.has_value());
    CHECK(settings->get(c.flag) == c.value);
  }
}

TEST_CASE("bad arguments end with etcd's exit codes and one line") {
  struct Case {
    std::vector<std::string> arguments;
    ExitCode exit_code;
    std::string_view says;
  };
  const Case cases[] = {
      {{"start"}, ExitCode::failed, "\"start\" is not a valid flag"},
      {{"--name", "a", "b"}, ExitCode::failed, "\"b\" is not a valid flag"},
      {{"--pre-vote", "false"}, ExitCode::failed, "\"false\" is not a valid flag"},
      {{"-"}, ExitCode::failed, "\"-\" is not a valid flag"},
      {{"--", "--name=a"}, ExitCode::failed, "\"--name=a\" is not a valid flag"},
      {{"---name=a"}, ExitCode::bad_syntax, "bad flag syntax: ---name=a"},
      {{"--=a"}, ExitCode::bad_syntax, "bad flag syntax: --=a"},
      {{"-=a"}, ExitCode::bad_syntax, "bad flag syntax: -=a"},
      {{"--nam", "a"}, ExitCode::bad_syntax, "flag provided but not defined: -nam"},
      {{"--nam=a=b"}, ExitCode::bad_syntax, "flag provided but not defined: -nam"},
      {{"-x"}, ExitCode::bad_syntax, "flag provided but not defined: -x"},
      {{"--Name=a"}, ExitCode::bad_syntax, "flag provided but not defined: -Name"},
      {{"--name"}, ExitCode::bad_syntax, "flag needs an argument: -name"},
      {{"--heartbeat-interval=fast"}, ExitCode::bad_syntax, "invalid value \"fast\" for flag -heartbeat-interval: parse error"},
      {{"--heartbeat-interval="}, ExitCode::bad_syntax, "invalid value"},
      {{"--max-request-bytes=-1"}, ExitCode::bad_syntax, "invalid value"},
      {{"--pre-vote=maybe"}, ExitCode::bad_syntax, "invalid value \"maybe\" for flag -pre-vote"},
      {{"--grpc-keepalive-timeout=5"}, ExitCode::bad_syntax, "invalid value"},
      {{"--initial-cluster-state=old"}, ExitCode::bad_syntax, "it is new or existing"},
      {{"--listen-client-urls=localhost:2379"}, ExitCode::bad_syntax, "URL scheme must be"},
      {{"--cert-file=a.pem"}, ExitCode::failed, "--cert-file is not supported yet"},
      {{"--wal-dir", "/somewhere"}, ExitCode::failed, "--wal-dir is not supported yet"},
      {{"--unsafe-no-fsync"}, ExitCode::failed, "--unsafe-no-fsync is not supported yet"},
      {{"--quota-backend-bytes=1000000"}, ExitCode::failed, "--quota-backend-bytes is not supported yet"},
      {{"--config-file=a.yaml"}, ExitCode::failed, "--config-file is not supported yet"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.says);
    const auto settings = parse(c.arguments);
    REQUIRE(!settings.has_value());
    CHECK(settings.error().exit_code == c.exit_code);
    CHECK(settings.error().text.find(c.says) != std::string::npos);
    CHECK(settings.error().text.find('\n') == std::string::npos);
  }
}

TEST_CASE("an unsupported flag may be given its default") {
  for (const char* argument : {"--client-cert-auth=false", "--auto-tls=0", "--auto-compaction-retention=0", "--corrupt-check-time=0",
                               "--quota-backend-bytes=0", "--logger=zap", "--wal-dir="}) {
    CAPTURE(argument);
    CHECK(parse({argument}).has_value());
  }
}

TEST_CASE("help is answered whatever else is wrong behind it") {
  for (const char* spelling : {"--help", "-help", "-h", "--h"}) {
    const auto settings = parse({"--name=a", spelling, "nonsense"});
    REQUIRE(settings.has_value());
    CHECK(settings->is_set("help"));
  }
  CHECK(!parse({"nonsense", "--help"}).has_value());
}

TEST_CASE("flags that etcd ignores are ignored, with a warning") {
  const auto settings = parse({"-v", "--snapshot=x", "--name=a"});
  REQUIRE(settings.has_value());
  CHECK(settings->get("name") == "a");
  CHECK(settings->warnings.size() == 2);
}

TEST_CASE("every flag of the table is understood by its own name") {
  for (const Flag& flag : all_flags()) {
    CAPTURE(flag.name);
    CHECK(find_flag(flag.name) == &flag);  // hence no name twice
    if (flag.name == "help") continue;
    CHECK(parse({"--" + std::string(flag.name) + "=" + std::string(flag.fallback)}).has_value());
  }
}

TEST_CASE("a variable sets what no flag sets") {
  const auto settings = with_environment({"--name=a"}, {"ETCD_DATA_DIR=/data", "PATH=/bin", "ETCD_HEARTBEAT_INTERVAL=50"});
  REQUIRE(settings.has_value());
  CHECK(settings->get("name") == "a");
  CHECK(settings->get("data-dir") == "/data");
  CHECK(settings->get("heartbeat-interval") == "50");
  CHECK(settings->warnings.empty());
}

TEST_CASE("a flag and its variable together are refused") {
  const auto settings = with_environment({"--name=a"}, {"ETCD_NAME=a"});
  REQUIRE(!settings.has_value());
  CHECK(settings.error().exit_code == ExitCode::failed);
  CHECK(settings.error().text.find("conflicting environment variable \"ETCD_NAME\"") != std::string::npos);
}

TEST_CASE("an empty variable is none, and an unknown one is a warning") {
  const auto settings = with_environment({"--name=a"}, {"ETCD_NAME=", "ETCD_NONSENSE=1", "ETCD_VERSION=v3", "ETCD_UNSUPPORTED_ARCH=arm"});
  REQUIRE(settings.has_value());
  REQUIRE(settings->warnings.size() == 2);
  CHECK(settings->warnings[0].find("ETCD_VERSION") != std::string::npos);
  CHECK(settings->warnings[1] == "unrecognized environment variable ETCD_NONSENSE=1");
  CHECK(!settings->is_set("version"));
}

TEST_CASE("a bad variable is refused by its name") {
  const auto bad = with_environment({}, {"ETCD_HEARTBEAT_INTERVAL=fast"});
  REQUIRE(!bad.has_value());
  CHECK(bad.error().exit_code == ExitCode::failed);
  CHECK(bad.error().text.find("ETCD_HEARTBEAT_INTERVAL") != std::string::npos);
  const auto unsupported = with_environment({}, {"ETCD_CERT_FILE=a.pem"});
  REQUIRE(!unsupported.has_value());
  CHECK(unsupported.error().text.find("ETCD_CERT_FILE is not supported yet") != std::string::npos);
}
