#include "sim/etcd/watch_plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "core/base/assert.h"
#include "sim/etcd/sizes.h"

namespace sim::etcd {

namespace {

using io::sim::Decisions;
using io::sim::Identity;

constexpr std::string_view kWatchWord = "watch";
constexpr std::string_view kAllFrom("\0", 1);
constexpr std::array<std::string_view, 5> kWatchKinds = {"new", "cancel", "progress", "pause", "move"};
constexpr std::int64_t kPauseMillisecondsMax = 1'000'000;

struct WatchFlag {
  std::string_view word;
  bool WatchLine::* field;
};
constexpr std::array<WatchFlag, 5> kWatchFlags = {{{"prev", &WatchLine::prev_kv},
                                                   {"noput", &WatchLine::no_puts},
                                                   {"nodelete", &WatchLine::no_deletes},
                                                   {"fragment", &WatchLine::fragment},
                                                   {"progress", &WatchLine::progress_notify}}};

std::string key_word(std::string_view key) { return std::string(key == kAllFrom ? std::string_view("*") : key); }
std::string key_of_word(std::string_view word) { return std::string(word == "*" ? kAllFrom : word); }

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

template <typename Number>
bool parse_decimal(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

bool parse_watch_option(std::string_view word, WatchLine& line) {
  for (const WatchFlag& flag : kWatchFlags) {
    if (flag.word != word) continue;
    line.*flag.field = true;
    return true;
  }
  if (word.substr(0, 3) == "id=") return parse_decimal(word.substr(3), line.id) && line.id > 0;
  if (word.substr(0, 5) != "from=") return false;
  word.remove_prefix(5);
  if (word.substr(0, 1) == "+") word.remove_prefix(1);
  return parse_decimal(word, line.from.emplace());
}

// The words behind the kind.
bool parse_rest(const std::vector<std::string_view>& words, WatchLine& line) {
  switch (line.kind) {
    case WatchLineKind::progress:
    case WatchLineKind::move: return words.empty();
    case WatchLineKind::cancel: return words.size() == 1 && parse_decimal(words[0], line.number);
    case WatchLineKind::pause: {
      std::int64_t milliseconds = 0;
      if (words.size() != 1 || !parse_decimal(words[0], milliseconds)) return false;
      line.lasting = std::chrono::milliseconds(milliseconds);
      return milliseconds >= 0 && milliseconds <= kPauseMillisecondsMax;
    }
    case WatchLineKind::create: {
      if (words.empty()) return false;
      line.key = key_of_word(words[0]);
      std::size_t next = 1;
      WatchLine ignored;
      const bool has_end = words.size() > 1 && words[1].find('=') == words[1].npos && !parse_watch_option(words[1], ignored);
      if (has_end) line.range_end = key_of_word(words[next++]);
      return std::all_of(words.begin() + static_cast<std::ptrdiff_t>(next), words.end(),
                         [&](std::string_view word) { return parse_watch_option(word, line); });
    }
  }
  ASSERT(false && "a kind outside the enumeration");
  return false;
}

// --- drawing ----------------------------------------------------------------------------------------

constexpr std::uint32_t kNobodyWatchesPerMillion = 200'000;
constexpr std::uint64_t kWatchingClientsMax = 4;
constexpr std::uint64_t kCreationsMax = 6;  // of one client
constexpr base::Duration kEarly = std::chrono::seconds(4);
constexpr base::Duration kLongPause = std::chrono::seconds(20);

// Draws what one client does; all names carry its place among those that watch.
class WatchDrawer {
 public:
  WatchDrawer(Decisions& decisions, std::uint64_t watcher, const Plan& plan) : decisions_(decisions), watcher_(watcher), plan_(plan) {}

  std::vector<Operation> draw() {
    const std::uint64_t creations = 1 + below("plan-watches", 0, kCreationsMax);
    for (std::uint64_t number = 0; number < creations; ++number) {
      const base::Duration at = draw_at("plan-watch-at", number, below("plan-watch-early", number, 2) == 0 ? kEarly : plan_.faults_until);
      const WatchLine line = creation(number);
      add(at, line);
      if (below("plan-watch-cancels", number, 4) != 0) continue;
      WatchLine cancel;
      cancel.kind = WatchLineKind::cancel;
      cancel.number = lines_.back().number;
      add(at + decisions_.between("plan-watch-cancel-after", {watcher_, number}, base::Duration::zero(), plan_.faults_until - at), cancel);
    }
    add_some(WatchLineKind::progress, 15);
    add_some(WatchLineKind::pause, 4);
    add_some(WatchLineKind::move, 4);
    std::sort(lines_.begin(), lines_.end(), [](const Operation& a, const Operation& b) { return a.at != b.at ? a.at < b.at : a.number < b.number; });
    return std::move(lines_);
  }

 private:
  std::uint64_t below(std::string_view purpose, std::uint64_t number, std::uint64_t bound) {
    return decisions_.below(purpose, Identity{watcher_, number}, bound);
  }
  base::Duration draw_at(std::string_view purpose, std::uint64_t number, base::Duration until) {
    return decisions_.between(purpose, Identity{watcher_, number}, std::chrono::milliseconds(1), until);
  }
  void add(base::Duration at, const WatchLine& line) {
    lines_.push_back({plan_.clients, static_cast<std::uint32_t>(lines_.size()), std::min(at, plan_.faults_until), to_text(line)});
  }

  // Half of all clients do none of it.
  void add_some(WatchLineKind kind, std::uint64_t most) {
    const auto which = static_cast<std::uint64_t>(kind);
    if (below("plan-watch-never", which, 2) == 0) return;
    const std::uint64_t count = 1 + below("plan-watch-count", which, most);
    for (std::uint64_t number = 0; number < count; ++number) {
      const Identity who{watcher_, which, number};
      WatchLine line;
      line.kind = kind;
      if (kind == WatchLineKind::pause) {
        const std::uint64_t most_ms = static_cast<std::uint64_t>((decisions_.below("plan-watch-pauses-long", who, 3) == 0 ? kLongPause : kLongPause / 20) /
                                                                 std::chrono::milliseconds(1));
        line.lasting = std::chrono::milliseconds(1 + decisions_.below("plan-watch-pause", who, most_ms));
      }
      add(decisions_.between("plan-watch-does-at", who, std::chrono::milliseconds(1), plan_.faults_until), line);
    }
  }

  // The workload's keys are `k0` and up: mostly a handful.
  std::string key(std::string_view purpose, std::uint64_t number) {
    constexpr std::array<std::uint64_t, 3> kKeys = {3, 10, 100};
    return "k" + std::to_string(below(purpose, number, kKeys[below("plan-watch-keys", number, kKeys.size())]));
  }

  WatchLine creation(std::uint64_t number) {
    WatchLine line;
    line.kind = WatchLineKind::create;
    switch (below("plan-watch-range", number, 5)) {
      case 0:
        line.key = key("plan-watch-key", number);
        break;
      case 1:
        line.key = key("plan-watch-key", number);
        line.range_end = kAllFrom;
        break;
      case 2: {  // a range, which may be of one key
        line.key = key("plan-watch-key", number);
        line.range_end = key("plan-watch-end", number);
        if (line.range_end < line.key) std::swap(line.key, line.range_end);
        if (line.range_end == line.key) line.range_end += "0";
        break;
      }
      case 3:  // a prefix
        line.key = "k" + std::to_string(below("plan-watch-prefix", number, 9));
        line.range_end = line.key;
        ++line.range_end.back();
        break;
      default:
        line.key = kAllFrom;
        line.range_end = kAllFrom;
        break;
    }
    switch (below("plan-watch-start", number, 6)) {
      case 0: line.from = -static_cast<std::int64_t>(below("plan-watch-back", number, 5)); break;
      case 1: line.from = -static_cast<std::int64_t>(below("plan-watch-back", number, 100)); break;
      case 2: line.from = -static_cast<std::int64_t>(below("plan-watch-back", number, 5000)); break;
      case 3: line.from = 1 + static_cast<std::int64_t>(below("plan-watch-ahead", number, 100)); break;
      default: break;  // from the next one on
    }
    line.prev_kv = below("plan-watch-prev", number, 2) == 0;
    const std::uint64_t filter = below("plan-watch-filter", number, 8);
    line.no_puts = filter == 0;
    line.no_deletes = filter == 1;
    line.fragment = below("plan-watch-fragment", number, 3) == 0;
    line.progress_notify = below("plan-watch-notify", number, 3) == 0;
    // Now and then one that another line has, too, or that the server has given.
    if (below("plan-watch-has-id", number, 5) == 0) line.id = 1 + static_cast<std::int64_t>(below("plan-watch-id", number, 4));
    return line;
  }

  Decisions& decisions_;
  const std::uint64_t watcher_;
  const Plan& plan_;
  std::vector<Operation> lines_;
};

}  // namespace

std::string to_text(const WatchLine& line) {
  std::string out = std::string(kWatchWord) + " " + std::string(kWatchKinds[static_cast<std::size_t>(line.kind)]);
  switch (line.kind) {
    case WatchLineKind::progress:
    case WatchLineKind::move: return out;
    case WatchLineKind::cancel: return out + " " + std::to_string(line.number);
    case WatchLineKind::pause: return out + " " + std::to_string(line.lasting / std::chrono::milliseconds(1));
    case WatchLineKind::create: break;
  }
  out += " " + key_word(line.key);
  if (!line.range_end.empty()) out += " " + key_word(line.range_end);
  for (const WatchFlag& flag : kWatchFlags) {
    if (line.*flag.field) out += " " + std::string(flag.word);
  }
  if (line.id != 0) out += " id=" + std::to_string(line.id);
  if (line.from) out += (*line.from > 0 ? " from=+" : " from=") + std::to_string(*line.from);
  return out;
}

base::Result<std::optional<WatchLine>> parse_watch_line(std::string_view text) {
  std::vector<std::string_view> words = split_words(text);
  if (words.empty() || words[0] != kWatchWord) return std::optional<WatchLine>();
  const auto kind = std::find(kWatchKinds.begin(), kWatchKinds.end(), words.size() > 1 ? words[1] : std::string_view());
  WatchLine line;
  if (kind != kWatchKinds.end()) {
    line.kind = static_cast<WatchLineKind>(kind - kWatchKinds.begin());
    words.erase(words.begin(), words.begin() + 2);
    if (parse_rest(words, line)) return std::optional<WatchLine>(std::move(line));
  }
  return base::fail(base::Code::invalid, "`" + std::string(text) + "` is nothing that a watching client does");
}

void draw_watchers(Decisions& decisions, Plan& plan) {
  ASSERT(plan.clients > 0 && plan.faults_until > kEarly);
  if (decisions.happens("plan-nobody-watches", {}, kNobodyWatchesPerMillion)) return;
  draw_watch_sizes(decisions, plan);
  const std::uint64_t count = 1 + decisions.below("plan-watching-clients", {}, kWatchingClientsMax);
  for (std::uint64_t watcher = 0; watcher < count; ++watcher) {
    const std::vector<Operation> lines = WatchDrawer(decisions, watcher, plan).draw();
    plan.operations.insert(plan.operations.end(), lines.begin(), lines.end());
    ++plan.clients;
  }
}

}  // namespace sim::etcd
