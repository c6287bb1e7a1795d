// A server of gRPC and HTTP/1 against a client without manners, over the simulated network.
//
// The input is a dialogue: frames right and wrong, bytes, pauses, a lost connection. Whatever it says, the server neither
// crashes nor keeps a call or a connection whose client is gone.
#define DOCTEST_CONFIG_DISABLE  // the programs of the unit tests, without their runner
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/assert.h"
#include "core/rpc/server.h"
#include "core/rpc/test_programs.h"
#include "io/sim/simulation.h"
#include "io/sim/test_programs.h"
#include "property_tests/fuzz/input.h"

namespace {

using namespace rpc::testing;

constexpr std::uint16_t kPort = 2379;
constexpr std::array<const char*, 7> kPaths = {"/test.Echo/Unary", "/test.Echo/Keep", "/test.Echo/Fail", "/test.Echo/Stream",
                                               "/test.Echo/None",  "/",               "no path"};

class Dialogue {
 public:
  explicit Dialogue(fuzz::Input& input) : in_(input), server_node_(sim_.add_node("server")), client_node_(sim_.add_node("client")) {
    rpc::ServerOptions options;
    options.receive_bytes_max = 2000;
    options.concurrent_streams_max = in_.below(4) == 0 ? 2 : UINT32_MAX;
    options.output_bytes_max = 4000;
    options.keepalive_interval = std::chrono::seconds(30);
    server_ = std::make_unique<rpc::Server>(server_node_.world(), options);
    server_->add_unary(kPaths[0], echo_);
    server_->add_unary(kPaths[1], keeper_);
    server_->add_unary(kPaths[2], failing_);
    server_->add_stream(kPaths[3], streams_);
    server_->add_http("/echo", echo_page_);
    server_->add_http("/keep", page_keeper_);
    const base::Result<io::Address> address = server_->listen({"", kPort});
    ASSERT(address.has_value());
  }

  void run() {
    connect();
    if (in_.below(8) != 7) greet();
    while (!in_.is_empty()) turn();
    peer_.reset();
    // Who speaks HTTP/1 and says no more may still be listening: a page is for its handler to answer.
    for (int i = 0; i < 120; ++i) {
      page_keeper_.answer_all();
      sim_.run_for(std::chrono::seconds(1));
    }
    ASSERT(server_->connection_count() == 0);
    for (const Keeper::Kept& kept : keeper_.kept) ASSERT(kept.call == nullptr);
    for (const EchoStreams::Receiver& receiver : streams_.receivers) ASSERT(!receiver.is_open);
    for (const PageKeeper::Kept& kept : page_keeper_.kept) ASSERT(kept.call == nullptr);
  }

 private:
  void connect() {
    peer_ = std::make_unique<io::sim::testing::TestPeer>();
    peer_->stream = client_node_.world().network.connect({"server", kPort}, *peer_);
    ASSERT(sim_.run_until([&] { return peer_->is_connected; }, std::chrono::seconds(5)));
    next_stream_ = 1;
  }
  void greet() {
    send(kPreface);
    send(encode({kSettings, 0, 0, ""}));
  }
  void send(std::string_view bytes) {
    if (!peer_->closed) peer_->send(bytes);
  }
  // One that was begun, mostly.
  std::uint32_t some_stream() {
    const std::uint64_t back = 2 * in_.below(4);
    return static_cast<std::uint32_t>(next_stream_ > back + 1 ? next_stream_ - 2 - back : back);
  }
  std::uint32_t begin_stream() {
    next_stream_ += 2;
    return static_cast<std::uint32_t>(next_stream_ - 2);
  }
  std::string short_bytes() { return std::string(in_.bytes().substr(0, 120)); }

  void headers() {
    const std::uint8_t shape = in_.byte();
    std::vector<std::pair<std::string, std::string>> all = request_headers(kPaths[in_.below(kPaths.size())]);
    if ((shape & 1U) != 0) all.emplace_back("grpc-timeout", short_bytes());
    if ((shape & 2U) != 0) all.emplace_back("token-bin", short_bytes());
    if ((shape & 4U) != 0) all.emplace_back(short_bytes(), short_bytes());
    if ((shape & 8U) != 0) all.erase(all.begin() + static_cast<std::ptrdiff_t>(in_.below(all.size())));
    if ((shape & 16U) != 0) all[in_.below(all.size())].second = short_bytes();
    if ((shape & 32U) != 0) all.emplace_back("grpc-timeout", std::to_string(in_.below(300)) + "m");
    if ((shape & 64U) != 0) all.emplace_back("refuse", "");
    send(encode({kHeaders, static_cast<std::uint8_t>(kEndHeaders | (shape >> 7U)), begin_stream(), header_block(all)}));
  }

  void turn() {
    switch (in_.below(16)) {
      case 0:
      case 1: return headers();
      case 2: return send(encode({kHeaders, in_.byte(), begin_stream(), std::string(in_.bytes())}));  // any header compression
      case 3:
      case 4: {
        const std::string message(in_.bytes());
        return send(encode({kData, static_cast<std::uint8_t>(in_.below(2)), some_stream(), '\0' + big_endian(message.size(), 4) + message}));
      }
      case 5: return send(encode({kData, in_.byte(), some_stream(), std::string(in_.bytes())}));
      case 6: return send(encode({kReset, 0, some_stream(), big_endian(in_.below(16), 4)}));
      case 7: return send(encode({kPing, static_cast<std::uint8_t>(in_.below(2)), 0, big_endian(in_.number(), 8)}));
      case 8: return send(encode({kWindowUpdate, 0, in_.below(2) == 0 ? 0 : some_stream(), big_endian(in_.number() & UINT32_MAX, 4)}));
      case 9: return send(encode({kSettings, static_cast<std::uint8_t>(in_.below(2)), 0, std::string(in_.bytes())}));
      case 10: {
        const std::uint8_t type = in_.byte();
        const std::uint8_t flags = in_.byte();
        return send(encode({type, flags, some_stream(), std::string(in_.bytes())}));
      }
      case 11: return send(in_.bytes());
      case 12: return sim_.run_for(std::chrono::milliseconds(in_.below(200)));
      case 13: return sim_.run_for(std::chrono::seconds(in_.below(100)));
      case 14:
        page_keeper_.answer_all();
        return keeper_.answer_all();
      default:
        peer_.reset();
        connect();
        if (in_.below(2) == 0) greet();
        return;
    }
  }

  fuzz::Input& in_;
  io::sim::Simulation sim_{1};
  io::sim::Node& server_node_;
  io::sim::Node& client_node_;
  TestUnary echo_{[](rpc::UnaryCall& call, std::string_view request) { call.respond(request); }};
  TestUnary failing_{[](rpc::UnaryCall& call, std::string_view request) { call.fail({rpc::StatusCode::failed_precondition, std::string(request)}); }};
  Keeper keeper_;
  EchoStreams streams_;
  EchoPage echo_page_;
  PageKeeper page_keeper_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<io::sim::testing::TestPeer> peer_;
  std::uint64_t next_stream_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Dialogue(input).run();
  return 0;
}
