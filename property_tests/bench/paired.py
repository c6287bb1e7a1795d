#!/usr/bin/python3
"""Server CPU per operation and latency, ours against etcd's, in alternating runs on one machine.

usage: paired.py LOCKSTEPD [--etcd /usr/bin/etcd] [--pairs 5] [--puts 20000] [--ranges 40000] [--checkpoint-puts 600000]
                 [--members 1]

Both servers run with fresh data on free loopback ports; h2load (package nghttp2-client) sends one fixed gRPC
request over and over, from 1, 100 and 1000 clients (streams). Each row is the median over the pairs of our figure divided by etcd's in the same pair.
CPU is user and system time of the server process (/proc/PID/stat), all threads; with --members 3 of all three, and requests go to
the leader. Not part of any test.

Last, ours alone under puts of 100 clients for long enough to cross checkpoints: latency of the requests that met one, and of
the others. Only a checkpoint writes the store's main file, so its modification time says when one is under way.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import Server, field, framed  # noqa: E402

KEY = b'key-0001'
PUT = framed(field(1, KEY) + field(2, b'v' * 256))
RANGE = framed(field(1, KEY))
SERIALIZABLE_RANGE = framed(field(1, KEY) + field(7, 1))


def h2load(server, path, body, requests, connections, streams):
    """(operations per second, CPU microseconds per operation, [(start, taken)] of each request in microseconds)"""
    with tempfile.NamedTemporaryFile() as data, tempfile.TemporaryDirectory() as scratch:
        data.write(body)
        data.flush()
        times = os.path.join(scratch, 'times')
        before = server.cpu_seconds()
        out = subprocess.run(
            ['h2load', '-n', str(requests), '-c', str(connections), '-m', str(streams), '-d', data.name,
             '--log-file', times, '-H', 'content-type: application/grpc', '-H', 'te: trailers', server.url + path],
            capture_output=True, text=True, check=True).stdout
        cpu = server.cpu_seconds() - before
        with open(times, encoding='ascii') as lines:  # start, HTTP status, microseconds
            taken = [(int(start), int(time)) for start, _, time in (line.split() for line in lines)]
    done = re.search(r'(\d+) succeeded, (\d+) failed', out)
    if not done or int(done.group(1)) != requests:
        sys.exit(f'{server.name}: not every request succeeded:\n{out}')
    rate = float(re.search(r'finished in [^,]+, ([\d.]+) req/s', out).group(1))
    return rate, cpu / requests * 1e6, taken


def percentile(taken, percent):
    """in ms"""
    ordered = sorted(taken)
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] / 1000


def load(server, path, body, requests, connections, streams):
    """(operations per second, CPU microseconds per operation, median and 99th percentile of latency in ms)"""
    rate, cpu, times = h2load(server, path, body, requests, connections, streams)
    taken = [time for _, time in times]
    return rate, cpu, percentile(taken, 50), percentile(taken, 99)


class Checkpoints(threading.Thread):
    """Notes when the store's main file is written to, in microseconds since 1970."""
    EVERY_SECONDS = 0.005

    def __init__(self, server):
        super().__init__(daemon=True)
        self.file = f'{server.directory}/data/store-1/db'
        self.is_over = threading.Event()
        self.spans = []  # from, to: at least two polls apart they are two checkpoints

    def run(self):
        known, before = os.stat(self.file).st_mtime_ns, time.time()
        while not self.is_over.wait(self.EVERY_SECONDS):
            now, written = time.time(), os.stat(self.file).st_mtime_ns
            if written != known:
                if self.spans and before * 1e6 - self.spans[-1][1] < 5 * self.EVERY_SECONDS * 1e6:
                    self.spans[-1][1] = now * 1e6
                else:
                    self.spans.append([before * 1e6, now * 1e6])
            known, before = written, now

    def meet(self, start, taken):
        return any(start <= end and begin <= start + taken for begin, end in self.spans)


