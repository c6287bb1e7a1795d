#!/usr/bin/python3
"""HashKV and Compact against a real etcd: the same requests, the same numbers and refusals.

usage: hashkv_test.py LOCKSTEPD [ETCD]

Skipped where there is no etcd to compare with; the unit tests hold numbers that one gave.
"""
import os
import random
import shutil
import sys
import tempfile
import unittest

import grpc
from etcd3.etcdrpc import rpc_pb2, rpc_pb2_grpc

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from member import Member  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
ETCD = sys.argv[2] if len(sys.argv) > 2 else shutil.which('etcd')
TIMEOUT = 60


class Client:
    def __init__(self, member):
        self.channel = grpc.insecure_channel(f'127.0.0.1:{member.client_port}')
        self.kv = rpc_pb2_grpc.KVStub(self.channel)
        self.maintenance = rpc_pb2_grpc.MaintenanceStub(self.channel)

    def hash(self, revision):
        def told(response):
            return response.hash, response.compact_revision, response.header.revision
        return self._told(told, self.maintenance.HashKV, rpc_pb2.HashKVRequest(revision=revision))

    def compact(self, revision, physical):
        return self._told(lambda r: r.header.revision, self.kv.Compact,
                          rpc_pb2.CompactionRequest(revision=revision, physical=physical))

    def put(self, key, value):
        return self._told(lambda r: r.header.revision, self.kv.Put, rpc_pb2.PutRequest(key=key, value=value))

    def delete(self, key, end):
        return self._told(lambda r: (r.header.revision, r.deleted), self.kv.DeleteRange,
                          rpc_pb2.DeleteRangeRequest(key=key, range_end=end))

    def range(self, revision):
        def told(response):
            return response.count, [(kv.key, kv.value, kv.create_revision, kv.mod_revision, kv.version) for kv in response.kvs]
        return self._told(told, self.kv.Range, rpc_pb2.RangeRequest(key=b'\0', range_end=b'\0', revision=revision))

    @staticmethod
    def _told(told, call, request):
        try:
            return told(call(request, timeout=TIMEOUT))
        except grpc.RpcError as error:
            return error.code(), error.details()


@unittest.skipUnless(ETCD, 'no etcd to compare with')
class HashKv(unittest.TestCase):
    def run_story(self, seed, steps):
        """Few keys, so that versions pile up, and now and then none is left."""
        dice = random.Random(seed)
        keys = [b'a', b'b', b'c', b'dd']
        compacted, current = 0, 1
        with tempfile.TemporaryDirectory() as folder, Member(PROGRAM, os.path.join(folder, 'ours')) as ours, \
                Member(ETCD, os.path.join(folder, 'theirs')) as theirs:
            clients = [Client(ours), Client(theirs)]

            def both(what, *arguments):
                mine, their = (getattr(client, what)(*arguments) for client in clients)
                self.assertEqual(mine, their, f'{what}{arguments} at step {step}, seed {seed}')
                return mine

            for step in range(steps):
                kind = dice.randrange(20)
                if kind < 9:
                    current = both('put', dice.choice(keys), bytes(dice.randrange(256) for _ in range(dice.randrange(40))))
                elif kind < 13:
                    current = both('delete', dice.choice(keys), b'')[0]
                elif kind == 13:
                    current = both('delete', b'\0', b'\0')[0]
                elif kind == 14:
                    # Physical at etcd, whose number otherwise depends on how far it got; ours does not.
                    revision = dice.randrange(compacted - 1, current + 2)
                    mine = clients[0].compact(revision, dice.choice([False, True]))
                    self.assertEqual(mine, clients[1].compact(revision, True), f'compact({revision}) at step {step}, seed {seed}')
                    if isinstance(mine, int):
                        compacted = revision
                elif kind < 17:
                    both('range', dice.randrange(max(compacted - 1, 0), current + 2))
                else:
                    revision = dice.choice([0, dice.randrange(max(compacted - 1, 0), current + 2)])
                    # Exactly at the compacted revision etcd 3.4 refuses, and 3.7 and we answer.
                    both('hash', 0 if revision == compacted else revision)
            both('hash', 0)

    def test_the_same_requests_give_the_same_numbers(self):
        for seed in range(2):
            with self.subTest(seed=seed):
                self.run_story(seed, 300)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
