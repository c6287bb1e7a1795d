#!/usr/bin/python3
"""Runs a libFuzzer target on its corpus.

usage: run.py TARGET CORPUS [--runs N | --seconds S] [--seed N] [--keep DIRECTORY] [--keeps-memory]

New inputs go to a directory of their own, which is removed unless named with --keep; the corpus in the tree is only read. An
input that fails is left in the directory where this was called, with the command that runs it again.
"""
import argparse
import contextlib
import os
import subprocess
import sys
import tempfile


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('target')
    parser.add_argument('corpus')
    parser.add_argument('--runs', type=int, default=-1)
    parser.add_argument('--seconds', type=int, default=0)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--keep')
    # A target that keeps memory from one input to the next: libFuzzer would look for leaks after each.
    parser.add_argument('--keeps-memory', action='store_true')
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        found = arguments.keep or stack.enter_context(tempfile.TemporaryDirectory())
        os.makedirs(found, exist_ok=True)
        prefix = os.path.join(os.getcwd(), os.path.basename(arguments.target) + '-')
        status = subprocess.run(
            [arguments.target, f'-runs={arguments.runs}', f'-max_total_time={arguments.seconds}', f'-seed={arguments.seed}',
             # Its other way of choosing inputs takes longer than a whole member does to answer one.
             '-entropic=0', f'-detect_leaks={0 if arguments.keeps_memory else 1}', '-max_len=4096', '-timeout=60', '-rss_limit_mb=2048', '-print_final_stats=1', f'-artifact_prefix={prefix}',
             found, arguments.corpus], check=False).returncode
    if status != 0:
        print(f'again: {arguments.target} THE FILE NAMED ABOVE')
    return status


if __name__ == '__main__':
    sys.exit(main())
