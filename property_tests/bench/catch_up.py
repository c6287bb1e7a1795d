#!/usr/bin/python3
"""A member that is far behind catches up while its leader serves puts: how long, and what the leader's clients and memory feel.

usage: catch_up.py LOCKSTEP LOCKSTEPD [--etcd PROGRAM] [--mebibytes 1024] [--value-bytes 1024] [--rate 1000]

Three members. One is stopped, the others are given so many bytes of values under new keys, and it is started again. Meanwhile puts of 256
bytes come at a fixed rate, from before it starts until it has applied what was committed when it did, in runs of a few seconds each;
latency counts from the planned start. "Quiet" are the same runs while the member is still away. With --etcd the same of etcd. Not part of
any test.
"""
import argparse
import glob
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import PeakMemory, Server  # noqa: E402

QUIET_RUNS = 4
RUN_SECONDS = 3
PATIENCE_SECONDS = 600


def bench(lockstep, server, *options):
    out = subprocess.run([lockstep, 'bench', 'put', '--json', '--endpoint', server.endpoint, *map(str, options)],
                         capture_output=True, text=True, check=True).stdout
    return json.loads(out)


def steady_run(lockstep, server, rate):
    """p99 in ms"""
    run = bench(lockstep, server, '--clients', 100, '--rate', rate, '--seconds', RUN_SECONDS, '--seed', time.monotonic_ns() % 1000000)
    return run['targets'][0]['median']['p99_us'] / 1000


def applied(server, i):
    """The applied index of a member; nothing while it does not answer."""
    out = subprocess.run(['etcdctl', '--command-timeout=1s', '--endpoints', f'127.0.0.1:{server.client_ports[i]}', 'endpoint', 'status',
                          '-w', 'json'], env={**os.environ, 'ETCDCTL_API': '3'}, capture_output=True, text=True, check=False)
    if out.returncode != 0 or not out.stdout.strip():
        return None
    status = json.loads(out.stdout)[0]['Status']
    return status.get('raftAppliedIndex', status['raftIndex'])


class PeakDisk(threading.Thread):
    """The largest size of the leader's data directory."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.directory = directory
        self.is_over = threading.Event()
        self.bytes = self.begin = self.size()

    def size(self):
        total = 0
        for path in glob.glob(self.directory + '/**', recursive=True):
            try:
                total += os.path.getsize(path) if os.path.isfile(path) else 0
            except OSError:
                pass
        return total

    def run(self):
        while not self.is_over.wait(0.1):
            self.bytes = max(self.bytes, self.size())


def measure(name, program, args, log):
    server = Server(name, program, log, members=3)
    try:
        leader = server.find_leader()
        away = (leader + 1) % 3
        server.processes[away].send_signal(signal.SIGTERM)
        server.processes[away].wait(60)
        count = args.mebibytes * 1024 * 1024 // args.value_bytes
        bench(args.lockstep, server, '--clients', 100, '--operations', count, '--key-space', count, '--sequential', '--value-bytes',
              args.value_bytes)
        time.sleep(10)  # what the filling left to do
        quiet = [steady_run(args.lockstep, server, args.rate) for _ in range(QUIET_RUNS)]
        goal = applied(server, leader)
        data = f'{server.directory}/data' if leader == 0 else f'{server.directory}/data{leader}'
        disk = PeakDisk(data)
        disk.start()
        before = server.memory_bytes()
        during = []
        with PeakMemory(server) as memory:
            begin = time.monotonic()
            server.processes[away] = server.launch(away)
            caught_up = {}

            def watch():
                while 'at' not in caught_up and time.monotonic() < begin + PATIENCE_SECONDS:
                    index = applied(server, away)
                    if index is not None and index >= goal:
                        caught_up['at'] = time.monotonic()
                    time.sleep(0.1)

            watcher = threading.Thread(target=watch)
            watcher.start()
            while watcher.is_alive():
                during.append(steady_run(args.lockstep, server, args.rate))
            watcher.join()
        disk.is_over.set()
        if 'at' not in caught_up:
            sys.exit(f'{name}: not caught up after {PATIENCE_SECONDS} s; see {log.name}')
        whole = during[:-1] or during  # the last run goes on beyond
        print(f'{name}: {args.mebibytes} MiB behind, {args.rate} puts per second: caught up in {caught_up["at"] - begin:.1f} s; '
              f'p99 of puts {statistics.median(whole):.1f} ms (largest of a run {max(whole):.1f}) against {statistics.median(quiet):.1f} '
              f'(largest {max(quiet):.1f}) before; leader: anonymous memory {before >> 20} MiB, {(memory.bytes - before) >> 20} more; '
              f'files {disk.begin >> 20} MiB, {(disk.bytes - disk.begin) >> 20} more', flush=True)
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('lockstep')
    parser.add_argument('lockstepd')
    parser.add_argument('--etcd')
    parser.add_argument('--mebibytes', type=int, default=1024)
    parser.add_argument('--value-bytes', type=int, default=1024)
    parser.add_argument('--rate', type=int, default=1000)
    args = parser.parse_args()
    with tempfile.NamedTemporaryFile('w', prefix='lockstep-bench-', suffix='.log', delete=False) as log:
        measure('lockstepd', args.lockstepd, args, log)
        if args.etcd:
            measure('etcd', args.etcd, args, log)


main()
