#!/usr/bin/python3
"""The example bank as real processes: money is neither made nor lost, whoever is killed.

usage: bank_test.py BANKD BANK [ROUNDS [SEED]]

Three members; tellers transfer between a few accounts as fast as they can, each in a session of its own, and ask other members when one
does not answer. Meanwhile members die by `kill -9`, now and then two at once, and start again on their directories. Every
transfer is asked for until it is answered, so the answers are the whole history: each log index once, and put in order they must lead
from balance to balance, up to those that are read at the end.
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from member import Member, free_port  # noqa: E402

BANKD, BANK = (os.path.abspath(program) for program in sys.argv[1:3])
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 6
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 32)
ACCOUNTS = ['alice', 'bob', 'carol', 'dave']
DEPOSIT = 100
TELLERS = 6
PATIENCE_SECONDS = 60


class BankMember(Member):
    """One bankd."""

    def __init__(self, number, ports, folder):
        super().__init__(BANKD, os.path.join(folder, str(number)))
        self.number, self.ports = number, ports

    def command(self):
        peers = ','.join(f'{n}=127.0.0.1:{port}' for n, port in enumerate(self.ports, 1))
        return [BANKD, '--id', str(self.number), '--listen', f'127.0.0.1:{self.client_port}', '--peers', peers,
                '--data-dir', self.data_directory]


class Teller(threading.Thread):
    """Transfers until it is told to stop; what it has begun it ends."""

    def __init__(self, ports, seed, stop):
        super().__init__(daemon=True)
        self.ports, self.chance, self.stop = ports, random.Random(seed), stop
        self.answers = []  # (request, answer)
        self.repeated = 0

    def ask(self, channels, method, request):
        import grpc  # noqa: PLC0415
        turn = self.chance.randrange(len(channels))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return channels[turn % len(channels)].unary_unary(f'/bank.Bank/{method}')(request.encode(), timeout=2).decode()
            except grpc.RpcError as error:
                if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED) or time.monotonic() > deadline:
                    raise
            turn += 1
            self.repeated += 1
            time.sleep(0.02)

    def run(self):
        import grpc  # noqa: PLC0415
        options = [('grpc.use_local_subchannel_pool', 1), ('grpc.initial_reconnect_backoff_ms', 100),
                   ('grpc.min_reconnect_backoff_ms', 100), ('grpc.max_reconnect_backoff_ms', 100)]
        channels = [grpc.insecure_channel(f'127.0.0.1:{port}', options) for port in self.ports]
        session = self.ask(channels, 'Write', 'session').split()[1]
        number = 0
        while not self.stop.is_set():
            number += 1
            source, target = self.chance.sample(ACCOUNTS, 2)
            request = f'{session} {number} transfer {source} {target} {self.chance.randint(1, DEPOSIT)}'
            self.answers.append((request, self.ask(channels, 'Write', request)))
            if number % 10 == 0:
                words = self.ask(channels, 'Read', '').split()
                self.answers.append(('', f'ok {words[1]} ' + ' '.join(words[2:])))
        for channel in channels:
            channel.close()


class Bank(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, True)
        ports = [free_port() for _ in range(3)]
        self.members = [BankMember(number, ports, folder) for number in (1, 2, 3)]
        for member in self.members:
            member.start()
            self.addCleanup(member.kill)

    def bank(self, *arguments):
        """The program for humans: its exit code, and what it says."""
        servers = ','.join(f'127.0.0.1:{member.client_port}' for member in self.members)
        done = subprocess.run([BANK, servers, *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        return done.returncode, done.stdout + done.stderr

    def begin(self):
        for name in ACCOUNTS:
            self.assertEqual(self.bank('open', name), (0, f'{name} 0\n'))
            self.assertEqual(self.bank('deposit', name, str(DEPOSIT)), (0, f'{name} {DEPOSIT}\n'))

    def test_a_human_is_answered(self):
        self.begin()
        self.assertEqual(self.bank('transfer', 'alice', 'bob', '30'), (0, 'alice 70\nbob 130\n'))
        self.assertEqual(self.bank('transfer', 'alice', 'bob', '71'), (1, 'bank: no: alice has 70, which is less than 71\n'))
        self.assertEqual(self.bank('balance', 'bob'), (0, 'bob 130\n'))
        self.assertEqual(self.bank('balance', 'eve'), (1, 'bank: no account is called eve\n'))
        self.assertEqual(self.bank('steal', 'alice', '5'), (1, 'bank: no request is like this\n'))
        code, text = self.bank('open', 'x' * 300)
        self.assertEqual(code, 1, text)
        self.assertEqual(subprocess.run([BANK, 'nowhere'], capture_output=True, check=False).returncode, 2)
        self.assertEqual([member.stop() for member in self.members], [0, 0, 0])
        for member in self.members:
            member.start()
        self.assertEqual(self.bank('balance'), (0, 'alice 70\nbob 130\ncarol 100\ndave 100\n'))

    def test_money_is_neither_made_nor_lost(self):
        print(f'{ROUNDS} rounds, seed {SEED}', file=sys.stderr)
        self.begin()
        chance, stop = random.Random(SEED), threading.Event()
        tellers = [Teller([member.client_port for member in self.members], SEED + n, stop) for n in range(TELLERS)]
        for teller in tellers:
            teller.start()
        for number in range(ROUNDS):
            time.sleep(chance.uniform(0.1, 0.8))
            victims = chance.sample(self.members, 2 if number % 3 == 2 else 1)
            for victim in victims:
                victim.kill()
            time.sleep(chance.uniform(0.0, 0.8))
            for victim in victims:
                victim.start()
        stop.set()
        for teller in tellers:
            teller.join(PATIENCE_SECONDS + 10)
            self.assertFalse(teller.is_alive(), 'a teller was not answered')
        code, text = self.bank('balance')
        self.assertEqual(code, 0, text)
        end = {line.split()[0]: int(line.split()[1]) for line in text.splitlines()}
        self.assertEqual(sum(end.values()), DEPOSIT * len(ACCOUNTS))
        count = self.replay([answer for teller in tellers for answer in teller.answers], end)
        self.assertGreater(count, 50)
        print(f'{count} transfers, {sum(teller.repeated for teller in tellers)} requests repeated', file=sys.stderr)

    def replay(self, answers, end):
        """Puts the answers in order, and compares each with what those before it make of the balances."""
        balances = {name: DEPOSIT for name in ACCOUNTS}
        transfers, reads, refused = {}, [], 0
        for request, answer in answers:
            if answer.startswith('no'):
                self.assertRegex(answer, 'no: .* has .*, which is less than')
                refused += 1
                continue
            words = answer.split()
            index, after = int(words[1]), dict(zip(words[2::2], map(int, words[3::2])))
            if request:
                self.assertNotIn(index, transfers, 'two transfers took effect at one log index')
                transfers[index] = (request, after)
            else:
                self.assertEqual(sum(after.values()), DEPOSIT * len(ACCOUNTS), f'a read at index {index}')
                reads.append((index, after))
        reads.sort(key=lambda read: read[0])
        for index in sorted(transfers):
            while reads and reads[0][0] < index:
                self.assertEqual(reads.pop(0)[1], balances)
            request, after = transfers[index]
            source, target, amount = request.split()[3:]
            balances[source] -= int(amount)
            balances[target] += int(amount)
            self.assertEqual(after, {source: balances[source], target: balances[target]}, f'{request}, at index {index}')
        for _, read in reads:
            self.assertEqual(read, balances)
        self.assertEqual(balances, end, 'what was answered is not what is there')
        return len(transfers)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
