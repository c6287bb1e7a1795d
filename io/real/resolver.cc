#include "io/real/resolver.h"

#include <sys/epoll.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

#include "core/base/assert.h"
#include "io/real/handoff.h"
#include "io/real/thread.h"

namespace io::real {

namespace {

// One dead name server must not hold up the lookup of every peer.
constexpr std::size_t kThreadCountMax = 4;

}  // namespace

struct Resolver::Shared {
  struct Question {
    std::uint64_t ticket = 0;
    Address address;
  };

  struct Resolved {
    std::uint64_t ticket = 0;
    base::Result<std::vector<SocketAddress>> addresses;
  };

  std::mutex mutex;
  std::deque<Question> questions;
  std::size_t thread_count = 0;
  ToLoop<Resolved> answers;
};

Resolver::Resolver(RealLoop& loop) : loop_(loop), id_(loop.enroll(*this)), shared_(std::make_shared<Shared>()) {
  loop_.watch(id_, shared_->answers.descriptor(), EPOLLIN | EPOLLET);
}

Resolver::~Resolver() {
  ASSERT(waiting_.empty());
  loop_.retire(id_);
  const std::lock_guard lock(shared_->mutex);
  shared_->questions.clear();
}

void Resolver::resolve(const Address& address, Lookup& lookup) {
  waiting_.push_back(Waiting{next_ticket_, &lookup});
  bool start = false;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->questions.push_back(Shared::Question{next_ticket_, address});
    start = shared_->thread_count < kThreadCountMax;
    if (start) ++shared_->thread_count;
  }
  ++next_ticket_;
  if (start) start_thread("resolver", [shared = shared_] { run(shared); }).detach();
}

void Resolver::cancel(Lookup& lookup) {
  std::erase_if(waiting_, [&lookup](const Waiting& each) { return each.lookup == &lookup; });
}

void Resolver::run(const std::shared_ptr<Shared>& shared) {
  for (;;) {
    Shared::Question question;
    {
      const std::lock_guard lock(shared->mutex);
      if (shared->questions.empty()) {
        --shared->thread_count;
        return;
      }
      question = std::move(shared->questions.front());
      shared->questions.pop_front();
    }
    shared->answers.hand_over(Shared::Resolved{question.ticket, look_up(question.address)});
  }
}

void Resolver::on_ready(std::uint32_t /*events*/) {
  std::vector<Shared::Resolved> arrived;
  shared_->answers.take(arrived);
  for (Shared::Resolved& each : arrived) {
    const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&each](const Waiting& waiting) { return waiting.ticket == each.ticket; });
    if (found == waiting_.end()) continue;  // cancelled
    Lookup& lookup = *found->lookup;
    waiting_.erase(found);
    lookup.on_resolved(std::move(each.addresses));
  }
}

}  // namespace io::real
