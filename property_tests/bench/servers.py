"""Two servers on loopback for the benchmarks beside this file, and what the kernel says of their processes."""
import json
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
    """A single member with fresh data, or a cluster of several; stop() removes it. Requests go to the leader."""

    def __init__(self, name, binary, log, members=1):
        self.name = name
        self.binary = binary
        self.log = log
        self.directory = tempfile.mkdtemp(prefix='lockstep-bench-')
        self.client_ports = [free_port() for _ in range(members)]
        self.peer_ports = [free_port() for _ in range(members)]
        self.start()

    def launch(self, i):
        peer_urls = [f'http://127.0.0.1:{port}' for port in self.peer_ports]
        cluster = ','.join(f'bench{i}={url}' for i, url in enumerate(peer_urls))
        url = f'http://127.0.0.1:{self.client_ports[i]}'
        data = f'{self.directory}/data' if i == 0 else f'{self.directory}/data{i}'
        return subprocess.Popen(
            [self.binary, f'--name=bench{i}', f'--data-dir={data}', f'--listen-client-urls={url}',
             f'--advertise-client-urls={url}', f'--listen-peer-urls={peer_urls[i]}',
             f'--initial-advertise-peer-urls={peer_urls[i]}', f'--initial-cluster={cluster}', '--log-level=warn'],
            stdout=self.log, stderr=self.log)

    def await_port(self, i):
        deadline = time.monotonic() + 120
        while True:
            try:
                with socket.create_connection(('127.0.0.1', self.client_ports[i]), 1):
                    return
            except OSError:
                if time.monotonic() > deadline or self.processes[i].poll() is not None:
                    sys.exit(f'{self.name} does not start; see {self.log.name}')
                time.sleep(0.05)

    def start_one(self, i):
        """A member whose process has ended."""
        self.processes[i] = self.launch(i)
        self.await_port(i)
        time.sleep(1)

    def start(self):
        self.processes = [self.launch(i) for i in range(len(self.client_ports))]
        for i in range(len(self.client_ports)):
            self.await_port(i)
        time.sleep(1.5)  # etcd listens before it has a leader
        leader = self.find_leader()
        self.process = self.processes[leader]
        self.client_port = self.client_ports[leader]
        self.endpoint = f'127.0.0.1:{self.client_port}'
        self.url = f'http://{self.endpoint}'

    def find_leader(self):
        if len(self.client_ports) == 1:
            return 0
        endpoints = ','.join(f'127.0.0.1:{port}' for port in self.client_ports)
        out = subprocess.run(['etcdctl', '--endpoints', endpoints, 'endpoint', 'status', '-w', 'json'],
                             env={**os.environ, 'ETCDCTL_API': '3'}, capture_output=True, text=True, check=True).stdout
        for i, one in enumerate(json.loads(out)):
            if one['Status']['leader'] == one['Status']['header']['member_id']:
                return i
        sys.exit(f'{self.name} has no leader')

    def restart(self):
        self.end()
        self.start()

    def end(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(60)

    def stop(self):
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def cpu_seconds(self):
        """Of all members together."""
        total = 0
        for process in self.processes:
            with open(f'/proc/{process.pid}/stat', encoding='ascii') as stat:
                fields = stat.read().rsplit(')', 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory_bytes(self, what='RssAnon'):
        """Of the member that gets the requests."""
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
