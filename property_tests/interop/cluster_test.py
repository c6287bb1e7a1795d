#!/usr/bin/python3
"""A cluster under load while its members are killed, paused and cut off: strictly serializable, and soon available again.

usage: cluster_test.py LOCKSTEP SERVER [SECONDS [SEED [FAULTS]]]

SERVER is lockstepd or etcd; FAULTS some of kill,pause,cut,hold (all of them). Three members whose peers talk through a proxy; `lockstep
drive` meanwhile, on all of them. One fault at a time, now and then a second one on top:
  kill   kill -9, and a new start after a while          pause  SIGSTOP for 1 to 30 seconds
  cut    connections between some members are reset,     hold   bytes from one member to another are held back, and
         and new ones refused                                   delivered later
In the last seconds everything is healed. Prints the verdict and the gaps in which no client was acknowledged.
"""
import json
import os
import random
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cluster import Cluster, Drive  # noqa: E402
from proxy import HOLD, PASS  # noqa: E402

LOCKSTEP, SERVER = (os.path.abspath(path) for path in sys.argv[1:3])
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 30
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 32)
FAULTS = sys.argv[5].split(',') if len(sys.argv) > 5 else ['kill', 'pause', 'cut', 'hold']
CALM_SECONDS = 8


class Nemesis:
    """Does one thing after the other; each fault has a way back and a time for it."""

    def __init__(self, cluster, chance, end):
        self.cluster, self.chance, self.end = cluster, chance, end
        self.begin = time.monotonic()
        self.counts = {}

    def say(self, text):
        print(f'{time.monotonic() - self.begin:8.2f} s  {text}', file=sys.stderr)

    def kill(self):
        name = self.chance.choice(self.cluster.names)
        self.cluster.kill(name)
        self.cluster.start_later.add(name)

        def back():
            if name in self.cluster.start_later:
                self.cluster.start_later.discard(name)
                self.cluster.start(name)
        return f'kill {name}', self.chance.uniform(0.1, 5), back

    def pause(self):
        name = self.chance.choice(self.cluster.names)
        if self.cluster.processes[name].poll() is None:
            self.cluster.pause(name)
        return f'pause {name}', min(self.chance.uniform(1, 30), self.chance.uniform(1, 30)), lambda: self.cluster.resume(name)

    def cut(self):
        names = self.chance.sample(self.cluster.names, len(self.cluster.names))
        # One link, or a member from everybody.
        pairs = [(names[0], names[1])] if self.chance.random() < 0.4 else [(names[0], other) for other in names[1:]]
        for pair in pairs:
            self.cluster.proxy.cut(*pair)

        def back():
            for one, other in pairs:
                self.cluster.proxy.set_link(one, other, PASS)
                self.cluster.proxy.set_link(other, one, PASS)
        return f'cut {pairs}', self.chance.uniform(0.5, 8), back

    def hold(self):
        source, target = self.chance.sample(self.cluster.names, 2)
        self.cluster.proxy.set_link(source, target, HOLD)
        return f'hold {source} -> {target}', self.chance.uniform(0.5, 8), lambda: self.cluster.proxy.set_link(source, target, PASS)

    def run(self):
        under_way = []  # (when, text, back)
        while time.monotonic() < self.end:
            if len(under_way) < (2 if self.chance.random() < 0.15 else 1):
                fault = self.chance.choice(FAULTS)
                text, seconds, back = getattr(self, fault)()
                self.counts[fault] = self.counts.get(fault, 0) + 1
                self.say(f'{text} for {seconds:.1f} s')
                under_way.append((min(time.monotonic() + seconds, self.end), text, back))
            time.sleep(self.chance.uniform(0.1, 1.0))
            for one in [one for one in under_way if one[0] <= time.monotonic()]:
                one[2]()
                under_way.remove(one)
                self.say(f'over: {one[1]}')
                time.sleep(self.chance.uniform(0, 2))
        for _, _, back in under_way:
            back()
        self.cluster.heal()
        self.say('all is healed')


class ClusterTest(unittest.TestCase):
    def test_a_cluster_is_strictly_serializable_under_faults(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, True)
        chance = random.Random(SEED)
        print(f'{SECONDS} s of {FAULTS}, seed {SEED}', file=sys.stderr)
        with Cluster(SERVER, folder, 3, is_proxied=True) as cluster:
            cluster.start_later = set()
            history = os.path.join(folder, 'history')
            drive = Drive(LOCKSTEP, cluster.endpoints, history, SECONDS + CALM_SECONDS, '--seed', str(SEED))
            time.sleep(3)  # for the first leader
            nemesis = Nemesis(cluster, chance, drive.begin + SECONDS)
            nemesis.run()
            code, out, err = drive.finish(SECONDS + 300)
            dead = cluster.dead()
            words = ''.join(cluster.last_words(name) for name in dead)
        if not out:
            self.fail(f'lockstep drive ended with {code}: {err}')
        report = json.loads(out)
        if code != 0:
            kept = os.path.join(tempfile.gettempdir(), f'history-{SEED}')
            shutil.copy(history, kept)
            print(f'the history is kept in {kept}', file=sys.stderr)
        print(json.dumps(report), file=sys.stderr)
        print(f'faults: {nemesis.counts}', file=sys.stderr)
        self.assertEqual(report['check']['violation'], '')
        self.assertEqual(code, 0)
        self.assertEqual(dead, [], 'a member ended by itself:\n' + words)
        self.assertEqual(report['notes'], [])
        self.assertGreater(report['check']['acknowledged'], 100)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
