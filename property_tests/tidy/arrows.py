"""Who may include whom: the folder table of docs/architecture.md, and which outside library belongs to which folder."""
from source import Finding

# A folder and the folders it may include, besides itself. Arrows are transitive.
TABLE = {
    'core/base': [],
    'core/api': [],
    'io': ['core/base'],
    'io/real': ['io', 'core/base'],
    'io/sim': ['io', 'core/base'],
    'core/raft': ['core/base'],
    'storage/wal': ['io', 'core/base'],
    'storage/sqlite': ['io', 'core/base'],
    'storage/mvcc': ['storage/sqlite', 'core/base', 'core/api'],
    'core/replica': ['core/raft', 'storage/wal', 'io'],
    'core/rpc': ['io', 'core/base'],
    'core/peer': ['core/replica', 'core/rpc'],
    'core/etcd': ['core/api', 'core/base', 'core/raft', 'core/replica', 'core/rpc', 'core/peer',
                  'storage/wal', 'storage/sqlite', 'storage/mvcc', 'io'],
    'sim': ['core/base', 'core/raft', 'core/replica', 'core/rpc', 'core/peer',
            'storage/wal', 'storage/sqlite', 'io', 'io/sim'],
    'sim/etcd': ['sim', 'core/etcd', 'storage/mvcc'],
    'apps': ['apps/runs', 'sim/etcd', 'io/real', 'core/etcd'],
    'apps/runs': ['sim'],
    'apps/examples': ['apps/runs', 'core/peer', 'sim', 'io/real'],  # other tenants than etcd
    'apps/examples/workloads': ['apps/runs', 'sim/etcd'],           # and workloads of others on ours
    'property_tests': ['apps', 'apps/runs', 'apps/examples', 'sim/etcd', 'io/real', 'core/etcd'],
}

# What a test beside its code may reach besides.
TEST_ROOMS = ['io/sim']
TEST_HEADERS = ['property_tests/property.h']

# Outside headers by prefix, and the folders (with everything under them) where they may stand.
# `test` stands for every test file.
OUTSIDE = {
    'doctest/': ['test', 'property_tests'],
    'rapidcheck': ['test', 'property_tests'],
    'cxxopts': ['apps', 'apps/runs'],
    'nghttp2/': ['core/rpc', 'property_tests'],
    'sqlite3.h': ['storage/sqlite', 'property_tests'],
    'xxhash.h': ['core/base'],
    'openssl/': ['io/real', 'core/etcd', 'apps', 'property_tests'],
    'nlohmann/': ['sim', 'sim/etcd', 'core/etcd', 'core/rpc', 'apps', 'apps/runs', 'property_tests', 'test'],
    'google/protobuf/': ['core/api', 'storage/mvcc', 'core/peer', 'core/etcd', 'sim/etcd', 'apps', 'property_tests'],
}
# The operating system is reached in one place.
SYSTEM_PREFIXES = ('sys/', 'netinet/', 'arpa/', 'linux/', 'unistd.h', 'fcntl.h', 'pthread.h', 'poll.h', 'signal.h',
                   'csignal', 'netdb.h', 'dirent.h', 'spawn.h', 'dlfcn.h', 'filesystem', 'fstream')
SYSTEM_ROOMS = ['io/real', 'apps', 'apps/runs', 'property_tests']

# These never see generated messages: consensus, the log, the store and the replica know no protobuf.
WITHOUT_MESSAGES = ['core/base', 'core/raft', 'storage/wal', 'storage/sqlite', 'core/replica', 'io', 'io/real', 'io/sim']


def room_of(path):
    """The longest folder of the table that `path` stands in, or None."""
    best = None
    for room in TABLE:
        if path.startswith(room + '/') and (best is None or len(room) > len(best)):
            best = room
    return best


def reachable(room):
    """All rooms that `room` may include, itself among them."""
    seen, todo = set(), [room]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo += TABLE[current]
    return seen


def check(source):
    room = room_of(source.path)
    if not source.is_cpp:
        return
    if room is None:
        yield Finding(source.path, 1, 'stands in no folder of the table (docs/architecture.md)')
        return
    allowed = reachable(room)
    if source.is_test:
        for extra in TEST_ROOMS:
            allowed |= reachable(extra)
    for line, path, is_ours in source.includes():
        if is_ours:
            target = room_of(path)
            if target is None:
                yield Finding(source.path, line, f'"{path}" is not a path from the root into a folder of the table')
            elif target not in allowed and not (source.is_test and path in TEST_HEADERS):
                yield Finding(source.path, line, f'{room} may not include {target} ("{path}")')
            elif path.endswith('.pb.h') and room in WITHOUT_MESSAGES:
                yield Finding(source.path, line, f'{room} knows no protobuf ("{path}")')
            elif path.endswith('.pb.h') and room == 'core/rpc' and source.is_header:
                yield Finding(source.path, line, f'a header of core/rpc shows no protobuf ("{path}")')
        else:
            yield from check_outside(source, room, line, path)


def check_outside(source, room, line, path):
    for prefix, rooms in OUTSIDE.items():
        if path.startswith(prefix) and room not in rooms and not (source.is_test and 'test' in rooms):
            yield Finding(source.path, line, f'<{path}> does not belong into {room}')
    if path.startswith(SYSTEM_PREFIXES) and room not in SYSTEM_ROOMS and not source.is_test:
        yield Finding(source.path, line, f'<{path}> is the operating system, which only io/real and apps reach')
