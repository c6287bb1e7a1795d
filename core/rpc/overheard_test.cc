#include "core/rpc/overheard.h"

#include <doctest/doctest.h>

#include "core/rpc/test_programs.h"
#include "io/sim/wire.h"

namespace rpc::testing {

namespace {

// Listens on the wire of a cluster, and writes down what was said.
struct Listener final : io::sim::WireListener, OverheardListener {
  void on_sent(const io::sim::Flow& flow, io::sim::VirtualTime, std::string_view bytes) override {
    const auto found = connections.try_emplace(flow.connection, *this).first;
    found->second.add(flow.is_of_dialer ? Side::caller : Side::answerer, bytes);
  }
  void on_read(const io::sim::Flow&, io::sim::VirtualTime, std::size_t) override {}
  void on_taken_back(const io::sim::Flow&, std::size_t) override {}
  void on_lost(const io::sim::Flow&, io::sim::VirtualTime) override {}
  void on_ended(std::uint64_t, io::sim::VirtualTime) override {}

  void on_message(Side from, const OverheardCall& call, std::string_view message) override {
    const bool is_long = message.size() > 40;
    note(from, call, is_long ? std::to_string(message.size()) + " bytes" : std::string(message));
  }
  void on_status(const OverheardCall& call, const Status& status) override { note(Side::answerer, call, to_text(status)); }
  void on_reset(Side from, const OverheardCall& call) override { note(from, call, "reset"); }
  void note(Side from, const OverheardCall& call, const std::string& what) {
    const std::string label(call.metadata.find("label").value_or(""));
    said.push_back((from == Side::caller ? "> " : "< ") + call.path.substr(call.path.rfind('/') + 1) + label + ": " + what);
  }

  std::string text() const {
    std::string out;
    for (const std::string& line : said) out += line + "\n";
    return out;
  }

  std::map<std::uint64_t, Overheard> connections;
  std::vector<std::string> said;
};

}  // namespace

TEST_CASE("whoever listens hears requests, answers and how each call ended") {
  Listener listener;
  Cluster cluster;
  cluster.sim.network().set_wire_listener(&listener);
  Channel& channel = cluster.dial();
  TestCall first;
  TestCall second;
  channel.unary("/test.Echo/Unary", "hello", {}, first);
  channel.unary("/test.Echo/Fail", "no such thing", {}, second);
  REQUIRE(cluster.until([&] { return first.done() && second.done(); }));
  CHECK_EQ(listener.text(),
           "> Unary: hello\n> Fail: no such thing\n< Fail: FAILED_PRECONDITION: no such thing\n< Unary: hello\n< Unary: OK\n");
}

TEST_CASE("whoever listens hears long messages once, streams in order, and the metadata of a call") {
  Listener listener;
  Cluster cluster;
  cluster.sim.network().set_wire_listener(&listener);
  Channel& channel = cluster.dial();
  TestCall large;
  channel.unary("/test.Echo/Large", "300000", {}, large);  // more than a frame, and than the first window
  REQUIRE(cluster.until([&] { return large.done(); }));
  TestCall stream;
  CallOptions options;
  options.metadata = {{"label", "-7"}};
  channel.open_stream("/test.Echo/Stream", options, stream);
  channel.send(stream, "one");
  channel.send(stream, "two");
  channel.half_close(stream);
  REQUIRE(cluster.until([&] { return stream.done(); }));
  CHECK_EQ(listener.text(),
           "> Large: 300000\n< Large: 300000 bytes\n< Large: OK\n"
           "> Stream-7: one\n> Stream-7: two\n< Stream-7: one\n< Stream-7: two\n< Stream-7: OK\n");
}

TEST_CASE("what is no HTTP/2 is not heard, and nor is what follows it") {
  Listener listener;
  for (const std::string_view bytes : {std::string_view("GET / HTTP/1.1\r\n\r\n and more than twenty-four bytes"),
                                       std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\4\1\4\0\0\0\1\xff\xff\xff\xff", 37)}) {
    Overheard overheard(listener);
    overheard.add(Side::caller, bytes);
    overheard.add(Side::caller, std::string_view("\0\0\0\0\0\0\0\0\1", 9));
  }
  CHECK(listener.said.empty());
}

}  // namespace rpc::testing
