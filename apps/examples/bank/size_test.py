#!/usr/bin/python3
"""The bank is a tenant in less than 200 lines, and nothing of etcd's is linked into it.

usage: size_test.py FOLDER PROGRAM...

Counted are lines that are neither blank nor a comment alone, of the state machine and the daemon's main().
"""
import os
import re
import subprocess
import sys

TENANT = ['bank.h', 'bank.cc', 'main.cc']
LINES_MAX = 199
FOREIGN = re.compile(r'\b(?:etcd|mvcc|etcdserverpb|mvccpb|membershippb)::')

folder, programs = sys.argv[1], sys.argv[2:]
counts = {}
for name in TENANT:
    with open(os.path.join(folder, name), encoding='utf-8') as file:
        counts[name] = sum(1 for line in file if not re.fullmatch(r'\s*(//.*)?\n?', line))
print(', '.join(f'{name} {count}' for name, count in counts.items()), 'together', sum(counts.values()))
assert sum(counts.values()) <= LINES_MAX, 'the bank has grown'
for program in programs:
    symbols = subprocess.run(['nm', '-C', program], capture_output=True, text=True, check=True).stdout
    assert 'bank::' in symbols, f'{program} has no symbols to look at'
    foreign = [line for line in symbols.splitlines() if FOREIGN.search(line)]
    assert not foreign, f'{program} has {len(foreign)} symbols of etcd\'s, such as: {foreign[0]}'
