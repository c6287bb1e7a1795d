#!/usr/bin/python3
"""How long a cluster of three takes no write when its leader dies, and when its leader is stopped.

usage: failover.py LOCKSTEPD [--etcd /usr/bin/etcd] [--rounds 20]

Every 10 ms a write is given to each of the other two members, and none is waited for: one that was handed to the leader that goes may
never be answered. The time is from the signal until writes are answered promptly again: the end of the first unbroken row of writes that took
longer than 50 ms each; 0 when no write within the first half second did. Slow writes after that row are a busy machine's, or a second
election's, and are counted by themselves. The member is then started again. Both servers run with etcd's defaults (heartbeat 100 ms, election timeout 1 s), in
alternating rounds. Needs python3-etcd3. Not part of any test.
"""
import argparse
import os
import signal
import statistics
import sys
import tempfile
import time

import etcd3
import grpc

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import Server  # noqa: E402

EVERY_SECONDS = 0.01
PROMPT_SECONDS = 0.05
# A row of slow writes ends where nothing slow was sent for so long.
ROW_ENDS_SECONDS = 0.03
ROW_BEGINS_SECONDS = 0.5


def first_row(slow):
    """The end of the first row of these instants, and how many come after it."""
    end = None
    for place, at in enumerate(slow):
        if end is None and at > ROW_BEGINS_SECONDS or end is not None and at > end + ROW_ENDS_SECONDS:
            return end or 0.0, len(slow) - place
        end = at
    return end or 0.0, 0


def one_round(server, how):
    leader = server.find_leader()
    clients = [etcd3.client(host='127.0.0.1', port=port) for i, port in enumerate(server.client_ports) if i != leader]
    for client in clients:
        client.put('failover', 'warm')
    sent = {}  # number of the write: when it was sent, when it was answered
    put = etcd3.etcdrpc.PutRequest(key=b'failover', value=b'x')

    def answered(number, call):
        if call.code() == grpc.StatusCode.OK:
            sent[number][1] = time.monotonic()

    begin = time.monotonic()
    server.processes[leader].send_signal(how)
    while time.monotonic() < begin + 6:
        for client in clients:
            number = len(sent)
            sent[number] = [time.monotonic(), None]
            call = client.kvstub.Put.future(put, timeout=10)
            call.add_done_callback(lambda done, number=number: answered(number, done))
        time.sleep(EVERY_SECONDS)
    server.processes[leader].wait(60)
    time.sleep(1)
    slow = sorted(at - begin for at, done in sent.values() if done is None or done > at + PROMPT_SECONDS)
    server.start_one(leader)
    return first_row(slow)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('lockstepd')
    parser.add_argument('--etcd', default='/usr/bin/etcd')
    parser.add_argument('--rounds', type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.NamedTemporaryFile('w', suffix='.log', delete=False) as log:
        servers = [Server('lockstepd', arguments.lockstepd, log, 3), Server('etcd', arguments.etcd, log, 3)]
        try:
            for title, how in (('kill -9', signal.SIGKILL), ('SIGTERM', signal.SIGTERM)):
                taken = {server.name: [] for server in servers}
                for _ in range(arguments.rounds):
                    for server in servers:
                        taken[server.name].append(one_round(server, how))
                for name, rounds in taken.items():
                    times = [seconds * 1000 for seconds, _ in rounds]
                    later = [slow for _, slow in rounds]
                    print(f'{title}, {name}: {len(times)} rounds, ms without a write: fewest {min(times):.0f}, median '
                          f'{statistics.median(times):.0f}, most {max(times):.0f}; slow writes after that: {sum(later)} in '
                          f'{sum(1 for slow in later if slow)} rounds', flush=True)
        finally:
            for server in servers:
                server.stop()


if __name__ == '__main__':
    main()
