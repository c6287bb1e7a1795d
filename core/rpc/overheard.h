// core/rpc/overheard.h: the calls on one HTTP/2 connection, as somebody sees them who only listens.
//
// Whoever has the bytes of both directions can say what was asked and answered: a simulator does, for the pictures that it draws. Nothing
// is checked that the two ends check themselves, and what does not look like HTTP/2 with gRPC in it is not heard from then on.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/message_reader.h"
#include "core/rpc/metadata.h"
#include "core/rpc/status.h"

struct nghttp2_hd_inflater;

namespace rpc {

enum class Side : std::uint8_t { caller, answerer };

// What is known of the call that something belongs to.
struct OverheardCall {
  std::uint32_t stream = 0;
  std::string path;
  Metadata metadata;  // of the request
};

class OverheardListener {
 public:
  // Within add(), when the last byte of the message, or of the headers, has been added.
  virtual void on_message(Side from, const OverheardCall& call, std::string_view message) = 0;
  virtual void on_status(const OverheardCall& call, const Status& status) = 0;
  // Either side gave it up.
  virtual void on_reset(Side from, const OverheardCall& call) = 0;

 protected:
  ~OverheardListener() = default;
};

class Overheard final {
 public:
  explicit Overheard(OverheardListener& listener);
  ~Overheard();
  Overheard(const Overheard&) = delete;
  Overheard& operator=(const Overheard&) = delete;

  // The next bytes that this side has sent.
  void add(Side from, std::string_view bytes);

 private:
  struct InflaterDelete {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  struct Half {
    std::string bytes;          // from the first one that is not understood yet
    std::unique_ptr<nghttp2_hd_inflater, InflaterDelete> inflater;
    bool has_begun = false;     // of the caller: its preface has come
    bool is_lost = false;
    std::string header_block;   // in frames that have come so far
    std::uint32_t header_stream = 0;
    bool ends_with_headers = false;
  };
  struct Stream {
    OverheardCall call;
    std::array<MessageReader, 2> readers;
    std::array<bool, 2> has_ended{};
  };
  struct Frame;

  bool take_frame(Side from, Half& half);
  bool on_data(Side from, const Frame& frame);
  bool on_headers(Side from, Half& half, const Frame& frame);
  bool on_header_block(Side from, Half& half);
  bool inflate(Half& half, Stream& stream, std::optional<Status>& status);
  Stream& stream_of(std::uint32_t number);
  void end(Side from, std::uint32_t number);

  OverheardListener& listener_;
  std::array<Half, 2> halves_;
  std::map<std::uint32_t, Stream> streams_;
};

}  // namespace rpc
