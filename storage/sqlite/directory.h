// storage/sqlite/directory.h: the directories of a member's stores, created and opened so that a crash at any
// point leaves something that the next start understands (docs/formats/store.md, "Files"). In jobs only.
#pragma once

#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/marks.h"
#include "core/base/result.h"
#include "io/disk.h"
#include "storage/sqlite/shm.h"

namespace sqlite {

std::string directory_of(std::string_view prefix, base::StoreGeneration generation);

// Makes the store's directory ready for connections: creates the database when it was never finished and
// `may_create` is true, checks that it is ours, and writes an uncleanly closed `db-wal` again.
// Errors: damaged when something is missing or broken, invalid when the directory holds something else.
// `marks`: what was remarkable about it.
base::Status prepare_directory(Store& store, bool may_create, base::Marks& marks);

// The last connection on the store is gone, and it has checkpointed all there was: makes that durable. What a power loss leaves of
// a `db-wal` that was never synced could bring old pages back, so it goes.
base::Status seal_directory(Store& store);

// No error when it is not there.
base::Status remove_generation(io::Disk& disk, std::string_view prefix, base::StoreGeneration generation);

// Removes every `<prefix><number>` directory but that of `keep`.
base::Status remove_other_generations(io::Disk& disk, std::string_view prefix, base::StoreGeneration keep, base::Marks& marks);

}  // namespace sqlite
