#include "apps/lockstep/bench_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "apps/lockstep/bench_watch_ledger.h"
#include "io/address.h"

namespace lockstep {

namespace {

tl::unexpected<base::Error> refuse_bench(std::string text) { return base::fail(base::Code::invalid, std::move(text)); }

// [least, most]
std::optional<std::uint64_t> whole_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

std::optional<double> positive_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_good = !text.empty() && error == std::errc() && end == text.data() + text.size() && std::isfinite(value) && value > 0;
  return is_good ? std::optional(value) : std::nullopt;
}

// What has been read so far, and what cannot be decided before the end.
struct OptionsReading {
  BenchOptions out;
  int pids[2] = {0, 0};
  bool has_kind = false;
  bool has_operations = false;
  bool has_pairs = false;
  bool has_watch_options = false;
};

// False: the value is not what this option takes.
using Take = bool (*)(OptionsReading& reading, std::string_view value);

template <auto Member>
bool take_number(OptionsReading& reading, std::string_view value, std::uint64_t least, std::uint64_t most) {
  const std::optional<std::uint64_t> number = whole_number(value, least, most);
  if (!number) return false;
  auto& field = reading.out.load.*Member;
  field = static_cast<std::remove_reference_t<decltype(field)>>(*number);
  return true;
}

bool take_pid(OptionsReading& reading, std::size_t which, std::string_view value) {
  const std::optional<std::uint64_t> pid = whole_number(value, 1, INT32_MAX);
  if (pid) reading.pids[which] = static_cast<int>(*pid);
  return pid.has_value();
}

bool take_program(OptionsReading& reading, std::string_view value) {
  reading.out.targets.push_back({{}, std::string(value), 0});
  return !value.empty();
}

template <auto Member>
bool take_watch_number(OptionsReading& reading, std::string_view value, std::uint64_t least, std::uint64_t most) {
  reading.has_watch_options = true;
  return take_number<Member>(reading, value, least, most);
}

constexpr std::uint64_t kBytesMax = 1U << 20U;  // what a request may hold is a little more

struct Option {
  std::string_view name;
  std::string_view value;  // what it takes, in words; empty for a switch
  Take take;
  std::string_view help;
};

constexpr Option kOptions[] = {
    {"endpoint", "HOST:PORT", [](OptionsReading& r, std::string_view v) {
       const std::optional<io::Address> address = parse_address(v);
       if (address) r.out.targets.push_back({*address, {}, 0});
       return address.has_value();
     }, "a server that runs; given twice, the second is the one to compare with"},
    {"pid", "PID", [](OptionsReading& r, std::string_view v) { return take_pid(r, 0, v); },
     "its process on this machine, for its CPU; --pid2 is the second server's"},
    {"pid2", "PID", [](OptionsReading& r, std::string_view v) { return take_pid(r, 1, v); }, ""},
    {"spawn", "PROGRAM", take_program, "start this server (lockstepd or etcd) with fresh data, and stop it afterwards"},
    {"against", "PROGRAM", take_program, "and this one to compare with"},
    {"pairs", "N", [](OptionsReading& r, std::string_view v) {
       const auto number = whole_number(v, 1, 1000);
       if (number) r.out.pairs = static_cast<unsigned>(*number);
       r.has_pairs = number.has_value();
       return number.has_value();
     }, "how often each server is measured, in turn; 5 when there are two, else 1"},
    {"clients", "N", [](OptionsReading& r, std::string_view v) { return take_number<&LoadOptions::clients>(r, v, 1, 100000); },
     "operations in flight; 1"},
    {"connections", "N", [](OptionsReading& r, std::string_view v) { return take_number<&LoadOptions::connections>(r, v, 1, 10000); },
     "that the clients share; one for every ten clients, or streams of watchers"},
    {"operations", "N", [](OptionsReading& r, std::string_view v) {
       r.has_operations = true;
       return take_number<&LoadOptions::operations>(r, v, 1, 1000000000000);
     }, "of each run; 10000"},
    {"seconds", "S", [](OptionsReading& r, std::string_view v) {
       const auto number = positive_number(v);
       r.out.load.seconds = number.value_or(0);
       return number.has_value();
     }, "the length of each run instead"},
    {"rate", "N", [](OptionsReading& r, std::string_view v) {
       const auto number = positive_number(v);
       r.out.load.rate = number.value_or(0);
       return number.has_value() && *number <= 1e7;
     }, "operations per second by plan; latency counts from the planned start"},
    {"key-bytes", "N", [](OptionsReading& r, std::string_view v) { return take_number<&LoadOptions::key_bytes>(r, v, 1, kBytesMax); }, "8"},
    {"value-bytes", "N", [](OptionsReading& r, std::string_view v) { return take_number<&LoadOptions::value_bytes>(r, v, 0, kBytesMax); }, "256"},
    {"key-space", "N", [](OptionsReading& r, std::string_view v) { return take_number<&LoadOptions::key_space>(r, v, 1, 1000000000); },
     "how many different keys; 10000"},
    {"sequential", "", [](OptionsReading& r, std::string_view) { return r.out.load.sequential = true; },
     "one key after the other instead of at random"},
    {"serializable", "", [](OptionsReading& r, std::string_view) { return r.out.load.serializable = true; },
     "ranges read the server as it is; otherwise they are linearizable"},
    {"reads", "PERCENT", [](OptionsReading& r, std::string_view v) { return take_number<&LoadOptions::read_percent>(r, v, 0, 100); },
     "of mixed: how many operations are ranges; 80"},
    {"watchers", "N", [](OptionsReading& r, std::string_view v) { return take_watch_number<&LoadOptions::watchers>(r, v, 1, 10000000); },
     "of watch: how many watch the prefix that is written; 100"},
    {"streams", "N", [](OptionsReading& r, std::string_view v) { return take_watch_number<&LoadOptions::streams>(r, v, 1, 100000); },
     "of watch: that the watchers share; 10"},
    {"until-told", "", [](OptionsReading& r, std::string_view) { return r.has_watch_options = r.out.load.until_told = true; },
     "of watch: a client puts again when every watcher has been told"},
    {"slow-streams", "N", [](OptionsReading& r, std::string_view v) { return take_watch_number<&LoadOptions::slow_streams>(r, v, 1, 100000); },
     "of watch: and so many more streams that read nothing while puts go on"},
    {"behind", "N", [](OptionsReading& r, std::string_view v) { return take_watch_number<&LoadOptions::behind>(r, v, 1, 100000000); },
     "of watch: and one more watcher that begins N puts ago"},
    {"idle", "", [](OptionsReading& r, std::string_view) { return r.has_watch_options = r.out.load.idle = true; },
     "of watch: memory of the watchers while nothing is written"},
    {"seed", "N", [](OptionsReading& r, std::string_view v) { return take_number<&LoadOptions::seed>(r, v, 0, UINT64_MAX); },
     "of keys and values; 1"},
    {"fill", "", [](OptionsReading& r, std::string_view) { return r.out.fill = true; },
     "write every key before the first run; always done for a started server that is read"},
    {"json", "", [](OptionsReading& r, std::string_view) { return r.out.json = true; }, "for machines"},
};

std::optional<LoadKind> parse_kind(std::string_view text) {
  for (const LoadKind kind : {LoadKind::put, LoadKind::range, LoadKind::txn, LoadKind::mixed, LoadKind::watch, LoadKind::footprint}) {
    if (to_text(kind) == text) return kind;
  }
  return std::nullopt;
}

// `text` when a server that runs already is among the targets.
base::Status require_started(const BenchOptions& options, std::string text) {
  for (const TargetOptions& target : options.targets) {
    if (target.program.empty()) return refuse_bench(std::move(text));
  }
  return {};
}

base::Status check_watch(const BenchOptions& options) {
  const LoadOptions& load = options.load;
  if (load.seconds > 0) return refuse_bench("watch counts its puts: --operations, not --seconds");
  if (load.streams > load.watchers) return refuse_bench("more streams than watchers would be empty");
  if (load.connections > load.streams) return refuse_bench("more connections than streams would carry nothing");
  if (load.value_bytes < kPutNumberBytes) return refuse_bench("values of watch begin with the number of their put, so --value-bytes is 16 at least");
  if (!load.idle) return {};
  if (load.slow_streams > 0 || load.behind > 0) return refuse_bench("idle watchers are neither slow nor late");
  return require_started(options, "idle watchers are counted in servers of their own: --spawn PROGRAM, not --endpoint");
}

// What no option can judge by itself.
base::Result<BenchOptions> finish(OptionsReading reading) {
  BenchOptions& out = reading.out;
  if (!reading.has_kind) return refuse_bench("what to send is missing: put, range, txn, mixed, watch or footprint");
  if (out.targets.empty()) return refuse_bench("a server is missing: --endpoint HOST:PORT, or --spawn PROGRAM");
  if (out.targets.size() > 2) return refuse_bench("at most two servers can be compared");
  for (std::size_t i = 0; i < 2; ++i) {
    if (reading.pids[i] == 0) continue;
    if (i >= out.targets.size()) return refuse_bench("--pid2 belongs to a second --endpoint");
    if (!out.targets[i].program.empty()) return refuse_bench("the process of a server that is started here is known; leave out its pid");
    out.targets[i].pid = reading.pids[i];
  }
  if (out.load.seconds > 0 && reading.has_operations) return refuse_bench("--operations and --seconds exclude each other");
  if (out.load.kind == LoadKind::watch) {
    if (const base::Status fits = check_watch(out); !fits) return base::fail(fits.error());
  } else if (reading.has_watch_options) {
    return refuse_bench("watchers and their streams belong to the load `watch`");
  } else if (out.load.connections > out.load.clients) {
    return refuse_bench("more connections than clients would stand idle");
  }
  if (std::to_string(out.load.key_space - 1).size() > out.load.key_bytes) {
    return refuse_bench("so many different keys do not fit into --key-bytes; keys are decimal numbers");
  }
  if (out.load.kind == LoadKind::footprint) {
    const base::Status started = require_started(out, "footprint starts its servers itself: --spawn PROGRAM, not --endpoint");
    if (!started) return base::fail(started.error());
  }
  if (!reading.has_pairs) out.pairs = out.targets.size() == 2 && out.load.kind != LoadKind::footprint && !out.load.idle ? 5 : 1;
  return std::move(out);
}

}  // namespace

