#!/usr/bin/python3
"""Tests of tally.py: a count that flatters is worse than none."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tally import count  # noqa: E402

GOOD = '[doctest] test cases: 12 | 12 passed | 0 failed | 0 skipped\n[doctest] Status: SUCCESS!\n'
BAD = '[doctest] test cases: 12 | 10 passed |  2 failed | 3 skipped\n[doctest] Status: FAILURE!\n'


class Tally(unittest.TestCase):
    def test_doctest_cases_are_counted(self):
        self.assertEqual(count('OK', GOOD), (12, 0, 0))
        self.assertEqual(count('FAIL', BAD), (10, 2, 0))

    def test_a_crash_before_the_summary_is_one_failure(self):
        self.assertEqual(count('FAIL', 'ASSERT(x)'), (0, 1, 0))
        self.assertEqual(count('TIMEOUT', ''), (0, 1, 0))

    def test_a_bad_end_after_a_good_summary_is_a_failure(self):
        self.assertEqual(count('FAIL', GOOD + 'LeakSanitizer: detected memory leaks'), (12, 1, 0))

    def test_unittest_programs_are_counted(self):
        self.assertEqual(count('OK', 'Ran 7 tests in 0.1s\n\nOK\n'), (7, 0, 0))
        self.assertEqual(count('OK', 'Ran 7 tests in 0.1s\n\nOK (skipped=2)\n'), (5, 0, 2))
        self.assertEqual(count('FAIL', 'Ran 7 tests in 0.1s\n\nFAILED (failures=1, errors=2)\n'), (4, 3, 0))

    def test_a_set_up_that_failed_is_a_failure(self):
        self.assertEqual(count('FAIL', 'Ran 0 tests in 0.1s\n\nFAILED (errors=3)\n'), (0, 3, 0))

    def test_a_program_without_a_summary_counts_as_one(self):
        self.assertEqual(count('OK', 'fine'), (1, 0, 0))
        self.assertEqual(count('SKIP', 'SKIP: no such thing here'), (0, 0, 1))


if __name__ == '__main__':
    unittest.main()
