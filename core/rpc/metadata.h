// core/rpc/metadata.h: the custom headers of one request, in one buffer that is used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rpc {

// Of all header names and values of one request, decoded; a token and a dozen labels are far below.
inline constexpr std::size_t kMetadataBytesMax = 64U << 10U;

class Metadata {
 public:
  // False, and nothing is kept: the limit would be passed. Values of `-bin` names are decoded; of a list the
  // first counts, and a malformed one is kept as it came.
  bool add(std::string_view name, std::string_view value);
  // The first value of that name, valid until the next add() or clear().
  std::optional<std::string_view> find(std::string_view name) const;
  void clear();

 private:
  struct Field {
    std::uint32_t name_at;
    std::uint32_t name_size;
    std::uint32_t value_size;  // the value follows the name
  };
  std::string bytes_;
  std::vector<Field> fields_;
};

}  // namespace rpc
