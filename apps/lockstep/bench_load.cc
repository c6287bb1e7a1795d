#include "apps/lockstep/bench_load.h"

#include <limits>

#include "core/base/assert.h"
#include "io/random.h"

namespace lockstep {

namespace {

constexpr std::size_t kDifferentValues = 4096;

// SplitMix64: a number that looks like chance, from a seed and a position.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t position) {
  std::uint64_t z = seed * 0xd1342543de82ef95U + (position + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

bool parse(google::protobuf::MessageLite& message, std::string_view bytes) {
  return bytes.size() <= std::numeric_limits<int>::max() && message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

Load::Load(const LoadOptions& options) : options_(options), values_(options.value_bytes + kDifferentValues, '\0') {
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = static_cast<char>('!' + mixed(options.seed, i) % 94);
  if (options.kind == LoadKind::txn) known_.resize(options.key_space);
}

Operation Load::operation(std::uint64_t number) const {
  // Two draws of one operation stand at positions of their own.
  const std::uint64_t key =
      options_.sequential ? number % options_.key_space : io::below(mixed(options_.seed, 2 * number), options_.key_space);
  switch (options_.kind) {
    case LoadKind::put: return {OperationKind::put, key};
    case LoadKind::range: return {OperationKind::range, key};
    case LoadKind::txn: return {OperationKind::txn, key};
    case LoadKind::mixed: {
      const bool is_read = io::below(mixed(options_.seed, 2 * number + 1), 100) < options_.read_percent;
      return {is_read ? OperationKind::range : OperationKind::put, key};
    }
    case LoadKind::watch: break;      // sends its own: bench_watch.h
    case LoadKind::footprint: break;  // is made of puts
  }
  ASSERT(false);
  return {};
}

Operation Load::fill_operation(std::uint64_t number) const {
  return {options_.kind == LoadKind::txn ? OperationKind::txn : OperationKind::put, number % options_.key_space};
}

std::string_view Load::path(OperationKind kind) {
  switch (kind) {
    case OperationKind::put: return "/etcdserverpb.KV/Put";
    case OperationKind::range: return "/etcdserverpb.KV/Range";
    case OperationKind::txn: return "/etcdserverpb.KV/Txn";
  }
  return {};
}

std::string Load::key(std::uint64_t number) const {
  ASSERT(number < options_.key_space);
  const std::string digits = std::to_string(number);
  return std::string(options_.key_bytes - digits.size(), '0') + digits;
}

std::string_view Load::value(std::uint64_t number) const {
  return std::string_view(values_).substr(mixed(options_.seed, number) % kDifferentValues, options_.value_bytes);
}

std::string_view Load::encode(const Operation& operation, std::uint64_t number) {
  const std::string key_text = key(operation.key);
  switch (operation.kind) {
    case OperationKind::put:
      put_.set_key(key_text);
      put_.mutable_value()->assign(value(number));
      put_.SerializeToString(&request_);
      break;
    case OperationKind::range:
      range_.set_key(key_text);
      range_.set_serializable(options_.serializable);
      range_.SerializeToString(&request_);
      break;
    case OperationKind::txn: {
      if (txn_.compare_size() == 0) {
        txn_.add_compare()->set_target(etcdserverpb::Compare::MOD);
        txn_.add_success();
        txn_.add_failure();
      }
      txn_.mutable_compare(0)->set_key(key_text);
      txn_.mutable_compare(0)->set_mod_revision(known_[operation.key]);
      etcdserverpb::PutRequest& put = *txn_.mutable_success(0)->mutable_request_put();
      put.set_key(key_text);
      put.mutable_value()->assign(value(number));
      txn_.mutable_failure(0)->mutable_request_range()->set_key(key_text);
      txn_.SerializeToString(&request_);
      break;
    }
  }
  return request_;
}

void Load::on_answer(const Operation& operation, std::string_view answer) {
  switch (operation.kind) {
    case OperationKind::put:
      return;  // its status says everything
    case OperationKind::range:
      if (!parse(range_answer_, answer)) ++counts_.malformed;
      else if (range_answer_.kvs_size() == 0) ++counts_.found_nothing;
      return;
    case OperationKind::txn: {
      if (!parse(txn_answer_, answer) || txn_answer_.responses_size() != 1) {
        ++counts_.malformed;
      } else if (txn_answer_.succeeded()) {
        known_[operation.key] = txn_answer_.header().revision();
      } else {
        ++counts_.other_branch;
        const etcdserverpb::RangeResponse& found = txn_answer_.responses(0).response_range();
        known_[operation.key] = found.kvs_size() == 0 ? 0 : found.kvs(0).mod_revision();
      }
      return;
    }
  }
}

}  // namespace lockstep
