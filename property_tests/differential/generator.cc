#include "property_tests/differential/generator.h"

#include <string>

#include "core/base/assert.h"
#include "property_tests/differential/build.h"
#include "property_tests/differential/expected.h"
#include "property_tests/differential/shapes.h"

namespace property_tests::differential {

namespace {

using etcdserverpb::Compare;
using etcdserverpb::DeleteRangeRequest;
using etcdserverpb::PutRequest;
using etcdserverpb::RangeRequest;
using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;

constexpr int kUnknownEnum = 9;
constexpr int kNestingMax = 3;
// 1.5 MiB is the limit of a request in the log, 512 KiB more that of a message.
constexpr std::size_t kTooLargeForLog = 1'600'000;
constexpr std::size_t kLargeValue = 1'500'000;
constexpr std::size_t kTooLargeForWire = 2'200'000;

const std::array<std::string, 8> kValues = {"", "1", "2", "10", "a", "aa", "\xff", std::string("\0x", 2)};

std::string draw_end(Dice& dice, const std::string& key) {
  switch (dice.below(12)) {
    case 0:
    case 1: return kOpenEnd;
    case 2: return key + '\0';  // that key alone
    case 3: {                   // all keys that begin so
      std::string end = key;
      if (!end.empty() && end.back() != '\xff') end.back() = static_cast<char>(end.back() + 1);
      return end;
    }
    case 4: return key;
    case 5: return draw_key(dice);
    case 6: return "c";
    case 7: return "zz";
    default: return "";
  }
}

// Mostly what is there to read; sometimes too old or too new.
std::int64_t draw_revision(Dice& dice) {
  switch (dice.below(20)) {
    case 0: return newest(dice.between(1, 3));
    case 1: return compacted(dice.between(-2, -1));
    case 2: return compacted(dice.between(0, 1));
    case 3: return dice.between(-3, 3);
    case 4: return newest();
    case 5:
    case 6:
    case 7:
    case 8: return newest(-dice.between(1, 12));
    default: return 0;
  }
}

std::int64_t draw_bound(Dice& dice, unsigned percent) {
  if (!dice.chance(percent)) return 0;
  if (dice.chance(10)) return dice.between(-2, 3);
  return newest(-dice.between(-1, 15));
}

RangeRequest draw_range(Dice& dice) {
  RangeRequest out;
  if (!dice.chance(2)) {
    const bool from_the_first = dice.chance(40);
    out.set_key(from_the_first ? std::string(1, '\0') : draw_key(dice));
    out.set_range_end(from_the_first && dice.chance(70) ? kOpenEnd : draw_end(dice, out.key()));
  } else if (dice.chance(50)) {
    out.set_range_end(draw_end(dice, "a"));
  }
  if (dice.chance(35)) out.set_limit(dice.between(-1, 6));
  out.set_revision(draw_revision(dice));
  if (dice.chance(45)) out.set_sort_order(static_cast<RangeRequest::SortOrder>(dice.below(3)));
  if (dice.chance(45)) out.set_sort_target(static_cast<RangeRequest::SortTarget>(dice.below(5)));
  if (dice.chance(1)) out.set_sort_order(static_cast<RangeRequest::SortOrder>(kUnknownEnum));
  if (dice.chance(1)) out.set_sort_target(static_cast<RangeRequest::SortTarget>(kUnknownEnum));
  out.set_serializable(dice.chance(25));
  out.set_keys_only(dice.chance(20));
  out.set_count_only(dice.chance(10));
  const unsigned bounded = dice.chance(25) ? 40 : 0;
  out.set_min_mod_revision(draw_bound(dice, bounded));
  out.set_max_mod_revision(draw_bound(dice, bounded));
  out.set_min_create_revision(draw_bound(dice, bounded));
  out.set_max_create_revision(draw_bound(dice, bounded));
  return out;
}

// A stream knows neither order nor bounds: mostly without, so that something is streamed.
RangeRequest draw_range_for_stream(Dice& dice) {
  RangeRequest out = draw_range(dice);
  if (dice.chance(85)) {
    out.clear_sort_order();
    out.clear_sort_target();
    out.clear_min_mod_revision();
    out.clear_max_mod_revision();
    out.clear_min_create_revision();
    out.clear_max_create_revision();
  }
  return out;
}

PutRequest draw_put(Dice& dice) {
  PutRequest out;
  if (!dice.chance(2)) out.set_key(draw_key(dice));
  out.set_prev_kv(dice.chance(30));
  out.set_ignore_value(dice.chance(12));
  out.set_ignore_lease(dice.chance(12));
  if (!out.ignore_value() || dice.chance(15)) out.set_value(dice.pick(kValues));
  if (dice.chance(7)) out.set_lease(dice.between(-1, 3));
  return out;
}

DeleteRangeRequest draw_delete(Dice& dice) {
  DeleteRangeRequest out;
  if (!dice.chance(2)) out.set_key(draw_key(dice));
  // Mostly little, so that something is left to read.
  if (dice.chance(15)) out.set_range_end(draw_end(dice, out.key()));
  out.set_prev_kv(dice.chance(40));
  return out;
}

Compare draw_compare(Dice& dice) {
  Compare out;
  if (!dice.chance(1)) out.set_key(draw_key(dice));
  if (dice.chance(25)) out.set_range_end(draw_end(dice, out.key()));
  out.set_result(static_cast<Compare::CompareResult>(dice.chance(3) ? kUnknownEnum : static_cast<int>(dice.below(4))));
  const int target = static_cast<int>(dice.below(5));
  out.set_target(static_cast<Compare::CompareTarget>(dice.chance(3) ? kUnknownEnum : target));
  switch (dice.chance(90) ? target : static_cast<int>(dice.below(6))) {
    case 0: out.set_version(dice.chance(30) ? dice.between(0, 3) : stored(dice.chance(50) ? 0 : dice.between(-1, 1))); break;
    case 1: out.set_create_revision(dice.chance(30) ? newest(-dice.between(0, 20)) : stored(dice.chance(50) ? 0 : dice.between(-1, 1))); break;
    case 2: out.set_mod_revision(dice.chance(30) ? newest(-dice.between(0, 15)) : stored(dice.chance(50) ? 0 : dice.between(-1, 1))); break;
    case 3: out.set_value(dice.chance(40) ? std::string(kStoredValue) : dice.pick(kValues)); break;
    case 4: out.set_lease(dice.between(-1, 1)); break;
    default: break;  // unset
  }
  return out;
}

RequestOp draw_op(Dice& dice, int depth);

TxnRequest draw_txn_of(Dice& dice, int depth) {
  TxnRequest out;
  const std::uint64_t compares = depth == 0 ? dice.below(3) : dice.below(2);
  for (std::uint64_t i = 0; i < compares; ++i) *out.add_compare() = draw_compare(dice);
  const std::uint64_t ops_max = depth == 0 ? 5 : 3;
  for (std::uint64_t i = dice.below(ops_max); i > 0; --i) *out.add_success() = draw_op(dice, depth);
  for (std::uint64_t i = dice.below(ops_max); i > 0; --i) *out.add_failure() = draw_op(dice, depth);
  return out;
}

RequestOp draw_op(Dice& dice, int depth) {
  const std::uint64_t what = dice.below(100);
  if (what < 35) {
    RangeRequest range = draw_range(dice);
    if (dice.chance(70)) range.clear_revision();
    return op(std::move(range));
  }
  if (what < 65) return op(draw_put(dice));
  if (what < 82) return op(draw_delete(dice));
  if (what < 99 && depth < kNestingMax) return op(draw_txn_of(dice, depth + 1));
  return what < 99 ? op(draw_put(dice)) : RequestOp();
}

// One compare and nothing else to distract: each cell of target, result and outcome.
TxnRequest draw_single_compare(Dice& dice) {
  TxnRequest out = dice.chance(50) ? TxnRequest() : txn({op(range("a"))}, {op(range("b"))});
  *out.add_compare() = draw_compare(dice);
  return out;
}

// Only reads, which never go through the log.
TxnRequest draw_read_only(Dice& dice) {
  TxnRequest out;
  if (dice.chance(50)) *out.add_compare() = draw_compare(dice);
  const bool is_serializable = dice.chance(40);
  for (auto* branch : {out.mutable_success(), out.mutable_failure()}) {
    for (std::uint64_t i = dice.below(3); i > 0; --i) {
      RangeRequest range = draw_range(dice);
      if (is_serializable) range.set_serializable(true);
      *branch->Add() = op(std::move(range));
    }
  }
  return out;
}

// A put, and a nested compare of the same key: it is judged by what was there before.
TxnRequest draw_nested_compare(Dice& dice) {
  const std::string& key = draw_key(dice);
  TxnRequest nested = txn({op(range(key))}, {op(range("b"))});
  *nested.add_compare() = draw_compare(dice);
  nested.mutable_compare(0)->set_key(key);
  return txn({op(put(key, dice.pick(kValues))), op(std::move(nested)), op(erase(kMissingKey))});
}

// Refusals that several ops of one branch have a word in: which comes first?
TxnRequest draw_many_refusals(Dice& dice) {
  TxnRequest out;
  for (std::uint64_t i = 2 + dice.below(2); i > 0; --i) {
    RangeRequest read = range(draw_key(dice));
    read.set_revision(dice.chance(50) ? newest(1) : compacted(-1));
    PutRequest kept = put(draw_key(dice), "");
    kept.set_ignore_value(true);
    if (dice.chance(50)) kept.set_key(kMissingKey);
    if (dice.chance(50)) kept.set_lease(7);
    *out.add_success() = dice.chance(50) ? op(std::move(read)) : op(std::move(kept));
  }
  return out;
}

Request draw_compaction(Dice& dice) {
  etcdserverpb::CompactionRequest out;
  switch (dice.below(8)) {
    case 0: out.set_revision(newest(dice.between(1, 2))); break;
    case 1: out.set_revision(compacted(dice.between(-1, 0))); break;
    case 2: out.set_revision(dice.between(-2, 0)); break;
    case 3: out.set_revision(newest()); break;
    default: out.set_revision(newest(-dice.between(1, 15))); break;
  }
  out.set_physical(dice.chance(40));
  return request(Kind::compact, std::move(out));
}

Request draw_hash(Dice& dice) {
  etcdserverpb::HashKVRequest out;
  out.set_revision(draw_revision(dice));
  return request(Kind::hash_kv, std::move(out));
}

Request draw_raw(Dice& dice) {
  const std::string bytes = put(draw_key(dice)).SerializeAsString();
  switch (dice.below(4)) {
    case 0: return request(Kind::raw, Raw{"/etcdserverpb.KV/NoSuchMethod", bytes});
    case 1: return request(Kind::raw, Raw{"/no.such.Service/Put", bytes});
    case 2: return request(Kind::raw, Raw{"/etcdserverpb.KV/Put", put("a", std::string(kTooLargeForWire, 'w')).SerializeAsString()});
    default: {
      Request out = request(Kind::range, range("a"));
      out.metadata = {{"client-api-version", "\xff\xfe"}};
      return out;
    }
  }
}

Request draw_large_put(Dice& dice) {
  return request(Kind::put, put(draw_key(dice), std::string(dice.chance(60) ? kTooLargeForLog : kLargeValue, 'l')));
}

}  // namespace

Generator::Generator(std::uint64_t seed, std::uint64_t epoch, const std::set<Kind>& kinds)
    : dice_(base::mix64(seed, epoch)),
      puts_(kinds.count(Kind::put) > 0),
      transacts_(kinds.count(Kind::txn) > 0),
      compacts_(kinds.count(Kind::compact) > 0) {
  constexpr std::array<std::uint64_t, kKindCount> kUsual = {300, 40, 240, 60, 400, 24, 30, 10};
  for (const Kind kind : kKinds) {
    const auto index = static_cast<std::size_t>(kind);
    if (kinds.count(kind) == 0) continue;
    weights_[index] = kUsual[index] * (1 + dice_.below(3)) / 2;
  }
  // Without one kind: other requests meet each other more often. Never without what brings something to read.
  const auto without = static_cast<std::size_t>(dice_.pick(std::array<Kind, 4>{Kind::range, Kind::delete_range, Kind::compact, Kind::raw}));
  if (dice_.chance(25) && kinds.size() > 1) weights_[without] = 0;
}

// What can happen to a new store only. At the end it has its first key.
Step Generator::first() {
  if (count_ == 1 && transacts_) {
    RangeRequest oldest = range("a");
    oldest.set_revision(-1);
    return {request(txn({op(std::move(oldest)), op(erase("a"))})), kNeverCompacted};
  }
  if (count_ == 2 && compacts_) {
    etcdserverpb::CompactionRequest compact;
    compact.set_revision(dice_.chance(70) ? 0 : -1);
    compact.set_physical(dice_.chance(50));
    return {request(Kind::compact, compact), {}};
  }
  return {request(Kind::put, put(draw_key(dice_), "first")), {}};
}

Step Generator::next() {
  ++count_;
  if (puts_ && count_ <= 3) return first();
  std::uint64_t sum = 0;
  for (const std::uint64_t weight : weights_) sum += weight;
  ASSERT(sum > 0);
  std::uint64_t drawn = dice_.below(sum);
  for (const Kind kind : kKinds) {
    const std::uint64_t weight = weights_[static_cast<std::size_t>(kind)];
    if (drawn < weight) return draw(kind);
    drawn -= weight;
  }
  ASSERT(false && "the weights were summed");
  return {};
}

Step Generator::draw(Kind kind) {
  switch (kind) {
    case Kind::range: return {request(kind, draw_range(dice_)), {}};
    case Kind::range_stream: return {request(kind, draw_range_for_stream(dice_)), {}};
    case Kind::put:
      if (dice_.below(100) == 0) return {draw_large_put(dice_), {}};
      return {request(kind, draw_put(dice_)), {}};
    case Kind::delete_range: return {request(kind, draw_delete(dice_)), {}};
    case Kind::txn: return draw_txn();
    case Kind::compact: return {draw_compaction(dice_), {}};
    case Kind::hash_kv: return {draw_hash(dice_), {}};
    case Kind::raw: return {draw_raw(dice_), {}};
    case Kind::member_list:
    case Kind::member_add:
    case Kind::member_remove:
    case Kind::member_update:
    case Kind::member_promote: break;  // member_generator.h
  }
  return {};
}

Step Generator::draw_txn() {
  const std::uint64_t what = dice_.below(100);
  if (what < 30) {
    TxnRequest out = draw_txn_of(dice_, 0);
    while (keeps_what_it_deletes(out)) out = draw_txn_of(dice_, 0);
    return {request(std::move(out)), {}};
  }
  if (what < 55) return {request(draw_single_compare(dice_)), {}};
  if (what < 63) return {request(draw_read_only(dice_)), {}};
  if (what < 68) return {request(draw_nested_compare(dice_)), {}};
  if (what < 70) return {request(draw_many_refusals(dice_)), {}};
  return draw_shape(dice_);
}

}  // namespace property_tests::differential
