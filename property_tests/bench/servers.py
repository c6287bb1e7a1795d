"""Two servers on loopback for the benchmarks beside this file, and what the kernel says of their processes."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TICKS = os.sysconf('SC_CLK_TCK')


# --- messages, by hand: field numbers are those of the contract ---

def varint(value):
    out = b''
    while True:
        if value < 0x80:
            return out + bytes([value])
        out += bytes([value & 0x7f | 0x80])
        value >>= 7


def field(number, data):
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    return varint(number << 3 | 2) + varint(len(data)) + data


def framed(message):
    """As gRPC puts it on the wire."""
    return b'\0' + len(message).to_bytes(4, 'big') + message


# --- servers ---

def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Server:
    """A single member with fresh data; stop() removes it."""

    def __init__(self, name, binary, log):
        self.name = name
        self.binary = binary
        self.log = log
        self.directory = tempfile.mkdtemp(prefix='lockstep-bench-')
        self.client_port, self.peer_port = free_port(), free_port()
        self.endpoint = f'127.0.0.1:{self.client_port}'
        self.url = f'http://{self.endpoint}'
        self.start()

    def start(self):
        peer_url = f'http://127.0.0.1:{self.peer_port}'
        self.process = subprocess.Popen(
            [self.binary, '--name=bench', f'--data-dir={self.directory}/data', f'--listen-client-urls={self.url}',
             f'--advertise-client-urls={self.url}', f'--listen-peer-urls={peer_url}',
             f'--initial-advertise-peer-urls={peer_url}', f'--initial-cluster=bench={peer_url}', '--log-level=warn'],
            stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 120
        while True:
            try:
                with socket.create_connection(('127.0.0.1', self.client_port), 1):
                    break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    sys.exit(f'{self.name} does not start; see {self.log.name}')
                time.sleep(0.05)
        time.sleep(1.5)  # etcd listens before it has a leader

    def restart(self):
        self.end()
        self.start()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def stop(self):
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def cpu_seconds(self):
        with open(f'/proc/{self.process.pid}/stat', encoding='ascii') as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_bytes(self, what='RssAnon'):
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as status:
            for line in status:
                if line.startswith(what + ':'):
                    return int(line.split()[1]) * 1024
        raise KeyError(what)


class PeakMemory(threading.Thread):
    """The largest anonymous memory of a server while it runs, by looking every few milliseconds."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.is_over = threading.Event()
        self.bytes = server.memory_bytes()

    def run(self):
        while not self.is_over.wait(0.005):
            self.bytes = max(self.bytes, self.server.memory_bytes())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()
