// io/real/signals.h: signals, as inputs of the loop.
#pragma once

#include "io/real/descriptor.h"
#include "io/real/loop.h"

namespace io::real {

class SignalHandler {
 public:
  // SIGTERM or SIGINT, on a turn. Called again for each further one: an operator may lose patience.
  virtual void on_stop_signal(int signal) = 0;

 protected:
  ~SignalHandler() = default;
};

// For the whole process, from any world on: a write to a closed pipe and a file at its size limit are errors of the
// call that met them (SIGPIPE, SIGXFSZ), not deaths.
void ignore_io_signals();

// Takes SIGTERM and SIGINT from the calling thread while it exists. One per process, on the thread of the loop;
// helper threads have every signal blocked (thread.h), so nobody else can get them.
class StopSignals final : private Source {
 public:
  StopSignals(RealLoop& loop, SignalHandler& handler);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  void on_ready(std::uint32_t events) override;

  RealLoop& loop_;
  SignalHandler& handler_;
  SourceId id_;
  Descriptor descriptor_;
};

}  // namespace io::real
