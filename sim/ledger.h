// sim/ledger.h: which members still have, on their disks, what they promised.
//
// A member has promised what has once lain on its disk durably: the entries of its log, and the store for those that the log has dropped.
// Rot, a write that went elsewhere and a lost disk take that away behind its back. For every committed index and member this ledger
// knows whether an intact durable copy is left; only the simulated disk is believed.
//
// From it follows what a run may demand. A run is *within* its budget as long as those whose disks are whole are a quorum, and no quorum of
// them could elect somebody without what is committed. Then nothing may be lost, and the group must recover. From the first
// instant at which that does not hold it is *beyond*: members may refuse to serve, and the group may stand still. Nobody may lie even then.
//
//   three members, index 7 committed with m1 and m2
//     m1's disk rots                        m2 and m3 are whole, and m3 is not elected without m2: within
//     m1's disk rots, and so does m2's      m3 alone is no quorum: beyond
//     m1 comes back without index 7         m1 and m3 are a quorum that lacks it: beyond, see below
//
// There is one case in which a member may lie without knowing: what rotted is the last batch that it synced, which nothing behind it proves, and
// it comes back as from a torn write (docs/fault-model.md). The group bears that when a quorum of the others has all of it; if not,
// or when a vote was in that batch, the run ends there, refused.
//
// A run in which no disk is ever spoilt has no use for this, and nothing is kept.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/hash.h"
#include "sim/committed_log.h"
#include "sim/configurations.h"
#include "sim/group_log.h"
#include "sim/oracle.h"

namespace sim {

// Why a member's copies do not count any more.
enum class Loss : std::uint8_t {
  log,        // a file of its log is not what it wrote
  store,      // its store is not
  disk,       // its disk is gone
  forgotten,  // it came back without its last batch
};
inline constexpr int kLossCount = 4;
std::string_view to_text(Loss loss);

class Ledger final : public Oracle {
 public:
  static constexpr std::string_view kName = "recovery";
  // All references outlive the ledger. `logs` and `configurations` hear of each event first, and `committed` only then: what is to be
  // excused must not have been accused. Without `is_kept` nothing is spoilt.
  Ledger(const Truth& truth, const GroupLog& logs, const Configurations& configurations, const CommittedLog& committed, Findings& findings,
         bool is_kept)
      : truth_(truth), logs_(logs), configurations_(configurations), committed_(committed), findings_(findings), is_kept_(is_kept) {}

  void on_start(std::string_view member) override;
  void on_event(std::string_view member, const io::Event& event) override;
  void on_wipe(std::string_view member) override;

  // A file of its store is spoilt, or will be by the next write. The store counts as spoilt for good: what rotted in its -wal may have ended
  // that early, over pages that a checkpoint had copied already, and a member that opens it looks at every row and at nothing else.
  void on_store_spoilt(std::string_view member);
  // A file of its log is, or will be.
  void on_log_spoilt(std::string_view member);
  void on_disk_lost(std::string_view member);
  // It refuses its files, or has none, and will never come back.
  void on_gone(std::string_view member);

  // It needs nothing that is not on its disk as it should be.
  bool is_whole(std::string_view member) const { return losses(member).empty(); }
  std::vector<Loss> losses(std::string_view member) const;  // in the order of the enumeration; empty: whole
  // It is whole, and this entry is on its disk, durably, in its log or in its store.
  bool holds(std::string_view member, base::EntryId id) const;
  bool is_gone(std::string_view member) const;

  // Once beyond, always: what was lost meanwhile does not come back. Looks at the disks.
  bool is_beyond();
  // How many members lost what, at some time.
  const std::map<Loss, std::uint64_t>& counts() const { return counts_; }

  // From where on the member came back, right now, without what it had promised, and nobody can blame it. Asked in the turn of io::Recovered.
  bool has_forgotten(std::string_view member) const;

  // The files of its log, with what is written of each: what rots elsewhere nobody ever reads.
  struct LogFile {
    std::string path;
    std::uint64_t size = 0;
  };
  std::vector<LogFile> log_files(std::string_view member) const;
  base::StoreGeneration generation(std::string_view member) const;

 private:
  struct Write {  // one batch, shared by its entries
    std::string file;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    base::Hash128 hash;
    bool is_durable = false;  // found so
  };
  struct Copy {
    base::Term term;
    std::shared_ptr<Write> write;
  };
  struct Member {
    std::map<base::LogIndex, Copy> copies;       // of the log, above `dropped`
    base::LogIndex dropped;                      // up to here only the store has them
    std::map<std::string, std::uint64_t> files;  // of the log, in its order, with the end of what was written
    std::shared_ptr<Write> newest;               // whatever it carries
    std::shared_ptr<Write> synced;               // the last one that was found durable
    std::shared_ptr<Write> vote;                 // the last one that carried another term or vote; null: none
    base::StoreGeneration generation;
    bool is_store_spoilt = false;
    bool is_disk_lost = false;
    bool is_gone = false;
    std::optional<base::LogIndex> cut;           // since it started last: from here on all copies that it had promised were spoilt
    bool is_vote_cut = false;                    // and so was its vote
    bool has_forgotten = false;
    std::map<Loss, bool> counted;
  };

  Member& member(std::string_view name);
  const Member* find(std::string_view name) const;
  void on_recovered(std::string_view name, Member& member, const io::Recovered& recovered);
  std::shared_ptr<Write> begin_write(Member& member, std::string_view file, std::uint64_t offset, std::string_view bytes);
  bool is_durable(std::string_view name, Write& write) const;
  bool is_intact(std::string_view name, const Write& write) const;
  void forget_files(Member& member);
  void note(std::string_view name, Loss loss);
  void judge();

  const Truth& truth_;
  const GroupLog& logs_;
  const Configurations& configurations_;
  const CommittedLog& committed_;
  Findings& findings_;
  const bool is_kept_;
  std::map<std::string, Member, std::less<>> members_;
  bool is_beyond_ = false;
  std::map<Loss, std::uint64_t> counts_;
};

}  // namespace sim
