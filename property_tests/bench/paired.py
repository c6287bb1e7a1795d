#!/usr/bin/python3
"""Server CPU per operation and latency, ours against etcd's, in alternating runs on one machine.

usage: paired.py LOCKSTEPD [--etcd /usr/bin/etcd] [--pairs 5] [--puts 20000] [--ranges 40000] [--checkpoint-puts 600000]

Both servers run with fresh data on free loopback ports; h2load (package nghttp2-client) sends one fixed gRPC
request over and over. Each row is the median over the pairs of our figure divided by etcd's in the same pair.
CPU is user and system time of the server process (/proc/PID/stat), all threads. Not part of any test.

Last, ours alone under puts of 100 clients for long enough to cross checkpoints: latency of the requests that met one, and of
the others. Only a checkpoint writes the store's main file, so its modification time says when one is under way.
"""
import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TICKS = os.sysconf('SC_CLK_TCK')


def field(number, data):
    return bytes([number << 3 | 2, ]) + varint(len(data)) + data


def varint(value):
    out = b''
    while True:
        if value < 0x80:
            return out + bytes([value])
        out += bytes([value & 0x7f | 0x80])
        value >>= 7


def framed(message):
    return b'\0' + len(message).to_bytes(4, 'big') + message


KEY = b'key-0001'
PUT = framed(field(1, KEY) + field(2, b'v' * 256))
RANGE = framed(field(1, KEY))


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, name, binary, log):
        self.name = name
        self.directory = tempfile.mkdtemp(prefix='lockstep-bench-')
        client, peer = free_port(), free_port()
        self.url = f'http://127.0.0.1:{client}'
        peer_url = f'http://127.0.0.1:{peer}'
        self.process = subprocess.Popen(
            [binary, '--name=bench', f'--data-dir={self.directory}/data', f'--listen-client-urls={self.url}',
             f'--advertise-client-urls={self.url}', f'--listen-peer-urls={peer_url}',
             f'--initial-advertise-peer-urls={peer_url}', f'--initial-cluster=bench={peer_url}', '--log-level=warn'],
            stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                with socket.create_connection(('127.0.0.1', client), 1):
                    break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    sys.exit(f'{name} does not start; see {log.name}')
                time.sleep(0.05)
        time.sleep(1.5)  # etcd listens before it has a leader

    def cpu_seconds(self):
        with open(f'/proc/{self.process.pid}/stat', encoding='ascii') as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        shutil.rmtree(self.directory, ignore_errors=True)


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
    arguments = parser.parse_args()
    rows = [('put, 1 client', '/etcdserverpb.KV/Put', PUT, arguments.puts // 8, 1, 1),
            ('put, 100 clients', '/etcdserverpb.KV/Put', PUT, arguments.puts, 10, 10),
            ('range, 1 client', '/etcdserverpb.KV/Range', RANGE, arguments.ranges // 8, 1, 1),
            ('range, 100 clients', '/etcdserverpb.KV/Range', RANGE, arguments.ranges, 10, 10)]
    with tempfile.NamedTemporaryFile('w', suffix='.log', delete=False) as log:
        for title, path, body, requests, connections, streams in rows:
            # Fresh servers for each row: etcd reads slowly after a burst of writes, and that would flatter us.
            ours, theirs = Server('lockstepd', arguments.lockstepd, log), Server('etcd', arguments.etcd, log)
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
            print(f'{title:20} CPU/op {middle(a[1] / b[1] for a, b in pairs):.2f} of etcd\'s '
                  f'({middle(a[1] for a, _ in pairs):.1f} against {middle(b[1] for _, b in pairs):.1f} us), '
                  f'throughput x{middle(a[0] / b[0] for a, b in pairs):.2f} '
                  f'({middle(a[0] for a, _ in pairs):.0f} against {middle(b[0] for _, b in pairs):.0f} op/s), '
                  f'p50 {middle(a[2] for a, _ in pairs):.2f} against {middle(b[2] for _, b in pairs):.2f} ms, '
                  f'p99 {middle(a[3] for a, _ in pairs):.2f} against {middle(b[3] for _, b in pairs):.2f} ms', flush=True)
        if arguments.checkpoint_puts > 0:
            ours = Server('lockstepd', arguments.lockstepd, log)
            try:
                checkpoint_latency(ours, arguments.checkpoint_puts)
            finally:
                ours.stop()


if __name__ == '__main__':
    main()
