#include "io/sim/volume.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "io/disk.h"

namespace io::sim {

namespace {
base::Status check_path(std::string_view path) {
  if (path.empty()) return {};
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return base::fail(base::Code::invalid, "bad path " + std::string(path));
    at = end + 1;
  }
  return {};
}

tl::unexpected<base::Error> no_such(std::string_view path) {
  return base::fail(base::Code::not_found, std::string(path) + ": no such file or directory");
}
}  // namespace

base::Result<Volume::Node> Volume::find(std::string_view path) const {
  if (const base::Status status = check_path(path); !status) return base::fail(status.error());
  Node node{nullptr, root_};
  for (std::size_t at = 0; at < path.size() && !path.empty();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (!node.directory) return no_such(path);
    const auto found = node.directory->live.find(path.substr(at, end - at));
    if (found == node.directory->live.end()) return no_such(path);
    node = Node(found->second);  // a copy before its directory may go
    at = end + 1;
  }
  return node;
}

base::Result<std::shared_ptr<Volume::Directory>> Volume::find_directory(std::string_view path) const {
  base::Result<Node> node = find(path);
  if (!node) return base::fail(node.error());
  if (!node->directory) return base::fail(base::Code::invalid, std::string(path) + ": not a directory");
  return node->directory;
}

base::Result<Volume::Place> Volume::find_place(std::string_view path) const {
  if (path.empty()) return base::fail(base::Code::invalid, "the data directory itself cannot be changed");
  if (const base::Status status = check_path(path); !status) return base::fail(status.error());
  const std::size_t slash = path.rfind('/');
  base::Result<std::shared_ptr<Directory>> parent =
      find_directory(slash == std::string_view::npos ? std::string_view() : path.substr(0, slash));
  if (!parent) return base::fail(parent.error());
  return Place{*parent, std::string(slash == std::string_view::npos ? path : path.substr(slash + 1))};
}

base::Result<std::shared_ptr<Inode>> Volume::find_file(std::string_view path) const {
  base::Result<Node> node = find(path);
  if (!node) return base::fail(node.error());
  if (!node->file) return base::fail(base::Code::invalid, std::string(path) + ": is a directory");
  return node->file;
}

base::Result<bool> Volume::exists(std::string_view path) const {
  const base::Result<Node> node = find(path);
  if (!node && node.error().code != base::Code::not_found) return base::fail(node.error());
  return node.has_value();
}

base::Result<std::vector<std::string>> Volume::list(std::string_view directory) const {
  const base::Result<std::shared_ptr<Directory>> found = find_directory(directory);
  if (!found) return base::fail(found.error());
  std::vector<std::string> names;
  for (const auto& [name, node] : (*found)->live) names.push_back(name);
  return names;
}

base::Result<std::shared_ptr<Inode>> Volume::create_file(const CallSpan& span, std::string_view path) {
  const base::Result<Place> place = find_place(path);
  if (!place) return base::fail(place.error());
  ASSERT(place->directory->live.count(place->name) == 0);
  Change change;
  change.kind = Kind::create;
  change.span = span;
  change.from = *place;
  change.node.file = std::make_shared<Inode>(decisions_);
  std::shared_ptr<Inode> file = change.node.file;
  add(std::move(change));
  return file;
}

base::Status Volume::create_directory(const CallSpan& span, std::string_view path) {
  if (path.empty()) return {};
  const base::Result<Place> place = find_place(path);
  if (!place) return base::fail(place.error());
  const auto found = place->directory->live.find(place->name);
  if (found != place->directory->live.end()) {
    if (found->second.directory) return {};
    return base::fail(base::Code::invalid, std::string(path) + ": exists and is not a directory");
  }
  Change change;
  change.kind = Kind::create;
  change.span = span;
  change.from = *place;
  change.node.directory = std::make_shared<Directory>();
  add(std::move(change));
  return {};
}

