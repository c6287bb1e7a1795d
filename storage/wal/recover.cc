// storage/wal/recover.cc: opening a log at start, or creating it (docs/formats/wal.md, "Reading it back").
//
// Until the last rename the old log is whole, and the new one from then on: a crash at any step, and a second
// recovery that crashes too, find the same entries.
#include <algorithm>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "storage/wal/judge.h"
#include "storage/wal/replay.h"
#include "storage/wal/segments.h"
#include "storage/wal/wal.h"

namespace wal {
namespace {

struct Listing {
  std::vector<SegmentNumber> segments;  // in order
  std::vector<FileName> junk;           // unfinished and spare files
  bool has_spare = false;
  bool is_log() const { return !segments.empty() || has_spare; }
};

// An absent directory is an empty one.
base::Result<Listing> list_log(io::Disk& disk, const std::string& directory) {
  Listing listing;
  const base::Result<bool> is_there = disk.exists(directory);
  if (!is_there) return base::fail(is_there.error());
  if (!*is_there) return listing;
  const base::Result<std::vector<std::string>> names = disk.list(directory);
  if (!names) return base::fail(names.error());
  for (const std::string& name : *names) {
    const std::optional<FileName> ours = parse_file_name(name);
    if (!ours) {
      return base::fail(base::Code::invalid, directory + "/" + name + ": not a file of a log; move it elsewhere");
    }
    if (ours->kind == FileKind::segment) {
      listing.segments.push_back(ours->number);
    } else {
      listing.junk.push_back(*ours);
      listing.has_spare = listing.has_spare || ours->kind == FileKind::spare;
    }
  }
  std::sort(listing.segments.begin(), listing.segments.end());
  return listing;
}

std::string parent_of(const std::string& directory) {
  const std::size_t slash = directory.rfind('/');
  return slash == std::string::npos ? std::string() : directory.substr(0, slash);
}

base::Status remove_all(io::Disk& disk, const std::string& directory, const std::vector<FileName>& names) {
  for (const FileName& name : names) {
    if (base::Status status = disk.remove(path_of(directory, name)); !status) return status;
  }
  return disk.sync_directory(directory);
}

// The segment that a start begins: its first batch and what that repeats.
struct Beginning {
  SegmentNumber segment;
  BatchNumber batch;
  SegmentNumber oldest;               // the segments needed besides begin here
  std::vector<base::Entry> entries;   // written again
};

// Where the log goes on: behind `beginning`, once that is durable.
base::Result<std::unique_ptr<Segments>> begin(io::Disk& disk, io::Random& random, const Options& options,
                                              const Identity& identity, Segments::Tail tail, const Beginning& beginning) {
  BatchWriter writer;
  writer.begin();
  writer.add(tail.hard_state);
  writer.add(tail.store_mark);
  writer.add(tail.start, beginning.oldest);
  for (const base::Entry& entry : beginning.entries) writer.add(entry);
  const SegmentHeader header =
      new_header(random, identity, beginning.segment, segment_bytes_for(options, writer.padded_bytes()));
  const std::string_view bytes = writer.seal(header, {beginning.batch, beginning.batch, checksum_of(header)});
  base::Status made = make_segment(disk, options.directory, header, bytes, std::nullopt);
  if (!made) return base::fail(made.error());
  base::Result<OpenSegment> current = open_segment(disk, options.directory, header);
  if (!current) return base::fail(current.error());
  current->end = kFirstBatchOffset + bytes.size();
  current->chain = writer.checksum();
  auto segments = std::make_unique<Segments>(std::move(tail), std::move(*current), beginning.batch.next());
  segments->rewritten.bytes = bytes;
  if (!beginning.entries.empty()) {
    segments->note_entries(beginning.entries.back().id.index);
    segments->rewritten.first = beginning.entries.front().id;
    segments->rewritten.last = beginning.entries.back().id;
  }
  return segments;
}

base::Result<Recovered> create(io::Disk& disk, io::Random& random, const Options& options, const State& initial,
                               const std::vector<FileName>& junk) {
  if (initial.identity == Identity{}) {
    return base::fail(base::Code::invalid, options.directory + ": there is no log to take the member's identity from");
  }
  ASSERT(initial.entries.empty());
  if (base::Status status = disk.create_directory(options.directory); !status) return base::fail(status.error());
  if (base::Status status = disk.sync_directory(parent_of(options.directory)); !status) return base::fail(status.error());
  if (base::Status status = remove_all(disk, options.directory, junk); !status) return base::fail(status.error());
  const Segments::Tail tail = {initial.start, initial.hard_state, initial.store_mark, initial.start.last_dropped};
  base::Result<std::unique_ptr<Segments>> segments =
      begin(disk, random, options, initial.identity, tail, {SegmentNumber(1), BatchNumber(1), SegmentNumber(1), {}});
  if (!segments) return base::fail(segments.error());
  Recovered recovered;
  recovered.state = initial;
  recovered.segments = std::move(*segments);
  recovered.was_created = true;
  if (!junk.empty()) recovered.marks.add(base::Mark::log_creation_repeated);
  return recovered;
}

struct Log {
  Judged judged;
  Replayed replayed;
};

base::Result<Log> read_log(io::Disk& disk, const Options& options, const Identity& expected, const Listing& listing) {
  std::vector<FoundSegment> found;
  for (const SegmentNumber number : listing.segments) {
    found.push_back({number, scan_file(disk, options.directory, number)});
  }
  base::Result<Judged> judged = judge(options.directory, std::move(found));
  if (!judged) return base::fail(judged.error());
  const Identity& identity = judged->last_header.identity;
  if (expected != Identity{} && expected != identity) {
    return base::fail(base::Code::invalid,
                      options.directory + ": this log belongs to member " + base::to_text(identity.member) + " of cluster " +
                          base::to_text(identity.cluster) + ", not to member " + base::to_text(expected.member) +
                          " of cluster " + base::to_text(expected.cluster));
  }
  base::Result<Replayed> replayed = replay(std::move(judged->batches));
  if (!replayed) return damaged(options.directory, replayed.error().detail);
  return Log{std::move(*judged), std::move(*replayed)};
}

// Which batches are written again, and into which segment.
Beginning plan(const Log& log) {
  const Judged& judged = log.judged;
  const std::uint64_t used = judged.last_end - kFirstBatchOffset;
  const bool is_sparse = used <= (judged.last_header.bytes - kFirstBatchOffset) / 2;
  // Its only batch has to be replaced: no two segments begin with the same batch.
  const bool is_unproven = judged.proven <= judged.last_first_batch;
  Beginning out;
  if (is_sparse || is_unproven) {
    out.segment = judged.last_header.number;
    out.batch = judged.last_first_batch;
  } else {
    out.segment = judged.last_header.number.next();
    out.batch = judged.proven;
  }
  ASSERT(out.batch <= judged.proven);  // nothing unproven is left where it was
  const Replayed& replayed = log.replayed;
  for (std::size_t i = 0; i < replayed.entries.size(); ++i) {
    if (replayed.origins[i].batch >= out.batch) out.entries.push_back(replayed.entries[i]);
  }
  const bool all_written_again = out.entries.size() == replayed.entries.size();
  out.oldest = all_written_again ? out.segment : replayed.origins.front().segment;
  return out;
}

// The segments whose entries stay where they are.
void add_closed(const Log& log, const Beginning& beginning, Segments& segments) {
  for (const SegmentHeader& header : log.judged.headers) {
    if (header.number < beginning.oldest || header.number >= beginning.segment) continue;
    ClosedSegment closed = {header.number, header.bytes, {}};
    for (std::size_t i = 0; i < log.replayed.entries.size(); ++i) {
      const Origin& origin = log.replayed.origins[i];
      if (origin.segment == header.number && origin.batch < beginning.batch) closed.last = log.replayed.entries[i].id.index;
    }
    segments.add_closed(closed);
  }
}

base::Result<Recovered> reopen(io::Disk& disk, io::Random& random, const Options& options, const State& initial,
                               const Listing& listing) {
  base::Result<Log> log = read_log(disk, options, initial.identity, listing);
  if (!log) return base::fail(log.error());
  const Identity identity = log->judged.last_header.identity;
  const Beginning beginning = plan(*log);

  // Unused segments before the new one gets its name, perhaps theirs; those no longer needed only afterwards.
  std::vector<FileName> before = listing.junk;
  std::vector<FileName> after;
  for (const SegmentNumber number : listing.segments) {
    if (number > log->judged.last_header.number) before.push_back({FileKind::segment, number});
    if (number < beginning.oldest) after.push_back({FileKind::segment, number});
  }
  if (base::Status status = disk.sync_directory(parent_of(options.directory)); !status) return base::fail(status.error());
  if (base::Status status = remove_all(disk, options.directory, before); !status) return base::fail(status.error());

  Replayed& replayed = log->replayed;
  const base::EntryId last = replayed.entries.empty() ? replayed.start.last_dropped : replayed.entries.back().id;
  base::Result<std::unique_ptr<Segments>> segments =
      begin(disk, random, options, identity, {replayed.start, replayed.hard_state, replayed.store_mark, last}, beginning);
  if (!segments) return base::fail(segments.error());
  add_closed(*log, beginning, **segments);
  if (base::Status status = remove_all(disk, options.directory, after); !status) return base::fail(status.error());

  Recovered recovered;
  recovered.segments = std::move(*segments);
  recovered.state = {identity, std::move(replayed.start), replayed.hard_state, replayed.store_mark,
                     std::move(replayed.entries)};
  const Judged& judged = log->judged;
  recovered.marks = judged.marks;
  if (judged.proven < judged.batches_end) recovered.marks.add(base::Mark::log_tail_unproven);
  if (beginning.segment == judged.last_header.number) recovered.marks.add(base::Mark::log_rewritten_in_place);
  if (listing.segments.back() > judged.last_header.number) recovered.marks.add(base::Mark::log_segment_unused);
  return recovered;
}

}  // namespace

Recovered::Recovered() = default;
Recovered::Recovered(Recovered&&) noexcept = default;
Recovered& Recovered::operator=(Recovered&&) noexcept = default;
Recovered::~Recovered() = default;

base::Result<Recovered> recover(io::Disk& disk, io::Random& random, const Options& options, const State& initial) {
  base::Result<Listing> listing = list_log(disk, options.directory);
  if (!listing) return base::fail(listing.error());
  if (!listing->is_log()) return create(disk, random, options, initial, listing->junk);
  if (listing->segments.empty()) return damaged(options.directory, "all segments are missing");
  return reopen(disk, random, options, initial, *listing);
}

base::Result<bool> exists(io::Disk& disk, const Options& options) {
  const base::Result<Listing> listing = list_log(disk, options.directory);
  if (!listing) return base::fail(listing.error());
  return listing->is_log();
}

}  // namespace wal
