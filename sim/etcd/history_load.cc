#include "sim/etcd/history_load.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/api/kv.pb.h"
#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/etcd/parse.h"
#include "sim/etcd/operation.h"

namespace sim::etcd {

namespace {

constexpr std::string_view kMarkers = "marker/";

std::string key_of(std::uint64_t number) { return "k" + std::to_string(number); }

std::optional<std::uint64_t> number_of(std::string_view key) {
  std::uint64_t number = 0;
  if (key.size() < 2 || key[0] != 'k') return std::nullopt;
  const auto [end, error] = std::from_chars(key.data() + 1, key.data() + key.size(), number);
  return error == std::errc() && end == key.data() + key.size() ? std::optional(number) : std::nullopt;
}

// Draws one request; each draw has a name.
class LoadDrawer {
 public:
  LoadDrawer(const HistoryLoadOptions& options, std::uint32_t client, std::uint32_t number, const SeenKeys& seen, std::int64_t first,
         std::int64_t shown)
      : options_(options), client_(client), number_(number), seen_(seen), first_(first), shown_(shown),
        name_(base::mix64(base::mix64(options.seed, client), number)) {}

  LoadRequest draw() {
    const std::uint64_t kind = below("kind", 100);
    if (kind < 30) return put();
    if (kind < 70) return get(kind < 37, kind >= 62);
    if (kind < 85) return update();
    return kind < 92 ? several_puts() : erase();
  }

 private:
  std::uint64_t below(std::string_view purpose, std::uint64_t bound) const { return base::hash64(purpose, name_) % bound; }

  template <typename Message>
  static LoadRequest finish(HistoryCall call, const Message& message, bool is_serializable = false) {
    return {call, message.SerializeAsString(), is_serializable};
  }

  void fill(etcdserverpb::PutRequest& put, const std::string& key) {
    put.set_key(key);
    put.set_value(unique_value(client_, number_, part_, below("value bytes", 64)));
    ++part_;
  }

  LoadRequest put() {
    etcdserverpb::PutRequest put;
    fill(put, key_of(below("key", options_.keys)));
    put.set_prev_kv(below("previous", 4) == 0);
    return finish(HistoryCall::put, put);
  }

  LoadRequest get(bool is_stale, bool is_wide) {
    etcdserverpb::RangeRequest range;
    range.set_key(key_of(below("key", options_.keys)));
    range.set_serializable(is_stale);
    if (is_wide) make_wide(range);
    if (below("old", 10) == 0) {
      const std::int64_t back = static_cast<std::int64_t>(below("back", 50));
      range.set_revision(std::max(first_, shown_ - back));
    }
    return finish(HistoryCall::range, range, is_stale);
  }

  void make_wide(etcdserverpb::RangeRequest& range) {
    const std::uint64_t form = below("form", 8);
    if (form == 0) range.set_key(std::string(1, '\0'));
    if (form <= 1) range.set_range_end(std::string(1, '\0'));
    else range.set_range_end(key_of(below("range end", options_.keys)));
    range.set_keys_only(form == 2);
    range.set_count_only(form == 3);
    if (form == 4) range.set_sort_order(etcdserverpb::RangeRequest::DESCEND);
    if (below("limited", 2) == 0) range.set_limit(1 + static_cast<std::int64_t>(below("limit", 10)));
  }

  // What a careful client asks: is the key still as I saw it? It reads what is there if not.
  void add_compare(etcdserverpb::TxnRequest& txn, std::uint64_t key) {
    etcdserverpb::Compare& compare = *txn.add_compare();
    compare.set_key(key_of(key));
    compare.set_target(etcdserverpb::Compare::MOD);
    compare.set_mod_revision(seen_.mod_revision(key));
    txn.add_failure()->mutable_request_range()->set_key(key_of(key));
  }

