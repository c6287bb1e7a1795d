#include "apps/lockstepd/command_line.h"

// Its other parser of option names is a regular expression, which recurses over long values.
#define CXXOPTS_NO_REGEX
#include <cxxopts.hpp>

#include <optional>

#include "core/base/assert.h"

namespace lockstepd {
namespace {

struct Normalised {
  std::vector<std::string> arguments;  // `--name=value` each; `--name` when the value is missing or the flag unknown
  std::vector<std::string> warnings;
  bool wants_help = false;
};

// Go's rules (package flag): one or two dashes; a boolean's value stands behind `=` only; the first argument that
// is no flag, and everything behind `--`, is a stray one.
Parsed<Normalised> normalise(std::span<const std::string> arguments) {
  Normalised result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view rest = arguments[i];
    if (rest == "--") {
      if (i + 1 == arguments.size()) break;
      return refuse(ExitCode::failed, "\"" + arguments[i + 1] + "\" is not a valid flag");
    }
    if (!rest.starts_with('-') || rest == "-") {
      return refuse(ExitCode::failed, "\"" + arguments[i] + "\" is not a valid flag");
    }
    rest.remove_prefix(rest.starts_with("--") ? 2 : 1);
    if (rest.empty() || rest.starts_with('-') || rest.starts_with('=')) {
      return refuse(ExitCode::bad_syntax, "bad flag syntax: " + arguments[i]);
    }
    const std::size_t equals = rest.find('=');
    const std::string name(rest.substr(0, equals));
    std::optional<std::string> value;
    if (equals != std::string_view::npos) value = rest.substr(equals + 1);
    if (name == "help" || name == "h") {
      result.wants_help = true;
      return result;
    }
    const Flag* flag = find_flag(name);
    if (flag != nullptr && flag->support == Support::obsolete) {
      result.warnings.push_back("flag -" + name + " is no longer supported, ignored");
      continue;
    }
    if (flag != nullptr && !value) {
      if (flag->kind == Kind::boolean) {
        value = "true";
      } else if (i + 1 < arguments.size()) {
        value = arguments[++i];
      }
    }
    result.arguments.push_back("--" + name + (value ? "=" + *value : ""));
    if (flag == nullptr) break;  // nobody knows whether the next argument is its value
  }
  return result;
}

// The one place that calls cxxopts, hence the one that catches.
Parsed<std::map<std::string, std::string, std::less<>>> run_cxxopts(const std::vector<std::string>& arguments) {
  std::map<std::string, std::string, std::less<>> values;
  try {
    cxxopts::Options options("lockstepd");
    for (const Flag& flag : all_flags()) {
      if (flag.support != Support::obsolete) {
        options.add_options()(std::string(flag.name), std::string(flag.help), cxxopts::value<std::string>());
      }
    }
    std::vector<const char*> argv = {"lockstepd"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    const cxxopts::ParseResult parsed = options.parse(static_cast<int>(argv.size()), argv.data());
    for (const cxxopts::KeyValue& one : parsed.arguments()) values[one.key()] = one.value();
  } catch (const cxxopts::exceptions::exception&) {
    // Only the last argument can be at fault: normalise() stops behind an unknown flag, and a value is missing at the end only.
    const std::string name = arguments.back().substr(2, arguments.back().find('=') - 2);
    if (find_flag(name) == nullptr) return refuse(ExitCode::bad_syntax, "flag provided but not defined: -" + name);
    return refuse(ExitCode::bad_syntax, "flag needs an argument: -" + name);
  }
  return values;
}

}  // namespace

std::string_view Settings::get(std::string_view flag) const {
  if (const auto found = values.find(flag); found != values.end()) return found->second;
  const Flag* known = find_flag(flag);
  ASSERT(known != nullptr);
  ASSERT(known->support != Support::obsolete);
  return known->fallback;
}

Parsed<Settings> parse_arguments(std::span<const std::string> arguments) {
  const Parsed<Normalised> normalised = normalise(arguments);
  if (!normalised) return tl::unexpected(normalised.error());
  Settings settings;
  settings.warnings = normalised->warnings;
  if (normalised->wants_help) {
    settings.values["help"] = "true";
    return settings;
  }
  Parsed<std::map<std::string, std::string, std::less<>>> values = run_cxxopts(normalised->arguments);
  if (!values) return tl::unexpected(values.error());
  for (auto& [name, value] : *values) {
    const Flag* flag = find_flag(name);
    ASSERT(flag != nullptr);
    Parsed<std::string> checked = check_value(*flag, std::move(value), Origin::command_line);
    if (!checked) return tl::unexpected(checked.error());
    settings.values[name] = std::move(*checked);
  }
  return settings;
}

Parsed<Settings> add_environment(Settings settings, std::span<const std::string> environment) {
  // Asked of the table's variables, so that an unknown name is whatever is left.
  std::map<std::string, std::string, std::less<>> ours;
  for (const std::string& line : environment) {
    const std::size_t equals = line.find('=');
    if (line.starts_with("ETCD_") && equals != std::string::npos && equals + 1 < line.size()) {
      ours[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  for (const Flag& flag : all_flags()) {
    const auto found = ours.find(variable_of(flag));
    if (found == ours.end()) continue;
    const auto [variable, value] = *found;
    ours.erase(found);
    if (flag.name == "version") {
      settings.warnings.push_back("environment variable ETCD_VERSION is not a setting, ignored");
      continue;
    }
    if (flag.support == Support::obsolete) {
      settings.warnings.push_back("environment variable " + variable + " is no longer supported, ignored");
      continue;
    }
    if (settings.is_set(flag.name)) {
      return refuse(ExitCode::failed, "conflicting environment variable \"" + variable +
                                          "\" is shadowed by corresponding command-line flag (either unset environment variable or disable flag)");
    }
    Parsed<std::string> checked = check_value(flag, value, Origin::environment);
    if (!checked) return tl::unexpected(checked.error());
    settings.values[std::string(flag.name)] = std::move(*checked);
  }
  ours.erase("ETCD_UNSUPPORTED_ARCH");  // there is no architecture that we refuse
  for (const auto& [variable, value] : ours) {
    settings.warnings.push_back("unrecognized environment variable " + variable + "=" + value);
  }
  return settings;
}

}  // namespace lockstepd
