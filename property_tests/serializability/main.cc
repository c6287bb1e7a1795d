// The checker of histories against a search through all orders, on tiny histories at random: both must say the same.
//
//   serializability_search COUNT [SEED]
#include <cstdio>
#include <cstdlib>

#include "property_tests/serializability/generate.h"
#include "property_tests/serializability/search.h"
#include "property_tests/serializability/wire.h"
#include "sim/etcd/history_text.h"
#include "sim/etcd/serializability.h"

int main(int argc, char** argv) {
  const unsigned long long count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  const unsigned long long first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  if (count == 0) {
    std::fprintf(stderr, "usage: serializability_search COUNT [SEED]\n");
    return 2;
  }
  unsigned long long right = 0;
  for (unsigned long long seed = first; seed < first + count; ++seed) {
    const tiny::History history = tiny::generate(seed);
    const bool expected = tiny::is_strictly_serializable(history);
    sim::etcd::History recorded = tiny::to_wire(history);
    // Some go through the file format, which must not change them.
    if (seed % 16 == 0) {
      base::Result<sim::etcd::History> again = sim::etcd::decode_history(sim::etcd::encode_history(recorded));
      if (!again) {
        std::printf("seed %llu: what was written cannot be read: %s\n%s", seed, again.error().detail.c_str(), to_text(history).c_str());
        return 1;
      }
      recorded = std::move(*again);
    }
    const base::Result<sim::etcd::HistoryVerdict> verdict = sim::etcd::check_history(recorded);
    if (!verdict) {
      std::printf("seed %llu: cannot be judged: %s\n%s", seed, verdict.error().detail.c_str(), to_text(history).c_str());
      return 1;
    }
    if (verdict->is_right() != expected) {
      std::printf("seed %llu: the search says %s, the checker %s\n%sagain: serializability_search 1 %llu\n", seed,
                  expected ? "strictly serializable" : "not so", verdict->is_right() ? "strictly serializable" : verdict->violation.c_str(),
                  to_text(history).c_str(), seed);
      return 1;
    }
    right += expected ? 1U : 0U;
  }
  std::printf("%llu histories, of which %llu are strictly serializable: one verdict from both\n", count, right);
  // Either kind in plenty, or the comparison would show little.
  return count < 1000 || (right > count / 5 && right < count - count / 5) ? 0 : 1;
}