def checkpoint_latency(server, requests):
    watching = Checkpoints(server)
    watching.start()
    rate, cpu, times = h2load(server, '/etcdserverpb.KV/Put', PUT, requests, 10, 10)
    watching.is_over.set()
    watching.join()
    met = [taken for start, taken in times if watching.meet(start, taken)]
    others = [taken for start, taken in times if not watching.meet(start, taken)]
    print(f'put, 100 clients, {requests} puts at {rate:.0f} op/s, {cpu:.1f} us: {len(watching.spans)} checkpoints of '
          f'{sum(end - begin for begin, end in watching.spans) / 1e3 / max(1, len(watching.spans)):.0f} ms in the mean')
    for title, taken in (('during a checkpoint', met), ('otherwise', others)):
        if taken:
            print(f'  {title:20} {len(taken):7} puts, p50 {percentile(taken, 50):.2f} ms, p99 {percentile(taken, 99):.2f} ms, '
                  f'longest {max(taken) / 1000:.1f} ms')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('lockstepd')
    parser.add_argument('--etcd', default='/usr/bin/etcd')
    parser.add_argument('--pairs', type=int, default=5)
    parser.add_argument('--puts', type=int, default=20000)
    parser.add_argument('--ranges', type=int, default=40000)
    parser.add_argument('--checkpoint-puts', type=int, default=600000)
    parser.add_argument('--members', type=int, default=1)
    parser.add_argument('--rows', default='', help='only rows whose title has this in it')
    arguments = parser.parse_args()
    put, read = ('/etcdserverpb.KV/Put', PUT), ('/etcdserverpb.KV/Range', RANGE)
    read_here = ('/etcdserverpb.KV/Range', SERIALIZABLE_RANGE)
    rows = []
    for title, call, requests in (('put', put, arguments.puts), ('linearizable range', read, arguments.ranges),
                                  ('serializable range', read_here, arguments.ranges)):
        rows += [(f'{title}, 1', *call, requests // 8, 1, 1), (f'{title}, 100', *call, requests, 10, 10),
                 (f'{title}, 1000', *call, requests * 2, 100, 10)]
    if arguments.members > 1:  # a member answers serializable reads alone: those are the rows of a single one
        rows = [row for row in rows if not row[0].startswith('serializable')]
    rows = [row for row in rows if arguments.rows in row[0]]
    with tempfile.NamedTemporaryFile('w', suffix='.log', delete=False) as log:
        for title, path, body, requests, connections, streams in rows:
            # Fresh servers for each row: etcd reads slowly after a burst of writes, and that would flatter us.
            ours = Server('lockstepd', arguments.lockstepd, log, arguments.members)
            theirs = Server('etcd', arguments.etcd, log, arguments.members)
            try:
                for server in (ours, theirs):
                    load(server, '/etcdserverpb.KV/Put', PUT, 10, 1, 1)
                pairs = []
                for _ in range(arguments.pairs):
                    pairs.append((load(ours, path, body, requests, connections, streams),
                                  load(theirs, path, body, requests, connections, streams)))
            finally:
                ours.stop()
                theirs.stop()
            middle = lambda values: statistics.median(list(values))
            print(f'{title:24} CPU/op {middle(a[1] / b[1] for a, b in pairs):.2f} of etcd\'s '
                  f'({middle(a[1] for a, _ in pairs):.1f} against {middle(b[1] for _, b in pairs):.1f} us), '
                  f'throughput x{middle(a[0] / b[0] for a, b in pairs):.2f} '
                  f'({middle(a[0] for a, _ in pairs):.0f} against {middle(b[0] for _, b in pairs):.0f} op/s), '
                  f'p50 {middle(a[2] for a, _ in pairs):.2f} against {middle(b[2] for _, b in pairs):.2f} ms, '
                  f'p99 {middle(a[3] for a, _ in pairs):.2f} against {middle(b[3] for _, b in pairs):.2f} ms', flush=True)
        if arguments.checkpoint_puts > 0 and arguments.members == 1:
            ours = Server('lockstepd', arguments.lockstepd, log)
            try:
                checkpoint_latency(ours, arguments.checkpoint_puts)
            finally:
                ours.stop()


if __name__ == '__main__':
    main()
