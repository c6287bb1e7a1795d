#include "io/real/observer.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <utility>

#include "core/base/assert.h"
#include "core/base/overloaded.h"
#include "core/base/text.h"

namespace io::real {

namespace {

std::string_view level_text(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
    case Level::fatal:
      return "fatal";
  }
  ASSERT(false);
}

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  out += base::escaped(text);
  out.push_back('"');
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  append_quoted(out, key);
  out.push_back(':');
  append_quoted(out, value);
}

void append_field(std::string& out, const LogField& field) {
  out.push_back(',');
  append_quoted(out, field.key);
  out.push_back(':');
  std::visit(base::Overloaded{[&out](std::string_view text) { append_quoted(out, text); },
                              [&out](std::int64_t number) { out += std::to_string(number); },
                              [&out](bool truth) { out += truth ? "true" : "false"; }},
             field.value);
}

// A slow reader of stderr holds the member up, as it does etcd: a lost line could be the one that matters.
void write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nobody is left to be told
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::int64_t number(base::LogIndex index) { return static_cast<std::int64_t>(index.value()); }

}  // namespace

std::string timestamp_text(base::WallTime time) {
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  std::int64_t seconds = time.nanoseconds / kNanosecondsPerSecond;
  std::int64_t nanoseconds = time.nanoseconds % kNanosecondsPerSecond;
  if (nanoseconds < 0) {  // before 1970: a clock that was never set
    seconds -= 1;
    nanoseconds += kNanosecondsPerSecond;
  }
  const std::time_t time_seconds = seconds;
  std::tm utc{};
  ASSERT(::gmtime_r(&time_seconds, &utc) != nullptr);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + size, text.size() - size, ".%06dZ", static_cast<int>(nanoseconds / 1000));
  return text.data();
}

RealObserver::RealObserver(const io::Clock& clock, ObserverOptions options) : clock_(clock), options_(std::move(options)) {}

void RealObserver::log(Level level, std::string_view message, std::span<const LogField> fields) {
  if (level < options_.level) return;
  std::string_view caller = options_.caller;
  for (const LogField& field : fields) {
    if (const auto* text = std::get_if<std::string_view>(&field.value); text != nullptr && field.key == "caller") caller = *text;
  }
  line_ = "{";
  append_member(line_, "level", level_text(level));
  line_ += ',';
  append_member(line_, "ts", timestamp_text(clock_.wall_now()));
  line_ += ',';
  append_member(line_, "caller", caller);
  line_ += ',';
  append_member(line_, "msg", message);
  for (const LogField& field : fields) {
    if (field.key != "caller") append_field(line_, field);
  }
  line_ += "}\n";
  write_whole(options_.descriptor, line_);
}

void RealObserver::on_event(const Event& event) {
  count(event);
  if (const auto* stopped = std::get_if<Stopped>(&event)) {
    log(Level::error, "the member cannot go on", {{"reason", stopped->reason}});
  } else if (options_.level == Level::debug) {
    describe(event);
  }
}

void RealObserver::count(const Event& event) {
  std::visit(base::Overloaded{[this](const Appended& appended) { counters_.appended = appended.id.index; },
                              [this](const WroteEntries& wrote) {
                                ++counters_.log_write_count;
                                counters_.log_write_bytes += wrote.bytes.size();
                              },
                              [this](const LogSynced& synced) {
                                ++counters_.log_sync_count;
                                counters_.synced = synced.last;
                              },
                              [this](const Committed& committed) { counters_.committed = committed.id.index; },
                              [this](const PartTaken& taken) {
                                if (taken.leader != base::MemberId::none) ++counters_.leader_change_count;
                              },
                              [](const VoteGiven&) {}, [](const WroteVote&) {}, [](const WroteStart&) {},
                              [this](const Applied& applied) {
                                ++counters_.applied_count;
                                counters_.applied = applied.id.index;
                              },
                              [this](const StoreDurable& store) { counters_.store_durable = store.mark; },
                              [this](const Recovered& recovered) {
                                counters_.appended = recovered.last.index;
                                counters_.synced = recovered.last.index;
                                counters_.applied = recovered.store.applied;
                                counters_.store_durable = recovered.store;
                              },
                              [](const LogTruncated&) {},
                              [this](const LogReplaced& replaced) {
                                counters_.appended = replaced.last.index;
                                counters_.committed = std::max(counters_.committed, replaced.last.index);
                              },
                              [this](const Installed& installed) {
                                counters_.applied = installed.store.applied;
                                counters_.store_durable = installed.store;
                                ++counters_.installed_count;
                              },
                              [](const AppendAnswered&) {}, [](const SnapshotRefused&) {},
                              [this](const SnapshotBegun&) { ++counters_.snapshot_count; },
                              [](const SnapshotEnded&) {}, [](const Stopped&) {}},
             event);
}