base::Status Volume::rename(const CallSpan& span, std::string_view from, std::string_view to) {
  const base::Result<Place> source = find_place(from);
  if (!source) return base::fail(source.error());
  const base::Result<Place> target = find_place(to);
  if (!target) return base::fail(target.error());
  const auto found = source->directory->live.find(source->name);
  if (found == source->directory->live.end()) return no_such(from);
  if (from == to) return {};
  if (to.size() > from.size() && to.substr(0, from.size()) == from && to[from.size()] == '/') {
    return base::fail(base::Code::invalid, std::string(to) + ": lies within " + std::string(from));
  }
  const auto replaced = target->directory->live.find(target->name);
  if (replaced != target->directory->live.end()) {
    const bool both_files = found->second.file && replaced->second.file;
    const bool onto_empty = found->second.directory && replaced->second.directory && replaced->second.directory->live.empty();
    if (!both_files && !onto_empty) return base::fail(base::Code::invalid, std::string(to) + ": cannot be replaced");
  }
  if (found->second.file) found->second.file->set_misdirects_next(false);  // that was about the file of the old name
  Change change;
  change.kind = Kind::rename;
  change.span = span;
  change.from = *source;
  change.to = *target;
  change.node = found->second;
  add(std::move(change));
  return {};
}

base::Status Volume::remove(const CallSpan& span, std::string_view path) {
  const base::Result<Place> place = find_place(path);
  if (!place) return base::fail(place.error());
  const auto found = place->directory->live.find(place->name);
  if (found == place->directory->live.end()) return no_such(path);
  if (found->second.directory && !found->second.directory->live.empty()) {
    return base::fail(base::Code::invalid, std::string(path) + ": directory not empty");
  }
  Change change;
  change.kind = Kind::remove;
  change.span = span;
  change.from = *place;
  change.node = found->second;
  add(std::move(change));
  return {};
}

base::Status Volume::sync_directory(const CallSpan& span, std::string_view path) {
  const base::Result<std::shared_ptr<Directory>> found = find_directory(path);
  if (!found) return base::fail(found.error());
  Change change;
  change.kind = Kind::sync;
  change.span = span;
  change.from.directory = *found;
  add(std::move(change));
  return {};
}

void Volume::add(Change change) {
  apply(&Directory::live, change);
  // Jobs of different queues may overlap in time, so this one may belong before some.
  const auto later = std::upper_bound(changes_.begin(), changes_.end(), change.span.begin,
                                      [](VirtualTime at, const Change& other) { return at < other.span.begin; });
  changes_.insert(later, std::move(change));
}

void Volume::apply(Names Directory::* names, const Change& change) {
  Names& from = change.from.directory.get()->*names;
  const auto found = from.find(change.from.name);
  const bool is_there = found != from.end() && found->second == change.node;
  switch (change.kind) {
    case Kind::create: from.insert_or_assign(change.from.name, change.node); return;
    case Kind::rename:
      // Under whatever name it stands: an earlier rename of it may have been lost.
      for (auto it = from.begin(); it != from.end();) it = it->second == change.node ? from.erase(it) : std::next(it);
      (change.to.directory.get()->*names).insert_or_assign(change.to.name, change.node);
      return;
    case Kind::remove:
      if (is_there) from.erase(found);
      return;
    case Kind::sync: return;
  }
}

void Volume::settle_names(VirtualTime now) {
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (changes_[i].kind != Kind::sync || changes_[i].span.end > now) continue;
    const Directory* const synced = changes_[i].from.directory.get();
    const VirtualTime begin = changes_[i].span.begin;
    for (std::size_t j = 0; j < i; ++j) {
      Change& change = changes_[j];
      if (change.kind == Kind::sync || change.span.end > begin) continue;
      if (change.from.directory.get() == synced) change.from_synced = true;
      if (change.to.directory.get() == synced) change.to_synced = true;
    }
  }
  std::vector<Change> waiting;
  for (Change& change : changes_) {
    const bool is_done = change.kind == Kind::sync ? change.span.end <= now
                                                   : change.from_synced && (change.to_synced || change.kind != Kind::rename);
    if (!is_done) {
      waiting.push_back(std::move(change));
    } else if (change.kind != Kind::sync) {
      apply(&Directory::durable, change);
    }
  }
  changes_ = std::move(waiting);
}

