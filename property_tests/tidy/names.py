"""What may not be named: hidden clocks, chance, threads, hash order, and words that have no place in the tree.

The rules are textual and therefore approximate: they see code without comments and literals, but no types.
"""
import re

from arrows import room_of
from source import Finding

# Everything that runs in both worlds, and the simulator itself.
DETERMINISTIC = ['core', 'storage', 'sim', 'io', 'apps/examples']
# The named exemptions: the shared index's lock and file table, which two threads touch, its stress test, and the VFS,
# which notes per thread whose call SQLite is performing.
THREADS_ALLOWED = {'storage/sqlite/shm.cc': '', 'storage/sqlite/shm.h': '', 'storage/sqlite/shm_stress_test.cc': '',
                   'storage/sqlite/vfs.cc': 'thread_local'}  # path: the one word allowed, or all


def _words(*words):
    return re.compile(r'(?<![\w.>])(?:std::|::)?(?:' + '|'.join(words) + r')\b')


def _calls(*words):
    # A call of a free function, not of a member and not a declaration's own name behind a type.
    return re.compile(r'(?<![\w.>:])(?:std::|::)?(?:' + '|'.join(words) + r')\s*\(')


CLOCK = (_words('system_clock', 'steady_clock', 'high_resolution_clock', 'chrono::system_clock', 'chrono::steady_clock',
                'chrono::high_resolution_clock', 'clock_gettime', 'gettimeofday', 'timespec_get', 'localtime', 'gmtime'),
         'a clock of the machine; time comes from io::Clock')
TIME_CALL = (re.compile(r'(?:(?<![\w.>:])|(?<=std)::|(?<!\w)::)time\s*\(\s*(?:nullptr|NULL|0|&)'),
             'a clock of the machine; time comes from io::Clock')
CHANCE = (_words('random_device', 'mt19937', 'mt19937_64', 'minstd_rand', 'minstd_rand0', 'default_random_engine', r'\w+_distribution',
                 'getrandom', 'getentropy', 'srand', 'arc4random', 'drand48'),
          'unnamed chance; draws come from io::Random')
# `io::Random& random() { … }` is the name of an accessor, not a call.
RAND_CALL = (re.compile(r'(?<![\w.>:])(?<!& )(?<!\* )(?:std::|::)?(?:rand|random)\s*\('), 'unnamed chance; draws come from io::Random')
SHUFFLE = (re.compile(r'\bstd::(?:ranges::)?(?:shuffle|sample)\b'), 'its result differs between libraries; draw by name')
THREADS = (re.compile(r'\bstd::(?:thread|jthread|mutex|timed_mutex|recursive_mutex|shared_mutex|atomic\w*|condition_variable\w*|future|'
                      r'promise|async|lock_guard|unique_lock|scoped_lock|shared_lock|call_once|once_flag|this_thread|counting_semaphore|'
                      r'binary_semaphore|latch|barrier|stop_token)\b|\bpthread_\w+|\bthread_local\b'),
           'threads live behind io::Workers, in io/real only')
SLEEP = (_words('sleep_for', 'sleep_until', 'usleep', 'nanosleep'), 'nothing sleeps')
SLEEP_CALL = (_calls('sleep'), 'nothing sleeps')
ENVIRONMENT = (_words('getenv', 'secure_getenv', 'setenv', 'putenv'), 'the environment is read by apps/ only')
THROWS = (re.compile(r'(?<![\w.])(?:throw|try|catch)\b(?=\s*[\w({:;"])'), 'nothing throws; return a Result')
IN_BOTH_WORLDS = [CLOCK, TIME_CALL, CHANCE, RAND_CALL, SHUFFLE, THREADS, SLEEP, SLEEP_CALL, ENVIRONMENT, THROWS]

# Everywhere in C++ of ours.
LANGUAGE = (re.compile(r'\bco_(?:await|return|yield)\b'), 'no coroutines (docs/decisions/0001-completions-not-coroutines.md)')
KEPT_BUFFER = (re.compile(r'(?<!\w )\b\w+_?(?:\.\w+)? = std::string\(\);'), 'the buffer stays; base::release() frees it, clear() keeps it')
LANGUAGE_HEADERS = {'format': 'Clang 14 has no <format>', 'ranges': 'Clang 14 has no <ranges> views',
                    'source_location': 'Clang 14 has no <source_location>', 'coroutine': 'no coroutines',
                    'random': 'use named draws (io/random.h)'}

HASH_TABLE = re.compile(r'\b(?:std::unordered_(?:multi)?(?:map|set)|absl::(?:flat|node)_hash_(?:map|set))\s*<')

# Split, so that this file does not find itself.
UNFINISHED = re.compile(r'\b(?:TO' r'DO|FIX' r'ME|X' r'XX|HA' r'CK)\b')
MACHINE_PATH = re.compile(r'(?<![\w.$}/-])/(?:wo' r'rk|ro' r'ot|ho' r'me)/|/tm' r'p/wt-')
TRAILING_SPACE = re.compile(r'[ \t]+$', re.MULTILINE)


def under(path, folders):
    return any(path == f or path.startswith(f + '/') for f in folders)


def check(source):
    yield from check_text(source)
    if not source.is_cpp:
        return
    yield from find(source, LANGUAGE)
    yield from find(source, KEPT_BUFFER)
    for line, path, is_ours in source.includes():
        if not is_ours and path in LANGUAGE_HEADERS:
            yield Finding(source.path, line, f'<{path}>: {LANGUAGE_HEADERS[path]}')
    if under(source.path, DETERMINISTIC) and room_of(source.path) != 'io/real':
        for rule in IN_BOTH_WORLDS:
            allowed = THREADS_ALLOWED.get(source.path) if rule is THREADS else None
            if allowed != '':
                yield from find(source, rule, allowed)
        yield from check_hash_tables(source)


def find(source, rule, allowed=None):
    pattern, why = rule
    for match in pattern.finditer(source.code):
        if match.group(0) == allowed:
            continue
        yield Finding(source.path, source.line_of(match.start()), f'`{match.group(0).strip()}`: {why}')


def check_text(source):
    for pattern, why in ((UNFINISHED, 'finish it, or write an issue'), (MACHINE_PATH, 'a path of one machine'),
                         (TRAILING_SPACE, 'trailing space')):
        if pattern is TRAILING_SPACE and source.path.endswith(('.md', '.patch', '.txt')):
            continue
        for match in pattern.finditer(source.text):
            line = source.text.count('\n', 0, match.start()) + 1
            yield Finding(source.path, line, f'`{match.group(0)}`: {why}')


def check_hash_tables(source):
    """The order of a hash table is not ours: nothing may walk one."""
    for match in HASH_TABLE.finditer(source.code):
        end = closing_bracket(source.code, match.end() - 1)
        name = re.match(r'\s*[&*]?\s*(\w+)', source.code[end:])
        if not name:
            continue
        walked = re.compile(r'for\s*\([^;()]*:\s*(?:\w+(?:\.|->))?' + name.group(1) + r'\s*\)|(?<!\w)' + name.group(1) +
                            r'(?:\.|->)c?begin\s*\(')
        for walk in walked.finditer(source.code):
            yield Finding(source.path, source.line_of(walk.start()), f'walks the hash table `{name.group(1)}`, whose order is not ours')


def closing_bracket(code, opening):
    """Just behind the `>` that closes the `<` at `opening`."""
    depth = 0
    for position in range(opening, len(code)):
        if code[position] == '<':
            depth += 1
        elif code[position] == '>':
            depth -= 1
            if depth == 0:
                return position + 1
    return len(code)
