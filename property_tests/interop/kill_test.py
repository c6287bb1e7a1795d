#!/usr/bin/python3
"""kill -9 under load: no acknowledged write may be lost.

usage: kill_test.py LOCKSTEPD [ROUNDS [SEED]]

Each round: sixteen clients put as fast as they can, each key once, and note the revision that each acknowledgement
carried; after a random moment the process is killed; it starts again on the same directory, and every noted key has to be
there with its value and exactly that revision. A put that was not acknowledged may be there or not. At the end every
key of every round is read once more. Prints the restart times.
"""
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from member import Member  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
CLIENTS = 16
PAGE = 1000


class Writer(threading.Thread):
    """One client of one round; ends at the first put that fails."""

    def __init__(self, port, round_number, number, stop):
        super().__init__(daemon=True)
        self.port, self.name_prefix, self.stop = port, f'{round_number:04}/{number:02}/', stop
        self.acknowledged = {}  # key: (value, revision)

    def run(self):
        import etcd3  # noqa: PLC0415
        import grpc  # noqa: PLC0415
        client = etcd3.client(host='127.0.0.1', port=self.port)
        number = 0
        try:
            while not self.stop.is_set():
                key, value = f'{self.name_prefix}{number:06}', f'{self.name_prefix}{number}' * 4
                response = client.put(key, value)
                self.acknowledged[key] = (value, response.header.revision)
                number += 1
        except (etcd3.exceptions.Etcd3Exception, grpc.RpcError):
            pass  # the kill
        finally:
            client.close()


def read_all(port, prefix):
    """{key: (value, mod_revision)} below `prefix`, page by page at one revision."""
    import etcd3.etcdrpc as rpc  # noqa: PLC0415
    import grpc  # noqa: PLC0415
    found, revision = {}, 0
    begin, end = prefix, prefix[:-1] + bytes([prefix[-1] + 1])
    with grpc.insecure_channel(f'127.0.0.1:{port}') as channel:
        kv = rpc.KVStub(channel)
        while True:
            page = kv.Range(rpc.RangeRequest(key=begin, range_end=end, limit=PAGE, revision=revision), timeout=60, wait_for_ready=True)
            revision = page.header.revision if revision == 0 else revision
            for one in page.kvs:
                found[one.key.decode()] = (one.value.decode(), one.mod_revision)
            if not page.more:
                return found
            begin = page.kvs[-1].key + b'\0'


class Kill(unittest.TestCase):
    def assert_kept(self, acknowledged, found):
        lost = [key for key in acknowledged if key not in found]
        self.assertEqual(lost[:5], [], f'{len(lost)} of {len(acknowledged)} acknowledged writes are lost')
        for key, noted in acknowledged.items():
            self.assertEqual(found[key], noted, key)
        revisions = [revision for _, revision in found.values()]
        self.assertEqual(len(set(revisions)), len(revisions), 'two puts share a revision')

    def test_no_acknowledged_write_is_lost(self):
        chance = random.Random(SEED)
        print(f'{ROUNDS} rounds, seed {SEED}', file=sys.stderr)
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, True)
        member = Member(PROGRAM, os.path.join(folder, 'data')).start()
        self.addCleanup(member.kill)
        everything, restart_seconds = {}, []
        for number in range(ROUNDS):
            stop = threading.Event()
            writers = [Writer(member.client_port, number, n, stop) for n in range(CLIENTS)]
            for writer in writers:
                writer.start()
            # A round without an acknowledgement would show nothing.
            deadline = time.monotonic() + 60
            while sum(len(w.acknowledged) for w in writers) < CLIENTS and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 1.0))
            member.kill()
            stop.set()
            for writer in writers:
                writer.join()
            acknowledged = {}
            for writer in writers:
                acknowledged.update(writer.acknowledged)
            self.assertGreaterEqual(len(acknowledged), CLIENTS)
            member.start()
            restart_seconds.append(member.start_seconds)
            self.assert_kept(acknowledged, read_all(member.client_port, f'{number:04}/'.encode()))
            everything.update(acknowledged)
        for number in range(ROUNDS):
            prefix = f'{number:04}/'
            self.assert_kept({k: v for k, v in everything.items() if k.startswith(prefix)}, read_all(member.client_port, prefix.encode()))
        ordered = sorted(restart_seconds)
        print(f'{ROUNDS} kills, {len(everything)} acknowledged writes, none lost; restart seconds: median '
              f'{ordered[len(ordered) // 2]:.3f}, longest {ordered[-1]:.3f}', file=sys.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
