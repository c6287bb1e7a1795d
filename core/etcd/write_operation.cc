#include "core/etcd/write_operation.h"

#include "core/etcd/answer.h"

namespace etcd {

void WriteOperation::applied(rpc::UnaryCall& call, std::string answer) {
  pool_.give_back(*this);
  respond(call, answer);
}

}  // namespace etcd