  LoadRequest update() {
    const std::uint64_t key = below("key", options_.keys);
    etcdserverpb::TxnRequest txn;
    add_compare(txn, key);
    fill(*txn.add_success()->mutable_request_put(), key_of(key));
    if (below("read own", 3) == 0) txn.add_success()->mutable_request_range()->set_key(key_of(key));
    if (below("count others", 5) == 0) {
      etcdserverpb::RangeRequest& others = *txn.add_failure()->mutable_request_range();
      others.set_key("k");
      others.set_range_end("l");
      others.set_count_only(true);
    }
    return finish(HistoryCall::txn, txn);
  }

  LoadRequest several_puts() {
    etcdserverpb::TxnRequest txn;
    const std::uint64_t count = std::min<std::uint64_t>(options_.keys, 2 + below("puts", 3));
    const std::uint64_t first = below("key", options_.keys);
    for (std::uint64_t i = 0; i < count; ++i) {
      etcdserverpb::PutRequest& put = *txn.add_success()->mutable_request_put();
      fill(put, key_of((first + i) % options_.keys));
      put.set_prev_kv(i == 0);
    }
    return finish(HistoryCall::txn, txn);
  }

  LoadRequest erase() {
    const std::uint64_t key = below("key", options_.keys);
    etcdserverpb::TxnRequest txn;
    if (below("careful", 3) == 0) add_compare(txn, key);
    fill(*txn.add_success()->mutable_request_put(), std::string(kMarkers) + std::to_string(client_));
    etcdserverpb::DeleteRangeRequest& erase = *txn.add_success()->mutable_request_delete_range();
    erase.set_key(key_of(key));
    // In the order of bytes: k1, k10, k11, …
    if (below("several", 8) == 0) erase.set_range_end(key_of(key) + "9");
    erase.set_prev_kv(below("previous", 3) == 0);
    return finish(HistoryCall::txn, txn);
  }

  const HistoryLoadOptions& options_;
  const std::uint32_t client_;
  const std::uint32_t number_;
  const SeenKeys& seen_;
  const std::int64_t first_;
  const std::int64_t shown_;
  const std::uint64_t name_;
  std::uint32_t part_ = 0;
};

using ::etcd::parse;

}  // namespace

std::string_view path_of(HistoryCall call) {
  switch (call) {
    case HistoryCall::put: return "/etcdserverpb.KV/Put";
    case HistoryCall::range: return "/etcdserverpb.KV/Range";
    case HistoryCall::txn: return "/etcdserverpb.KV/Txn";
  }
  return {};
}

bool is_marker(std::string_view key) { return key.starts_with(kMarkers); }

void SeenKeys::note(std::string_view key, std::int64_t mod_revision) {
  const std::optional<std::uint64_t> number = number_of(key);
  if (number && *number < mod_revisions_.size()) mod_revisions_[*number] = std::max(mod_revisions_[*number], mod_revision);
}

void SeenKeys::learn(HistoryCall call, std::string_view request, std::string_view answer) {
  switch (call) {
    case HistoryCall::put: {
      etcdserverpb::PutRequest put;
      etcdserverpb::PutResponse done;
      if (parse(put, request) && parse(done, answer)) note(put.key(), done.header().revision());
      return;
    }
    case HistoryCall::range: {
      etcdserverpb::RangeResponse range;
      if (!parse(range, answer)) return;
      for (const mvccpb::KeyValue& kv : range.kvs()) note(kv.key(), kv.mod_revision());
      return;
    }
    case HistoryCall::txn: {
      etcdserverpb::TxnRequest txn;
      etcdserverpb::TxnResponse done;
      if (!parse(txn, request) || !parse(done, answer)) return;
      const auto& branch = done.succeeded() ? txn.success() : txn.failure();
      for (int i = 0; i < std::min(branch.size(), done.responses_size()); ++i) {
        if (branch.Get(i).has_request_put()) note(branch.Get(i).request_put().key(), done.header().revision());
        for (const mvccpb::KeyValue& kv : done.responses(i).response_range().kvs()) note(kv.key(), kv.mod_revision());
      }
      return;
    }
  }
}

LoadRequest HistoryLoad::draw(std::uint32_t client, std::uint32_t number, const SeenKeys& seen, std::int64_t first,
                              std::int64_t shown) const {
  return LoadDrawer(options_, client, number, seen, first, shown).draw();
}

}  // namespace sim::etcd
