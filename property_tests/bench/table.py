#!/usr/bin/python3
"""The table of paired ratios against etcd, by `lockstep bench`: throughput, CPU per operation and latency of every load.

usage: table.py LOCKSTEP LOCKSTEPD [--etcd /usr/bin/etcd] [--pairs 5] [--only put] [--scale 1.0]

Prints one Markdown row per load and number of clients: ours / etcd's, median of the pairs, and the medians behind them.
Not part of any test; docs/benchmarks.md says what the figures mean.
"""
import argparse
import json
import subprocess
import sys

# (title, arguments, operations for 1, 100 and 1000 clients)
LOADS = [
    ('put', ['put'], (4000, 60000, 60000)),
    ('linearizable range', ['range'], (8000, 80000, 80000)),
    ('serializable range', ['range', '--serializable'], (8000, 80000, 80000)),
    ('transaction', ['txn'], (4000, 50000, 50000)),
]
CLIENTS = (1, 100, 1000)
# (title, arguments): latency is judged well below saturation.
RATES = [
    ('put at 2000/s', ['put', '--rate', '2000']),
    ('put at 6000/s', ['put', '--rate', '6000']),
    ('linearizable range at 2000/s', ['range', '--rate', '2000']),
    ('linearizable range at 6000/s', ['range', '--rate', '6000']),
]
RATE_SECONDS = 5


def bench(arguments, load):
    command = [arguments.lockstep, 'bench', *load, '--spawn', arguments.lockstepd, '--against', arguments.etcd,
               '--pairs', str(arguments.pairs), '--json']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f'{" ".join(command)}\n{done.stdout}{done.stderr}')
    return json.loads(done.stdout)


def row(title, clients, result):
    ours, theirs = (target['median'] for target in result['targets'])
    ratio = result['median_of_ratios']

    def both(name, scale=1, digits=0):
        return f'{ours[name] * scale:.{digits}f} / {theirs[name] * scale:.{digits}f}'

    print(f"| {title} | {clients} | {ratio['server_cpu_us_per_operation']:.2f} ({both('server_cpu_us_per_operation')} us) "
          f"| x{ratio['operations_per_second']:.2f} ({both('operations_per_second')} op/s) "
          f"| {ratio['p50_us']:.2f} ({both('p50_us', 1e-3, 2)} ms) | {ratio['p99_us']:.2f} ({both('p99_us', 1e-3, 2)} ms) |",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('lockstep')
    parser.add_argument('lockstepd')
    parser.add_argument('--etcd', default='/usr/bin/etcd')
    parser.add_argument('--pairs', type=int, default=5)
    parser.add_argument('--only', default='', help='only rows whose title holds this')
    parser.add_argument('--scale', type=float, default=1.0, help='of the number of operations')
    arguments = parser.parse_args()
    print('| load | clients | server CPU per operation | throughput | p50 | p99 |')
    print('| --- | --- | --- | --- | --- | --- |')
    for title, load, operations in LOADS:
        for clients, count in zip(CLIENTS, operations):
            if arguments.only in title:
                row(title, clients, bench(arguments, [*load, '--clients', str(clients),
                                                      '--operations', str(int(count * arguments.scale))]))
    for title, load in RATES:
        if arguments.only in title:
            row(title, 100, bench(arguments, [*load, '--clients', '100', '--seconds', str(RATE_SECONDS)]))


if __name__ == '__main__':
    main()
