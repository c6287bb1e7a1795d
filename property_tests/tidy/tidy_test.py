#!/usr/bin/python3
"""Tests of tidy itself: bad samples are found, and good ones that look alike are not."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import headers  # noqa: E402
from arrows import TABLE, reachable  # noqa: E402
from source import Source, bare_code  # noqa: E402
from tidy import findings_of  # noqa: E402


def findings(path, text, others=()):
    if path.endswith('.h'):
        text = f'// {path}: a sample.\n#pragma once\n' + text
    sources = [Source(path, text)] + [Source(other, f'// {other}: x\n#pragma once\n') for other in others]
    return [str(f) for f in findings_of(sources)]


class Samples(unittest.TestCase):
    def assert_found(self, path, text, word):
        found = findings(path, text)
        self.assertEqual(len(found), 1, f'{path}: {text!r}: {found}')
        self.assertIn(word, found[0])

    def assert_clean(self, path, text):
        self.assertEqual(findings(path, text), [], f'{path}: {text!r}')


class Arrows(Samples):
    def test_a_wrong_arrow_is_found(self):
        for path, include in (('core/raft/a.cc', 'io/clock.h'), ('core/replica/a.cc', 'core/etcd/server.h'), ('core/etcd/a.cc', 'io/real/loop.h'),
                              ('core/etcd/a.cc', 'io/sim/disk.h'), ('sim/a.cc', 'storage/mvcc/store.h'), ('sim/etcd/a.cc', 'io/real/loop.h'),
                              ('io/real/a.cc', 'io/sim/disk.h'), ('storage/mvcc/a.cc', 'storage/wal/wal.h'), ('core/base/a.cc', 'io/disk.h'),
                              ('core/etcd/a.cc', 'apps/lockstepd/flags.h'), ('core/rpc/a.cc', 'core/api/rpc.pb.h')):
            self.assert_found(path, f'#include "{include}"\n', 'may not include')

    def test_the_arrows_of_the_table_are_allowed_and_transitive(self):
        for path, include in (('core/raft/a.cc', 'core/base/ids.h'), ('core/peer/a.cc', 'storage/wal/wal.h'), ('sim/etcd/a.cc', 'io/sim/disk.h'),
                              ('core/replica/a.cc', 'core/base/ids.h'), ('apps/lockstepd/a.cc', 'io/real/loop.h'), ('core/peer/a.cc', 'core/peer/peer.pb.h')):
            self.assert_clean(path, f'#include "{include}"\n')

    def test_a_test_may_reach_the_simulated_world_and_the_property_header(self):
        self.assert_clean('storage/wal/a_test.cc', '#include "io/sim/disk.h"\n#include "property_tests/property.h"\n#include <doctest/doctest.h>\n')
        self.assert_found('storage/wal/a_test.cc', '#include "io/real/loop.h"\n', 'may not include')
        self.assert_found('storage/wal/a.cc', '#include <doctest/doctest.h>\n', 'does not belong')

    def test_an_include_that_is_not_a_path_from_the_root_is_found(self):
        self.assert_found('core/raft/a.cc', '#include "quorum.h"\n', 'not a path from the root')
        self.assert_found('core/raft/a.cc', '#include "../base/ids.h"\n', 'not a path from the root')

    def test_an_outside_library_stays_where_it_belongs(self):
        for path, include in (('core/etcd/a.cc', 'sqlite3.h'), ('core/etcd/a.cc', 'nghttp2/nghttp2.h'), ('core/etcd/a.cc', 'cxxopts.hpp'),
                              ('core/raft/a.cc', 'google/protobuf/message.h'), ('core/rpc/a.cc', 'sys/socket.h'), ('storage/wal/a.cc', 'unistd.h'),
                              ('storage/wal/a.cc', 'fstream')):
            found = findings(path, f'#include <{include}>\n')
            self.assertEqual(len(found), 1, found)

    def test_a_commented_include_does_not_count(self):
        self.assert_clean('core/raft/a.cc', '// #include "io/clock.h"\n/* #include "io/clock.h" */\n')

    def test_a_file_outside_the_house_is_found(self):
        self.assert_found('tools/a.cc', 'int x;\n', 'no folder of the table')

    def test_the_table_has_no_circle(self):
        for room, targets in TABLE.items():
            for target in targets:
                self.assertNotIn(room, reachable(target), f'{room} -> {target} -> {room}')


class Names(Samples):
    def test_hidden_inputs_are_found(self):
        for code in ('std::random_device d;', 'auto t = std::chrono::system_clock::now();', 'auto t = std::chrono::steady_clock::now();',
                     'std::mutex m_;', 'std::atomic<int> n;', 'std::thread t;', 'const char* p = std::getenv("A");', 'usleep(3);', '::sleep(1);',
                     'std::this_thread::yield();', 'std::shuffle(a, b, c);', 'std::uniform_int_distribution<int> d;', 'std::mt19937 g;',
                     'auto t = ::time(nullptr);', 'auto t = std::time(nullptr);', 'time(nullptr);', 'int x = rand();', 'clock_gettime(a, b);',
                     'throw 3;', 'try { f(); }', 'static thread_local int x;', 'getrandom(p, 8, 0);', 'co_await f();', 'buffer_ = std::string();', '    call.body = std::string();'):
            for folder in ('core/raft', 'storage/wal', 'sim', 'io/sim', 'core/etcd'):
                with self.subTest(code=code, folder=folder):
                    self.assertGreaterEqual(len(findings(f'{folder}/a.cc', code + '\n')), 1)

    def test_look_alikes_are_not(self):
        for code in ('// the steady_clock of the machine', 'auto s = "std::mutex";', 'world.random.draw("x", {1});', 'int runtime(int x);',
                     'entry.time(0);', 'Error random_error;', 'int sleepless = 3;', 'retry(3);', 'std::string brand();', "char c = '\"'; int y = 1'000;",
                     'auto n = clock.now();', 'std::string name = std::string();', 'std::map<int, int> m; for (auto& e : m) f(e);', 'bool is_operand(int x);', 'const Instant time_ = now();',
                     'io::Random& random() { return random_; }', 'auto x = store.random().draw("y", {});'):
            with self.subTest(code=code):
                self.assert_clean('core/raft/a.cc', code + '\n')

    def test_the_real_world_and_the_programs_may(self):
        for path in ('io/real/a.cc', 'apps/lockstepd/a.cc', 'property_tests/worlds/a.cc'):
            self.assert_clean(path, 'std::mutex m; auto t = std::chrono::steady_clock::now();\n')

    def test_the_shared_index_is_the_one_exemption(self):
        self.assert_clean('storage/sqlite/shm.cc', 'std::mutex m;\n')
        self.assert_found('storage/sqlite/vfs.cc', 'std::mutex m;\n', 'threads')
        self.assert_clean('storage/sqlite/vfs.cc', 'thread_local Call* current = nullptr;\n')
        self.assert_found('storage/sqlite/writer.cc', 'thread_local Call* current = nullptr;\n', 'threads')
        self.assert_found('storage/sqlite/shm.cc', 'auto t = std::chrono::steady_clock::now();\n', 'clock')

    def test_walking_a_hash_table_is_found_and_lookup_is_not(self):
        table = 'absl::flat_hash_map<std::string, std::vector<int>> waiting_;\n'
        self.assert_clean('core/etcd/a.cc', table + 'auto i = waiting_.find(k); if (i != waiting_.end()) waiting_.erase(i);\n')
        self.assert_found('core/etcd/a.cc', table + 'for (const auto& e : waiting_) f(e);\n', 'walks')
        self.assert_found('core/etcd/a.cc', table + 'for (const auto& e : this->waiting_) f(e);\n', 'walks')
        self.assert_found('core/etcd/a.cc', table + 'auto i = waiting_.begin();\n', 'walks')
        self.assert_found('core/etcd/a.cc', 'std::unordered_set<int> seen;\nstd::sort(seen.begin(), x);\n', 'walks')

    def test_headers_that_clang_14_lacks_are_found(self):
        for header in ('format', 'ranges', 'source_location', 'coroutine'):
            self.assert_found('apps/lockstepd/a.cc', f'#include <{header}>\n', header)

    def test_unfinished_work_and_machine_paths_are_found_in_any_text(self):
        self.assert_found('docs/a.md', 'TO' 'DO: write\n', 'finish it')
        self.assert_found('core/raft/a.cc', '// FIX' 'ME later\n', 'finish it')
        self.assert_found('docs/a.md', 'see /ho' 'me/me/x\n', 'one machine')
        self.assert_found('run', 'cd /ro' 'ot/x\n', 'one machine')
        self.assert_clean('docs/a.md', 'see build/work/x and https://example.org/home/x\n')

    def test_the_line_of_a_finding_is_right(self):
        self.assertTrue(findings('core/raft/a.cc', '/* a\n b */\nint x;\nstd::mutex m;\n')[0].startswith('core/raft/a.cc:4:'))


class Shape(unittest.TestCase):
    def test_a_header_says_its_path_first(self):
        bad = Source('core/raft/a.h', '// core/raft/b.h: moved\n#pragma once\n')
        self.assertEqual(len(list(findings_of([bad]))), 1)
        bare = Source('core/raft/a.h', '// core/raft/a.h: fine\n')
        self.assertIn('pragma once', str(list(findings_of([bare]))[0]))

    def test_a_source_includes_its_own_header_first(self):
        wrong = '#include <string>\n#include "core/raft/a.h"\n'
        self.assertIn('own header', findings('core/raft/a.cc', wrong, ['core/raft/a.h'])[0])
        self.assertEqual(findings('core/raft/a.cc', '#include "core/raft/a.h"\n#include <string>\n', ['core/raft/a.h']), [])


class BareCode(unittest.TestCase):
    def test_comments_and_literals_are_blanked_and_lines_kept(self):
        self.assertEqual(bare_code('a /* b\nc */ d // e\nf "g\\"h" i'), 'a  \n d  \nf "" i')
        self.assertEqual(bare_code('R"x(std::mutex\n)x" y'), '""\n y')
        self.assertEqual(bare_code("1'000'000 + 'x'"), "1'000'000 + ''")


class Headers(unittest.TestCase):
    def test_a_header_that_needs_another_is_found_and_a_whole_one_is_remembered(self):
        with tempfile.TemporaryDirectory() as root:
            build = os.path.join(root, 'build')
            os.makedirs(os.path.join(root, 'core/base'))
            os.makedirs(build)
            good, bad = Source('core/base/good.h', '#pragma once\n#include <string>\nstd::string f();\n'), Source(
                'core/base/bad.h', '#pragma once\nstd::string g();\n')
            for source in (good, bad):
                with open(os.path.join(root, source.path), 'w', encoding='utf-8') as file:
                    file.write(source.text)
            compiler = shutil.which('g++') or shutil.which('c++')
            with open(os.path.join(build, 'compile_commands.json'), 'w', encoding='utf-8') as file:
                file.write(f'[{{"directory": "{build}", "file": "../core/base/a.cc", '
                           f'"output": "a.o", "command": "{compiler} -I.. -std=c++20 -o a.o -c ../core/base/a.cc"}}]')
            found = list(headers.check([good, bad], root, build))
            self.assertEqual([f.path for f in found], ['core/base/bad.h'])
            self.assertIn('core/base/good.h', headers.Compiler(root, build).known)
            # A change makes it unknown again.
            with open(os.path.join(root, good.path), 'w', encoding='utf-8') as file:
                file.write('#pragma once\nstd::string f();\n')
            self.assertEqual(len(list(headers.check([good, bad], root, build))), 2)
            # A source that the build compiled, and that includes its own header first, is proof enough.
            for path, text in (('core/base/a.cc', '#include "core/base/a.h"\n'), ('build/a.o', '')):
                with open(os.path.join(root, path), 'w', encoding='utf-8') as file:
                    file.write(text)
            self.assertEqual(list(headers.check([Source('core/base/a.h', '')], root, build)), [])


def findings_of_two(one, text):
    return [str(f) for f in findings_of([one, Source('core/raft/b.cc', text)])]


class Unity(unittest.TestCase):
    def test_what_a_neighbour_has_too_is_found(self):
        def unnamed(code):
            return f'namespace raft {{\n\nnamespace {{\n\n{code}\n}}  // namespace\n\n}}  // namespace raft\n'
        one = Source('core/raft/a.cc', unnamed('// Says it.\nstd::string text_of(int value) {\n  return std::to_string(value);\n}\n'))
        same = unnamed('constexpr int kMost = 3;\n\ntemplate <typename T>\nstd::string text_of(const T& value) { return one_of(value); }\n')
        found = [str(f) for f in findings_of([one, Source('core/raft/b.cc', same)])]
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith('core/raft/b.cc:8: text_of stands in'), found[0])
        for code in ('struct text_of final {};', 'enum class text_of : int { one };'):
            self.assertEqual(len(findings_of_two(one, unnamed(code))), 1, code)
        constant = Source('core/raft/a.cc', unnamed('constexpr std::size_t kMost = 3;'))
        for code in ('const std::array<int, 2> kMost = {1, 2};', 'constexpr Case kMost[] = {{1}};', 'constexpr std::chrono::seconds kMost(2);'):
            self.assertEqual(len(findings_of_two(constant, unnamed(code))), 1, code)
        # Another folder, a test, a program of its own, a method, a call.
        for path, code in (('core/base/b.cc', same), ('core/raft/b_test.cc', same), ('core/raft/main.cc', same + '\nint main() { return 0; }\n'),
                           ('core/raft/b.cc', unnamed('struct A {\n  std::string text_of(int value);\n};\nconst int kSize = text_of(1).size();\n'))):
            self.assertEqual([str(f) for f in findings_of([one, Source(path, code)])], [], path)


class Marks(unittest.TestCase):
    def test_a_mark_that_stands_nowhere_is_found(self):
        listed = Source('core/base/mark.h', '// core/base/mark.h: x\n#pragma once\nenum class Mark : std::uint8_t {\n  here,  // x\n  gone,\n};\n')
        code = Source('core/raft/a.cc', 'void f(Output& out) { out.marks.add(base::Mark::here); }\n')
        test = Source('core/raft/a_test.cc', 'void g(Output& out) { out.marks.add(base::Mark::gone); }\n')
        found = [str(f) for f in findings_of([listed, code, test])]
        self.assertEqual(len(found), 1, found)
        self.assertIn('gone', found[0])


class TheProgram(unittest.TestCase):
    def test_it_fails_on_a_bad_tree_and_on_an_empty_one(self):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'tidy.py')
        with tempfile.TemporaryDirectory() as root:
            self.assertEqual(subprocess.run([sys.executable, program, root], capture_output=True, check=False).returncode, 1)
            os.makedirs(os.path.join(root, 'core/raft'))
            path = os.path.join(root, 'core/raft/a.cc')
            for text, code in (('int x = 0;\n', 0), ('std::mutex m;\n', 1)):
                with open(path, 'w', encoding='utf-8') as file:
                    file.write(text)
                self.assertEqual(subprocess.run([sys.executable, program, root], capture_output=True, check=False).returncode, code)


if __name__ == '__main__':
    unittest.main()
