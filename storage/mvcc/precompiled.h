// storage/mvcc/precompiled.h: the messages that most files of etcd's store and services read, on top of core/base/precompiled.h.
#include "core/api/cluster.pb.h"
#include "core/api/kv.pb.h"
#include "core/api/maintenance.pb.h"
#include "core/api/mvcc.pb.h"
#include "core/base/precompiled.h"
