"""A real lockstepd as a child process, for tests: on free ports of the loopback, with its data in a directory of the test."""
import json
import os
import signal
import socket
import subprocess
import threading
import time

READY = 'ready to serve client requests'
# Generous: the machine may be busy with other tests.
START_SECONDS_MAX = 60


def free_port():
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def environment(**more):
    """Ours without what would configure a server or a client."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(('ETCD', 'NOTIFY_'))}
    kept.update(more)
    return kept


class Member:
    """`with Member(program, directory) as member:` is ready when the body begins, and stopped gracefully behind it."""

    def __init__(self, program, data_directory, flags=(), prefix=(), name='first'):
        self.program, self.data_directory, self.name = program, data_directory, name
        self.flags, self.prefix = list(flags), list(prefix)
        self.client_port, self.peer_port = free_port(), free_port()
        self.process = None
        self.lines = []  # of stderr, since the last start
        self.start_seconds = None

    @property
    def client_url(self):
        return f'http://127.0.0.1:{self.client_port}'

    def command(self):
        peer = f'http://127.0.0.1:{self.peer_port}'
        return self.prefix + [
            self.program, '--name', self.name, '--data-dir', self.data_directory,
            '--listen-client-urls', self.client_url, '--advertise-client-urls', self.client_url,
            '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, *self.flags]

    def start(self):
        """Starts it and waits until it serves."""
        begin = time.monotonic()
        self.lines = []
        self._ready = threading.Event()
        self.process = subprocess.Popen(self.command(), stderr=subprocess.PIPE, text=True, errors='replace', env=environment())
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        while not self._ready.wait(0.01):
            if self.process.poll() is not None or time.monotonic() - begin > START_SECONDS_MAX:
                self.kill()
                raise AssertionError('lockstepd did not become ready:\n' + ''.join(self.lines))
        self.start_seconds = time.monotonic() - begin
        return self

    def _read(self, stderr):
        for line in stderr:
            self.lines.append(line)
            if READY in line:
                self._ready.set()

    def log(self):
        """The log lines as objects; a line that is no JSON fails."""
        return [json.loads(line) for line in self.lines]

    def stop(self, how=signal.SIGTERM):
        """Asks it to stop; returns how it ended, as subprocess tells it."""
        self.process.send_signal(how)
        code = self.process.wait(START_SECONDS_MAX)
        self._reader.join()
        self.process.stderr.close()
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        else:
            self.kill()
