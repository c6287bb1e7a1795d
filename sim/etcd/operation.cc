#include "sim/etcd/operation.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sim::etcd {

namespace {

constexpr std::string_view kOpenEnd("\0", 1);
constexpr int kNestedMax = 8;

constexpr std::array<std::string_view, kOperationKindCount> kKinds = {"put", "get", "delete", "txn", "compact", "stream", "hash", "move"};
constexpr std::array<std::string_view, 4> kTargets = {"version", "create", "mod", "value"};
constexpr std::array<std::string_view, 4> kRelations = {"=", "!=", "<", ">"};

struct Flag {
  std::string_view word;
  bool KvOperation::* field;
};
constexpr std::array<Flag, 6> kFlags = {{{"prev", &KvOperation::prev_kv},
                                         {"serializable", &KvOperation::is_serializable},
                                         {"keys", &KvOperation::keys_only},
                                         {"count", &KvOperation::count_only},
                                         {"descending", &KvOperation::is_descending},
                                         {"physical", &KvOperation::is_physical}}};

template <typename Names>
int position(const Names& names, std::string_view word) {
  const auto found = std::find(names.begin(), names.end(), word);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

// --- writing ----------------------------------------------------------------------------------------

std::string keys_text(std::string_view key, std::string_view range_end) {
  std::string out = " " + std::string(key);
  if (!range_end.empty()) out += " " + std::string(range_end == kOpenEnd ? std::string_view("*") : range_end);
  return out;
}

template <typename Item>
std::string block_text(const std::vector<Item>& items) {
  std::string out = " [";
  for (std::size_t i = 0; i < items.size(); ++i) out += (i == 0 ? " " : " ; ") + to_text(items[i]);
  return out + " ]";
}

// --- reading ----------------------------------------------------------------------------------------

class Words {
 public:
  explicit Words(std::string_view text) : left_(text) { skip(); }
  bool is_empty() const { return left_.empty(); }
  std::string_view peek() const { return left_.substr(0, left_.find(' ')); }
  // Of a list a `;` or `]` ends an item.
  bool at_end_of_item() const { return is_empty() || peek() == ";" || peek() == "]"; }
  std::string_view take() {
    const std::string_view word = peek();
    left_.remove_prefix(word.size());
    skip();
    return word;
  }
  bool take_if(std::string_view word) {
    if (is_empty() || peek() != word) return false;
    take();
    return true;
  }

 private:
  void skip() { left_.remove_prefix(std::min(left_.find_first_not_of(' '), left_.size())); }
  std::string_view left_;
};

bool parse_number(std::string_view text, std::int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= 0;
}

std::string end_of(std::string_view word) { return std::string(word == "*" ? kOpenEnd : word); }

bool parse(Words& words, KvCompare& compare, int /*depth*/) {
  if (words.at_end_of_item()) return false;
  compare.key = words.take();
  if (words.at_end_of_item()) return false;
  if (position(kTargets, words.peek()) < 0) compare.range_end = end_of(words.take());
  const int target = position(kTargets, words.take());
  const int relation = position(kRelations, words.take());
  if (target < 0 || relation < 0) return false;
  compare.target = static_cast<CompareTarget>(target);
  compare.relation = static_cast<CompareRelation>(relation);
  const std::string_view operand = words.take();
  if (operand == "seen") return true;
  return compare.target != CompareTarget::value && parse_number(operand, compare.number);
}

bool parse(Words& words, KvOperation& operation, int depth);

template <typename Item>
bool parse_list(Words& words, std::vector<Item>& items, int depth) {
  if (!words.take_if("[")) return false;
  if (words.take_if("]")) return true;
  do {
    if (!parse(words, items.emplace_back(), depth)) return false;
  } while (words.take_if(";"));
  return words.take_if("]");
}

bool parse_option(std::string_view word, KvOperation& operation) {
  for (const Flag& flag : kFlags) {
    if (flag.word != word) continue;
    operation.*flag.field = true;
    return true;
  }
  if (word.substr(0, 5) == "back=") return parse_number(word.substr(5), operation.back);
  if (word.substr(0, 6) == "limit=") return parse_number(word.substr(6), operation.limit);
  return false;
}

bool is_option(std::string_view word) {
  KvOperation ignored;
  return parse_option(word, ignored);
}

bool parse(Words& words, KvOperation& operation, int depth) {
  const int kind = position(kKinds, words.take());
  if (kind < 0) return false;
  operation.kind = static_cast<OperationKind>(kind);
  const bool stands_alone = operation.kind == OperationKind::compact || operation.kind == OperationKind::stream ||
                            operation.kind == OperationKind::hash || operation.kind == OperationKind::move;
  if (stands_alone && depth > 0) return false;
  if (operation.kind == OperationKind::txn) {
    return depth < kNestedMax && parse_list(words, operation.compares, depth) && parse_list(words, operation.success, depth + 1) &&
           parse_list(words, operation.failure, depth + 1);
  }
  std::int64_t number = 0;
  if (operation.kind == OperationKind::move) {
    if (words.at_end_of_item() || !parse_number(words.take(), number) || number > UINT32_MAX) return false;
    operation.member = static_cast<std::uint32_t>(number);
    return words.at_end_of_item();
  }
  if (operation.kind != OperationKind::hash) {
    if (words.at_end_of_item()) return false;
    if (operation.kind != OperationKind::compact) operation.key = words.take();
    else if (!parse_number(words.take(), operation.back)) return false;
  }
  if (operation.kind == OperationKind::put) {
    if (!parse_number(words.take(), number)) return false;
    operation.value_bytes = static_cast<std::uint64_t>(number);
  }
  const bool may_range = operation.kind == OperationKind::get || operation.kind == OperationKind::stream || operation.kind == OperationKind::erase;
  const bool has_end = may_range && !words.at_end_of_item() && !is_option(words.peek()) && words.peek().find('=') == words.peek().npos;
  if (has_end) operation.range_end = end_of(words.take());
  while (!words.at_end_of_item()) {
    if (!parse_option(words.take(), operation)) return false;
  }
  return true;
}

}  // namespace

std::string to_text(const KvCompare& compare) {
  return keys_text(compare.key, compare.range_end).substr(1) + " " +
         std::string(kTargets[static_cast<std::size_t>(compare.target)]) + " " +
         std::string(kRelations[static_cast<std::size_t>(compare.relation)]) + " " +
         (compare.number < 0 ? "seen" : std::to_string(compare.number));
}

std::string to_text(const KvOperation& operation) {
  std::string out(kKinds[static_cast<std::size_t>(operation.kind)]);
  switch (operation.kind) {
    case OperationKind::txn:
      return out + block_text(operation.compares) + block_text(operation.success) + block_text(operation.failure);
    case OperationKind::compact: out += " " + std::to_string(operation.back); break;
    case OperationKind::move: out += " " + std::to_string(operation.member); break;
    case OperationKind::put: out += " " + operation.key + " " + std::to_string(operation.value_bytes); break;
    case OperationKind::hash:
      if (operation.back >= 0) out += " back=" + std::to_string(operation.back);
      break;
    case OperationKind::get:
    case OperationKind::stream:
    case OperationKind::erase:
      out += keys_text(operation.key, operation.range_end);
      if (operation.back >= 0) out += " back=" + std::to_string(operation.back);
      if (operation.limit > 0) out += " limit=" + std::to_string(operation.limit);
      break;
  }
  for (const Flag& flag : kFlags) {
    if (operation.*flag.field) out += " " + std::string(flag.word);
  }
  return out;
}

base::Result<KvOperation> parse_operation(std::string_view text) {
  Words words(text);
  KvOperation operation;
  if (words.is_empty() || !parse(words, operation, 0) || !words.is_empty()) {
    return base::fail(base::Code::invalid, "not an operation of this workload: `" + std::string(text) + "`");
  }
  return operation;
}

std::string unique_value(std::uint32_t client, std::uint32_t number, std::uint32_t part, std::uint64_t bytes) {
  std::string value = "c" + std::to_string(client) + "-" + std::to_string(number) + "." + std::to_string(part) + "|";
  if (value.size() < bytes) value.append(bytes - value.size(), 'x');
  return value;
}

}  // namespace sim::etcd
