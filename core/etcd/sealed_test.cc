#include "core/etcd/sealed.h"

#include <doctest/doctest.h>

namespace etcd {

TEST_CASE("what was sealed comes back, and no bit of it may change, nor its purpose") {
  for (const std::string_view bytes : {std::string_view(), std::string_view("x"), std::string_view("a list of members")}) {
    const std::string sealed = seal(bytes, "/members");
    CHECK_EQ(unseal(sealed, "/members"), bytes);
    CHECK_FALSE(unseal(sealed, "/removed"));
    for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
      std::string changed = sealed;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
      CHECK_FALSE(unseal(changed, "/members"));
    }
    for (std::size_t size = 0; size < sealed.size(); ++size) CHECK_FALSE(unseal(std::string_view(sealed).substr(0, size), "/members"));
  }
}

}  // namespace etcd