template <typename Visit>
void Volume::for_each(Directory& directory, Names Directory::* names, Visit&& visit) {
  for (auto& [name, node] : directory.*names) {
    if (node.file) visit(*node.file);
    if (node.directory) for_each(*node.directory, names, visit);
  }
}

void Volume::settle(VirtualTime now) {
  if (!changes_.empty()) settle_names(now);
  for_each(*root_, &Directory::live, [&](Inode& file) { file.settle(now); });
}

bool Volume::forget_after(VirtualTime at) {
  const std::size_t before = changes_.size();
  changes_.erase(std::remove_if(changes_.begin(), changes_.end(), [&](const Change& change) { return change.span.begin > at; }),
                 changes_.end());
  return changes_.size() < before;
}

// The kernel finishes a change that is in progress, or had not begun it: from now on it is one or the other, so that the
// next directory sync covers it. A sync in progress, which nobody will hear of, proves nothing.
bool Volume::finish_names(VirtualTime at) {
  const auto is_undone = [&](Change& change) {
    if (change.kind == Kind::sync) return true;
    if (change.span.begin > at || change.span.end <= at) return false;
    change.span.end = at;
    return decisions_.below("disk.kill", Identity{change.span.name}, 2) == 0;
  };
  const std::size_t before = changes_.size();
  changes_.erase(std::remove_if(changes_.begin(), changes_.end(), is_undone), changes_.end());
  return changes_.size() < before;
}

namespace {
// The live names of every durable directory become the durable ones.
template <typename Directory>
void reset_to_durable(Directory& directory) {
  directory.live = directory.durable;
  for (auto& [name, node] : directory.live) {
    if (node.directory) reset_to_durable(*node.directory);
  }
}
}  // namespace

DiskDamage Volume::kill(VirtualTime at) {
  DiskDamage damage;
  settle_names(at);
  const bool is_undone = finish_names(at);
  if (forget_after(at) || is_undone) {
    // Directories that are not durable yet start empty again; what happened in them happens again below.
    for (const Change& change : changes_) {
      if (change.kind == Kind::create && change.node.directory) change.node.directory->live = change.node.directory->durable;
    }
    reset_to_durable(*root_);
    for (const Change& change : changes_) apply(&Directory::live, change);
  }
  for_each(*root_, &Directory::live, [&](Inode& file) { file.kill(at, damage); });
  // A file whose removal is not durable may come back.
  for_each(*root_, &Directory::durable, [&](Inode& file) { file.kill(at, damage); });
  return damage;
}

DiskDamage Volume::lose_power(VirtualTime at, const DiskFaults& faults) {
  DiskDamage damage;
  settle_names(at);
  forget_after(at);
  for (const Change& change : changes_) {
    if (change.kind == Kind::sync) continue;
    bool is_lost = decisions_.happens("disk.lost_name", Identity{change.span.name}, faults.lost_name_per_million);
    // A directory goes only once it is empty.
    if (change.kind == Kind::remove && change.node.directory && !change.node.directory->durable.empty()) is_lost = true;
    if (is_lost) {
      ++damage.lost_names;
    } else {
      apply(&Directory::durable, change);
    }
  }
  changes_.clear();
  reset_to_durable(*root_);
  for_each(*root_, &Directory::durable, [&](Inode& file) { file.lose_power(at, faults, damage); });
  return damage;
}

void Volume::wipe() {
  changes_.clear();
  root_ = std::make_shared<Directory>();
}

std::shared_ptr<Inode> Volume::find_durable(VirtualTime now, std::string_view path) {
  if (!check_path(path)) return nullptr;
  if (!changes_.empty()) settle_names(now);
  Node node{nullptr, root_};
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (!node.directory) return nullptr;
    const auto found = node.directory->durable.find(path.substr(at, end - at));
    if (found == node.directory->durable.end()) return nullptr;
    node = Node(found->second);
    at = end + 1;
  }
  if (node.file) node.file->settle(now);
  return node.file;
}

