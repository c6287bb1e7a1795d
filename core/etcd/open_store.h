// core/etcd/open_store.h: one generation of a member's store, with all that is made of its rows.
//
// A raft snapshot brings another generation: another one of these opens beside the old one and takes its place.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/etcd/compactor.h"
#include "core/etcd/leases.h"
#include "core/etcd/members.h"
#include "io/world.h"
#include "storage/mvcc/loader.h"
#include "storage/mvcc/store.h"
#include "storage/sqlite/backend.h"

namespace etcd {

class OpenStore final : private io::Completion, private sqlite::RowVisitor, private mvcc::ChangeListener {
 public:
  // All references outlive it.
  OpenStore(const io::World& world, const sqlite::BackendOptions& options, CompactionPace pace, io::WorkQueue& queue);

  // Once, before all else. An error of the rows leaves the files open, and close() is due.
  void open(const base::StoreMark& mark, base::LogIndex first_kept, sqlite::BackendListener& listener, io::Completion& done);
  // The files are open, or the next completion of open() will say so.
  bool is_open() const { return is_open_; }
  base::StoreGeneration generation() const { return generation_; }
  // At any time after open(); one that is under way completes first. Reads go on to see what is there.
  void close(io::Completion& done);

  // Whoever is told of each entry's changes besides; it outlives this.
  void set_change_listener(mvcc::ChangeListener& listener) { change_listener_ = &listener; }

  sqlite::Backend& backend() { return backend_; }
  const sqlite::Backend& backend() const { return backend_; }
  mvcc::Store& store() { return store_; }
  const mvcc::Store& store() const { return store_; }
  Compactor& compactor() { return compactor_; }
  Members& members() { return members_; }
  const Members& members() const { return members_; }
  Leases& leases() { return leases_; }
  const Leases& leases() const { return leases_; }

 private:
  void complete(base::Status status) override;  // of opening the backend
  void on_row(const sqlite::RowView& row) override;
  void on_changes(mvcc::Revision revision, const std::vector<mvcc::KeyChange>& changes) override;
  base::Status load();

  sqlite::Backend backend_;
  mvcc::Store store_;
  Compactor compactor_;
  Members members_;
  Leases leases_;
  mvcc::ChangeListener* change_listener_ = nullptr;
  mvcc::Loader loader_;  // while opening
  base::StoreGeneration generation_;
  io::Completion* opening_ = nullptr;
  bool is_open_ = false;
};

}  // namespace etcd
