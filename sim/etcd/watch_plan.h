// sim/etcd/watch_plan.h: what a watching client of a run does, as lines of a trace.
//
//   watch new k1 k5 prev from=-10   a watcher of a key, of a range, or with `*` of all keys from there on; from ten revisions behind the
//                                   newest that anybody was told of (`from=+10`: beyond it), or from the next one
//   watch cancel 3                  no more of what the client's line 3 began
//   watch progress                  how far have my watchers come?
//   watch pause 500                 reads nothing for so many milliseconds
//   watch move                      breaks its stream and goes to another member
//
// All watchers of one client share a stream. When it breaks they begin anew, each where it stood, on another member.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "io/sim/decisions.h"
#include "sim/plan.h"

namespace sim::etcd {

enum class WatchLineKind : std::uint8_t { create, cancel, progress, pause, move };

struct WatchLine {
  WatchLineKind kind = WatchLineKind::progress;
  // Of create, as the request has them.
  std::string key = {};
  std::string range_end = {};
  std::optional<std::int64_t> from = {};  // relative; none: from the next revision on
  std::int64_t id = 0;                    // 0: the server chooses
  bool prev_kv = false;
  bool no_puts = false;
  bool no_deletes = false;
  bool fragment = false;
  bool progress_notify = false;
  std::uint32_t number = 0;  // of cancel: the client's line that created it
  base::Duration lasting{};  // of pause
};

std::string to_text(const WatchLine& line);
// nullopt: the line is something else. invalid: it looks like one, and is none.
base::Result<std::optional<WatchLine>> parse_watch_line(std::string_view text);

// Adds up to four clients that watch, after those that there are, and what they do while things go wrong. Nothing that was drawn before
// is drawn otherwise. Requires: all else of the plan is there.
void draw_watchers(io::sim::Decisions& decisions, Plan& plan);

}  // namespace sim::etcd
