#!/usr/bin/python3
"""The pages of plain HTTP, asked for by curl, by Python's client and by hand; and the same of a real etcd.

usage: pages_test.py LOCKSTEPD [ETCD]
"""
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from member import Member, environment  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
ETCD = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
SECONDS_MAX = 60


def curl(*arguments):
    """The status, the headers with lower-case names, and the body, of the last answer."""
    result = subprocess.run(['curl', '-s', '-S', '-i', '--max-time', str(SECONDS_MAX), *arguments], capture_output=True, check=False,
                            env=environment())
    assert result.returncode == 0, result.stderr
    answer = result.stdout
    while answer.startswith(b'HTTP/1.1 100 '):
        answer = answer.split(b'\r\n\r\n', 1)[1]
    head, body = answer.split(b'\r\n\r\n', 1)
    lines = head.decode().split('\r\n')
    return lines[0], {name.lower(): value for name, value in (line.split(': ', 1) for line in lines[1:])}, body.decode()


def start(case, program, folder):
    member = Member(program, os.path.join(folder, os.path.basename(program)), flags=['--initial-cluster-token=pages']).start()
    case.addClassCleanup(member.__exit__)
    member.peer_url = f'http://127.0.0.1:{member.peer_port}'
    deadline = time.monotonic() + SECONDS_MAX
    while 'not_decided' in curl(member.client_url + '/version')[2] or '3.0.0' in curl(member.client_url + '/version')[2]:
        assert time.monotonic() < deadline, 'no cluster version'
        time.sleep(0.1)
    return member


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.member = start(cls, PROGRAM, cls.folder)

    @property
    def peer_url(self):
        return self.member.peer_url

    @property
    def client_url(self):
        return self.member.client_url


class Pages(Case):
    def test_version_and_members_for_peers(self):
        status, headers, body = curl(self.peer_url + '/version')
        self.assertEqual((status, headers['content-type']), ('HTTP/1.1 200 OK', 'application/json'))
        self.assertEqual(body, '{"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"}')
        status, headers, body = curl(self.peer_url + '/members')
        self.assertEqual((status, headers['content-type']), ('HTTP/1.1 200 OK', 'application/json'))
        listed = json.loads(subprocess.run(['etcdctl', '--endpoints', self.client_url, 'member', 'list', '-w', 'json'], capture_output=True,
                                           check=True, env=environment(ETCDCTL_API='3'), timeout=SECONDS_MAX).stdout)
        self.assertEqual(headers['x-etcd-cluster-id'], f'{listed["header"]["cluster_id"]:x}')
        self.assertEqual(json.loads(body), [{'id': one['ID'], 'peerURLs': one['peerURLs'], 'name': one['name'], 'clientURLs': one['clientURLs']}
                                            for one in listed['members']])

    def test_version_and_health_for_clients(self):
        self.assertEqual(curl(self.client_url + '/version')[2], curl(self.peer_url + '/version')[2])
        for query in ('', '?serializable=true', '?exclude=NOSPACE'):
            status, headers, body = curl(self.client_url + '/health' + query)
            self.assertEqual((status, body), ('HTTP/1.1 200 OK', '{"health":"true","reason":""}'))
            self.assertEqual(headers['access-control-allow-origin'], '*')

    def test_many_requests_of_one_connection(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.member.client_port, timeout=SECONDS_MAX)
        for number in range(1000):
            connection.request('GET', '/health' if number % 10 == 0 else '/version')
            response = connection.getresponse()
            self.assertEqual((response.status, response.read()[:2]), (200, b'{"'))
        connection.close()

    def test_bodies_are_read_and_refused_as_the_client_sends_them(self):
        for more in ([], ['-H', 'Transfer-Encoding: chunked'], ['-H', 'Expect: 100-continue'], ['-0'], ['-H', 'Connection: close']):
            with self.subTest(more=more):
                self.assertEqual(curl('-d', 'x' * 60000, *more, self.peer_url + '/version')[0].split(' ', 1)[1], '405 Method Not Allowed')
        for more in ([], ['-H', 'Transfer-Encoding: chunked'], ['-H', 'Expect: 100-continue']):
            with self.subTest(more=more):
                status, headers, body = curl('-d', 'x' * 70000, *more, self.peer_url + '/version')
                self.assertEqual((status, body), ('HTTP/1.1 413 Request Entity Too Large',
                                                  '413 Request Entity Too Large: a body of more than 65536 bytes\n'))
                self.assertEqual(headers['connection'], 'close')

    def by_hand(self, port, request):
        with socket.create_connection(('127.0.0.1', port), timeout=SECONDS_MAX) as connection:
            connection.sendall(request)
            answer = b''
            while part := connection.recv(65536):
                answer += part
            return answer

    def test_what_is_no_request_gets_a_reason_and_a_close(self):
        for request, reason in ((b'GET /version HTTP/1.1\r\n\r\n', 'missing required Host header'),
                                (b'GET /version HTTP/1.1\nHost: a\n\n', 'a line that ends without a carriage return'),
                                (b'GET /version\r\n', 'no request line'),
                                (b'A\x00', 'a control character')):
            for port in (self.member.peer_port, self.member.client_port):
                with self.subTest(request=request):
                    answer = self.by_hand(port, request)
                    self.assertTrue(answer.startswith(b'HTTP/1.1 400 Bad Request\r\n'), answer)
                    self.assertTrue(answer.endswith(f'400 Bad Request: {reason}\n'.encode()), answer)
        self.assertEqual(self.by_hand(self.member.client_port, b'\x16\x03\x01 is how TLS begins'), b'')

    def test_requests_that_come_together_are_answered_in_order(self):
        one = b'GET /%s HTTP/1.1\r\nHost: a\r\n\r\n'
        last = b'GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
        answer = self.by_hand(self.member.client_port, one % b'version' + one % b'health' + one % b'nothing' + last)
        self.assertEqual(re.findall(rb'HTTP/1.1 (\d+)', answer), [b'200', b'200', b'404', b'200'])
        self.assertLess(answer.index(b'etcdserver'), answer.index(b'health'))

    def test_grpc_goes_on_beside_it(self):
        said = subprocess.run(['etcdctl', '--endpoints', self.client_url, 'put', 'k', 'v'], capture_output=True, text=True, check=False,
                              env=environment(ETCDCTL_API='3'), timeout=SECONDS_MAX)
        self.assertEqual(said.stdout, 'OK\n', said.stderr)


