#include "apps/lockstep/arguments.h"

#include <charconv>
#include <cmath>
#include <cxxopts.hpp>
#include <map>
#include <string_view>

#include "apps/lockstep/bench_options.h"

namespace lockstep {

namespace {

tl::unexpected<base::Error> refuse(std::string text) { return base::fail(base::Code::invalid, std::move(text)); }

bool parse_positive(std::string_view text, double& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(out) && out > 0 && out < 1e9;
}

// host:port,host:port
bool parse_endpoints(std::string_view text, std::vector<io::Address>& out) {
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::optional<io::Address> address = parse_address(text.substr(0, comma));
    if (!address) return false;
    out.push_back(*address);
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

// An option that only drive takes; what is wrong with it, or empty.
std::string take_drive_option(const std::string& key, const std::string& value, DriveOptions& out) {
  std::uint64_t number = 0;
  double amount = 0;
  if (key == "endpoints") return parse_endpoints(value, out.endpoints) ? "" : "--endpoints takes HOST:PORT,HOST:PORT…";
  if (key == "clients" || key == "keys") {
    if (!runs::parse_number(value, number) || number == 0 || number > 10000) return "--" + key + " takes a number from 1 to 10000";
    if (key == "clients") out.clients = static_cast<unsigned>(number);
    else out.load.keys = static_cast<std::uint32_t>(number);
    return {};
  }
  if (!parse_positive(value, amount)) return "--" + key + " takes a positive number";
  if (key == "seconds") out.seconds = amount;
  else if (key == "rate") out.rate = amount;
  else (key == "timeout" ? out.request_timeout : out.settle_timeout) = std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(amount));
  return {};
}

}  // namespace

std::string usage() {
  return
      "lockstep bugs    [NAME…] --source DIR --work DIR [--seeds A..B | --bases N] [--cpu-limit SECONDS] [--jobs N] [--json]\n"
      "                 [--without-fault]   those that need a kind of fault, where it does not happen: none may be found\n"
      "lockstep faults  [SUMMARY…] --source DIR   is the table of docs/fault-model.md right? With summaries of `sim --json` it is written first\n"
      "lockstep check   HISTORY [--json]   is it strictly serializable?\n"
      "lockstep check   --generate OPERATIONS [--seed N] [-o HISTORY] [--json]   the same of a history made up, to measure\n"
      "lockstep drive   --endpoints HOST:PORT,… -o HISTORY [--clients N] [--seconds S] [--rate PER_SECOND] [--seed N] [--keys N]\n"
      "                 [--timeout S] [--settle S] [--json]   clients against lockstepd or etcd, recorded and checked\n"
      "lockstep bench   put|range|txn|mixed|footprint --endpoint HOST:PORT | --spawn PROGRAM   see `lockstep bench --help`\n"
      "\n"
      "Exit codes: 0 all is well, 1 a run failed, or a history, or a planted bug was not found, 2 the command line or a file is wrong.\n";
}

base::Result<Arguments> parse_arguments(int argc, const char* const* argv) {
  Arguments out;
  if (argc < 2) return refuse("a command is missing");
  out.command = argv[1];
  // What each command takes besides --json and --help.
  const std::map<std::string, std::string> kTakes = {
      {"bugs", "source work seeds bases cpu-limit jobs without-fault"},
      {"faults", "source"},
      {"check", "generate seed output"},
      {"drive", "endpoints clients seconds rate seed keys timeout settle output"},
  };
  const auto takes = kTakes.find(out.command);
  if (takes == kTakes.end()) return refuse("there is no command `" + out.command + "`");
  cxxopts::Options options("lockstep " + out.command);
  options.add_options()("seed", "", cxxopts::value<std::string>())("seeds", "", cxxopts::value<std::string>())(
      "jobs", "", cxxopts::value<std::string>())("json", "")("without-fault", "")("o,output", "", cxxopts::value<std::string>())(
      "endpoints", "", cxxopts::value<std::string>())("clients", "", cxxopts::value<std::string>())(
      "seconds", "", cxxopts::value<std::string>())("rate", "", cxxopts::value<std::string>())(
      "keys", "", cxxopts::value<std::string>())("timeout", "", cxxopts::value<std::string>())(
      "settle", "", cxxopts::value<std::string>())(
      "generate", "", cxxopts::value<std::string>())(
      "bases", "", cxxopts::value<std::string>())("cpu-limit", "", cxxopts::value<std::string>())(
      "source", "", cxxopts::value<std::string>())("work", "", cxxopts::value<std::string>())(
      "files", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional({"files"});
  try {
    const cxxopts::ParseResult parsed = options.parse(argc - 1, argv + 1);
    for (const cxxopts::KeyValue& argument : parsed.arguments()) {
      const std::string& key = argument.key();
      const std::string& value = argument.value();
      if (key != "json" && key != "files" && (" " + takes->second + " ").find(" " + key + " ") == std::string::npos) {
        return refuse("`lockstep " + out.command + "` takes no --" + key);
      }
      std::uint64_t number = 0;
      if (key == "seed" || key == "seeds") {
        if (!runs::parse_seeds(value, out.seeds)) return refuse("--" + key + " takes a number or a range such as 1..200, not `" + value + "`");
      } else if (key == "bases") {
        if (!runs::parse_number(value, out.bases) || out.bases == 0 || out.bases > 1000) return refuse("--bases takes a number from 1 to 1000");
      } else if (key == "cpu-limit") {
        if (!runs::parse_number(value, out.cpu_seconds_max) || out.cpu_seconds_max == 0) return refuse("--cpu-limit takes seconds");
      } else if (key == "jobs") {
        if (!runs::parse_jobs(value, out.jobs)) return refuse("--jobs takes a number from 1 to 256");
      } else if (key == "generate") {
        if (!runs::parse_number(value, number) || number == 0 || number > 100'000'000) return refuse("--generate takes a number up to 100000000");
        out.generate = static_cast<std::uint32_t>(number);
      } else if (key == "output") {
        out.output = value;
      } else if (key == "source") {
        out.source = value;
      } else if (key == "work") {
        out.work = value;
      } else if (key == "without-fault") {
        out.without_fault = true;
      } else if (key == "json") {
        out.json = true;
      } else if (key != "files") {
        if (const std::string wrong = take_drive_option(key, value, out.drive); !wrong.empty()) return refuse(wrong);
      }
    }
    if (parsed.count("files") > 0) out.files = parsed["files"].as<std::vector<std::string>>();
  } catch (const cxxopts::exceptions::exception& error) {
    return refuse(error.what());
  }
  if (out.command == "drive") {
    if (out.drive.endpoints.empty()) return refuse("`lockstep drive` needs --endpoints HOST:PORT,…");
    if (out.output.empty()) return refuse("`lockstep drive` needs -o FILE for the history");
    out.drive.load.seed = out.seeds.first;
    out.drive.output = out.output;
    out.drive.json = out.json;
  }
  if (out.command == "check" && (out.files.size() == 1) == (out.generate > 0)) {
    return refuse("`lockstep check` takes one history, or --generate OPERATIONS");
  }
  if (out.command == "check" && out.generate == 0 && !out.output.empty()) return refuse("`lockstep check -o` goes with --generate");
  if (out.command == "bugs" && out.work.empty()) return refuse("`lockstep bugs` needs --work DIR, where it builds");
  if (out.command == "drive" && !out.files.empty()) return refuse("`lockstep drive` takes no file: `" + out.files[0] + "`");
  return out;
}

}  // namespace lockstep
