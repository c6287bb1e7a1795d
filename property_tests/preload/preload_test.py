#!/usr/bin/python3
"""Tests of the preload library: a forbidden call inside a run aborts and is named; outside of one nothing changes.

usage: preload_test.py SUBJECT LIBRARY
"""
import os
import signal
import subprocess
import sys
import unittest

# A thing that the subject can do, and the calls by one of which it must be caught.
FORBIDDEN = {
    'clock_gettime': ['clock_gettime'],
    'steady_clock': ['clock_gettime'],
    'system_clock': ['clock_gettime', 'gettimeofday'],
    'time': ['time'],
    'gettimeofday': ['gettimeofday'],
    'nanosleep': ['nanosleep'],
    'getrandom': ['getrandom'],
    'getentropy': ['getentropy'],
    'syscall': ['syscall'],
    'thread': ['pthread_create'],
    'socket': ['socket'],
    'open': ['open', 'open64', '__open_2', '__open64_2'],
    'openat': ['openat', 'openat64'],
    'creat': ['creat', 'creat64'],
    'fopen': ['fopen', 'fopen64'],
    'ifstream': ['fopen', 'fopen64', 'open', 'open64'],
}
SUBJECT, LIBRARY = sys.argv[1:3]


def run(where, thing, preload=True):
    environment = dict(os.environ)
    if preload:
        environment['LD_PRELOAD'] = LIBRARY
    return subprocess.run([SUBJECT, where, thing], capture_output=True, text=True, env=environment, check=False)


class Preload(unittest.TestCase):
    def test_a_forbidden_call_inside_a_run_aborts_and_is_named(self):
        for thing, calls in FORBIDDEN.items():
            with self.subTest(thing=thing):
                result = run('inside', thing)
                self.assertEqual(result.returncode, -signal.SIGABRT, result.stdout + result.stderr)
                self.assertTrue(any(f'a simulated run called {call}()' in result.stderr for call in calls), result.stderr)

    def test_the_clock_of_nghttp2_is_let_through(self):
        for where in ('inside', 'outside'):
            result = run(where, 'nghttp2')
            self.assertEqual((result.returncode, result.stdout), (0, 'preloaded\n'), result.stderr)

    def test_an_opened_file_is_named(self):
        self.assertIn('/dev/urandom', run('inside', 'open').stderr)

    def test_before_and_after_a_run_everything_works(self):
        for where in ('outside', 'after'):
            for thing in FORBIDDEN:
                with self.subTest(where=where, thing=thing):
                    result = run(where, thing)
                    self.assertEqual((result.returncode, result.stdout), (0, 'preloaded\n'), result.stderr)

    def test_what_a_run_does_all_the_time_is_allowed(self):
        result = run('inside', 'nothing')
        self.assertEqual((result.returncode, result.stdout), (0, 'preloaded\n'), result.stderr)

    def test_without_the_library_the_hooks_are_null(self):
        result = run('inside', 'clock_gettime', preload=False)
        self.assertEqual((result.returncode, result.stdout), (0, 'plain\n'), result.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
