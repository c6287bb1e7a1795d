// io/sim/volume.h: the names on one simulated disk.
//
// A directory has the names that the member sees and the names that are durable. A create, rename or remove
// waits in between until every directory it touches has been synced; a power loss keeps or loses each by
// itself. Files keep their own bytes (inode.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/sim/inode.h"

namespace io::sim {

// A file as it is at one moment, for whoever tells of it.
struct FileStanding {
  std::string path;
  bool is_there = true;             // to the member; otherwise only its removal is not durable
  bool has_durable_name = false;    // a power loss now could not take it
  std::uint64_t size = 0;           // as the member sees it
  std::uint64_t durable_size = 0;   // without whatever is not durable
  std::uint64_t differing_sectors = 0;  // whose bytes are not those that are durable, up to the end of the longer one
  std::uint64_t first_differing = 0;    // where the first of them begins
};
// `wal/0000000000000001.log  65536 bytes; not durable: 3 sectors from 8192 on`
std::string to_text(const FileStanding& file);

class Volume {
 public:
  explicit Volume(Decisions& decisions) : decisions_(decisions) {}
  Volume(const Volume&) = delete;
  Volume& operator=(const Volume&) = delete;

  // What the member sees. Paths as in io/disk.h; `invalid` for one that cannot be.
  base::Result<std::shared_ptr<Inode>> find_file(std::string_view path) const;
  base::Result<bool> exists(std::string_view path) const;
  base::Result<std::vector<std::string>> list(std::string_view directory) const;
  base::Result<std::shared_ptr<Inode>> create_file(const CallSpan& span, std::string_view path);
  base::Status create_directory(const CallSpan& span, std::string_view path);
  base::Status rename(const CallSpan& span, std::string_view from, std::string_view to);
  base::Status remove(const CallSpan& span, std::string_view path);
  base::Status sync_directory(const CallSpan& span, std::string_view path);

  // The whole disk. `now` and `at` are the world's time.
  void settle(VirtualTime now);
  void settle_names(VirtualTime now);  // moves what directory syncs up to `now` have covered
  DiskDamage kill(VirtualTime at);
  DiskDamage lose_power(VirtualTime at, const DiskFaults& faults);
  void wipe();  // a new, empty disk

  // Truth for oracles: what a power loss at `now` could not take, had nothing spoilt the disk. Nothing when the name is not durable.
  std::optional<std::string> durable_bytes(VirtualTime now, std::string_view path, std::uint64_t offset, std::uint64_t size);
  // Likewise: whether all of the file that the member sees under this name is among it, and the name.
  bool is_durable(VirtualTime now, std::string_view path);
  // What is really there: whether rot and misdirected writes have left these bytes of the file, as far as it goes, as they should be.
  bool is_intact(VirtualTime now, std::string_view path, std::uint64_t offset, std::uint64_t size);
  // All files that there are, or that a power loss could bring back, by path.
  std::vector<FileStanding> files(VirtualTime now);

 private:
  struct Directory;
  struct Node {  // one of the two
    std::shared_ptr<Inode> file;
    std::shared_ptr<Directory> directory;
    explicit operator bool() const { return file || directory; }
    friend bool operator==(const Node&, const Node&) = default;
  };
  using Names = std::map<std::string, Node, std::less<>>;
  struct Directory {
    Names live;
    Names durable;
  };
  struct Place {
    std::shared_ptr<Directory> directory;
    std::string name;
  };
  enum class Kind : std::uint8_t { create, rename, remove, sync };
  struct Change {
    Kind kind = Kind::create;
    CallSpan span;
    Place from;  // of a create and a remove the only place; of a sync the directory
    Place to;    // of a rename
    Node node;   // that is created, moved or removed
    bool from_synced = false;
    bool to_synced = false;
  };

  base::Result<std::shared_ptr<Directory>> find_directory(std::string_view path) const;
  base::Result<Place> find_place(std::string_view path) const;
  base::Result<Node> find(std::string_view path) const;
  std::shared_ptr<Inode> find_durable(VirtualTime now, std::string_view path);
  void add(Change change);
  static void apply(Names Directory::* names, const Change& change);
  bool forget_after(VirtualTime at);  // true when there was anything
  bool finish_names(VirtualTime at);  // true when a change was taken back
  static void list_files(const Directory& directory, Names Directory::* names, const std::string& prefix, std::map<std::string, std::shared_ptr<Inode>>& out);
  template <typename Visit>
  static void for_each(Directory& directory, Names Directory::* names, Visit&& visit);

  Decisions& decisions_;
  std::shared_ptr<Directory> root_ = std::make_shared<Directory>();
  std::vector<Change> changes_;  // not yet durable, by time
};

}  // namespace io::sim
