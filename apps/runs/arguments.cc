#include "apps/runs/arguments.h"

#include <charconv>
#include <cxxopts.hpp>
#include <map>
#include <optional>
#include <vector>

#include "sim/catalogue.h"

namespace runs {

namespace {

tl::unexpected<base::Error> refuse(std::string text) { return base::fail(base::Code::invalid, std::move(text)); }

// Names with commas between them; what is wrong with them, or empty.
std::string take_kinds(std::string_view names, std::vector<io::sim::FaultKind>& out) {
  for (;;) {
    const std::size_t comma = names.find(',');
    const std::string_view name = names.substr(0, comma);
    const std::optional<io::sim::FaultKind> kind = sim::fault_named(name);
    if (!kind) return "takes kinds of faults, with commas; none is called `" + std::string(name) + "`";
    if (!sim::can_be_left_out(*kind)) return "cannot leave out `" + std::string(name) + "`, which follows from others";
    out.push_back(*kind);
    if (comma == std::string_view::npos) return {};
    names.remove_prefix(comma + 1);
  }
}

// What is wrong with the value, or empty.
std::string take(const std::string& key, const std::string& value, Arguments& out) {
  std::uint64_t number = 0;
  if (key == "seed" || key == "seeds") {
    return parse_seeds(value, out.seeds) ? "" : "takes a number or a range such as 1..200, not `" + value + "`";
  }
  if (key == "jobs") return parse_jobs(value, out.jobs) ? "" : "takes a number from 1 to 256";
  if (key == "without") return take_kinds(value, out.without);
  if (key == "runs") return parse_number(value, out.runs_max) ? "" : "takes a number";
  if (key == "time-limit") {
    if (!parse_number(value, number)) return "takes seconds";
    out.seconds_max = static_cast<double>(number);
  } else if (key == "cpu-limit") {
    if (!parse_number(value, number)) return "takes seconds";
    out.cpu_seconds_max = static_cast<double>(number);
  } else if (key == "until") {
    if (!parse_number(value, out.until_turn) || out.until_turn == 0) return "takes the number of a turn, from 1 on";
  } else if (key == "until-oracle") {
    out.until_oracle = value;
  } else if (key == "scenario") {
    out.scenario = value;
  } else if (key == "output") {
    out.output = value;
  } else if (key == "traces") {
    out.traces = value;
  } else if (key == "digests") {
    out.digests = value;
  } else if (key == "json") {
    out.json = true;
  } else if (key == "twice") {
    out.twice = true;
  } else if (key == "stop-at-failure") {
    out.stop_at_failure = true;
  } else if (key == "log") {
    out.log = true;
  }
  return {};
}

}  // namespace

bool parse_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

bool parse_seeds(std::string_view text, Seeds& out) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    if (!parse_number(text, out.first)) return false;
    out.last = out.first;
    return true;
  }
  return parse_number(text.substr(0, dots), out.first) && parse_number(text.substr(dots + 2), out.last) && out.first <= out.last;
}

bool parse_jobs(std::string_view text, unsigned& out) {
  std::uint64_t number = 0;
  if (!parse_number(text, number) || number == 0 || number > 256) return false;
  out = static_cast<unsigned>(number);
  return true;
}

base::Result<Arguments> parse_arguments(const Program& program, int argc, const char* const* argv) {
  Arguments out;
  if (argc < 2) return refuse("a command is missing");
  out.command = argv[1];
  out.scenario = program.scenarios.front()->name();
  // What each command takes besides --json.
  const std::map<std::string, std::string> kTakes = {
      {"sim", "scenario seed seeds jobs without twice stop-at-failure until-oracle time-limit cpu-limit traces digests"},
      {"replay", "log until"},
      {"shrink", "output runs"},
      {"report", "output"},
      {"compare", "scenario seeds jobs"},
  };
  const auto takes = kTakes.find(out.command);
  if (takes == kTakes.end()) return refuse("there is no command `" + out.command + "`");
  const std::string who = "`" + program.name + " " + out.command + "`";
  cxxopts::Options options(program.name + " " + out.command);
  options.add_options()("json", "")("twice", "")("stop-at-failure", "")("log", "")("scenario", "", cxxopts::value<std::string>())(
      "seed", "", cxxopts::value<std::string>())("seeds", "", cxxopts::value<std::string>())(
      "jobs", "", cxxopts::value<std::string>())("time-limit", "", cxxopts::value<std::string>())(
      "cpu-limit", "", cxxopts::value<std::string>())("until", "", cxxopts::value<std::string>())("until-oracle", "", cxxopts::value<std::string>())(
      "runs", "", cxxopts::value<std::string>())("o,output", "", cxxopts::value<std::string>())(
      "without", "", cxxopts::value<std::string>())("traces", "", cxxopts::value<std::string>())("digests", "", cxxopts::value<std::string>())(
      "files", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional({"files"});
  std::vector<std::string> files;
  try {
    const cxxopts::ParseResult parsed = options.parse(argc - 1, argv + 1);
    for (const cxxopts::KeyValue& argument : parsed.arguments()) {
      const std::string& key = argument.key();
      if (key == "files") continue;
      const bool is_taken = key == "json" || (" " + takes->second + " ").find(" " + key + " ") != std::string::npos;
      if (!is_taken) return refuse(who + " takes no --" + key);
      if (const std::string wrong = take(key, argument.value(), out); !wrong.empty()) return refuse("--" + key + " " + wrong);
    }
    if (parsed.count("files") > 0) files = parsed["files"].as<std::vector<std::string>>();
  } catch (const cxxopts::exceptions::exception& error) {
    return refuse(error.what());
  }
  const bool wants_trace = out.command == "replay" || out.command == "shrink" || out.command == "report";
  if (wants_trace && files.size() != 1) return refuse(who + " takes one trace file");
  if (!wants_trace && !files.empty()) return refuse(who + " takes no file: `" + files[0] + "`");
  if (out.command == "shrink" && out.output.empty()) return refuse(who + " needs -o FILE for the smaller trace");
  if (out.command == "report" && out.output.empty()) return refuse(who + " needs -o FILE for the page");
  if (out.until_turn > 0 && out.json) return refuse(who + " tells how things stand in words: --until takes no --json");
  if (wants_trace) out.file = files[0];
  return out;
}

}  // namespace runs
