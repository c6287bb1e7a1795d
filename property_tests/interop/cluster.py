"""A cluster of lockstepd or etcd on free ports of the loopback, for tests. Its peers talk through a proxy where one is wanted."""
import os
import signal
import subprocess
import time

from member import environment, free_port
from proxy import Proxy


class Cluster:
    """`with Cluster(program, directory, size) as cluster:` has started all members when the body begins; whether they serve yet is
    for the body to see. All of them are killed behind it."""

    def __init__(self, program, directory, size, is_proxied=False, flags=()):
        self.program, self.directory, self.flags = program, directory, list(flags)
        self.names = [f'm{i}' for i in range(size)]
        self.client_ports = {name: free_port() for name in self.names}
        self.peer_ports = {name: free_port() for name in self.names}  # where they listen
        self.initial = {}  # with whom a member begins, unless with all
        self.states = {}   # `existing` for who joined later
        self.processes = {}
        self.paused = set()
        self.proxy = None
        self.advertised_ports = self.peer_ports
        if is_proxied:
            self.advertised_ports = {name: free_port() for name in self.names}
            self.proxy = Proxy(self.pids)
            for name in self.names:
                self.proxy.listen(self.advertised_ports[name], name, self.peer_ports[name])

    def pids(self):
        return {name: process.pid for name, process in list(self.processes.items()) if process.poll() is None}

    @property
    def endpoints(self):
        return ','.join(f'127.0.0.1:{self.client_ports[name]}' for name in self.names)

    def peer_url(self, name):
        return f'http://127.0.0.1:{self.advertised_ports[name]}'

    def join(self, name):
        """A member that has been added to the cluster already; ports of its own unless it had some."""
        if name not in self.names:
            self.expect(name)
        self.states[name] = 'existing'
        self.start(name)

    def expect(self, name):
        """It will join."""
        self.names.append(name)
        self.client_ports[name], self.peer_ports[name] = free_port(), free_port()
        self.initial[name] = list(self.names)

    def command(self, name):
        client = f'http://127.0.0.1:{self.client_ports[name]}'
        peers = ','.join(f'{other}={self.peer_url(other)}' for other in self.initial.get(name, self.names))
        return [self.program, '--name', name, '--data-dir', os.path.join(self.directory, name),
                '--listen-client-urls', client, '--advertise-client-urls', client,
                '--listen-peer-urls', f'http://127.0.0.1:{self.peer_ports[name]}',
                '--initial-advertise-peer-urls', f'http://127.0.0.1:{self.advertised_ports[name]}',
                '--initial-cluster', peers, '--initial-cluster-token', 'test', '--initial-cluster-state', self.states.get(name, 'new'),
                *self.flags]

    def start(self, name):
        with open(os.path.join(self.directory, name + '.log'), 'ab') as log:
            self.processes[name] = subprocess.Popen(self.command(name), stdout=log, stderr=log, env=environment())

    def kill(self, name):
        """kill -9; also what is paused dies."""
        process = self.processes[name]
        if process.poll() is None:
            process.kill()
        process.wait()
        self.paused.discard(name)

    def pause(self, name):
        self.processes[name].send_signal(signal.SIGSTOP)
        self.paused.add(name)

    def resume(self, name):
        if name in self.paused:
            self.processes[name].send_signal(signal.SIGCONT)
            self.paused.discard(name)

    def heal(self):
        """Everybody runs, and hears everybody."""
        if self.proxy:
            self.proxy.heal()
        for name in self.names:
            self.resume(name)
            if self.processes[name].poll() is not None:
                self.start(name)

    def dead(self):
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def last_words(self, name, lines=20):
        with open(os.path.join(self.directory, name + '.log'), encoding='utf-8', errors='replace') as log:
            return ''.join(log.readlines()[-lines:])

    def __enter__(self):
        for name in self.names:
            self.start(name)
        return self

    def __exit__(self, *_):
        for name in self.processes:
            self.kill(name)
        if self.proxy:
            self.proxy.stop()


class Drive:
    """`lockstep drive` in the background."""

    def __init__(self, lockstep, endpoints, history, seconds, *more):
        self.history = history
        self.process = subprocess.Popen(
            [lockstep, 'drive', '--endpoints', endpoints, '-o', history, '--seconds', str(seconds), '--json', *more],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.begin = time.monotonic()

    def finish(self, seconds_max):
        """(exit code, stdout, stderr)"""
        try:
            out, err = self.process.communicate(timeout=seconds_max)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f'lockstep drive did not end\n{out}{err}') from None
        return self.process.returncode, out, err