@unittest.skipIf(ETCD is None, 'there is no etcd to compare with')
class LikeEtcd(Case):
    """The 3.4 that Debian has knows no storage version and no reason; all else is equal, byte for byte."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.theirs = start(cls, ETCD, cls.folder)

    def both(self, port, path, *more):
        """Status, headers but the date, body without what is one member's alone."""
        answers = []
        for member in (self.member, self.theirs):
            status, headers, body = curl(*more, f'http://127.0.0.1:{getattr(member, port)}{path}')
            headers.pop('date')
            headers.pop('x-etcd-cluster-id', None)
            for own, name in ((str(member.client_port), 'CLIENT'), (str(member.peer_port), 'PEER')):
                body = body.replace(own, name)
            answers.append([status, headers, re.sub(r'"id":\d+', '"id":ID', body)])
        return answers

    def test_members(self):
        ours, theirs = self.both('peer_port', '/members')
        for answer in (ours, theirs):
            answer[1].pop('content-length')  # ids and ports have as many digits as they have
        self.assertEqual(ours, theirs)
        self.assertIn('x-etcd-cluster-id', curl(self.theirs.peer_url + '/members')[1])

    def test_version_has_their_form_and_one_word_more(self):
        for port in ('peer_port', 'client_port'):
            ours, theirs = self.both(port, '/version')
            page = json.loads(ours[2], object_pairs_hook=list)
            self.assertEqual([name for name, _ in page], [name for name, _ in json.loads(theirs[2], object_pairs_hook=list)] + ['storage'])
            for answer in (ours, theirs):
                answer[1].pop('content-length')
            self.assertEqual(ours[:2], theirs[:2])

    def test_health_has_their_form_and_one_word_more(self):
        ours, theirs = self.both('client_port', '/health')
        self.assertEqual(ours[2], theirs[2].replace('}', ',"reason":""}'))
        for answer in (ours, theirs):
            answer[1].pop('content-length')
        self.assertEqual(ours[:2], theirs[:2])

    def test_what_is_not_there_or_not_allowed(self):
        for port in ('peer_port', 'client_port'):
            for path in ('/', '/nothing', '/version/', '/members/', '/members/1', '/Version', '/version?x=%zz', '/%76ersionx'):
                for more in ([], ['-I'], ['-X', 'POST', '-d', 'x'], ['-X', 'OPTIONS'], ['-X', 'STRANGE']):
                    with self.subTest(port=port, path=path, more=more):
                        ours, theirs = self.both(port, path, *more)
                        if path.startswith('/version?') and not more:
                            ours[1].pop('content-length'), theirs[1].pop('content-length')
                            ours[2] = theirs[2] = ''
                        self.assertEqual(ours, theirs)
        for port, path in (('peer_port', '/version'), ('peer_port', '/members'), ('client_port', '/version'), ('client_port', '/health')):
            for more in (['-I'], ['-X', 'PUT', '-d', 'x'], ['-X', 'DELETE'], ['-X', 'OPTIONS'], ['-0', '-d', 'x']):
                with self.subTest(port=port, path=path, more=more):
                    ours, theirs = self.both(port, path, *more)
                    self.assertEqual(ours, theirs)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
