#include "apps/lockstepd/usage.h"

#include "apps/lockstepd/flags.h"

namespace lockstepd {
namespace {

void add_section(std::string& text, Support support, std::string_view title) {
  text += '\n';
  text += title;
  text += '\n';
  for (const Flag& flag : all_flags()) {
    if (flag.support != support) continue;
    std::string line = "  --" + std::string(flag.name);
    if (!flag.fallback.empty() && flag.kind != Kind::boolean) line += " '" + std::string(flag.fallback) + "'";
    if (flag.kind == Kind::boolean) line += "=" + std::string(flag.fallback);
    if (line.size() < 50) line.resize(50, ' ');
    text += line + "  " + std::string(flag.help) + '\n';
  }
}

}  // namespace

std::string help_text() {
  std::string text =
      "lockstepd: an etcd v3 server\n"
      "\n"
      "usage: lockstepd [flags]\n"
      "\n"
      "Flags take one or two dashes, and their value behind a space or `=` (booleans: `=` only). Each may be\n"
      "given as a variable instead: --data-dir is ETCD_DATA_DIR. The value shown is the default.\n";
  add_section(text, Support::used, "Flags:");
  add_section(text, Support::accepted, "Accepted without effect:");
  add_section(text, Support::refused, "Not supported yet; refused unless they have their default value:");
  return text;
}

std::string version_text() {
  // The API that clients may rely on; our own version is a matter of its own.
  return "etcd Version: 3.7.1\n"
         "Git SHA: lockstep " LOCKSTEP_VERSION
         "\n"
         "Go Version: none, this is C++20\n"
#if defined(__x86_64__)
         "Go OS/Arch: linux/amd64\n";
#elif defined(__aarch64__)
         "Go OS/Arch: linux/arm64\n";
#else
         "Go OS/Arch: linux/other\n";
#endif
}

}  // namespace lockstepd
