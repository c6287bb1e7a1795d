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

    def refused(self, *arguments, stdin=None):
        """What it says when the server refuses."""
        result = subprocess.run(['etcdctl', '--endpoints', self.member.client_url, *arguments], capture_output=True, text=True,
                                input=stdin, env=environment(ETCDCTL_API='3'), timeout=60, check=False)
        self.assertNotEqual(result.returncode, 0, result.stdout)
        return result.stderr

    def revision(self):
        return json.loads(self.etcdctl('get', 'no such key', '-w', 'json'))['header']['revision']

    def test_every_order_and_target(self):
        # Created in the order b, c, a; last changed in the order c, a, b; versions 3, 1, 2; values z, y, x.
        for name, value in (('b', '1'), ('c', 'y'), ('a', '2'), ('b', '3'), ('a', 'x'), ('b', 'z')):
            self.etcdctl('put', f'sort/{name}', value)
        for target, ascending in (('KEY', 'abc'), ('CREATE', 'bca'), ('MODIFY', 'cab'), ('VERSION', 'cab'), ('VALUE', 'acb')):
            for order, expected in (('', ascending), ('ASCEND', ascending), ('DESCEND', ascending[::-1])):
                with self.subTest(target=target, order=order):
                    get = lambda *more: self.etcdctl('get', 'sort/', '--prefix', '--keys-only', '--sort-by', target, '--order', order,  # noqa: B023, E731
                                                     *more).split()
                    self.assertEqual(get(), [f'sort/{name}' for name in expected])
                    # Without an order etcd cuts before it sorts, and so does etcdctl's own default.
                    if order:
                        self.assertEqual(get('--limit', '2'), [f'sort/{name}' for name in expected[:2]])

    def test_ranges_of_the_past_with_limits_and_without_quorum(self):
        for name in 'abc':
            self.etcdctl('put', f'past/{name}', 'old')
        revision = str(self.revision())
        self.etcdctl('put', 'past/b', 'new')
        self.etcdctl('del', 'past/c')
        get = lambda *more: self.etcdctl('get', 'past/', '--prefix', '--print-value-only', *more).split()  # noqa: E731
        self.assertEqual(get(), ['old', 'new'])
        self.assertEqual(get('--rev', revision), ['old', 'old', 'old'])
        self.assertEqual(get('--consistency', 's'), ['old', 'new'])
        page = json.loads(self.etcdctl('get', 'past/', '--prefix', '--rev', revision, '--limit', '2', '-w', 'json'))
        self.assertEqual((page['count'], page['more'], len(page['kvs'])), (3, True, 2))
        self.assertEqual(self.etcdctl('get', 'past/b', '--from-key', '--limit', '1', '--keys-only').split(), ['past/b'])
        self.assertIn('required revision is a future revision', self.refused('get', 'past/a', '--rev', str(self.revision() + 1)))

    def test_a_transaction_takes_one_branch_whole(self):
        self.etcdctl('put', 'txn/a', 'one')
        revision = self.revision()
        both = 'value("txn/a") = "one"\nversion("txn/b") = "0"\n\nput txn/a two\nput txn/b new\nget txn/a\ndel txn/none\n\nget txn/a\n\n'
        self.assertEqual(self.etcdctl('txn', stdin=both).split(), ['SUCCESS', 'OK', 'OK', 'txn/a', 'two', '0'])
        self.assertEqual(self.revision(), revision + 1)
        self.assertEqual(self.etcdctl('txn', stdin=both).split(), ['FAILURE', 'txn/a', 'two'])
        self.assertEqual(self.revision(), revision + 1)
        keys = json.loads(self.etcdctl('get', 'txn/', '--prefix', '-w', 'json'))['kvs']
        self.assertEqual({kv['mod_revision'] for kv in keys}, {revision + 1})
        for compare, holds in (('create("txn/b") = "%d"' % (revision + 1), True), ('mod("txn/a") > "%d"' % revision, True),
                               ('mod("txn/a") < "%d"' % revision, False), ('value("txn/a") != "one"', True), ('value("txn/none") != "x"', False),
                               ('version("txn/a") = "2"', True)):
            with self.subTest(compare=compare):
                self.assertEqual(self.etcdctl('txn', stdin=compare + '\n\n\n\n').split()[0], 'SUCCESS' if holds else 'FAILURE')
        self.assertIn('duplicate key given in txn request', self.refused('txn', stdin='\nput txn/a 1\nput txn/a 2\n\n\n'))

    def test_compaction(self):
        self.etcdctl('put', 'compact', 'one')
        for physical in ([], ['--physical=true']):
            with self.subTest(physical=physical):
                old = self.revision()
                self.etcdctl('put', 'compact', 'two')
                new = self.revision()
                self.assertEqual(self.etcdctl('compaction', *physical, str(new)), f'compacted revision {new}\n')
                self.assertIn('required revision has been compacted', self.refused('get', 'compact', '--rev', str(old)))
                self.assertEqual(self.etcdctl('get', 'compact', '--rev', str(new), '--print-value-only'), 'two\n')
                self.assertIn('required revision has been compacted', self.refused('compaction', *physical, str(new)))
                self.assertIn('required revision is a future revision', self.refused('compaction', *physical, str(new + 1)))

    def test_the_hash_is_of_the_keys_and_their_history(self):
        hash_of = lambda *more: json.loads(self.etcdctl('endpoint', 'hashkv', '-w', 'json', *more))[0]['HashKV']['hash']  # noqa: E731
        self.etcdctl('put', 'hash', 'one')
        revision, before = self.revision(), hash_of()
        self.etcdctl('put', 'hash', 'two')
        self.assertNotEqual(hash_of(), before)
        self.assertEqual(hash_of('--rev', str(revision)), before)

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


    def test_every_order_and_target(self):
        for name, value in (('b', '1'), ('c', 'y'), ('a', '2'), ('b', '3'), ('a', 'x'), ('b', 'z')):
            self.client.put(f'order/{name}', value)
        for target, ascending in (('key', 'abc'), ('create', 'bca'), ('mod', 'cab'), ('version', 'cab'), ('value', 'acb')):
            for order, expected in (('ascend', ascending), ('descend', ascending[::-1])):
                with self.subTest(target=target, order=order):
                    found = self.client.get_prefix('order/', sort_order=order, sort_target=target)
                    self.assertEqual([meta.key.decode()[-1] for _, meta in found], list(expected))
        self.assertEqual([value for value, _ in self.client.get_range('order/b', 'order/c')], [b'z'])
        keys = [meta.key for _, meta in self.client.get_all(sort_order='descend')]
        self.assertEqual(keys, sorted(keys, reverse=True))
        self.assertEqual([(meta.key, value) for value, meta in self.client.get_prefix('order/', keys_only=True)],
                         [(b'order/a', b''), (b'order/b', b''), (b'order/c', b'')])

    def test_transactions(self):
        of = self.client.transactions
        done = self.client.transaction(
            compare=[of.version('t/a') == 0],
            success=[of.put('t/a', 'one'), of.get('t/a'), of.delete('t/none')],
            failure=[of.get('t/a')])
        self.assertTrue(done[0])
        self.assertEqual([(value, meta.key) for value, meta in done[1][1]], [(b'one', b't/a')])
        self.assertEqual(done[1][2].response_delete_range.deleted, 0)
        succeeded, responses = self.client.transaction(
            compare=[of.value('t/a') > 'onf', of.create('t/a') > 0], success=[of.put('t/a', 'two')], failure=[of.get('t/a')])
        self.assertFalse(succeeded)
        self.assertEqual(responses[0][0][0], b'one')
        self.assertTrue(self.client.put_if_not_exists('t/new', '1'))
        self.assertFalse(self.client.put_if_not_exists('t/new', '2'))
        self.assertFalse(self.client.replace('t/new', '2', '3'))
        self.assertTrue(self.client.replace('t/new', '1', '3'))
        self.assertEqual(self.client.get('t/new')[0], b'3')

    def test_nested_transactions(self):
        of = self.client.transactions
        self.client.put('n/a', 'here')
        inner = of.txn(compare=[of.value('n/b') == 'outer'], success=[of.put('n/c', 'seen')], failure=[of.get('n/b'), of.put('n/c', 'unseen')])
        succeeded, responses = self.client.transaction(compare=[of.value('n/a') == 'here'], success=[of.put('n/b', 'outer'), inner], failure=[])
        self.assertTrue(succeeded)
        # Conditions are all judged before anything is done; reads see what was done before them.
        nested = responses[1].response_txn
        self.assertFalse(nested.succeeded)
        self.assertEqual(nested.responses[0].response_range.kvs[0].value, b'outer')
        self.assertEqual(self.client.get('n/c')[0], b'unseen')

    def stub(self):
        from etcd3 import etcdrpc  # noqa: PLC0415
        return etcdrpc, self.client.kvstub

    def test_every_field_of_a_range(self):
        rpc, kv = self.stub()
        revisions = [kv.Put(rpc.PutRequest(key=b'f/%d' % n, value=b'v')).header.revision for n in range(5)]
        ask = lambda **fields: kv.Range(rpc.RangeRequest(key=b'f/', range_end=b'f0', **fields), timeout=60)  # noqa: E731
        keys = lambda answer: [kv.key[-1:].decode() for kv in answer.kvs]  # noqa: E731
        counted = ask(count_only=True)
        self.assertEqual((counted.count, len(counted.kvs), counted.more), (5, 0, False))
        page = ask(limit=2)
        self.assertEqual((keys(page), page.count, page.more), (['0', '1'], 5, True))
        self.assertEqual(keys(ask(min_mod_revision=revisions[1], max_mod_revision=revisions[3])), ['1', '2', '3'])
        self.assertEqual(keys(ask(min_create_revision=revisions[4])), ['4'])
        self.assertEqual(keys(ask(max_create_revision=revisions[0], limit=3)), ['0'])
        self.assertEqual(keys(ask(revision=revisions[2])), ['0', '1', '2'])
        self.assertEqual(keys(ask(serializable=True)), ['0', '1', '2', '3', '4'])
        self.assertEqual(keys(kv.Range(rpc.RangeRequest(key=b'f/3', range_end=b'f/1'))), [])
        # Page after page, at one revision, as Kubernetes does.
        found, start = [], b'f/'
        while True:
            page = kv.Range(rpc.RangeRequest(key=start, range_end=b'f0', limit=2, revision=revisions[4]))
            found += keys(page)
            if not page.more:
                break
            start = page.kvs[-1].key + b'\0'
        self.assertEqual(found, ['0', '1', '2', '3', '4'])

    def test_every_field_of_a_put(self):
        rpc, kv = self.stub()
        put = lambda **fields: kv.Put(rpc.PutRequest(key=b'p/a', **fields), timeout=60)  # noqa: E731
        self.assertFalse(put(value=b'1', prev_kv=True).HasField('prev_kv'))
        self.assertEqual(put(value=b'2', prev_kv=True).prev_kv.value, b'1')
        self.assertEqual(put(ignore_value=True, prev_kv=True).prev_kv.version, 2)
        self.assertEqual(self.client.get('p/a')[1].version, 3)
        put(value=b'3', ignore_lease=True)
        self.assertEqual(self.client.get('p/a')[0], b'3')

    def test_refusals_have_their_texts_and_codes(self):
        import grpc  # noqa: PLC0415
        rpc, kv = self.stub()
        put = lambda **fields: rpc.RequestOp(request_put=rpc.PutRequest(**fields))  # noqa: E731
        twice = [put(key=b'r', value=b'1'), put(key=b'r', value=b'2')]
        many = [rpc.RequestOp(request_range=rpc.RangeRequest(key=b'r'))] * 129
        invalid, missing, beyond = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.OUT_OF_RANGE
        for call, request, code, text in (
                (kv.Range, rpc.RangeRequest(), invalid, 'etcdserver: key is not provided'),
                (kv.Put, rpc.PutRequest(), invalid, 'etcdserver: key is not provided'),
                (kv.DeleteRange, rpc.DeleteRangeRequest(), invalid, 'etcdserver: key is not provided'),
                (kv.Put, rpc.PutRequest(key=b'none', ignore_value=True), invalid, 'etcdserver: key not found'),
                (kv.Put, rpc.PutRequest(key=b'r', value=b'x', ignore_value=True), invalid, 'etcdserver: value is provided'),
                (kv.Put, rpc.PutRequest(key=b'r', lease=1, ignore_lease=True), invalid, 'etcdserver: lease is provided'),
                (kv.Put, rpc.PutRequest(key=b'r', lease=1), missing, 'etcdserver: requested lease not found'),
                (kv.Txn, rpc.TxnRequest(success=twice), invalid, 'etcdserver: duplicate key given in txn request'),
                (kv.Txn, rpc.TxnRequest(success=many), invalid, 'etcdserver: too many operations in txn request'),
                (kv.Txn, rpc.TxnRequest(failure=[rpc.RequestOp()]), invalid, 'etcdserver: key not found'),
                (kv.Txn, rpc.TxnRequest(compare=[rpc.Compare()]), invalid, 'etcdserver: key is not provided'),
                (kv.Range, rpc.RangeRequest(key=b'r', revision=1 << 40), beyond, 'etcdserver: mvcc: required revision is a future revision'),
                (kv.Compact, rpc.CompactionRequest(revision=1 << 40), beyond, 'etcdserver: mvcc: required revision is a future revision'),
                (kv.Compact, rpc.CompactionRequest(revision=-5), beyond, 'etcdserver: mvcc: required revision has been compacted'),
        ):
            with self.subTest(request=request):
                with self.assertRaises(grpc.RpcError) as error:
                    call(request, timeout=60)
                self.assertEqual((error.exception.code(), error.exception.details()), (code, text))

    def test_compaction(self):
        import etcd3  # noqa: PLC0415
        import grpc  # noqa: PLC0415
        rpc, kv = self.stub()
        for physical in (False, True):
            with self.subTest(physical=physical):
                old = kv.Put(rpc.PutRequest(key=b'c', value=b'old')).header.revision
                new = kv.Put(rpc.PutRequest(key=b'c', value=b'new')).header.revision
                self.client.compact(new, physical=physical)
                with self.assertRaises(grpc.RpcError) as error:
                    kv.Range(rpc.RangeRequest(key=b'c', revision=old))
                self.assertEqual(error.exception.code(), grpc.StatusCode.OUT_OF_RANGE)
                self.assertEqual(kv.Range(rpc.RangeRequest(key=b'c', revision=new)).kvs[0].value, b'new')
                with self.assertRaises((etcd3.exceptions.Etcd3Exception, grpc.RpcError)):
                    self.client.compact(new, physical=physical)


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
