#!/usr/bin/python3
"""What a very large answer costs: a range over everything by RangeStream and by Range, while small puts go on at a fixed rate.

usage: large_range.py LOCKSTEP LOCKSTEPD [--etcd /usr/bin/etcd] [--keys 100000] [--value-bytes 10000] [--rate 500]

For each server and way of reading: the largest anonymous memory of the server against before, how long one answer took, and the
latency of the puts against a quiet time. etcd 3.4 has no RangeStream. h2load (package nghttp2-client) reads. Not part of any test.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import PeakMemory, Server, field, framed  # noqa: E402

EVERYTHING = framed(field(1, b'\0') + field(2, b'\0'))
SECONDS = 8


def bench(lockstep, server, *arguments, background=False):
    command = [lockstep, 'bench', 'put', '--endpoint', server.endpoint, '--json', *map(str, arguments)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return running if background else finish(running)


def finish(running):
    out, error = running.communicate()
    if running.returncode != 0:
        sys.exit(out + error)
    return json.loads(out)['targets'][0]['median']


def read_everything(server, method):
    """Seconds, and the bytes that came."""
    with tempfile.NamedTemporaryFile() as body:
        body.write(EVERYTHING)
        body.flush()
        begin = time.monotonic()
        # Windows of 16 MiB, as a client for large answers would ask for.
        out = subprocess.run(['h2load', '-n', '1', '-c', '1', '-m', '1', '-w', '24', '-W', '24', '-N', '120', '-d', body.name,
                              '-H', 'content-type: application/grpc', '-H', 'te: trailers', f'{server.url}/etcdserverpb.KV/{method}'],
                             capture_output=True, text=True, check=True).stdout
    if '1 succeeded' not in out:
        sys.exit(f'{server.name}: {method} failed:\n{out}')
    return time.monotonic() - begin, int(re.search(r'traffic: .*\((\d+)\) total', out).group(1))


def measure(arguments, server, method, before, quiet):
    load = ('--clients', 10, '--rate', arguments.rate, '--seconds', SECONDS, '--key-space', 1000)
    with PeakMemory(server) as peak:
        puts = bench(arguments.lockstep, server, *load, background=True)
        reads = [read_everything(server, method)]
        while puts.poll() is None and len(reads) < 3:
            reads.append(read_everything(server, method))
        figures = finish(puts)
    took, size = min(reads)
    print(f'{server.name:10} {method:12} {size / 1e6:7.0f} MB in {took:5.2f} s, anonymous memory at most {peak.bytes / 1e6:6.0f} MB '
          f'(before: {before / 1e6:.0f}); puts at {arguments.rate}/s: p50 {figures["p50_us"] / 1e3:.2f} p99 {figures["p99_us"] / 1e3:.2f} '
          f'max {figures["max_us"] / 1e3:.1f} ms (quiet: p99 {quiet["p99_us"] / 1e3:.2f} ms)', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('lockstep')
    parser.add_argument('lockstepd')
    parser.add_argument('--etcd', default='/usr/bin/etcd')
    parser.add_argument('--keys', type=int, default=100000)
    parser.add_argument('--value-bytes', type=int, default=10000)
    parser.add_argument('--rate', type=int, default=500)
    arguments = parser.parse_args()
    with tempfile.NamedTemporaryFile('w', suffix='.log', delete=False) as log:
        for name, binary, methods in (('lockstepd', arguments.lockstepd, ('RangeStream', 'Range')), ('etcd', arguments.etcd, ('Range',))):
            server = Server(name, binary, log)
            try:
                bench(arguments.lockstep, server, '--sequential', '--clients', 20, '--operations', arguments.keys,
                      '--key-space', arguments.keys, '--value-bytes', arguments.value_bytes)
                for method in methods:
                    server.restart()
                    quiet = bench(arguments.lockstep, server, '--clients', 10, '--rate', arguments.rate, '--seconds', 5, '--key-space', 1000)
                    measure(arguments, server, method, server.memory_bytes(), quiet)
            finally:
                server.stop()


if __name__ == '__main__':
    main()
