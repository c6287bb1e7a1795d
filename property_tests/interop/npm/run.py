#!/usr/bin/python3
"""The npm package etcd3 against a real server: installs it from the lock file, starts the server, runs test.js.

usage: run.py SERVER FOLDER      FOLDER: where the package is installed, kept between runs

Not part of ./test, for it needs npm and its registry; `ninja interop-npm` in a build directory.
"""
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from member import Member, environment  # noqa: E402


def install(folder):
    os.makedirs(folder, exist_ok=True)
    lock = 'package-lock.json'
    is_new = not os.path.exists(os.path.join(folder, 'node_modules')) or not filecmp.cmp(os.path.join(HERE, lock), os.path.join(folder, lock), False)
    for name in ('package.json', 'test.js', lock):
        shutil.copy(os.path.join(HERE, name), folder)
    if is_new:
        subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], cwd=folder, check=True)


def main(server, folder):
    if shutil.which('npm') is None:
        sys.exit('There is no npm here; on Debian: apt-get install --no-install-recommends npm')
    install(folder)
    with tempfile.TemporaryDirectory() as data:
        with Member(os.path.abspath(server), os.path.join(data, 'data')) as member:
            return subprocess.run(['node', '--test', 'test.js'], cwd=folder, env=environment(ENDPOINT=member.client_url), check=False).returncode


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