std::string_view to_text(LoadKind kind) {
  switch (kind) {
    case LoadKind::put: return "put";
    case LoadKind::range: return "range";
    case LoadKind::txn: return "txn";
    case LoadKind::mixed: return "mixed";
    case LoadKind::watch: return "watch";
    case LoadKind::footprint: return "footprint";
  }
  return "?";
}

std::optional<io::Address> parse_address(std::string_view text) {
  base::Result<io::Address> address = io::parse_address(text);
  if (!address || address->host.empty() || address->port == 0) return std::nullopt;
  return std::move(*address);
}

unsigned connection_count(const LoadOptions& load) {
  return load.connections != 0 ? load.connections : ((load.kind == LoadKind::watch ? load.streams : load.clients) + 9) / 10;
}

std::string bench_usage() {
  std::string text =
      "lockstep bench put|range|txn|mixed OPTIONS   throughput, latency and server CPU of any etcd endpoint\n"
      "lockstep bench watch OPTIONS                 watch fan-out: deliveries, what they cost, and how long they take\n"
      "lockstep bench footprint OPTIONS             memory, disk and restart time with --key-space keys\n"
      "\n"
      "  lockstep bench put --endpoint 127.0.0.1:2379 --clients 100\n"
      "  lockstep bench range --spawn build/apps/lockstepd/lockstepd --against /usr/bin/etcd --clients 100\n"
      "\n";
  for (const Option& option : kOptions) {
    if (option.help.empty()) continue;
    std::string line = "  --" + std::string(option.name) + (option.value.empty() ? "" : " ") + std::string(option.value);
    line.resize(std::max<std::size_t>(line.size() + 1, 24), ' ');
    text += line + std::string(option.help) + "\n";
  }
  return text + "\ndocs/benchmarks.md says what the figures mean.\n";
}