void RealObserver::describe(const Event& event) {
  std::visit(
      base::Overloaded{
          [this](const Appended& appended) {
            log(Level::debug, "appended an entry",
                {{"entry", base::to_text(appended.id)}, {"size", static_cast<std::int64_t>(appended.bytes.size())}});
          },
          [this](const WroteEntries& wrote) {
            log(Level::debug, "wrote log entries",
                {{"file", wrote.file},
                 {"offset", static_cast<std::int64_t>(wrote.offset)},
                 {"size", static_cast<std::int64_t>(wrote.bytes.size())},
                 {"first", base::to_text(wrote.first)},
                 {"last", base::to_text(wrote.last)}});
          },
          [this](const WroteVote& wrote) {
            log(Level::debug, "wrote a vote", {{"term", base::to_text(wrote.term)}, {"voted-for", base::to_text(wrote.voted_for)}});
          },
          [this](const WroteStart& wrote) {
            log(Level::debug, "wrote where the log begins",
                {{"last-dropped", base::to_text(wrote.last)}, {"store", base::to_text(wrote.store)}, {"is-reset", wrote.is_reset}});
          },
          [this](const LogSynced& synced) { log(Level::debug, "synced the log", {{"last-index", number(synced.last)}}); },
          [this](const Committed& committed) { log(Level::debug, "committed an entry", {{"entry", base::to_text(committed.id)}}); },
          [this](const PartTaken& taken) {
            constexpr std::string_view kParts[] = {"follower", "candidate", "leader"};
            log(Level::debug, "took a part",
                {{"term", base::to_text(taken.term)},
                 {"part", kParts[static_cast<std::size_t>(taken.part)]},
                 {"leader", base::to_text(taken.leader)}});
          },
          [this](const VoteGiven& vote) {
            log(Level::debug, "gave a vote", {{"term", base::to_text(vote.term)}, {"to", base::to_text(vote.to)}});
          },
          [this](const Applied& applied) {
            log(Level::debug, "applied an entry",
                {{"entry", base::to_text(applied.id)},
                 {"effect", base::to_text(applied.effect)},
                 {"state", base::to_text(applied.state)}});
          },
          [this](const StoreDurable& store) { log(Level::debug, "store is durable", {{"mark", base::to_text(store.mark)}}); },
          [this](const Recovered& recovered) {
            log(Level::debug, "recovered",
                {{"first-kept-index", number(recovered.first_kept)},
                 {"last", base::to_text(recovered.last)},
                 {"store", base::to_text(recovered.store)},
                 {"state", base::to_text(recovered.state)}});
          },
          [this](const LogTruncated& truncated) {
            log(Level::debug, "dropped log entries", {{"through-index", number(truncated.through)}});
          },
          [this](const LogReplaced& replaced) {
            log(Level::debug, "a snapshot replaces the log", {{"last", base::to_text(replaced.last)}});
          },
          [this](const Installed& installed) {
            log(Level::debug, "installed a snapshot",
                {{"last", base::to_text(installed.last)},
                 {"store", base::to_text(installed.store)},
                 {"state", base::to_text(installed.state)}});
          },
          [this](const AppendAnswered& answer) {
            log(Level::debug, answer.is_accepted ? "acknowledged log entries" : "declined log entries",
                {{"to", base::to_text(answer.to)}, {"term", base::to_text(answer.term)}, {"index", number(answer.index)}});
          },
          [this](const SnapshotRefused& refused) {
            log(Level::debug, "refused a snapshot",
                {{"from", base::to_text(refused.from)}, {"last", base::to_text(refused.last)}, {"reason", refused.why}});
          },
          [this](const SnapshotBegun& begun) {
            log(Level::debug, "sending a snapshot", {{"to", base::to_text(begun.to)}, {"last", base::to_text(begun.last)}});
          },
          [this](const SnapshotEnded& ended) {
            log(Level::debug, "a snapshot is over", {{"to", base::to_text(ended.to)}, {"is-complete", ended.is_complete}});
          },
          [](const Stopped&) {}},
      event);
}

}  // namespace io::real
