#include "io/real/signals.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <csignal>

#include "core/base/assert.h"

namespace io::real {

namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void ignore_io_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

StopSignals::StopSignals(RealLoop& loop, SignalHandler& handler) : loop_(loop), handler_(handler), id_(loop.enroll(*this)) {
  const sigset_t set = stop_signals();
  ASSERT(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  descriptor_ = Descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  ASSERT(descriptor_.is_open());
  loop_.watch(id_, descriptor_.get(), EPOLLIN);
}

StopSignals::~StopSignals() {
  loop_.retire(id_);
  const sigset_t set = stop_signals();
  ASSERT(pthread_sigmask(SIG_UNBLOCK, &set, nullptr) == 0);
}

void StopSignals::on_ready(std::uint32_t /*events*/) {
  signalfd_siginfo info{};
  // One per turn: the descriptor stays readable while there are more, and the handler may have destroyed us.
  if (::read(descriptor_.get(), &info, sizeof info) != sizeof info) return;
  handler_.on_stop_signal(static_cast<int>(info.ssi_signo));
}

}  // namespace io::real
