#include "core/rpc/overheard.h"

#include <nghttp2/nghttp2.h>

#include <utility>

#include "core/base/assert.h"
#include "core/rpc/h2.h"
#include "core/rpc/status_wire.h"

namespace rpc {

namespace {

constexpr std::string_view kHeardPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kHeardHeaderBytes = 9;
constexpr std::size_t kMessageBytesMax = 1U << 30U;

std::size_t number_of(Side side) { return static_cast<std::size_t>(side); }

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<std::uint8_t>(byte);
  return value;
}

// What padding and priority surround; nothing: they do not fit.
std::optional<std::string_view> body_of(std::string_view payload, std::uint8_t flags, bool may_have_priority) {
  std::size_t padding = 0;
  if ((flags & NGHTTP2_FLAG_PADDED) != 0) {
    if (payload.empty()) return std::nullopt;
    padding = static_cast<std::uint8_t>(payload.front());
    payload.remove_prefix(1);
  }
  const std::size_t priority = may_have_priority && (flags & NGHTTP2_FLAG_PRIORITY) != 0 ? 5 : 0;
  if (payload.size() < priority + padding) return std::nullopt;
  return payload.substr(priority, payload.size() - priority - padding);
}

}  // namespace

struct Overheard::Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string_view payload;
};

void Overheard::InflaterDelete::operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }

Overheard::Overheard(OverheardListener& listener) : listener_(listener) {
  for (Half& half : halves_) {
    nghttp2_hd_inflater* inflater = nullptr;
    ASSERT(nghttp2_hd_inflate_new(&inflater) == 0);
    half.inflater.reset(inflater);
  }
  halves_[number_of(Side::answerer)].has_begun = true;
}

Overheard::~Overheard() = default;

void Overheard::add(Side from, std::string_view bytes) {
  Half& half = halves_[number_of(from)];
  if (half.is_lost) return;
  half.bytes += bytes;
  if (!half.has_begun) {
    if (half.bytes.size() < kHeardPreface.size()) return;
    half.has_begun = true;
    half.is_lost = half.bytes.compare(0, kHeardPreface.size(), kHeardPreface) != 0;
    half.bytes.erase(0, kHeardPreface.size());
  }
  while (!half.is_lost && take_frame(from, half)) {
  }
  if (half.is_lost) half.bytes.clear();
}

// False: it is not whole yet.
bool Overheard::take_frame(Side from, Half& half) {
  const std::string_view bytes = half.bytes;
  if (bytes.size() < kHeardHeaderBytes) return false;
  const std::size_t size = big_endian(bytes.substr(0, 3));
  if (bytes.size() < kHeardHeaderBytes + size) return false;
  const Frame frame{static_cast<std::uint8_t>(bytes[3]), static_cast<std::uint8_t>(bytes[4]), big_endian(bytes.substr(5, 4)) & 0x7fffffffU,
                    bytes.substr(kHeardHeaderBytes, size)};
  bool is_understood = true;
  if (frame.type == NGHTTP2_DATA) is_understood = on_data(from, frame);
  if (frame.type == NGHTTP2_HEADERS || frame.type == NGHTTP2_CONTINUATION) is_understood = on_headers(from, half, frame);
  if (frame.type == NGHTTP2_RST_STREAM) {
    const auto found = streams_.find(frame.stream);
    if (found != streams_.end()) {
      listener_.on_reset(from, found->second.call);
      streams_.erase(found);
    }
  }
  half.is_lost = !is_understood;
  half.bytes.erase(0, kHeardHeaderBytes + size);
  return true;
}

bool Overheard::on_data(Side from, const Frame& frame) {
  std::optional<std::string_view> body = body_of(frame.payload, frame.flags, false);
  if (!body) return false;
  const auto found = streams_.find(frame.stream);
  if (found != streams_.end()) {
    Stream& stream = found->second;
    for (;;) {
      const MessageReader::Step step = stream.readers[number_of(from)].next(*body);
      if (step.outcome == MessageReader::Outcome::incomplete) break;
      if (step.outcome != MessageReader::Outcome::message) return false;
      listener_.on_message(from, stream.call, step.message);
    }
  }
  if ((frame.flags & NGHTTP2_FLAG_END_STREAM) != 0) end(from, frame.stream);
  return true;
}

bool Overheard::on_headers(Side from, Half& half, const Frame& frame) {
  const bool is_first = frame.type == NGHTTP2_HEADERS;
  const std::optional<std::string_view> body = is_first ? body_of(frame.payload, frame.flags, true) : frame.payload;
  if (!body) return false;
  if (is_first) {
    half.header_block.clear();
    half.header_stream = frame.stream;
    half.ends_with_headers = (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  }
  half.header_block += *body;
  if ((frame.flags & NGHTTP2_FLAG_END_HEADERS) == 0) return true;
  return on_header_block(from, half);
}

bool Overheard::on_header_block(Side from, Half& half) {
  Stream& stream = stream_of(half.header_stream);
  std::optional<Status> status;
  if (!inflate(half, stream, status)) return false;
  if (status && from == Side::answerer) listener_.on_status(stream.call, *status);
  if (half.ends_with_headers) end(from, half.header_stream);
  return true;
}

bool Overheard::inflate(Half& half, Stream& stream, std::optional<Status>& status) {
  std::string_view left = half.header_block;
  for (;;) {
    nghttp2_nv header{};
    int flags = 0;
    const ssize_t taken = nghttp2_hd_inflate_hd2(half.inflater.get(), &header, &flags, h2_bytes(left), left.size(), 1);
    if (taken < 0) return false;
    left.remove_prefix(static_cast<std::size_t>(taken));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      const std::string_view name = h2_text(header.name, header.namelen);
      const std::string_view value = h2_text(header.value, header.valuelen);
      if (name == ":path") stream.call.path = value;
      else if (name == "grpc-status") (status ? *status : status.emplace()).code = parse_status_code(value);
      else if (name == "grpc-message") (status ? *status : status.emplace()).message = percent_decode(value);
      else if (name.front() != ':' && &half == &halves_[number_of(Side::caller)]) static_cast<void>(stream.call.metadata.add(name, value));
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && left.empty()) return false;
  }
  return nghttp2_hd_inflate_end_headers(half.inflater.get()) == 0;
}

Overheard::Stream& Overheard::stream_of(std::uint32_t number) {
  const auto found = streams_.find(number);
  if (found != streams_.end()) return found->second;
  Stream stream{{number, {}, {}}, {MessageReader(kMessageBytesMax), MessageReader(kMessageBytesMax)}, {}};
  return streams_.emplace(number, std::move(stream)).first->second;
}

void Overheard::end(Side from, std::uint32_t number) {
  const auto found = streams_.find(number);
  if (found == streams_.end()) return;
  found->second.has_ended[number_of(from)] = true;
  // The answer's end is the end of the call, whatever its caller still says.
  if (from == Side::answerer) streams_.erase(found);
}

}  // namespace rpc
