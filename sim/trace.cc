#include "sim/trace.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/assert.h"
#include "core/base/codec.h"

namespace sim {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

std::string hex16(std::uint64_t value) {
  std::string out(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4) out[i] = "0123456789abcdef"[value & 0xf];
  return out;
}

// Reads members of untrusted JSON; the first thing that is not as it should be is kept as the error.
class Reader {
 public:
  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  void fail(const std::string& what) {
    if (error_.empty()) error_ = what;
  }

  const Json* member(const Json& object, const char* name) {
    if (object.is_object()) {
      if (const auto found = object.find(name); found != object.end()) return &*found;
    }
    fail(std::string("`") + name + "` is missing");
    return nullptr;
  }
  std::uint64_t number(const Json& object, const char* name) {
    const Json* value = member(object, name);
    if (value == nullptr) return 0;
    if (!value->is_number_unsigned()) {
      fail(std::string("`") + name + "` is not a number that is zero or more");
      return 0;
    }
    return value->get<std::uint64_t>();
  }
  std::uint32_t small(const Json& object, const char* name) {
    const std::uint64_t value = number(object, name);
    if (value > UINT32_MAX) fail(std::string("`") + name + "` is too large a number");
    return static_cast<std::uint32_t>(value);
  }
  std::vector<std::uint32_t> small_numbers(const Json& object, const char* name) {
    std::vector<std::uint32_t> out;
    for (const Json& value : list(object, name)) {
      if (!value.is_number_unsigned() || value.get<std::uint64_t>() > UINT32_MAX) fail(std::string("`") + name + "` has something else than small numbers");
      else out.push_back(value.get<std::uint32_t>());
    }
    return out;
  }
  std::string text(const Json& object, const char* name) {
    const Json* value = member(object, name);
    if (value == nullptr) return {};
    if (!value->is_string()) {
      fail(std::string("`") + name + "` is not a text");
      return {};
    }
    return value->get<std::string>();
  }
  bool boolean(const Json& object, const char* name) {
    const Json* value = member(object, name);
    if (value != nullptr && value->is_boolean()) return value->get<bool>();
    fail(std::string("`") + name + "` is neither true nor false");
    return false;
  }
  base::Duration duration(const Json& object, const char* name) {
    const std::uint64_t value = number(object, name);
    if (value > static_cast<std::uint64_t>(INT64_MAX) / 2) fail(std::string("`") + name + "` is too long a time");
    return base::Duration(static_cast<std::int64_t>(value));
  }
  // Parts per million by which a clock is wrong; at minus a million it would stand still.
  std::int32_t ppm(const Json& object, const char* name) {
    const Json* value = member(object, name);
    if (value == nullptr) return 0;
    const std::int64_t limit = 1'000'000;
    if (!value->is_number_integer() || value->get<std::int64_t>() <= -limit || value->get<std::int64_t>() > limit) {
      fail(std::string("`") + name + "` is not a number above -1000000 and up to 1000000");
      return 0;
    }
    return value->get<std::int32_t>();
  }
  const Json& list(const Json& object, const char* name) {
    const Json* value = member(object, name);
    if (value != nullptr && value->is_array()) return *value;
    fail(std::string("`") + name + "` is not a list");
    return nothing_;
  }
  std::map<std::string, std::uint64_t> numbers(const Json& object, const char* name) {
    std::map<std::string, std::uint64_t> out;
    const Json* value = member(object, name);
    if (value == nullptr || !value->is_object()) {
      fail(std::string("`") + name + "` is not an object");
      return out;
    }
    for (const auto& item : value->items()) {
      if (!item.value().is_number_unsigned()) fail(std::string("`") + name + "." + item.key() + "` is not a number");
      else out[item.key()] = item.value().get<std::uint64_t>();
    }
    return out;
  }
  std::uint64_t hex(std::string_view digits) {
    std::uint64_t value = 0;
    if (digits.empty() || digits.size() > 16) fail("a hexadecimal number is too long or empty");
    for (const char c : digits) {
      const std::size_t digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) fail("a hexadecimal number has another character");
      value = value << 4U | (digit & 0xfU);
    }
    return value;
  }
  template <typename Kind>
  Kind kind(const std::string& name, int count) {
    for (int i = 0; i < count; ++i) {
      if (to_text(static_cast<Kind>(i)) == name) return static_cast<Kind>(i);
    }
    fail("`" + name + "` is not a name that this version knows");
    return Kind{};
  }

