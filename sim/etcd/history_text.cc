#include "sim/etcd/history_text.h"

#include <utility>

#include "core/base/text.h"
#include "sim/etcd/json_line.h"

namespace sim::etcd {

namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kRevisionMax = std::int64_t{1} << 60U;  // beyond it nothing is real, and sums would overflow

// --- writing ----------------------------------------------------------------------------------------

void append_bytes(std::string_view bytes, std::string& out) { out.append("\"").append(base::escaped(bytes)).append("\""); }

template <typename Items>
void append_list(std::string_view name, const Items& items, std::string& out) {
  out.append(",\"").append(name).append("\":[");
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    append_bytes(items[i], out);
  }
  out += ']';
}

// --- reading ----------------------------------------------------------------------------------------

// False once anything was wrong; the line knows what.
bool read_list(JsonLine& line, ByteArena& arena, std::vector<std::string_view>& out) {
  if (!line.begin_array()) return false;
  for (bool has_one = false; line.next_element(has_one) && has_one;) {
    if (!line.read_bytes(arena, out.emplace_back())) return false;
  }
  return line.error().empty();
}

bool read_small(JsonLine& line, std::uint32_t& out) {
  std::int64_t number = 0;
  if (!line.read_number(number)) return false;
  if (number < 0 || number > std::int64_t{UINT32_MAX}) return line.fail("a number that cannot be meant");
  out = static_cast<std::uint32_t>(number);
  return true;
}

bool read_error(JsonLine& line, ByteArena& arena, HistoryOperation& out) {
  std::int64_t code = 0;
  bool has_one = false;
  if (!line.begin_array() || !line.next_element(has_one) || !line.read_number(code)) return false;
  if (code < 1 || code > 16) return line.fail("no status code of gRPC");
  if (!line.next_element(has_one) || !line.read_bytes(arena, out.answer) || !line.next_element(has_one)) return false;
  if (has_one) return line.fail("an error is a code and a text");
  out.end = HistoryEnd::failed;
  out.code = static_cast<rpc::StatusCode>(code);
  return true;
}

// Of a line's members, those that were there.
struct Seen {
  bool header = false, client = false, number = false, start = false, end = false, call = false, outcome = false;
  bool revision = false, operations = false, revisions = false;
};

struct Line {
  std::int64_t version = 0;
  std::int64_t revision = 0;
  std::int64_t operation_count = 0;
  std::int64_t revision_count = 0;
  HistoryOperation operation;
  LogRevision log;
  std::vector<std::string_view> endpoints;
  std::vector<std::string_view> base;
  Seen seen;
};

bool read_call(JsonLine& line, ByteArena& arena, HistoryCall call, Line& out) {
  if (std::exchange(out.seen.call, true)) return line.fail("an operation is one call");
  out.operation.call = call;
  return line.read_bytes(arena, out.operation.request);
}

bool read_member(JsonLine& line, ByteArena& arena, std::string_view name, Line& out) {
  const auto once = [&](bool Seen::*flag) { return !std::exchange(out.seen.*flag, true) || line.fail("a member that stands there twice"); };
  if (name == "client") return once(&Seen::client) && read_small(line, out.operation.client);
  if (name == "number") return once(&Seen::number) && read_small(line, out.operation.number);
  if (name == "endpoint") return read_small(line, out.operation.endpoint);
  if (name == "start") return once(&Seen::start) && line.read_number(out.operation.start_ns);
  if (name == "end") return once(&Seen::end) && line.read_number(out.operation.end_ns);
  if (name == "put") return read_call(line, arena, HistoryCall::put, out);
  if (name == "range") return read_call(line, arena, HistoryCall::range, out);
  if (name == "txn") return read_call(line, arena, HistoryCall::txn, out);
  if (name == "answer") {
    out.operation.end = HistoryEnd::answered;
    return once(&Seen::outcome) && line.read_bytes(arena, out.operation.answer);
  }
  if (name == "error") return once(&Seen::outcome) && read_error(line, arena, out.operation);
  if (name == "revision") return once(&Seen::revision) && line.read_number(out.revision);
  if (name == "puts") return read_list(line, arena, out.log.puts);
  if (name == "deletes") return read_list(line, arena, out.log.deletes);
  if (name == "keys") return line.read_number(out.log.key_count);
  if (name == "lockstep_history") return once(&Seen::header) && line.read_number(out.version);
  if (name == "endpoints") return read_list(line, arena, out.endpoints);
  if (name == "base") return read_list(line, arena, out.base);
  if (name == "operations") return once(&Seen::operations) && line.read_number(out.operation_count);
  if (name == "revisions") return once(&Seen::revisions) && line.read_number(out.revision_count);
  return line.fail("no line has a member `" + std::string(name) + "`");
}

bool read_line(JsonLine& line, ByteArena& arena, Line& out) {
  if (!line.begin_object()) return false;
  for (;;) {
    const std::optional<std::string_view> name = line.next_member();
    if (!name) return false;
    if (name->empty()) return line.at_end();
    if (!read_member(line, arena, *name, out)) return false;
  }
}

