// bank: the bank's counter, for humans.
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "apps/examples/bank/client.h"
#include "io/address.h"
#include "io/real/world.h"

namespace bank {
namespace {

constexpr const char* kUsage =
    "usage: bank HOST:PORT[,HOST:PORT...] open ACCOUNT\n"
    "                                     deposit ACCOUNT AMOUNT\n"
    "                                     transfer FROM TO AMOUNT\n"
    "                                     balance [ACCOUNT]\n";
constexpr base::Duration kPatience = std::chrono::seconds(30);

// One question.
class Teller final : private ClientListener, private io::Timer {
 public:
  Teller(io::real::RealWorld& world, std::vector<io::Address> servers)
      : world_(world), client_(world.world(), {.servers = std::move(servers)}, *this) {}
  ~Teller() { world_.world().clock.disarm(*this); }

  // The exit code.
  int ask(const std::string& verb, const std::string& rest) {
    if (verb == "balance") client_.read(rest);
    else client_.write(verb + " " + rest);
    world_.world().clock.arm(*this, world_.world().clock.now() + kPatience);
    world_.run();
    return exit_code_;
  }

 private:
  void on_answer(std::string_view answer) override {
    world_.stop();
    std::istringstream words{std::string(answer)};
    std::string verdict, index, account, balance;
    words >> verdict >> index;
    exit_code_ = verdict == "ok" ? 0 : 1;
    if (exit_code_ != 0) std::fprintf(stderr, "bank: %s\n", std::string(answer).c_str());
    while (exit_code_ == 0 && words >> account >> balance) std::printf("%s %s\n", account.c_str(), balance.c_str());
  }
  void on_timer() override {
    std::fprintf(stderr, "bank: nobody has answered; perhaps it happens all the same\n");
    world_.stop();
  }

  io::real::RealWorld& world_;
  Client client_;
  int exit_code_ = 2;
};

int run(int count, char** arguments) {
  std::vector<io::Address> servers;
  std::istringstream list(count > 2 ? arguments[1] : "");
  for (std::string text; std::getline(list, text, ',');) {
    const base::Result<io::Address> address = io::parse_address(text);
    if (address) servers.push_back(*address);
    else std::fprintf(stderr, "bank: %s\n", address.error().detail.c_str());
  }
  if (servers.empty()) {
    std::fprintf(stderr, "%s", kUsage);
    return 2;
  }
  std::string rest;
  for (int i = 3; i < count; ++i) rest += std::string(rest.empty() ? "" : " ") + arguments[i];
  const io::real::DataDirectory nowhere = io::real::DataDirectory::none();
  io::real::RealWorld world(nowhere, {});
  return Teller(world, std::move(servers)).ask(arguments[2], rest);
}

}  // namespace
}  // namespace bank

int main(int count, char** arguments) { return bank::run(count, arguments); }
