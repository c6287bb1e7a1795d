#!/usr/bin/python3
"""lockstepd as an operator meets it: exit codes, one-line messages for what cannot work, signals, log lines.

usage: daemon_test.py LOCKSTEPD
"""
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from member import Member, environment, free_port  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
SECONDS_MAX = 60


def run(*flags, env=None, **more):
    """Runs it to its end; for starts that fail."""
    return subprocess.run([PROGRAM, *flags], capture_output=True, text=True, env=environment(**(env or {})), timeout=SECONDS_MAX,
                          check=False, **more)


def local_flags(data, client=None, peer=None):
    client, peer = client or free_port(), peer or free_port()
    return ['--data-dir', data, '--listen-client-urls', f'http://127.0.0.1:{client}', '--advertise-client-urls', f'http://127.0.0.1:{client}',
            '--listen-peer-urls', f'http://127.0.0.1:{peer}', '--initial-advertise-peer-urls', f'http://127.0.0.1:{peer}']


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.data = os.path.join(self.folder, 'data')

    def assert_refused(self, result, says, code=1):
        """One line for a human at the end, with what is wrong; nothing else but log lines."""
        self.assertEqual(result.returncode, code, result.stderr)
        plain = [line for line in result.stderr.splitlines() if not line.startswith('{')]
        self.assertEqual(len(plain), 1, result.stderr)
        self.assertTrue(plain[0].startswith('lockstepd: '), plain)
        self.assertIn(says, plain[0])


class CommandLine(Case):
    def test_help_and_version_go_to_stdout(self):
        for spelling in ('--help', '-help', '-h'):
            result = run(spelling)
            self.assertEqual((result.returncode, result.stderr), (0, ''))
            self.assertIn('--initial-cluster-token', result.stdout)
        for spelling in ('--version', '-version', '--version=true'):
            result = run(spelling)
            self.assertEqual((result.returncode, result.stderr), (0, ''))
            lines = result.stdout.splitlines()
            self.assertEqual(len(lines), 4)
            self.assertEqual(lines[0], 'etcd Version: 3.7.1')

    def test_bad_syntax_is_exit_code_2(self):
        self.assert_refused(run('--no-such-flag'), 'flag provided but not defined', 2)
        self.assert_refused(run('--heartbeat-interval=soon'), 'invalid value "soon"', 2)
        self.assert_refused(run('--initial-cluster-state=old'), 'invalid value "old"', 2)
        self.assert_refused(run('--listen-client-urls=2379'), 'URL scheme', 2)

    def test_what_contradicts_is_exit_code_1(self):
        for flags, says in (
                (['start'], '"start" is not a valid flag'),
                (['--listen-client-urls=http://127.0.0.1:1'], '--advertise-client-urls is required'),
                (['--listen-client-urls=http://127.0.0.1:2380', '--advertise-client-urls=http://a:1'], 'both name'),
                (['--initial-cluster=other=http://localhost:2380'], "couldn't find local name"),
                (['--initial-cluster=default=http://localhost:1'], 'initial-cluster'),
                (['--heartbeat-interval=500', '--election-timeout=1000'], 'election'),
                (['--cert-file=a.pem'], 'not supported yet'),
        ):
            with self.subTest(flags=flags):
                # Whatever comes first, the ports are free and the directory is new.
                extra = [] if any('listen' in f for f in flags) else ['--listen-client-urls', f'http://127.0.0.1:{free_port()}',
                                                                      '--advertise-client-urls=http://a:1']
                if flags == ['start']:
                    extra = []
                self.assert_refused(run(*flags, *extra, '--data-dir', self.data) if flags != ['start'] else run(*flags), says)

    def test_the_environment_configures_and_conflicts(self):
        self.assert_refused(run('--name=a', env={'ETCD_NAME': 'b'}), 'conflicting environment variable "ETCD_NAME"')
        self.assert_refused(run(env={'ETCD_DATA_DIR': self.data, 'ETCD_LISTEN_CLIENT_URLS': 'http://127.0.0.1:1'}),
                            '--advertise-client-urls is required')


