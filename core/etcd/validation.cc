#include "core/etcd/validation.h"

#include <cstdint>

namespace etcd {

using etcdserverpb::DeleteRangeRequest;
using etcdserverpb::PutRequest;
using etcdserverpb::RangeRequest;

std::optional<ErrorId> validate(const RangeRequest& request) {
  if (request.key().empty()) return ErrorId::empty_key;
  // An enum field holds whatever number the client sent.
  if (!RangeRequest::SortOrder_IsValid(request.sort_order())) return ErrorId::invalid_sort_option;
  if (!RangeRequest::SortTarget_IsValid(request.sort_target())) return ErrorId::invalid_sort_option;
  return std::nullopt;
}

std::optional<ErrorId> validate(const PutRequest& request) {
  if (request.key().empty()) return ErrorId::empty_key;
  if (request.ignore_value() && !request.value().empty()) return ErrorId::value_provided;
  if (request.ignore_lease() && request.lease() != 0) return ErrorId::lease_provided;
  return std::nullopt;
}

std::optional<ErrorId> validate(const DeleteRangeRequest& request) {
  if (request.key().empty()) return ErrorId::empty_key;
  return std::nullopt;
}

namespace {

// The length of the sequence that begins with `first`, and the bounds of its second byte (Unicode, table 3-7).
struct Sequence {
  std::size_t length;  // 0: nothing begins so
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xbf;
};

Sequence sequence_of(std::uint8_t first) {
  if (first < 0x80) return {1};
  if (first < 0xc2) return {0};
  if (first < 0xe0) return {2};
  if (first == 0xe0) return {3, 0xa0};
  if (first == 0xed) return {3, 0x80, 0x9f};
  if (first < 0xf0) return {3};
  if (first == 0xf0) return {4, 0x90};
  if (first < 0xf4) return {4};
  if (first == 0xf4) return {4, 0x80, 0x8f};
  return {0};
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Sequence sequence = sequence_of(static_cast<std::uint8_t>(text.front()));
    if (sequence.length == 0 || sequence.length > text.size()) return false;
    for (std::size_t i = 1; i < sequence.length; ++i) {
      const auto byte = static_cast<std::uint8_t>(text[i]);
      if (byte < (i == 1 ? sequence.second_min : 0x80)) return false;
      if (byte > (i == 1 ? sequence.second_max : 0xbf)) return false;
    }
    text.remove_prefix(sequence.length);
  }
  return true;
}

}  // namespace etcd