// What is wrong with an operation, or empty.
std::string line_complaint(const Line& line, std::size_t endpoint_count) {
  const Seen& seen = line.seen;
  const HistoryOperation& operation = line.operation;
  if (!seen.number || !seen.start || !seen.call) return "an operation needs client, number, start and one of put, range and txn";
  if (operation.start_ns < 0) return "a clock begins at 0";
  if (seen.outcome != seen.end) return "an operation has an end and an answer or an error, or neither";
  if (seen.end && operation.end_ns <= operation.start_ns) return "an operation ends after its start";
  if (operation.endpoint >= endpoint_count) return "there is no endpoint " + std::to_string(operation.endpoint);
  return {};
}

}  // namespace

void append_header(const History& history, std::string& out) {
  out += "{\"lockstep_history\":" + std::to_string(kVersion) + ",\"revision\":" + std::to_string(history.first_revision);
  append_list("endpoints", history.endpoints, out);
  append_list("base", history.base, out);
  out += "}\n";
}

void append_operation(const HistoryOperation& operation, std::string& out) {
  out += "{\"client\":" + std::to_string(operation.client) + ",\"number\":" + std::to_string(operation.number) +
         ",\"endpoint\":" + std::to_string(operation.endpoint) + ",\"start\":" + std::to_string(operation.start_ns) + ",\"";
  out.append(to_text(operation.call)).append("\":");
  append_bytes(operation.request, out);
  if (operation.end != HistoryEnd::open) out += ",\"end\":" + std::to_string(operation.end_ns);
  if (operation.end == HistoryEnd::answered) {
    out += ",\"answer\":";
    append_bytes(operation.answer, out);
  } else if (operation.end == HistoryEnd::failed) {
    out += ",\"error\":[" + std::to_string(static_cast<int>(operation.code)) + ",";
    append_bytes(operation.answer, out);
    out += ']';
  }
  out += "}\n";
}

void append_revision(const LogRevision& revision, std::string& out) {
  out += "{\"revision\":" + std::to_string(revision.revision);
  if (!revision.puts.empty()) append_list("puts", revision.puts, out);
  if (!revision.deletes.empty()) append_list("deletes", revision.deletes, out);
  if (revision.key_count >= 0) out += ",\"keys\":" + std::to_string(revision.key_count);
  out += "}\n";
}

void append_end(std::uint64_t operation_count, std::uint64_t revision_count, std::string& out) {
  out += "{\"operations\":" + std::to_string(operation_count) + ",\"revisions\":" + std::to_string(revision_count) + "}\n";
}

std::string encode_history(const History& history) {
  std::string out;
  append_header(history, out);
  for (const HistoryOperation& operation : history.operations) append_operation(operation, out);
  for (const LogRevision& revision : history.log) append_revision(revision, out);
  append_end(history.operations.size(), history.log.size(), out);
  return out;
}

base::Status HistoryReader::refuse(const std::string& why) const {
  return base::fail(base::Code::invalid, "line " + std::to_string(line_) + ": " + why);
}

base::Status HistoryReader::add_line(std::string_view text) {
  ++line_;
  Line line;
  JsonLine json(text);
  if (!read_line(json, history_.arena, line)) return refuse(json.error());
  if (has_end_) return refuse("it stands behind the end");
  if ((line_ == 1) != line.seen.header) {
    return refuse(line_ == 1 ? "this is no history: its first line has no lockstep_history" : "a second header");
  }
  if (line.seen.header) {
    if (line.version != kVersion) return refuse("format version " + std::to_string(line.version) + " is not known here");
    if (line.revision < 1 || line.revision > kRevisionMax) return refuse("a store begins at revision 1");
    history_.first_revision = line.revision;
    history_.endpoints.assign(line.endpoints.begin(), line.endpoints.end());
    history_.base = std::move(line.base);
    return {};
  }
  if (line.seen.client) {
    const std::string wrong = line_complaint(line, history_.endpoints.size());
    if (!wrong.empty()) return refuse(wrong);
    history_.operations.push_back(line.operation);
    return {};
  }
  if (line.seen.revision) {
    line.log.revision = line.revision;
    history_.log.push_back(std::move(line.log));
    return {};
  }
  if (!line.seen.operations || !line.seen.revisions) return refuse("neither an operation nor a revision nor the end");
  has_end_ = true;
  if (line.operation_count != static_cast<std::int64_t>(history_.operations.size()) ||
      line.revision_count != static_cast<std::int64_t>(history_.log.size())) {
    return refuse("lines are missing: " + std::to_string(history_.operations.size()) + " operations and " +
                  std::to_string(history_.log.size()) + " revisions came before the end");
  }
  return {};
}

base::Result<History> HistoryReader::finish() {
  if (!has_end_) return base::fail(base::Code::invalid, "it is not whole: behind line " + std::to_string(line_) + " the end is missing");
  return std::move(history_);
}

base::Result<History> decode_history(std::string_view text) {
  HistoryReader reader;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (base::Status added = reader.add_line(text.substr(0, end)); !added) return base::fail(added.error());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.finish();
}

}  // namespace sim::etcd