 private:
  std::string error_;
  const Json nothing_ = Json::array();
};

bool has_shape(const Action& action) { return action.kind == ActionKind::partition || action.kind == ActionKind::cut_leader; }

Json encode(const Action& action) {
  Json out{{"id", action.id}, {"kind", to_text(action.kind)}, {"at_ns", action.at.count()}, {"lasting_ns", action.lasting.count()}};
  if (action.moment != Moment::any) out["moment"] = to_text(action.moment);
  if (action.kind == ActionKind::cut_link) out["client"] = action.client;
  if (action.kind == ActionKind::clock_drift) out["drift_ppm"] = action.ppm;
  if (action.member != 0) out["member"] = action.member;
  if (!action.others.empty()) out["others"] = action.others;
  if (has_shape(action)) out["shape"] = to_text(action.shape);
  if (action.is_back) out["is_back"] = true;
  if (spoils_a_disk(action.kind) && action.part != Part::store_wal) out["part"] = to_text(action.part);
  if (action.kind == ActionKind::slow_links) {
    out["delay_ns"] = action.delay.count();
    out["bytes_per_second"] = action.bytes_per_second;
  }
  return out;
}

Action decode_action(Reader& reader, const Json& json) {
  Action action;
  action.id = reader.small(json, "id");
  action.kind = reader.kind<ActionKind>(reader.text(json, "kind"), kActionKindCount);
  action.at = reader.duration(json, "at_ns");
  action.lasting = reader.duration(json, "lasting_ns");
  if (json.is_object() && json.contains("moment")) action.moment = reader.kind<Moment>(reader.text(json, "moment"), kMomentCount);
  if (json.is_object() && json.contains("client")) action.client = reader.small(json, "client");
  if (action.kind == ActionKind::clock_drift) action.ppm = reader.ppm(json, "drift_ppm");
  if (json.is_object() && json.contains("member")) action.member = reader.small(json, "member");
  if (json.is_object() && json.contains("others")) action.others = reader.small_numbers(json, "others");
  // Traces of before clocks could jump back do not say that one does not.
  if (json.is_object() && json.contains("is_back")) action.is_back = reader.boolean(json, "is_back");
  if (has_shape(action)) action.shape = reader.kind<Shape>(reader.text(json, "shape"), kShapeCount);
  if (json.is_object() && json.contains("part")) action.part = reader.kind<Part>(reader.text(json, "part"), kPartCount);
  if (action.kind == ActionKind::slow_links) {
    action.delay = reader.duration(json, "delay_ns");
    action.bytes_per_second = reader.number(json, "bytes_per_second");
  }
  return action;
}

Broken decode_broken(Reader& reader, const Json& json) {
  Broken broken;
  broken.member = reader.small(json, "member");
  broken.ailment = reader.kind<Ailment>(reader.text(json, "ailment"), kAilmentCount);
  return broken;
}

Operation decode_operation(Reader& reader, const Json& json) {
  Operation operation;
  operation.client = reader.small(json, "client");
  operation.number = reader.small(json, "number");
  operation.at = reader.duration(json, "at_ns");
  operation.what = reader.text(json, "what");
  return operation;
}

}  // namespace

