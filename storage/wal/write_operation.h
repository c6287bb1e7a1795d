// storage/wal/write_operation.h: one batch on its way to the disk.
//
// Write and sync are requested together, since a log file keeps their order: one hand-off each way per batch.
#pragma once

#include <string_view>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "io/completion.h"
#include "io/disk.h"

namespace wal {

class WriteListener {
 public:
  virtual void on_written(base::Status status) = 0;  // durable, or the error of the write or the sync

 protected:
  ~WriteListener() = default;
};

// idle -> writing -> syncing -> idle
class WriteOperation final : private io::Completion {
 public:
  explicit WriteOperation(WriteListener& listener) : listener_(listener) {}

  // Requires: !is_running(); `data` stays until on_written().
  void start(io::LogFile& file, std::uint64_t offset, std::string_view data) {
    ASSERT(stage_ == Stage::idle);
    stage_ = Stage::writing;
    status_ = {};
    file.write(offset, base::as_bytes(data), *this);
    file.sync(*this);
  }
  bool is_running() const { return stage_ != Stage::idle; }

 private:
  enum class Stage : std::uint8_t { idle, writing, syncing };

  void complete(base::Status status) override {
    ASSERT(stage_ != Stage::idle);  // one completion per request, never one more
    if (status_ && !status) status_ = std::move(status);
    if (stage_ == Stage::writing) {
      stage_ = Stage::syncing;  // whatever came of the write: the sync completes too
      return;
    }
    stage_ = Stage::idle;
    listener_.on_written(status_);
  }

  WriteListener& listener_;
  Stage stage_ = Stage::idle;
  base::Status status_;
};

}  // namespace wal
