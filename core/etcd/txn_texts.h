// core/etcd/txn_texts.h: transactions and their answers as one line of text, for tests.
//
//   ? v(a)=1 val(b..c)!=x : put k=v prev, get a..z : del k, [? c(k)>0 : put n=1]
//
// Conditions after `?`, then success, then failure, all of which may be missing. Targets are v, c, m, val and lease.
// Keys are single, `a..b`, or `a..\0` with an open end. What stands after an operation is a flag or a number of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/api/kv.pb.h"
#include "core/base/assert.h"

namespace etcd::testing {

class TxnParser {
 public:
  explicit TxnParser(std::string_view text) : in_(text) {}

  void txn(etcdserverpb::TxnRequest& request) {
    if (take('?')) {
      while (skip_spaces() && !is_mark(in_.front())) compare(*request.add_compare());
    }
    if (take(':')) operations(*request.mutable_success());
    if (take(':')) operations(*request.mutable_failure());
  }
  bool is_at_end() const { return in_.empty(); }

 private:
  static bool is_mark(char c) { return std::string_view(",:[]?").find(c) != std::string_view::npos; }
  bool skip_spaces() {
    while (!in_.empty() && in_.front() == ' ') in_.remove_prefix(1);
    return !in_.empty();
  }
  bool take(char mark) {
    if (!skip_spaces() || in_.front() != mark) return false;
    in_.remove_prefix(1);
    return true;
  }
  std::string_view word() {
    std::size_t size = 0;
    while (size < in_.size() && in_[size] != ' ' && !is_mark(in_[size])) ++size;
    const std::string_view text = in_.substr(0, size);
    in_.remove_prefix(size);
    return text;
  }

  template <typename Request>
  static void set_range(Request& request, std::string_view text) {
    const std::size_t dots = text.find("..");
    request.set_key(std::string(text.substr(0, dots)));
    if (dots == std::string_view::npos) return;
    const std::string_view end = text.substr(dots + 2);
    request.set_range_end(end == "\\0" ? std::string(1, '\0') : std::string(end));
  }

  void compare(etcdserverpb::Compare& compare) {
    const std::string text(word());
    const std::size_t open = text.find('(');
    const std::size_t close = text.find(')');
    const std::size_t operand = text.find_first_not_of("!=<>", close + 1);
    ASSERT(close != std::string::npos);
    set_range(compare, std::string_view(text).substr(open + 1, close - open - 1));
    const std::string op = text.substr(close + 1, operand - close - 1);
    compare.set_result(op == "=" ? compare.EQUAL : op == "!=" ? compare.NOT_EQUAL : op == "<" ? compare.LESS : compare.GREATER);
    const std::string value = operand == std::string::npos ? std::string() : text.substr(operand);
    const std::string target = text.substr(0, open);
    if (target == "val") {
      compare.set_target(compare.VALUE);
      return compare.set_value(value);
    }
    const std::int64_t number = std::stoll(value);
    if (target == "v") compare.set_target(compare.VERSION), compare.set_version(number);
    if (target == "c") compare.set_target(compare.CREATE), compare.set_create_revision(number);
    if (target == "m") compare.set_target(compare.MOD), compare.set_mod_revision(number);
    if (target == "lease") compare.set_target(compare.LEASE), compare.set_lease(number);
  }

  void operations(google::protobuf::RepeatedPtrField<etcdserverpb::RequestOp>& list) {
    while (skip_spaces() && in_.front() != ':' && in_.front() != ']') {
      operation(*list.Add());
      if (!take(',')) return;
    }
  }

