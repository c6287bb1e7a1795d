#!/usr/bin/python3
"""The oracle of recorded histories against real servers: what is right raises no alarm, and what was spoiled does.

usage: drive_test.py LOCKSTEP LOCKSTEPD [ETCD]
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cluster import Cluster, Drive  # noqa: E402

LOCKSTEP, LOCKSTEPD = (os.path.abspath(path) for path in sys.argv[1:3])
ETCD = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None
SECONDS = 4
# Of a loaded machine, and still far more than any gap may last.
SECONDS_MAX = 120


class DriveTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.history = os.path.join(self.folder, 'history')

    def finish(self, drive):
        code, out, err = drive.finish(SECONDS_MAX)
        self.assertIn(code, (0, 1), err)
        report = json.loads(out)
        self.assertEqual(report['check']['violation'], '')
        self.assertEqual(code, 0)
        print(f'{report["check"]["operations"]} operations, {report["check"]["unknown"]} with an open outcome, {report["gaps"]} gaps, '
              f'log read in {report["log_seconds"]:.2f} s', file=sys.stderr)
        return report

    def drive_cluster(self, program, size):
        with Cluster(program, self.folder, size) as cluster:
            report = self.finish(Drive(LOCKSTEP, cluster.endpoints, self.history, SECONDS))
            self.assertEqual(report['notes'], [])
        for kind in ('put', 'range', 'serializable range', 'txn'):
            self.assertGreater(report['kinds'][kind]['acknowledged'], 20)
        self.assertEqual(report['kinds']['last range']['acknowledged'], size)
        return report

    def check(self, path):
        done = subprocess.run([LOCKSTEP, 'check', path, '--json'], capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def test_lockstepd_is_right_and_a_spoiled_history_is_not(self):
        report = self.drive_cluster(LOCKSTEPD, 1)
        code, again = self.check(self.history)
        self.assertEqual(code, 0)
        self.assertEqual(again['operations'], report['check']['operations'])
        with open(self.history, encoding='ascii') as file:
            lines = file.readlines()
        operations = [i for i, line in enumerate(lines) if '"start"' in line]
        revisions = [i for i, line in enumerate(lines) if line.startswith('{"revision"')]
        end = json.loads(lines[-1])

        def spoiled(change, operation_count=0, revision_count=0):
            own = list(lines)
            change(own)
            own[-1] = json.dumps({'operations': end['operations'] + operation_count, 'revisions': end['revisions'] + revision_count}) + '\n'
            with open(self.history + '.bad', 'w', encoding='ascii') as file:
                file.writelines(own)
            return self.check(self.history + '.bad')

        # The last write that was acknowledged never happened.
        code, verdict = spoiled(lambda own: own.pop(revisions[-1]), revision_count=-1)
        self.assertEqual(code, 1)
        self.assertFalse(verdict['strictly_serializable'])
        # A put whose client vanishes from the history: nobody sent it.
        put = next(i for i in operations if '"put"' in lines[i] and '"answer"' in lines[i])
        code, verdict = spoiled(lambda own: own.pop(put), operation_count=-1)
        self.assertEqual(code, 1)
        self.assertIn('which no client ever sent', verdict['violation'])
        # One operation early in the run ends before all others began.
        def shift(own):
            late = json.loads(own[operations[-50]])
            late['start'], late['end'] = json.loads(own[operations[0]])['start'] - 20, json.loads(own[operations[0]])['start'] - 10
            own[operations[-50]] = json.dumps(late) + '\n'
        code, verdict = spoiled(shift)
        self.assertEqual(code, 1)
        self.assertIn('had been shown before', verdict['violation'])
        # Half a file says nothing.
        with open(self.history + '.bad', 'w', encoding='ascii') as file:
            file.writelines(lines[:len(lines) // 2])
        code, complaint = self.check(self.history + '.bad')
        self.assertEqual(code, 2)
        self.assertIn('it is not whole', complaint)

    def test_a_signal_ends_it_with_a_verdict(self):
        with Cluster(LOCKSTEPD, self.folder, 1) as cluster:
            drive = Drive(LOCKSTEP, cluster.endpoints, self.history, 600)
            time.sleep(2)
            drive.process.send_signal(signal.SIGINT)
            report = self.finish(drive)
        self.assertLess(report['seconds'], 60)
        self.assertGreater(report['check']['acknowledged'], 0)

    def test_lockstepd_killed_meanwhile_is_right(self):
        with Cluster(LOCKSTEPD, self.folder, 1) as cluster:
            drive = Drive(LOCKSTEP, cluster.endpoints, self.history, 8)
            for _ in range(2):
                time.sleep(2)
                cluster.kill('m0')
                time.sleep(0.7)
                cluster.start('m0')
            report = self.finish(drive)
        self.assertGreaterEqual(report['gaps'], 1)

    def test_a_store_that_is_not_empty_is_where_the_run_begins(self):
        with Cluster(LOCKSTEPD, self.folder, 1) as cluster:
            self.finish(Drive(LOCKSTEP, cluster.endpoints, self.history, 1))
            self.finish(Drive(LOCKSTEP, cluster.endpoints, self.history, 1, '--seed', '2'))

    def test_three_members_of_lockstepd_are_right(self):
        self.drive_cluster(LOCKSTEPD, 3)

    @unittest.skipIf(ETCD is None, 'no etcd to compare with')
    def test_one_member_of_etcd_is_right(self):
        self.drive_cluster(ETCD, 1)

    @unittest.skipIf(ETCD is None, 'no etcd to compare with')
    def test_three_members_of_etcd_are_right(self):
        self.drive_cluster(ETCD, 3)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
