#include "io/real/thread.h"

#include <pthread.h>

#include <csignal>
#include <string>
#include <utility>

#include "core/base/assert.h"

namespace io::real {

std::thread start_thread(std::string_view name, std::function<void()> body) {
  // A thread inherits the mask of the one that starts it, so there is no instant at which a signal could hit it.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
  std::thread thread(std::move(body));
  ASSERT(pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);

  constexpr std::size_t kNameBytesMax = 15;
  pthread_setname_np(thread.native_handle(), std::string(name.substr(0, kNameBytesMax)).c_str());
  return thread;
}

}  // namespace io::real