  void operation(etcdserverpb::RequestOp& operation) {
    if (take('[')) {
      txn(*operation.mutable_request_txn());
      const bool is_closed = take(']');
      ASSERT(is_closed);
      return;
    }
    const std::string_view kind = word();
    if (kind == "unset") return;
    if (!in_.empty()) in_.remove_prefix(1);  // the space
    const std::string_view what = word();
    if (kind == "put") {
      auto& put = *operation.mutable_request_put();
      put.set_key(std::string(what.substr(0, what.find('='))));
      if (what.find('=') != std::string_view::npos) put.set_value(std::string(what.substr(what.find('=') + 1)));
      return options([&](const std::string& name, std::int64_t number) {
        if (name == "prev") put.set_prev_kv(true);
        if (name == "keep_value") put.set_ignore_value(true);
        if (name == "keep_lease") put.set_ignore_lease(true);
        if (name == "lease") put.set_lease(number);
      });
    }
    if (kind == "del") {
      auto& erase = *operation.mutable_request_delete_range();
      set_range(erase, what);
      return options([&](const std::string& name, std::int64_t) { erase.set_prev_kv(name == "prev"); });
    }
    ASSERT(kind == "get");
    auto& get = *operation.mutable_request_range();
    set_range(get, what);
    options([&](const std::string& name, std::int64_t number) {
      if (name == "rev") get.set_revision(number);
      if (name == "limit") get.set_limit(number);
      if (name == "order") get.set_sort_order(static_cast<etcdserverpb::RangeRequest::SortOrder>(number));
      if (name == "by") get.set_sort_target(static_cast<etcdserverpb::RangeRequest::SortTarget>(number));
      if (name == "keys") get.set_keys_only(true);
      if (name == "count") get.set_count_only(true);
      if (name == "serializable") get.set_serializable(true);
    });
  }

  template <typename Set>
  void options(Set&& set) {
    while (skip_spaces() && !is_mark(in_.front())) {
      const std::string text(word());
      const std::size_t equals = text.find('=');
      set(text.substr(0, equals), equals == std::string::npos ? 0 : std::stoll(text.substr(equals + 1)));
    }
  }

  std::string_view in_;
};

inline etcdserverpb::TxnRequest txn_of(std::string_view text) {
  etcdserverpb::TxnRequest request;
  TxnParser parser(text);
  parser.txn(request);
  ASSERT(parser.is_at_end());
  return request;
}

// `key=value@create/mod v version`
inline std::string text_of(const mvccpb::KeyValue& kv) {
  return kv.key() + "=" + kv.value() + "@" + std::to_string(kv.create_revision()) + "/" + std::to_string(kv.mod_revision()) +
         "v" + std::to_string(kv.version());
}
template <typename KeyValues>
std::string texts_of(const KeyValues& kvs) {
  std::string out;
  for (const mvccpb::KeyValue& kv : kvs) out += (out.empty() ? "" : " ") + text_of(kv);
  return out;
}

// `then@4 put@3(before) del@4:2(were) get@4:3(found)+ [else@0 …]`, with each header's revision; `+`: there is more.
inline std::string text_of(const etcdserverpb::TxnResponse& response) {
  const auto at = [](const auto& one) { return "@" + std::to_string(one.header().revision()); };
  std::string out = (response.succeeded() ? "then" : "else") + at(response);
  for (const etcdserverpb::ResponseOp& one : response.responses()) {
    out += ' ';
    if (one.has_response_put()) {
      const auto& put = one.response_put();
      out += "put" + at(put);
      if (put.has_prev_kv()) out += "(" + text_of(put.prev_kv()) + ")";
    } else if (one.has_response_delete_range()) {
      const auto& erased = one.response_delete_range();
      out += "del" + at(erased) + ":" + std::to_string(erased.deleted());
      if (erased.prev_kvs_size() != 0) out += "(" + texts_of(erased.prev_kvs()) + ")";
    } else if (one.has_response_range()) {
      const auto& range = one.response_range();
      out += "get" + at(range) + ":" + std::to_string(range.count()) + "(" + texts_of(range.kvs()) + ")";
      if (range.more()) out += '+';
    } else {
      out += "[" + text_of(one.response_txn()) + "]";
    }
  }
  return out;
}

}  // namespace etcd::testing