std::string encode(const Trace& trace) {
  const Plan& plan = trace.plan;
  Json json;
  json["lockstep_trace"] = kFormat;
  json["build"] = trace.build;
  json["scenario"] = plan.scenario;
  json["seed"] = plan.seed;
  json["verdict"] = {{"kind", to_text(trace.verdict.kind)}, {"oracle", trace.verdict.oracle}, {"message", trace.verdict.message}};
  json["digest"] = base::to_text(trace.digest);
  json["members"] = plan.members;
  if (plan.learners > 0) json["learners"] = plan.learners;
  if (plan.spares > 0) json["spares"] = plan.spares;
  json["clients"] = plan.clients;
  json["faults_until_ns"] = plan.faults_until.count();
  json["duration_ns"] = plan.duration.count();
  json["turn_cost_ns"] = plan.turn_cost.count();
  json["rates_per_million"] = plan.rates;
  json["sizes"] = plan.sizes;
  if (!plan.speaks_later.empty()) json["speaks_later"] = plan.speaks_later;
  json["actions"] = Json::array();
  for (const Action& action : plan.actions) json["actions"].push_back(encode(action));
  if (!plan.broken.empty()) {
    json["broken"] = Json::array();
    for (const Broken& broken : plan.broken) json["broken"].push_back({{"member", broken.member}, {"ailment", to_text(broken.ailment)}});
  }
  json["operations"] = Json::array();
  for (const Operation& operation : plan.operations) {
    json["operations"].push_back({{"client", operation.client}, {"number", operation.number},
                                  {"at_ns", operation.at.count()}, {"what", operation.what}});
  }
  json["pins"] = Json::object();
  for (const auto& pin : plan.pins) json["pins"][hex16(pin.first)] = hex16(pin.second);
  // One element a line where it matters to a reader, without a deep tree.
  return json.dump(1, ' ', true, Json::error_handler_t::replace) + "\n";
}

base::Result<Trace> decode_trace(std::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) return base::fail(base::Code::invalid, "not a trace: this is not a JSON object");
  Reader reader;
  if (const std::uint64_t format = reader.number(json, "lockstep_trace"); reader.ok() && format != kFormat) {
    return base::fail(base::Code::invalid, "a trace of format " + std::to_string(format) + "; this version reads format 1");
  }
  Trace trace;
  Plan& plan = trace.plan;
  trace.build = reader.text(json, "build");
  plan.scenario = reader.text(json, "scenario");
  plan.seed = reader.number(json, "seed");
  if (const Json* verdict = reader.member(json, "verdict"); verdict != nullptr) {
    trace.verdict.kind = reader.kind<VerdictKind>(reader.text(*verdict, "kind"), 5);
    trace.verdict.oracle = reader.text(*verdict, "oracle");
    trace.verdict.message = reader.text(*verdict, "message");
  }
  const std::string digest = reader.text(json, "digest");
  if (digest.size() == 32) trace.digest = {reader.hex(digest.substr(0, 16)), reader.hex(digest.substr(16))};
  else reader.fail("`digest` does not have 32 hexadecimal digits");
  plan.members = reader.small(json, "members");
  if (json.contains("learners")) plan.learners = reader.small(json, "learners");
  if (json.contains("spares")) plan.spares = reader.small(json, "spares");
  plan.clients = reader.small(json, "clients");
  plan.faults_until = reader.duration(json, "faults_until_ns");
  plan.duration = reader.duration(json, "duration_ns");
  // Traces of before this was drawn have none.
  if (json.contains("turn_cost_ns")) plan.turn_cost = reader.duration(json, "turn_cost_ns");
  plan.rates = reader.numbers(json, "rates_per_million");
  plan.sizes = reader.numbers(json, "sizes");
  if (json.contains("speaks_later")) plan.speaks_later = reader.small_numbers(json, "speaks_later");
  for (const Json& action : reader.list(json, "actions")) plan.actions.push_back(decode_action(reader, action));
  for (const Json& operation : reader.list(json, "operations")) plan.operations.push_back(decode_operation(reader, operation));
  if (json.contains("broken")) {
    for (const Json& broken : reader.list(json, "broken")) plan.broken.push_back(decode_broken(reader, broken));
  }
  if (const std::string wrong = contradiction(plan); !wrong.empty()) reader.fail(wrong);
  if (const Json* pins = reader.member(json, "pins"); pins != nullptr && pins->is_object()) {
    for (const auto& pin : pins->items()) {
      if (!pin.value().is_string()) reader.fail("a pin is not a text");
      else plan.pins[reader.hex(pin.key())] = reader.hex(pin.value().get<std::string>());
    }
  }
  if (!reader.ok()) return base::fail(base::Code::invalid, "not a usable trace: " + reader.error());
  return trace;
}

}  // namespace sim
