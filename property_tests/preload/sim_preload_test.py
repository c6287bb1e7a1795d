#!/usr/bin/python3
"""Simulated runs use no clock, no chance, no thread and no file of the machine: seeds under the preload library.

usage: sim_preload_test.py LOCKSTEP LIBRARY SEEDS
"""
import os
import subprocess
import sys
import tempfile
import unittest

LOCKSTEP, LIBRARY, SEEDS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]


def sim(seeds, **more):
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([LOCKSTEP, 'sim', '--seeds', seeds, '--traces', folder, '--jobs', '2'], capture_output=True, text=True,
                              env={**os.environ, 'LD_PRELOAD': LIBRARY, **more}, check=False)


class SimPreload(unittest.TestCase):
    def test_the_simulator_says_when_a_run_begins(self):
        result = sim('1..1', LOCKSTEP_PRELOAD_TRAP='1')
        self.assertNotEqual(result.returncode, 0, 'the library hears of no run, so it would find nothing')
        self.assertIn('preload: a run began', result.stdout + result.stderr)

    def test_runs_reach_nothing_of_the_machine(self):
        result = sim(f'1..{SEEDS}')
        self.assertNotIn('preload:', result.stdout + result.stderr)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn(f'{SEEDS} runs of', result.stdout)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
