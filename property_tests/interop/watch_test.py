#!/usr/bin/python3
"""Watches of unmodified clients, against real members: Debian's etcdctl and python3-etcd3, alone and while a leader is killed.

usage: watch_test.py LOCKSTEPD
"""
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cluster import Cluster  # noqa: E402
from member import Member, environment  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
PATIENCE = 30  # seconds, for what takes a moment


class Lines:
    """A process that says something now and then."""

    def __init__(self, *arguments, stdin=None):
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.PIPE, text=True,
                                        env=environment(ETCDCTL_API='3'))
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if stdin is not None:
            self.process.stdin.write(stdin)
            self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip('\n'))

    def take(self, count):
        return [self.lines.get(timeout=PATIENCE) for _ in range(count)]


def etcdctl(endpoints, *arguments):
    result = subprocess.run(['etcdctl', '--endpoints', endpoints, *arguments], capture_output=True, text=True, timeout=60, check=False,
                            env=environment(ETCDCTL_API='3'))
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return result.stdout


class Etcdctl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, folder, True)
        cls.member = Member(PROGRAM, os.path.join(folder, 'data')).start()
        cls.addClassCleanup(cls.member.__exit__)
        cls.endpoint = cls.member.client_url

    def watch(self, *arguments, stdin=None):
        return Lines('etcdctl', '--endpoints', self.endpoint, 'watch', *arguments, stdin=stdin)

    def test_from_a_revision_with_what_was_before(self):
        etcdctl(self.endpoint, 'put', 'history', '1')
        revision = etcdctl(self.endpoint, 'get', 'history', '-w', 'fields').split('"Revision" : ')[1].split()[0]
        etcdctl(self.endpoint, 'put', 'history', '2')
        etcdctl(self.endpoint, 'del', 'history')
        with self.watch('history', '--rev', revision, '--prev-kv') as watch:
            self.assertEqual(watch.take(3 + 5 + 5),
                             ['PUT', 'history', '1', 'PUT', 'history', '1', 'history', '2', 'DELETE', 'history', '2', 'history', ''])

    def test_a_prefix(self):
        etcdctl(self.endpoint, 'put', 'prefix/old', '0')
        with self.watch('prefix/', '--prefix', '-w', 'simple') as watch:
            time.sleep(0.5)  # nothing says that it is there
            etcdctl(self.endpoint, 'put', 'prefix/a', '1')
            etcdctl(self.endpoint, 'put', 'other', '2')
            etcdctl(self.endpoint, 'del', 'prefix/a')
            self.assertEqual(watch.take(6), ['PUT', 'prefix/a', '1', 'DELETE', 'prefix/a', ''])

    def test_interactive(self):
        with self.watch('-i', stdin='watch a1\nwatch --prefix b\nprogress\n') as watch:
            self.assertTrue(watch.take(1)[0].startswith('progress notify: '))
            watch.process.stdin.write('watch c\n')
            watch.process.stdin.flush()
            time.sleep(0.5)
            for key in ('a1', 'bb', 'x', 'c'):
                etcdctl(self.endpoint, 'put', key, 'v')
            told = []
            while len(told) < 9:
                told += [line for line in watch.take(1) if not line.startswith('progress')]
            self.assertEqual(told, ['PUT', 'a1', 'v', 'PUT', 'bb', 'v', 'PUT', 'c', 'v'])

    def test_what_is_compacted(self):
        for value in range(5):
            etcdctl(self.endpoint, 'put', 'compacted', str(value))
        revision = etcdctl(self.endpoint, 'get', 'compacted', '-w', 'fields').split('"Revision" : ')[1].split()[0]
        etcdctl(self.endpoint, 'compact', revision)
        with self.watch('compacted', '--rev', '2') as watch:
            self.assertIn('required revision has been compacted', ' '.join(watch.take(1)))


class Python(unittest.TestCase):
    """With Debian's interpreter, whose package it is."""

    PROGRAM = '''
import queue, sys, etcd3
client = etcd3.client(host='127.0.0.1', port=int(sys.argv[1]), timeout=20)
told = queue.Queue()
client.add_watch_prefix_callback('p/', lambda response: [told.put(event) for event in response.events])
print('ready', flush=True)
for _ in range(int(sys.argv[2])):
    event = told.get(timeout=60)
    print(type(event).__name__, event.key.decode(), event.value.decode(), flush=True)
'''

    def test_a_watcher_outlives_a_leader(self):
        with tempfile.TemporaryDirectory() as folder, Cluster(PROGRAM, folder, 3) as cluster:
            self.wait_for(cluster)
            leader = self.leader_of(cluster)
            follower = next(name for name in cluster.names if name != leader)
            port = cluster.client_ports[follower]
            with Lines('/usr/bin/python3', '-c', self.PROGRAM, str(port), '4') as watch, \
                 Lines('etcdctl', '--endpoints', cluster.endpoints, 'watch', '--prefix', 'p/') as other:
                self.assertEqual(watch.take(1), ['ready'])
                time.sleep(1)
                etcdctl(cluster.endpoints, 'put', 'p/1', 'a')
                etcdctl(cluster.endpoints, 'del', 'p/1')
                self.assertEqual(watch.take(2), ['PutEvent p/1 a', 'DeleteEvent p/1 '])
                cluster.kill(leader)
                self.wait_for(cluster)
                etcdctl(cluster.endpoints, 'put', 'p/2', 'b')
                etcdctl(cluster.endpoints, 'put', 'p/3', 'c')
                self.assertEqual(watch.take(2), ['PutEvent p/2 b', 'PutEvent p/3 c'])
                self.assertEqual(other.take(12), ['PUT', 'p/1', 'a', 'DELETE', 'p/1', '', 'PUT', 'p/2', 'b', 'PUT', 'p/3', 'c'])

    def wait_for(self, cluster):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return etcdctl(cluster.endpoints, 'put', 'are you there', 'yes')
            except AssertionError:
                if time.monotonic() > deadline:
                    raise

    def leader_of(self, cluster):
        for name in cluster.names:
            fields = etcdctl(f'127.0.0.1:{cluster.client_ports[name]}', 'endpoint', 'status', '-w', 'fields')
            said = {line.split(' : ')[0].strip('"'): line.split(' : ')[1] for line in fields.splitlines() if ' : ' in line}
            if said['Leader'] == said['MemberID']:
                return name
        raise AssertionError('nobody leads')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=1)
