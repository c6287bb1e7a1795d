#include "core/rpc/message_reader.h"

#include <doctest/doctest.h>

#include <vector>

#include "core/rpc/send_queue.h"
#include "property_tests/property.h"

namespace rpc {
namespace {

std::string framed(std::string_view message) {
  SendQueue queue;
  queue.push(message);
  return std::string(queue.front());
}

TEST_CASE("a message is a zero, its length in four bytes, and itself") { CHECK_EQ(framed("abc"), std::string("\0\0\0\0\3abc", 8)); }

TEST_CASE("several messages in one piece come out one by one, without a copy") {
  MessageReader reader(10);
  const std::string bytes = framed("one") + framed("") + framed("three");
  std::string_view rest = bytes;
  for (const std::string_view expected : {"one", "", "three"}) {
    const MessageReader::Step step = reader.next(rest);
    REQUIRE_EQ(step.outcome, MessageReader::Outcome::message);
    CHECK_EQ(step.message, expected);
    CHECK(step.message.data() >= bytes.data());
    CHECK(step.message.data() <= bytes.data() + bytes.size());
    CHECK(reader.at_boundary());
  }
  CHECK_EQ(reader.next(rest).outcome, MessageReader::Outcome::incomplete);
}

TEST_CASE("the size is judged by the prefix alone") {
  MessageReader reader(2);
  std::string_view bytes("\0\0\0\0\3", 5);
  const MessageReader::Step step = reader.next(bytes);
  CHECK_EQ(step.outcome, MessageReader::Outcome::too_large);
  CHECK_EQ(step.announced_size, 3);
  CHECK_EQ(reader.next(bytes).outcome, MessageReader::Outcome::too_large);
  reader.reset(3);
  std::string_view largest("\0\xFF\xFF\xFF\xFF", 5);
  CHECK_EQ(reader.next(largest).announced_size, 4'294'967'295);
}

TEST_CASE("a compressed or malformed message is refused") {
  MessageReader reader(100);
  std::string_view compressed("\1\0\0\0\1x", 6);
  CHECK_EQ(reader.next(compressed).outcome, MessageReader::Outcome::compressed);
  reader.reset(100);
  std::string_view malformed("\2\0\0\0\1x", 6);
  CHECK_EQ(reader.next(malformed).outcome, MessageReader::Outcome::malformed);
}

PROPERTY("messages do not depend on how their bytes are cut") {
  property_tests::property("write, cut anywhere, read", [](const std::vector<std::string>& messages, const std::vector<std::uint8_t>& cuts) {
    SendQueue queue;
    for (const std::string& message : messages) queue.push(message);
    MessageReader reader(1000);
    std::vector<std::string> read;
    for (std::size_t turn = 0; !queue.empty(); ++turn) {
      const std::size_t cut = turn < cuts.size() ? cuts[turn] % 7U : 3;
      std::string_view bytes = queue.front().substr(0, cut);
      const std::size_t count = bytes.size();
      for (MessageReader::Step step = reader.next(bytes); step.outcome == MessageReader::Outcome::message; step = reader.next(bytes)) {
        read.emplace_back(step.message);
      }
      RC_ASSERT(bytes.empty());
      queue.pop(count);
    }
    RC_ASSERT(read == messages);
    RC_ASSERT(reader.at_boundary());
  });
}

TEST_CASE("a message in parts is read like any other, whatever was queued before and after it") {
  SendQueue queue;
  std::size_t size = queue.push("before");
  size += queue.push(std::vector<std::string>{"one ", "", "message"});
  size += queue.push("after");
  size += queue.push(std::vector<std::string>{});
  CHECK_EQ(queue.size(), size);
  std::string bytes;
  while (!queue.empty()) {
    const std::string_view front = queue.front().substr(0, 3);
    bytes += front;
    queue.pop(front.size());
  }
  CHECK_EQ(bytes, framed("before") + framed("one message") + framed("after") + framed(""));
  queue.push("again");
  CHECK_EQ(queue.front(), framed("again"));
}

}  // namespace
}  // namespace rpc
