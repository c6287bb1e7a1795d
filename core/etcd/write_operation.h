// core/etcd/write_operation.h: one write through the log, answered with what applying it gave.
#pragma once

#include <string>
#include <string_view>

#include "core/etcd/log_write.h"
#include "core/etcd/pool.h"

namespace etcd {

class WriteOperation final : private LogWrite {
 public:
  WriteOperation(ServiceContext& context, Pool<WriteOperation>& pool) : LogWrite(context), pool_(pool) {}

  // Answers the call, now or later, and returns to the pool.
  void start(rpc::UnaryCall& call, std::string_view command) { propose(call, command); }

 private:
  void applied(rpc::UnaryCall& call, std::string answer) override;
  void abandoned() override { pool_.give_back(*this); }

  Pool<WriteOperation>& pool_;
};

}  // namespace etcd
