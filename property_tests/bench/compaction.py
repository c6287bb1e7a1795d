#!/usr/bin/python3
"""Latency of puts while a large compaction runs, against a quiet time; ours and etcd's in turn.

usage: compaction.py LOCKSTEP LOCKSTEPD [--etcd /usr/bin/etcd] [--rounds 3] [--revisions 500000] [--keys 10000] [--rate 2000]

Each round fills a fresh member with `--revisions` puts on `--keys` keys, sends puts at a fixed rate for some seconds, and does the
same again from the moment on at which everything before the newest revision is compacted. etcdctl (package etcd-client)
waits for the compaction to be done physically, which says how long it took. Not part of any test.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import Server  # noqa: E402

SECONDS = 5


def bench(lockstep, server, *arguments):
    done = subprocess.run([lockstep, 'bench', 'put', '--endpoint', server.endpoint, '--pid', str(server.process.pid), '--json',
                           *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return json.loads(done.stdout)['targets'][0]['median']


def etcdctl(server, *arguments):
    return subprocess.run(['etcdctl', '--endpoints', server.endpoint, '--command-timeout', '300s', *arguments],
                          env={**os.environ, 'ETCDCTL_API': '3'}, capture_output=True, text=True, check=True).stdout


def compact(server, took):
    revision = json.loads(etcdctl(server, 'get', 'nothing', '-w', 'json'))['header']['revision']
    begin = time.monotonic()
    etcdctl(server, 'compaction', '--physical', str(revision))
    took.append(time.monotonic() - begin)


def one_round(name, binary, arguments, log):
    server = Server(name, binary, log)
    try:
        bench(arguments.lockstep, server, '--clients', 100, '--operations', arguments.revisions, '--key-space', arguments.keys)
        time.sleep(3)
        load = ('--clients', 100, '--rate', arguments.rate, '--seconds', SECONDS, '--key-space', arguments.keys)
        quiet = bench(arguments.lockstep, server, *load)
        took = []
        compaction = threading.Thread(target=compact, args=(server, took))
        compaction.start()
        busy = bench(arguments.lockstep, server, *load)
        compaction.join()
        return quiet, busy, took[0]
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('lockstep')
    parser.add_argument('lockstepd')
    parser.add_argument('--etcd', default='/usr/bin/etcd')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--revisions', type=int, default=500000)
    parser.add_argument('--keys', type=int, default=10000)
    parser.add_argument('--rate', type=int, default=2000)
    arguments = parser.parse_args()
    rounds = {'lockstepd': [], 'etcd': []}
    with tempfile.NamedTemporaryFile('w', suffix='.log', delete=False) as log:
        for _ in range(arguments.rounds):
            for name, binary in (('lockstepd', arguments.lockstepd), ('etcd', arguments.etcd)):
                rounds[name].append(one_round(name, binary, arguments, log))
    for name, results in rounds.items():
        middle = lambda figure: statistics.median(figure(each) for each in results)
        ms = lambda when, what: f'{middle(lambda each: each[when][what]) / 1000:.2f}'
        print(f'{name:10} {arguments.revisions} revisions, {arguments.keys} keys, puts at {arguments.rate}/s: '
              f'quiet p50 {ms(0, "p50_us")} p99 {ms(0, "p99_us")} max {ms(0, "max_us")} ms; '
              f'compacting ({middle(lambda each: each[2]):.1f} s) p50 {ms(1, "p50_us")} p99 {ms(1, "p99_us")} max {ms(1, "max_us")} ms, '
              f'p99 x{middle(lambda each: each[1]["p99_us"] / each[0]["p99_us"]):.2f}; '
              f'CPU/op {middle(lambda each: each[0]["server_cpu_us_per_operation"]):.0f} and '
              f'{middle(lambda each: each[1]["server_cpu_us_per_operation"]):.0f} us')


if __name__ == '__main__':
    main()
