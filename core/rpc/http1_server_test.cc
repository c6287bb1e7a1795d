// HTTP/1 on the port of a gRPC server: pages, the order of answers, patience, and clients without manners.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/http1_answer.h"
#include "core/rpc/test_programs.h"
#include "property_tests/property.h"

namespace rpc::testing {
namespace {

struct Page {
  int status = 0;
  std::string head;
  std::string body;
  bool says(std::string_view header) const { return head.find("\r\n" + std::string(header) + "\r\n") != std::string::npos; }
};

// The whole answers in what a client received. `is_head`: none has a body.
std::vector<Page> pages_of(std::string_view received, bool is_head = false) {
  std::vector<Page> pages;
  for (;;) {
    if (received.starts_with(kHttp1Continue)) received.remove_prefix(kHttp1Continue.size());
    const std::size_t head_end = received.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return pages;
    Page page;
    page.head = received.substr(0, head_end + 2);
    REQUIRE(page.head.starts_with("HTTP/1."));
    page.status = std::stoi(page.head.substr(9, 3));
    const std::size_t length_at = page.head.find("\r\nContent-Length: ");
    REQUIRE_NE(length_at, std::string::npos);
    const std::size_t length = is_head ? 0 : std::stoul(page.head.substr(length_at + 18));
    if (received.size() < head_end + 4 + length) return pages;
    page.body = received.substr(head_end + 4, length);
    received.remove_prefix(head_end + 4 + length);
    pages.push_back(std::move(page));
  }
}

std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n";
}
std::string put(std::string_view target, std::string_view body) {
  return "PUT " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

struct WebClient : RawClient {
  using RawClient::RawClient;
  // Until so many answers have come.
  std::vector<Page> pages(std::size_t count, bool is_head = false) {
    REQUIRE(cluster.until([&] { return pages_of(peer.received, is_head).size() >= count || is_over(); }));
    std::vector<Page> found = pages_of(peer.received, is_head);
    REQUIRE_EQ(found.size(), count);
    return found;
  }
  // The server has nothing more to say, and nothing more is left of the connection a while after.
  bool ends() {
    if (!cluster.until([&] { return is_over(); })) return false;
    return cluster.until([&] { return cluster.server->connection_count() == 0; });
  }
};

TEST_CASE("pages are found by their path, one after the other on one connection, beside gRPC") {
  Cluster cluster;
  WebClient client(cluster);
  client.peer.send(get("/echo?a=b"));
  Page page = client.pages(1).back();
  CHECK_EQ(page.status, 200);
  CHECK_EQ(page.body, "GET /echo?a=b ");
  CHECK(page.says("Content-Type: text/plain; charset=utf-8"));
  CHECK(page.says("Date: Thu, 01 Jan 2026 00:00:00 GMT"));
  CHECK_EQ(page.head.find("Connection"), std::string::npos);
  client.peer.send(get("/nowhere"));
  page = client.pages(2).back();
  CHECK_EQ(page.status, 404);
  CHECK_EQ(page.body, "404 page not found\n");
  client.peer.send(put("/%65cho", "body"));
  CHECK_EQ(client.pages(3).back().body, "PUT /echo? body");
  client.peer.send(get("/test.Echo/Unary"));
  CHECK_EQ(client.pages(4).back().status, 404);

  TestCall call;
  cluster.dial().unary("/test.Echo/Unary", "x", {}, call);
  REQUIRE(cluster.until([&] { return call.done(); }));
  CHECK(call.ok());
  CHECK_FALSE(client.is_over());
}

TEST_CASE("HEAD gets what GET would get, without the body") {
  Cluster cluster;
  WebClient client(cluster);
  client.peer.send("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\nHEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::vector<Page> pages = client.pages(2, true);
  CHECK(pages[0].says("Content-Length: 12"));
  CHECK_EQ(pages[1].status, 404);
  CHECK(client.peer.received.ends_with("\r\n\r\n"));
}

TEST_CASE("a connection stays open for HTTP/1.1 and closes for HTTP/1.0, unless the client says otherwise") {
  struct Case { std::string_view request, says; bool closes; };
  constexpr Case cases[] = {
      {"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "Connection: close", true},
      {"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "Connection: close", true},
      {"GET /echo HTTP/1.0\r\n\r\n", "Content-Length: 11", true},
      {"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.request);
    Cluster cluster;
    WebClient client(cluster);
    client.peer.send(std::string(c.request) + get("/echo"));
    const std::vector<Page> pages = client.pages(c.closes ? 1 : 2);
    CHECK(pages[0].says(c.says));
    CHECK_EQ(pages[0].head.substr(0, 8), c.request.substr(c.request.find("HTTP/"), 8));
    if (c.closes) CHECK(client.ends());
    CHECK_EQ(client.is_over(), c.closes);
  }
}

TEST_CASE("requests that come together are answered in their order, and begun in it") {
  Cluster cluster;
  WebClient client(cluster);
  client.peer.send(get("/echo?1") + get("/keep?2") + put("/echo?3", "x") + get("/keep?4") + "GET");
  cluster.sim.run_for(1s);
  CHECK_EQ(client.pages(1)[0].body, "GET /echo?1 ");
  CHECK_EQ(cluster.page_keeper.kept.size(), 1);
  cluster.page_keeper.answer_all();
  CHECK_EQ(client.pages(3)[1].body, "2");
  CHECK_EQ(client.pages(3)[2].body, "PUT /echo?3 x");
  REQUIRE(cluster.until([&] { return cluster.page_keeper.kept.size() == 2; }));
  cluster.page_keeper.answer_all();
  client.peer.send(" /echo?5 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_EQ(client.pages(5)[3].body, "4");
  CHECK_EQ(client.pages(5)[4].body, "GET /echo?5 ");
}

TEST_CASE("thousands of requests at once are all answered, some of them in each turn") {
  Cluster cluster;
  WebClient client(cluster);
  std::string requests;
  for (int i = 0; i < 3000; ++i) requests += get("/echo?" + std::to_string(i));
  client.peer.send(requests);
  int before = 0, most = 0;
  REQUIRE(cluster.until([&] {  // asked after each turn
    most = std::max(most, cluster.echo_page.count - before);
    before = cluster.echo_page.count;
    return before == 3000;
  }));
  CHECK_LE(most, 16);
  const std::vector<Page> pages = client.pages(3000);
  for (std::size_t i = 0; i < pages.size(); ++i) CHECK_EQ(pages[i].body, "GET /echo?" + std::to_string(i) + " ");
}

TEST_CASE("a client that does not take its answers is not served beyond a bound, and not waited for for ever") {
  Cluster cluster;
  WebClient client(cluster);
  client.peer.stream->pause_reading(true);
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += get("/large?size=1000000");
  client.peer.send(requests);
  cluster.sim.run_for(29s);
  CHECK_GE(cluster.large_page.count, 1);
  CHECK_LE(cluster.large_page.count, 5);
  CHECK_EQ(cluster.server->connection_count(), 1);
  cluster.sim.run_for(2s);
  CHECK_EQ(cluster.server->connection_count(), 0);
}

TEST_CASE("a client that takes its answers late gets all of them") {
  Cluster cluster;
  WebClient client(cluster);
  client.peer.stream->pause_reading(true);
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += get("/large?size=1000000");
  client.peer.send(requests);
  cluster.sim.run_for(20s);
  client.peer.stream->pause_reading(false);
  REQUIRE(cluster.until([&] { return client.peer.received.size() > 20'000'000; }, 60s));
  CHECK_EQ(client.pages(20).back().body.size(), 1'000'000);
}

TEST_CASE("a bad request is told what is wrong after the answers before it, and is the last") {
  for (const std::string_view bad : {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n", "GET \x01"}) {
    CAPTURE(bad);
    Cluster cluster;
    WebClient client(cluster);
    client.peer.send(get("/keep?1") + std::string(bad) + get("/echo"));
    REQUIRE(cluster.until([&] { return !cluster.page_keeper.kept.empty(); }));
    cluster.page_keeper.answer_all();
    const std::vector<Page> pages = client.pages(2);
    CHECK_EQ(pages[0].body, "1");
    CHECK_EQ(pages[1].status, 400);
    CHECK(pages[1].body.starts_with("400 Bad Request: "));
    CHECK(pages[1].says("Connection: close"));
    CHECK(client.ends());
    CHECK_EQ(cluster.echo_page.count, 0);
  }
}

TEST_CASE("a body that is expected to be asked for is asked for, and one that is too large is not") {
  Cluster cluster;
  WebClient client(cluster);
  client.peer.send("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  REQUIRE(cluster.until([&] { return client.peer.received == kHttp1Continue; }));
  client.peer.send("body");
  CHECK_EQ(client.pages(1)[0].body, "PUT /echo? body");
  client.peer.received.clear();
  client.peer.send("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n");
  CHECK_EQ(client.pages(1)[0].status, 413);
  CHECK_EQ(client.peer.received.find("100 Continue"), std::string::npos);
  CHECK(client.ends());
}

TEST_CASE("who dribbles a request is told that it took too long") {
  struct Case { std::string_view name, first; base::Duration patience; };
  constexpr Case cases[] = {
      {"the head", "GET / HTTP/1.1\r\nHost: a\r\nX: ", 10s},
      {"the body", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n", 30s},
      {"the chunks", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2710\r\n", 30s},
  };
  for (const Case& c : cases) {
    for (const bool is_second : {false, true}) {
      CAPTURE(c.name);
      CAPTURE(is_second);
      Cluster cluster;
      WebClient client(cluster);
      const std::size_t before = is_second ? 1 : 0;
      if (is_second) {
        client.peer.send(get("/echo"));
        client.pages(1);
        cluster.sim.run_for(1min);
      }
      client.peer.send(c.first);
      const base::Instant begin = cluster.client_now();
      while (!client.is_over() && cluster.client_now() - begin < 2min) {
        client.peer.send("x");
        cluster.sim.run_for(500ms);
      }
      CHECK_EQ(client.pages(before + 1).back().status, 408);
      CHECK_GE(cluster.client_now() - begin, c.patience);
      CHECK_LT(cluster.client_now() - begin, c.patience + 2s);
      CHECK(client.ends());
    }
  }
}

TEST_CASE("an idle connection is closed in time, and one that is served is not") {
  Cluster cluster;
  WebClient idle(cluster), waiting(cluster);
  idle.peer.send(get("/echo"));
  idle.pages(1);
  waiting.peer.send(get("/keep?1"));
  cluster.sim.run_for(115s);
  CHECK_FALSE(idle.is_over());
  CHECK(cluster.until([&] { return idle.is_over(); }, 10s));
  cluster.sim.run_for(10min);
  CHECK_FALSE(waiting.is_over());
  cluster.page_keeper.answer_all();
  CHECK_EQ(waiting.pages(1)[0].body, "1");
}

TEST_CASE("a handler hears of it when its client is gone, and a client that has only finished is answered") {
  Cluster cluster;
  {
    WebClient gone(cluster);
    gone.peer.send(get("/keep?1") + get("/keep?2"));
    REQUIRE(cluster.until([&] { return cluster.page_keeper.kept.size() == 1; }));
    cluster.sim.network().reset_connections(cluster.client_node.host(), cluster.server_node.host());
    REQUIRE(cluster.until([&] { return cluster.page_keeper.kept[0].is_cancelled; }));
  }
  CHECK(cluster.until([&] { return cluster.server->connection_count() == 0; }));
  WebClient finished(cluster);
  finished.peer.send(get("/keep?3") + get("/echo") + "GET /half");
  finished.peer.stream->finish();
  REQUIRE(cluster.until([&] { return cluster.page_keeper.kept.size() == 2; }));
  cluster.sim.run_for(1s);
  cluster.page_keeper.answer_all();
  const std::vector<Page> pages = finished.pages(2);
  CHECK_EQ(pages[0].body, "3");
  CHECK_EQ(pages[1].body, "GET /echo? ");
  CHECK(finished.ends());
}

TEST_CASE("a server that drains ends idle connections and answers who is served") {
  Cluster cluster;
  WebClient idle(cluster), halfway(cluster), served(cluster);
  idle.peer.send(get("/echo"));
  idle.pages(1);
  halfway.peer.send("GET /echo HTTP/1.1\r\n");
  served.peer.send(get("/keep?1") + get("/keep?2"));
  REQUIRE(cluster.until([&] { return cluster.page_keeper.kept.size() == 1; }));
  io::sim::testing::Waiter drained;
  cluster.server->drain(drained);
  REQUIRE(cluster.until([&] { return idle.is_over() && halfway.is_over(); }));
  CHECK_EQ(halfway.peer.received, "");
  cluster.sim.run_for(10s);
  CHECK_FALSE(drained.done());
  cluster.page_keeper.answer_all();
  const Page page = served.pages(1)[0];
  CHECK_EQ(page.body, "1");
  CHECK(page.says("Connection: close"));
  CHECK(cluster.until([&] { return drained.done(); }));
  CHECK_EQ(cluster.page_keeper.kept.size(), 1);
}

TEST_CASE("a server that is destroyed cancels what is kept") {
  Cluster cluster;
  WebClient client(cluster);
  client.peer.send(get("/keep?1"));
  REQUIRE(cluster.until([&] { return cluster.page_keeper.kept.size() == 1; }));
  cluster.server.reset();
  CHECK(cluster.page_keeper.kept[0].is_cancelled);
}

TEST_CASE("headers of the whole server are on every page, and OPTIONS gets nothing else") {
  ServerOptions options;
  options.http_headers = {{"Access-Control-Allow-Origin", "*"}};
  options.http_allows_options = true;
  Cluster cluster(options);
  WebClient client(cluster);
  client.peer.send(get("/echo") + get("/nowhere") + "OPTIONS /anywhere HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::vector<Page> pages = client.pages(3);
  for (const Page& page : pages) CHECK(page.says("Access-Control-Allow-Origin: *"));
  CHECK_EQ(pages[2].status, 200);
  CHECK_EQ(pages[2].body, "");
}

PROPERTY("random requests never hurt the server, and are answered alike however the network cuts them") {
  property_tests::property("two networks, one answer; then a call by somebody else", [](std::uint64_t seed) {
    std::string bytes;
    for (const std::uint8_t kind : *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>())) {
      switch (kind % 8U) {
        case 0:
        case 1: bytes += get("/echo?" + std::to_string(kind)); break;
        case 2: bytes += put("/echo", std::string(kind, 'x')); break;
        case 3: bytes += get("/large?size=" + std::to_string(kind * 100)); break;
        case 4: bytes += "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"; break;
        case 5: bytes += get("/nowhere"); break;
        case 6: bytes += get("/echo", kind > 200 ? "Connection: close\r\n" : "Connection: keep-alive\r\n"); break;
        default: bytes += kind > 240 ? *rc::gen::arbitrary<std::string>() : get("/keep"); break;
      }
    }
    const auto mutations = *rc::gen::inRange(0, 3);
    for (int i = 0; i < mutations && !bytes.empty(); ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
      bytes[at] = *rc::gen::arbitrary<char>();
    }
    const bool finishes = *rc::gen::arbitrary<bool>();
    std::vector<std::string> answers;
    for (const std::uint32_t splits : {0U, 700'000U}) {
      Cluster cluster({}, seed);
      io::sim::LinkFaults faults;
      faults.split_per_million = splits;
      cluster.sim.network().set_all_faults(faults);
      WebClient client(cluster);
      client.peer.send(bytes);
      if (finishes) client.peer.stream->finish();
      for (int i = 0; i < 100; ++i) {
        cluster.sim.run_for(10ms);
        cluster.page_keeper.answer_all();
      }
      TestCall call;
      cluster.dial().unary("/test.Echo/Unary", "x", {}, call);
      RC_ASSERT(cluster.until([&] { return call.done(); }));
      RC_ASSERT(call.ok());
      std::string said;
      for (const Page& page : pages_of(client.peer.received)) said += std::to_string(page.status) + page.body + '\n';
      answers.push_back(said);
      cluster.channels.clear();
      RC_ASSERT(cluster.until([&] { return cluster.server->connection_count() == 0; }, 3min));
      for (const PageKeeper::Kept& kept : cluster.page_keeper.kept) RC_ASSERT(kept.call == nullptr);
    }
    RC_ASSERT(answers[0] == answers[1]);
  });
}

TEST_CASE("resets and corrupted bytes end calls, and never the server") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Cluster cluster({}, seed);
    io::sim::LinkFaults faults;
    (seed % 2 == 0 ? faults.reset_per_million : faults.corrupt_per_million) = 100'000;
    faults.split_per_million = 300'000;
    cluster.sim.network().set_all_faults(faults);
    {
      std::deque<io::sim::testing::TestPeer> peers(10);
      for (io::sim::testing::TestPeer& peer : peers) {
        peer.stream = cluster.client_node.world().network.connect({"server", Cluster::kPort}, peer);
        for (int i = 0; i < 30; ++i) peer.pending += get("/echo") + put("/keep", "x") + get("/large?size=3000");
      }
      for (int i = 0; i < 50; ++i) {
        cluster.sim.run_for(100ms);
        cluster.page_keeper.answer_all();
      }
    }
    cluster.sim.network().set_all_faults({});
    CHECK(cluster.until([&] { return cluster.server->connection_count() == 0; }, 3min));
    for (const PageKeeper::Kept& kept : cluster.page_keeper.kept) CHECK_EQ(kept.call, nullptr);
    CHECK_GT(cluster.echo_page.count, 10);
  }
}

}  // namespace
}  // namespace rpc::testing
