#!/usr/bin/python3
"""Unmodified clients against a real lockstepd: Debian's etcdctl (API 3) and python3-etcd3.

usage: clients_test.py LOCKSTEPD
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from member import Member, environment  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.member = Member(PROGRAM, os.path.join(cls.folder, 'data')).start()
        cls.addClassCleanup(cls.member.__exit__)


class Etcdctl(Case):
    def etcdctl(self, *arguments, stdin=None):
        result = subprocess.run(['etcdctl', '--endpoints', self.member.client_url, *arguments], capture_output=True, text=True,
                                input=stdin, env=environment(ETCDCTL_API='3'), timeout=60, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_put_get_and_delete(self):
        self.assertEqual(self.etcdctl('put', 'greeting', 'hello'), 'OK\n')
        self.assertEqual(self.etcdctl('get', 'greeting'), 'greeting\nhello\n')
        self.assertEqual(self.etcdctl('put', 'greeting', 'bye', '--prev-kv'), 'OK\ngreeting\nhello\n')
        self.assertEqual(self.etcdctl('del', 'greeting', '--prev-kv'), '1\ngreeting\nbye\n')
        self.assertEqual(self.etcdctl('get', 'greeting'), '')
        self.assertEqual(self.etcdctl('del', 'greeting'), '0\n')

    def test_ranges_prefixes_limits_and_order(self):
        for name in ('a', 'b', 'c', 'd'):
            self.etcdctl('put', f'range/{name}', name.upper())
        get = lambda *more: self.etcdctl('get', *more, '--print-value-only').split()  # noqa: E731
        self.assertEqual(get('range/', '--prefix'), ['A', 'B', 'C', 'D'])
        self.assertEqual(get('range/b', 'range/d'), ['B', 'C'])
        self.assertEqual(get('range/', '--prefix', '--limit', '2'), ['A', 'B'])
        self.assertEqual(get('range/c', '--from-key')[:2], ['C', 'D'])
        self.assertEqual(self.etcdctl('get', 'range/', '--prefix', '--keys-only').split(), ['range/a', 'range/b', 'range/c', 'range/d'])
        self.assertEqual(self.etcdctl('del', 'range/', '--prefix'), '4\n')

    def test_an_old_revision_reads_as_it_was(self):
        revision = json.loads(self.etcdctl('put', 'history', 'one', '-w', 'json'))['header']['revision']
        self.etcdctl('put', 'history', 'two')
        self.etcdctl('del', 'history')
        self.assertEqual(self.etcdctl('get', 'history', '--rev', str(revision), '--print-value-only'), 'one\n')
        self.assertEqual(self.etcdctl('get', 'history', '--rev', str(revision + 1), '--print-value-only'), 'two\n')
        self.assertEqual(self.etcdctl('get', 'history', '--rev', str(revision + 2)), '')

    def test_status_and_members(self):
        status = json.loads(self.etcdctl('endpoint', 'status', '-w', 'json'))[0]['Status']
        self.assertEqual(status['version'], '3.7.1')
        self.assertEqual(status['leader'], status['header']['member_id'])
        self.assertGreater(status['dbSize'], 0)
        members = json.loads(self.etcdctl('member', 'list', '-w', 'json'))['members']
        self.assertEqual(len(members), 1)
        self.assertEqual(members[0]['name'], 'first')
        self.assertEqual(members[0]['clientURLs'], [self.member.client_url])
        self.assertEqual(members[0]['ID'], status['leader'])
        self.assertIn(self.member.client_url, self.etcdctl('endpoint', 'status', '-w', 'table'))

    def test_a_large_value_and_one_too_large(self):
        value = 'x' * (1024 * 1024)
        self.etcdctl('put', 'large', stdin=value)
        self.assertEqual(self.etcdctl('get', 'large', '--print-value-only').rstrip('\n'), value)
        result = subprocess.run(['etcdctl', '--endpoints', self.member.client_url, 'put', 'larger'], capture_output=True, text=True,
                                input='x' * 1600000, env=environment(ETCDCTL_API='3'), timeout=60, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn('request is too large', result.stderr)


class PythonEtcd3(Case):
    def setUp(self):
        import etcd3  # noqa: PLC0415
        self.client = etcd3.client(host='127.0.0.1', port=self.member.client_port)
        self.addCleanup(self.client.close)

    def test_put_get_and_delete(self):
        self.assertEqual(self.client.get('py')[0], None)
        self.client.put('py', 'one')
        value, meta = self.client.get('py')
        self.assertEqual((value, meta.key, meta.version), (b'one', b'py', 1))
        self.client.put('py', 'two')
        value, later = self.client.get('py')
        self.assertEqual((value, later.version, later.create_revision), (b'two', 2, meta.create_revision))
        self.assertGreater(later.mod_revision, meta.mod_revision)
        self.assertTrue(self.client.delete('py'))
        self.assertFalse(self.client.delete('py'))

    def test_any_bytes_are_keys_and_values(self):
        key, value = b'\x00\xff\xfe/', bytes(range(256))
        self.client.put(key, value)
        self.assertEqual(self.client.get(key)[0], value)
        self.client.put('empty', '')
        self.assertEqual(self.client.get('empty')[0], b'')

    def test_prefixes(self):
        for number in range(50):
            self.client.put(f'prefix/{number:02}', str(number))
        found = [(meta.key, value) for value, meta in self.client.get_prefix('prefix/')]
        self.assertEqual(found, [(f'prefix/{n:02}'.encode(), str(n).encode()) for n in range(50)])
        self.assertEqual(self.client.delete_prefix('prefix/').deleted, 50)
        self.assertEqual(list(self.client.get_prefix('prefix/')), [])

    def test_status_and_members(self):
        status = self.client.status()
        self.assertEqual(status.version, '3.7.1')
        self.assertEqual([m.name for m in self.client.members], ['first'])
        self.assertEqual(status.leader.id, next(self.client.members).id)


class Garbage(Case):
    """Bytes that are no HTTP/2, or no gRPC, end their own connection and nothing else."""

    def serves(self):
        import etcd3  # noqa: PLC0415
        client = etcd3.client(host='127.0.0.1', port=self.member.client_port)
        client.put('still', 'there')
        self.assertEqual(client.get('still')[0], b'there')
        client.close()

    def send(self, data):
        """Sends it and reads until the other side closes; what came."""
        with socket.create_connection(('127.0.0.1', self.member.client_port), 60) as connection:
            connection.settimeout(60)
            came = b''
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while chunk := connection.recv(65536):
                    came += chunk
            except OSError:
                pass  # a reset is an end as well
            return came

    def test_garbage_ends_its_own_connection(self):
        preface = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
        for name, data in (
                ('noise', os.urandom(10000)),
                ('zeros', bytes(10000)),
                ('half a preface', preface[:10]),
                ('a preface and noise', preface + os.urandom(10000)),
                ('a frame longer than allowed', preface + b'\xff\xff\xff\x00\x00\x00\x00\x00\x01' + bytes(100000)),
                ('TLS', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(500)),
                ('nothing', b''),
        ):
            with self.subTest(name=name):
                self.send(data)
                self.serves()

    def test_an_unknown_method_is_unimplemented(self):
        import grpc  # noqa: PLC0415
        with grpc.insecure_channel(f'127.0.0.1:{self.member.client_port}') as channel:
            for path in ('/etcdserverpb.KV/NoSuch', '/no.Such/Service'):
                with self.assertRaises(grpc.RpcError) as error:
                    channel.unary_unary(path)(b'', timeout=60)
                self.assertEqual(error.exception.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_a_message_that_is_no_request_is_refused(self):
        import grpc  # noqa: PLC0415
        with grpc.insecure_channel(f'127.0.0.1:{self.member.client_port}') as channel:
            with self.assertRaises(grpc.RpcError):
                channel.unary_unary('/etcdserverpb.KV/Put')(b'\xff\xff\xff\xff', timeout=60)
            with self.assertRaises(grpc.RpcError) as error:
                channel.unary_unary('/etcdserverpb.KV/Put')(bytes(3000000), timeout=60)
            self.assertEqual(error.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.serves()


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