class Places(Case):
    def test_a_busy_port_is_named(self):
        with socket.socket() as holder:
            holder.bind(('127.0.0.1', 0))
            holder.listen()
            port = holder.getsockname()[1]
            self.assert_refused(run(*local_flags(self.data, client=port)), f'127.0.0.1:{port}')
            self.assert_refused(run(*local_flags(self.data, peer=port)), f'127.0.0.1:{port}')

    def test_a_directory_of_something_else_is_left_alone(self):
        os.makedirs(os.path.join(self.data, 'member'))
        self.assert_refused(run(*local_flags(self.data)), "looks like etcd's own")
        self.assertEqual(os.listdir(self.data), ['member'])
        os.rename(os.path.join(self.data, 'member'), os.path.join(self.data, 'letters'))
        self.assert_refused(run(*local_flags(self.data)), 'holds "letters"')
        self.assertEqual(os.listdir(self.data), ['letters'])

    def test_a_log_of_something_else_is_refused(self):
        os.makedirs(os.path.join(self.data, 'wal'))
        with open(os.path.join(self.data, 'wal', '0000000000000000-0000000000000000.wal'), 'wb') as file:
            file.write(b'another format' * 1000)
        self.assert_refused(run(*local_flags(self.data)), 'wal')

    def test_a_file_is_no_directory(self):
        with open(self.data, 'w', encoding='utf-8'):
            pass
        self.assert_refused(run(*local_flags(self.data)), 'is not a directory')
        self.assert_refused(run(*local_flags(self.data + '/below')), 'data directory')

    def test_a_second_daemon_on_the_same_directory_is_refused(self):
        with Member(PROGRAM, self.data):
            self.assert_refused(run(*local_flags(self.data)), 'in use by another process')

    def test_a_read_only_directory_is_refused(self):
        os.makedirs(self.data)
        prefix = []
        if os.getuid() == 0:
            # Permissions do not stop root; a read-only file system does, in a mount namespace of its own.
            prefix = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o ro none "$0" && exec "$@"', self.data]
            if subprocess.run(prefix + ['true'], capture_output=True, check=False).returncode != 0:
                self.skipTest('cannot mount a read-only file system here')
        else:
            os.chmod(self.data, 0o555)
        result = subprocess.run(prefix + [PROGRAM, *local_flags(self.data)], capture_output=True, text=True, env=environment(),
                                timeout=SECONDS_MAX, check=False)
        self.assert_refused(result, 'data directory')

    def test_a_full_disk_at_start_is_refused(self):
        # The log's first segment does not fit.
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))  # noqa: E731
        self.assert_refused(run(*local_flags(self.data), preexec_fn=limit), 'file too large')
        # And with room again it starts as if nothing had been.
        with Member(PROGRAM, self.data):
            pass

    def test_the_directory_is_private_and_its_parents_are_made(self):
        deep = os.path.join(self.folder, 'a', 'b', 'data')
        with Member(PROGRAM, deep):
            self.assertEqual(os.stat(deep).st_mode & 0o777, 0o700)


class Life(Case):
    def test_signals_stop_it_and_are_seen_by_the_caller(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how=how):
                member = Member(PROGRAM, self.data).start()
                self.assertEqual(member.stop(how), -how)

    def test_log_lines_are_json_with_the_keys_of_etcd(self):
        with Member(PROGRAM, self.data, flags=['--snapshot-count=7', '-v']) as member:
            member.stop()
            lines = member.log()
        for line in lines:
            self.assertEqual(list(line)[:4], ['level', 'ts', 'caller', 'msg'], line)
            self.assertRegex(line['ts'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z')
        messages = [line['msg'] for line in lines]
        for expected in ('ready to serve client requests', 'received signal; shutting down'):
            self.assertIn(expected, messages)
        self.assertTrue(any('--snapshot-count has no effect' in message for message in messages), messages)
        self.assertTrue(any('flag -v is no longer supported' in message for message in messages), messages)

    def test_it_tells_systemd_that_it_is_ready(self):
        path = os.path.join(self.folder, 'notify')
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            supervisor.bind(path)
            supervisor.settimeout(SECONDS_MAX)
            with Member(PROGRAM, self.data, prefix=['env', 'NOTIFY_SOCKET=' + path]):
                self.assertEqual(supervisor.recv(100), b'READY=1')

    def test_it_starts_again_after_any_end(self):
        member = Member(PROGRAM, self.data).start()
        member.kill()
        member.start()
        member.stop()
        member.start()
        self.assertEqual(member.stop(), -signal.SIGTERM)


class Damage(Case):
    """Bytes that were acknowledged and are not what was written: refused, never repaired in silence."""

    VALUE = 'value' * 20

    def written(self, until=lambda: True):
        """Three hundred acknowledged puts, and a clean stop as soon as `until` holds."""
        import etcd3  # noqa: PLC0415
        with Member(PROGRAM, self.data) as member:
            client = etcd3.client(port=member.client_port)
            for number in range(300):
                client.put(f'key{number:03}', self.VALUE)
            client.close()
            deadline = time.monotonic() + SECONDS_MAX
            while not until():
                self.assertLess(time.monotonic(), deadline, 'it did not happen')
                time.sleep(0.1)

    def values_at(self, *path):
        """Where a file holds the value first; -1: nowhere."""
        with open(os.path.join(self.data, *path), 'rb') as file:
            return file.read().find(self.VALUE.encode())

    def flip(self, *path):
        """One bit of the first value that the file holds."""
        offset = self.values_at(*path)
        self.assertGreaterEqual(offset, 0, f'{path} holds a value')
        with open(os.path.join(self.data, *path), 'r+b') as file:
            file.seek(offset)
            byte = file.read(1)
            file.seek(offset)
            file.write(bytes([byte[0] ^ 0x40]))

    def test_a_damaged_log_is_refused(self):
        self.written()
        # In an early put: far below what later batches say was synced.
        segments = [name for name in sorted(os.listdir(os.path.join(self.data, 'wal'))) if self.values_at('wal', name) >= 0]
        self.flip('wal', segments[0])
        self.assert_refused(run(*local_flags(self.data)), 'damaged')

    def test_a_damaged_store_is_refused(self):
        # Once a checkpoint has put the rows into the database file.
        self.written(until=lambda: self.values_at('store-1', 'db') >= 0)
        self.flip('store-1', 'db')
        if self.values_at('store-1', 'db-wal') >= 0:
            self.flip('store-1', 'db-wal')  # which would be read first
        self.assert_refused(run(*local_flags(self.data)), 'store')

    def test_a_damaged_tail_of_the_store_is_written_again_from_the_log(self):
        self.written(until=lambda: self.values_at('store-1', 'db-wal') >= 0)
        self.flip('store-1', 'db-wal')
        import etcd3  # noqa: PLC0415
        with Member(PROGRAM, self.data) as member:
            client = etcd3.client(port=member.client_port)
            self.assertEqual([value.decode() for value, _ in client.get_prefix('key')], [self.VALUE] * 300)
            client.close()


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