std::optional<std::string> Volume::durable_bytes(VirtualTime now, std::string_view path, std::uint64_t offset,
                                                 std::uint64_t size) {
  const std::shared_ptr<Inode> file = find_durable(now, path);
  if (file == nullptr) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(size), '\0');
  bytes.resize(file->promised().read(offset, base::as_writable_bytes(bytes)));
  return bytes;
}

bool Volume::is_intact(VirtualTime now, std::string_view path, std::uint64_t offset, std::uint64_t size) {
  const std::shared_ptr<Inode> file = find_durable(now, path);
  return file == nullptr || file->is_intact(offset, size);
}

bool Volume::is_durable(VirtualTime now, std::string_view path) {
  const std::shared_ptr<Inode> file = find_durable(now, path);
  const base::Result<std::shared_ptr<Inode>> seen = find_file(path);
  if (file == nullptr || !seen || *seen != file || file->size() != file->promised().size()) return false;
  std::string live(static_cast<std::size_t>(file->size()), '\0');
  std::string durable = live;
  std::string promised = live;
  static_cast<void>(file->read(0, base::as_writable_bytes(live)));
  static_cast<void>(file->durable().read(0, base::as_writable_bytes(durable)));
  static_cast<void>(file->promised().read(0, base::as_writable_bytes(promised)));
  // A bit that rotted is another in what the member sees, too; a write that went elsewhere is only there.
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (live[i] != promised[i] && live[i] != durable[i]) return false;
  }
  return true;
}

void Volume::list_files(const Directory& directory, Names Directory::* names, const std::string& prefix, std::map<std::string, std::shared_ptr<Inode>>& out) {
  for (const auto& [name, node] : directory.*names) {
    if (node.file) out.emplace(prefix + name, node.file);
    if (node.directory) list_files(*node.directory, names, prefix + name + "/", out);
  }
}

std::vector<FileStanding> Volume::files(VirtualTime now) {
  settle(now);
  std::map<std::string, std::shared_ptr<Inode>> live;
  std::map<std::string, std::shared_ptr<Inode>> durable;
  list_files(*root_, &Directory::live, "", live);
  list_files(*root_, &Directory::durable, "", durable);
  std::map<std::string, FileStanding> out;
  for (const auto& [path, file] : live) {
    FileStanding& one = out[path];
    const auto same = durable.find(path);
    one.has_durable_name = same != durable.end() && same->second == file;
    one.size = file->size();
    one.durable_size = file->durable().size();
    std::string seen(kSectorBytes, '\0');
    std::string kept(kSectorBytes, '\0');
    for (std::uint64_t offset = 0; offset < std::max(one.size, one.durable_size); offset += kSectorBytes) {
      const std::size_t seen_bytes = file->read(offset, base::as_writable_bytes(seen));
      const std::size_t kept_bytes = file->durable().read(offset, base::as_writable_bytes(kept));
      if (seen_bytes == kept_bytes && seen.compare(0, seen_bytes, kept, 0, kept_bytes) == 0) continue;
      if (one.differing_sectors++ == 0) one.first_differing = offset;
    }
  }
  for (const auto& [path, file] : durable) {
    if (live.count(path) > 0) continue;
    FileStanding& one = out[path];
    one.is_there = false;
    one.has_durable_name = true;
    one.durable_size = file->durable().size();
  }
  std::vector<FileStanding> files;
  for (auto& [path, file] : out) {
    file.path = path;
    files.push_back(std::move(file));
  }
  return files;
}

std::string to_text(const FileStanding& file) {
  if (!file.is_there) return file.path + "  gone, and a power loss may bring it back";
  std::string out = file.path + "  " + std::to_string(file.size) + " bytes";
  if (!file.has_durable_name) out += "; its name is not durable";
  if (file.differing_sectors > 0) {
    out += "; not durable: " + std::to_string(file.differing_sectors) + (file.differing_sectors == 1 ? " sector" : " sectors") + " from " +
           std::to_string(file.first_differing) + " on";
  }
  return out;
}

}  // namespace io::sim
