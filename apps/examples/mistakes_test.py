#!/usr/bin/python3
"""A planted mistake (plant.py) is found by whoever knows what was promised, its trace fails again, and the shrinker makes it smaller.

usage: mistakes_test.py SIMULATOR_WITH_A_MISTAKE ORACLE
"""
import json
import os
import subprocess
import sys
import tempfile

PROGRAM, ORACLE = os.path.abspath(sys.argv[1]), sys.argv[2]


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done


with tempfile.TemporaryDirectory() as folder:
    summary = json.loads(run('sim', '--seeds', '1..100', '--jobs', '2', '--stop-at-failure', '--traces', folder, '--json').stdout)
    assert summary['failures'], f'not found in {summary["runs"]} seeds'
    found = summary['failures'][0]
    print(f'seed {found["seed"]}, after {summary["runs"]} runs and {summary["cpu_seconds"]:.1f} CPU-s: {found["message"]}')
    assert (found['verdict'], found['oracle']) == ('safety', ORACLE), found
    smaller = os.path.join(folder, 'smaller.json')
    print(run('shrink', found['trace'], '-o', smaller, '--runs', '20').stdout)
    again = run('replay', smaller)
    assert again.returncode == 1, 'the smaller trace does not fail'
    assert 'bit for bit' in again.stdout, again.stdout
