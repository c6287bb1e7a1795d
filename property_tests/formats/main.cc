// formats_test DIRECTORY [--record]: whether today's code reads and writes what released versions did. `--record` writes the golden files that
// are not there yet.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <string_view>

#include "property_tests/formats/golden.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: formats_test DIRECTORY [--record]\n");
    return 2;
  }
  formats::settings().directory = argv[1];
  formats::settings().records = argc > 2 && std::string_view(argv[2]) == "--record";
  doctest::Context context;
  return context.run();
}
