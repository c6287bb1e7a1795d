#!/usr/bin/python3
"""Three real members become five and three again under load, with etcdctl, and one that lost its disk is replaced.

usage: membership_test.py LOCKSTEP LOCKSTEPD|ETCD [SECONDS]

As etcd's documentation describes it: a learner is added, started and promoted; a voter is added and started; peer URLs are changed; members
are removed, stop by themselves and are not let in again; a member whose data directory is gone is removed and added anew. `lockstep drive`
judges the history of the clients of the first three. Skipped without etcdctl.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cluster import Cluster, Drive  # noqa: E402
from member import free_port  # noqa: E402

LOCKSTEP, PROGRAM = (os.path.abspath(path) for path in sys.argv[1:3])
READY = 'ready to serve client requests'
SECONDS = int(sys.argv[3]) if len(sys.argv) > 3 else 35


class MembershipTest(unittest.TestCase):
    def etcdctl(self, *words, endpoints=None, fails=False):
        command = ['etcdctl', '--command-timeout=8s', '--endpoints', endpoints or self.cluster.endpoints, *words]
        run = subprocess.run(command, env={**os.environ, 'ETCDCTL_API': '3'}, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode != 0, fails, f'{words}: {run.stdout}{run.stderr}')
        return run.stderr if fails else run.stdout

    def retried(self, *words, endpoints=None):
        """Until it is let through: a learner has to catch up first, a new voter to be connected."""
        deadline = time.monotonic() + 30
        while True:
            command = ['etcdctl', '--command-timeout=8s', '--endpoints', endpoints or self.cluster.endpoints, *words]
            run = subprocess.run(command, env={**os.environ, 'ETCDCTL_API': '3'}, capture_output=True, text=True, check=False)
            if run.returncode == 0:
                return run.stdout
            self.assertLess(time.monotonic(), deadline, f'{words}: {run.stdout}{run.stderr}')
            time.sleep(0.3)

    def refused(self, text, *words):
        """While a member is new the cluster is not healthy enough to look further."""
        deadline = time.monotonic() + 30
        while True:
            said = self.etcdctl(*words, endpoints=self.first, fails=True)
            if 'unhealthy cluster' not in said or time.monotonic() > deadline:
                return self.assertIn(text, said)
            time.sleep(0.3)

    def members(self):
        """name: (id, is a learner, has started)"""
        answer = json.loads(self.etcdctl('member', 'list', '-w', 'json', endpoints=self.first))
        return {member.get('name') or member['peerURLs'][0]: (f'{member["ID"]:x}', member.get('isLearner', False), 'name' in member)
                for member in answer['members']}

    def serves(self, name, times=1):
        path = os.path.join(self.cluster.directory, name + '.log')
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with open(path, encoding='utf-8', errors='replace') as log:
                if log.read().count(READY) >= times:
                    return
            time.sleep(0.05)
        self.fail(f'{name} does not serve:\n' + self.cluster.last_words(name))

    def ends(self, name):
        """By itself."""
        try:
            self.cluster.processes[name].wait(30)
        except subprocess.TimeoutExpired:
            self.fail(f'{name} goes on:\n' + self.cluster.last_words(name))

    def remove(self, name):
        self.retried('member', 'remove', self.members()[name][0], endpoints=self.first)
        self.assertNotIn(name, self.members())
        self.ends(name)
        self.cluster.start(name)
        self.ends(name)  # it is told so again
        self.assertIn('removed', self.cluster.last_words(name, 500))

    def grow(self):
        cluster = self.cluster
        cluster.expect('m3')
        self.retried('member', 'add', 'm3', '--learner', f'--peer-urls={cluster.peer_url("m3")}', endpoints=self.first)
        self.assertEqual(self.members()[cluster.peer_url('m3')][1:], (True, False))
        cluster.join('m3')
        self.serves('m3')
        # What a learner serves.
        learner = f'127.0.0.1:{cluster.client_ports["m3"]}'
        self.assertIn('rpc not supported for learner', self.etcdctl('get', 'k', endpoints=learner, fails=True))
        self.retried('get', 'k', '--consistency=s', endpoints=learner)
        self.retried('member', 'promote', self.members()['m3'][0], endpoints=self.first)
        self.assertEqual(self.members()['m3'][1:], (False, True))
        self.retried('get', 'k', endpoints=learner)
        self.refused('can only promote a learner member', 'member', 'promote', self.members()['m3'][0])

        cluster.expect('m4')
        self.retried('member', 'add', 'm4', f'--peer-urls={cluster.peer_url("m4")}', endpoints=self.first)
        cluster.join('m4')
        self.serves('m4')
        self.retried('endpoint', 'health')
        self.assertEqual({name for name, (_, is_learner, has_started) in self.members().items() if has_started and not is_learner},
                         set(cluster.names))
        self.refused('Peer URLs already exists', 'member', 'add', 'm5', f'--peer-urls={cluster.peer_url("m4")}')

    def move(self, name):
        """To another peer port."""
        self.cluster.kill(name)
        self.cluster.peer_ports[name] = free_port()
        self.retried('member', 'update', self.members()[name][0], f'--peer-urls={self.cluster.peer_url(name)}', endpoints=self.first)
        self.cluster.start(name)
        self.serves(name, 2)
        self.retried('get', 'k', endpoints=f'127.0.0.1:{self.cluster.client_ports[name]}')

    def replace(self, name):
        """Its disk is gone."""
        self.cluster.kill(name)
        shutil.rmtree(os.path.join(self.cluster.directory, name))
        self.retried('member', 'remove', self.members()[name][0], endpoints=self.first)
        self.retried('member', 'add', name, f'--peer-urls={self.cluster.peer_url(name)}', endpoints=self.first)
        self.cluster.initial[name] = ['m0', 'm1', 'm2']
        self.cluster.join(name)
        self.serves(name, 2)
        self.retried('get', 'k', endpoints=f'127.0.0.1:{self.cluster.client_ports[name]}')

    @unittest.skipIf(shutil.which('etcdctl') is None, 'no etcdctl')
    def test_to_five_and_back_under_load(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, True)
        with Cluster(PROGRAM, folder, 3) as cluster:
            self.cluster = cluster
            self.first = cluster.endpoints
            for name in cluster.names:
                self.serves(name)
            drive = Drive(LOCKSTEP, cluster.endpoints, os.path.join(folder, 'history'), SECONDS)
            self.grow()
            self.move('m4')
            self.remove('m4')
            self.remove('m3')
            self.replace('m1')
            self.assertEqual(set(self.members()), {'m0', 'm1', 'm2'})
            took = time.monotonic() - drive.begin
            self.assertLess(took, SECONDS, 'the load should have lasted until here')
            code, out, err = drive.finish(180)
        self.assertEqual(code, 0, out + err)
        report = json.loads(out)
        print(f'{took:.1f} s;', json.dumps({key: report[key] for key in report if key not in ('notes',)}), file=sys.stderr)
        self.assertTrue(report['check']['strictly_serializable'])
        self.assertGreater(report['check']['acknowledged'], 1000)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
