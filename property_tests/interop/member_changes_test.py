#!/usr/bin/python3
"""Members come and go, as an operator with Debian's etcdctl sees it: the same story for a lockstepd and for an etcd.

usage: member_changes_test.py PROGRAM
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from member import Member, environment  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
HEALTHY_SECONDS = 6  # connections must have stood for five before a voter is added or removed


class MembershipTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.members = {}

    def member(self, name, *others):
        """One that is to be started; with others, to join them."""
        one = Member(PROGRAM, os.path.join(self.folder, name), name=name)
        self.members[name] = one
        peers = ','.join(f'{other}={self.peer_url(other)}' for other in (name, *others))
        one.flags = ['--initial-cluster', peers, '--initial-cluster-state', 'existing' if others else 'new']
        return one

    def start(self, one):
        one.start()
        self.addCleanup(one.__exit__)

    def peer_url(self, name):
        return f'http://127.0.0.1:{self.members[name].peer_port}'

    def run_etcdctl(self, at, *arguments):
        return subprocess.run(['etcdctl', '--endpoints', self.members[at].client_url, '--command-timeout=10s', *arguments],
                              capture_output=True, text=True, env=environment(ETCDCTL_API='3'), timeout=60, check=False)

    def etcdctl(self, at, *arguments):
        result = self.run_etcdctl(at, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def refused(self, at, *arguments):
        """The last line of what it says."""
        result = self.run_etcdctl(at, *arguments)
        self.assertNotEqual(result.returncode, 0, result.stdout)
        return result.stderr.strip().splitlines()[-1]

    def listed(self, at):
        """By name, or peer URL: id, whether it has started, whether it is a learner."""
        rows = [line.split(', ') for line in self.etcdctl(at, 'member', 'list').splitlines()]
        return {row[2] or row[3]: (row[0], row[1] == 'started', row[5] == 'true') for row in rows}

    def add(self, at, name, *more):
        said = self.etcdctl(at, 'member', 'add', name, '--peer-urls=' + self.peer_url(name), *more)
        self.assertRegex(said, r'Member +[0-9a-f]+ added to cluster +[0-9a-f]+')
        self.assertIn('ETCD_INITIAL_CLUSTER_STATE="existing"', said)
        # Everybody but the new one has a name: that is what the line is made of.
        named = re.search(r'ETCD_INITIAL_CLUSTER="(.*)"', said).group(1)
        self.assertIn(f'{name}={self.peer_url(name)}', named.split(','))

    def exits(self, one):
        code = one.process.wait(30)
        one._reader.join()
        one.process.stderr.close()
        self.assertIn('the member has been permanently removed from the cluster', ''.join(one.lines))
        return code

    def test_a_cluster_grows_and_shrinks(self):
        self.start(self.member('a'))
        self.etcdctl('a', 'put', 'k', 'v')
        a = self.listed('a')['a'][0]
        not_enough = 'Error: etcdserver: re-configuration failed due to not enough started members'
        self.assertEqual(self.refused('a', 'member', 'add', 'x', '--peer-urls=' + self.peer_url('a')), 'Error: etcdserver: Peer URLs already exists')
        self.assertEqual(self.refused('a', 'member', 'remove', a), not_enough)
        self.assertEqual(self.refused('a', 'member', 'remove', '1234'), 'Error: etcdserver: member not found')
        self.assertEqual(self.refused('a', 'member', 'update', '1234', '--peer-urls=http://x:1'), 'Error: etcdserver: member not found')
        self.assertEqual(self.refused('a', 'member', 'promote', '1234'), 'Error: etcdserver: member not found')
        self.assertEqual(self.refused('a', 'member', 'promote', a), 'Error: etcdserver: can only promote a learner member')

        # The second voter, before it runs.
        b = self.member('b', 'a')
        self.add('a', 'b')
        self.assertEqual({name: row[1] for name, row in self.listed('a').items()}, {'a': True, self.peer_url('b'): False})
        self.assertEqual(self.refused('a', 'member', 'add', 'x', '--peer-urls=http://127.0.0.1:1'), not_enough)
        self.start(b)
        self.assertEqual(self.etcdctl('b', 'get', 'k', '--print-value-only'), 'v\n')
        time.sleep(HEALTHY_SECONDS)

        # A learner, asked for at whoever does not lead or does.
        c = self.member('c', 'a', 'b')
        self.add('b', 'c', '--learner')
        self.assertEqual(self.refused('a', 'member', 'add', 'x', '--peer-urls=http://127.0.0.1:1', '--learner'),
                         'Error: etcdserver: too many learner members in cluster')
        id_of_c = self.listed('a')[self.peer_url('c')][0]
        self.assertEqual(self.refused('a', 'member', 'promote', id_of_c),
                         'Error: etcdserver: can only promote a learner member which is in sync with leader')
        self.start(c)
        self.assertIn('rpc not supported for learner', self.refused('c', 'put', 'k', 'w'))
        self.assertIn('rpc not supported for learner', self.refused('c', 'get', 'k'))
        self.assertEqual(self.etcdctl('c', 'get', 'k', '--consistency=s', '--print-value-only'), 'v\n')
        self.assertRegex(self.etcdctl('b', 'member', 'promote', id_of_c), r'Member +[0-9a-f]+ promoted in cluster')
        time.sleep(HEALTHY_SECONDS)
        self.assertEqual({name: row[1:] for name, row in self.listed('c').items()}, {name: (True, False) for name in 'abc'})
        self.etcdctl('c', 'put', 'k', 'w')

        # One that runs is removed, and stops by itself; so it does whenever it is started again.
        id_of_b = self.listed('a')['b'][0]
        self.assertRegex(self.etcdctl('c', 'member', 'remove', id_of_b), r'Member +[0-9a-f]+ removed from cluster')
        self.assertEqual(self.exits(b), 0)
        b.process = subprocess.Popen(b.command(), stderr=subprocess.PIPE, text=True, errors='replace', env=environment())
        said = b.process.communicate(timeout=60)[1]
        self.assertEqual(b.process.returncode, 0, said)
        self.assertIn('the member has been permanently removed from the cluster', said)
        self.assertEqual(self.etcdctl('a', 'get', 'k', '--print-value-only'), 'w\n')

        # Whoever would join must say who is there.
        wrong = self.member('d', 'a')
        self.add('a', 'd')
        result = subprocess.run(wrong.command(), capture_output=True, text=True, errors='replace', env=environment(), timeout=60, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn('member count is unequal', result.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