base::Result<BenchOptions> parse_bench_options(const std::vector<std::string>& arguments) {
  OptionsReading reading;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      BenchOptions help;
      help.help = true;
      return help;
    }
    if (!argument.starts_with("--")) {
      const std::optional<LoadKind> kind = parse_kind(argument);
      if (!kind) return refuse_bench("`" + arguments[i] + "` is not a load: put, range, txn, mixed, watch or footprint");
      if (reading.has_kind) return refuse_bench("one load at a time: `" + arguments[i] + "` is one too many");
      reading.out.load.kind = *kind;
      reading.has_kind = true;
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    const Option* const option = std::find_if(std::begin(kOptions), std::end(kOptions), [&](const Option& o) { return o.name == name; });
    if (option == std::end(kOptions)) return refuse_bench("`lockstep bench` takes no --" + std::string(name));
    std::string_view value;
    if (option->value.empty()) {
      if (equals != std::string_view::npos) return refuse_bench("--" + std::string(name) + " takes no value");
    } else if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return refuse_bench("--" + std::string(name) + " takes a value: " + std::string(option->value));
    }
    if (!option->take(reading, value)) {
      return refuse_bench("`" + std::string(value) + "` cannot be the " + std::string(option->value) + " of --" + std::string(name));
    }
  }
  return finish(std::move(reading));
}

}  // namespace lockstep
