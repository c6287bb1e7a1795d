#include "sim/etcd/operation.h"

#include <charconv>
#include <vector>

namespace sim::etcd {

namespace {

constexpr std::string_view kOpenEnd("\0", 1);

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

bool parse_number(std::string_view text, std::int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= 0;
}

tl::unexpected<base::Error> refuse(std::string_view text) {
  return base::fail(base::Code::invalid, "not an operation of this workload: `" + std::string(text) + "`");
}

}  // namespace

std::string to_text(const KvOperation& operation) {
  std::string out;
  switch (operation.kind) {
    case OperationKind::put: out = "put"; break;
    case OperationKind::get: out = "get"; break;
    case OperationKind::erase: out = "delete"; break;
  }
  out += " " + operation.key;
  if (operation.kind == OperationKind::put) out += " " + std::to_string(operation.value_bytes);
  if (!operation.range_end.empty()) out += " " + (operation.range_end == kOpenEnd ? "*" : operation.range_end);
  if (operation.back >= 0) out += " back=" + std::to_string(operation.back);
  if (operation.limit > 0) out += " limit=" + std::to_string(operation.limit);
  if (operation.prev_kv) out += " prev";
  if (operation.is_serializable) out += " serializable";
  return out;
}

base::Result<KvOperation> parse_operation(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  if (words.size() < 2) return refuse(text);
  KvOperation operation;
  if (words[0] == "put") operation.kind = OperationKind::put;
  else if (words[0] == "get") operation.kind = OperationKind::get;
  else if (words[0] == "delete") operation.kind = OperationKind::erase;
  else return refuse(text);
  operation.key = words[1];
  std::size_t next = 2;
  if (operation.kind == OperationKind::put) {
    std::int64_t bytes = 0;
    if (words.size() < 3 || !parse_number(words[2], bytes)) return refuse(text);
    operation.value_bytes = static_cast<std::uint64_t>(bytes);
    next = 3;
  }
  for (; next < words.size(); ++next) {
    const std::string_view word = words[next];
    if (word == "prev") operation.prev_kv = true;
    else if (word == "serializable") operation.is_serializable = true;
    else if (word.substr(0, 5) == "back=") {
      if (!parse_number(word.substr(5), operation.back)) return refuse(text);
    } else if (word.substr(0, 6) == "limit=") {
      if (!parse_number(word.substr(6), operation.limit)) return refuse(text);
    } else if (next == 2 && operation.kind != OperationKind::put) {
      operation.range_end = word == "*" ? kOpenEnd : word;
    } else {
      return refuse(text);
    }
  }
  return operation;
}

std::string unique_value(std::uint32_t client, std::uint32_t number, std::uint64_t bytes) {
  std::string value = "c" + std::to_string(client) + "-" + std::to_string(number) + "|";
  if (value.size() < bytes) value.append(bytes - value.size(), 'x');
  return value;
}

}  // namespace sim::etcd
