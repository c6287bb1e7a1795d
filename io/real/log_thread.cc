#include "io/real/log_thread.h"

#include <sys/epoll.h>

#include <utility>

#include "core/base/assert.h"
#include "io/real/thread.h"

namespace io::real {

LogThread::LogThread(RealLoop& loop) : loop_(loop), id_(loop.enroll(*this)) {
  loop_.watch(id_, answers_.descriptor(), EPOLLIN | EPOLLET);
  thread_ = start_thread("log", [this] { run(); });
}

LogThread::~LogThread() { abandon(); }

void LogThread::abandon() {
  if (abandoned_) return;
  abandoned_ = true;
  requests_.close();
  thread_.join();
  loop_.retire(id_);
  loop_.forget(*this);
}

void LogThread::request(const Request& request) {
  if (abandoned_) return;
  ++request.file->in_flight_;
  if (gathered_.empty()) loop_.at_hand_off(*this);
  gathered_.push_back(request);
}

void LogThread::on_end_of_turn() { requests_.hand_over(gathered_); }

void LogThread::on_ready(std::uint32_t /*events*/) {
  answers_.take(arrived_);
  for (Answer& answer : arrived_) {
    if (abandoned_) break;
    ASSERT(answer.file->in_flight_ > 0);
    --answer.file->in_flight_;
    answer.done->complete(std::move(answer.status));
  }
  arrived_.clear();
}

void LogThread::run() {
  std::vector<Request> batch;
  std::vector<Answer> answers;
  while (requests_.take(batch)) {
    for (const Request& request : batch) {
      if (requests_.is_closed()) return;
      answers.push_back(Answer{request.file, request.done, request.file->perform(request)});
    }
    batch.clear();
    answers_.hand_over(answers);
  }
}

RealLogFile::~RealLogFile() { ASSERT(in_flight_ == 0 || thread_.is_abandoned()); }

void RealLogFile::write(std::uint64_t offset, std::span<const std::byte> data, Completion& done) {
  ASSERT(!data.empty());
  thread_.request(LogThread::Request{this, offset, data, &done});
}

void RealLogFile::sync(Completion& done) { thread_.request(LogThread::Request{this, 0, {}, &done}); }

base::Status RealLogFile::perform(const LogThread::Request& request) {
  if (failure_) return base::fail(*failure_);
  base::Status status = request.data.empty() ? file_.sync() : file_.write(request.offset, request.data);
  if (!status) failure_ = status.error();
  return status;
}

}  // namespace io::real
