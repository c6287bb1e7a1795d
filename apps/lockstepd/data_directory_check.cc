#include "apps/lockstepd/data_directory_check.h"

#include <filesystem>
#include <system_error>
#include <vector>

namespace lockstepd {
namespace {

namespace fs = std::filesystem;

// What stands there before the log does: a member that died in its first moments, or a fresh file system.
bool may_stand_before_the_log(const std::string& name) { return name == "LOCK" || name == "lost+found" || name.starts_with("store-"); }

base::Result<std::vector<std::string>> names_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) names.push_back(at->path().filename());
  if (error) return base::fail(base::Code::io, "data directory " + path + " cannot be read: " + error.message());
  return names;
}

}  // namespace

base::Status prepare_data_directory(const std::string& path) {
  std::error_code error;
  const fs::path parent = fs::path(path).lexically_normal().parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  if (error) {
    return base::fail(base::Code::io, "data directory " + path + " cannot be created: " + error.message() +
                                          "; name another place with --data-dir");
  }
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return {};
  if (!fs::is_directory(status)) {
    return base::fail(base::Code::invalid, "data directory " + path + " is not a directory; name another place with --data-dir");
  }
  const base::Result<std::vector<std::string>> names = names_in(path);
  if (!names) return base::fail(names.error());
  std::string stranger;
  for (const std::string& name : *names) {
    if (name == "wal") return {};  // a log of ours, or the log says that it is not
    if (!may_stand_before_the_log(name) && (stranger.empty() || name < stranger)) stranger = name;
  }
  if (stranger.empty()) return {};
  return base::fail(base::Code::invalid, "data directory " + path + " holds \"" + stranger + "\" and no log of lockstepd" +
                                             (stranger == "member" ? " (it looks like etcd's own)" : "") +
                                             "; name an empty one with --data-dir");
}

}  // namespace lockstepd
