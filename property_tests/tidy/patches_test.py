#!/usr/bin/python3
"""Every planted bug (sim/bugs) applies to the code as it is; otherwise only the scoreboard would notice, weeks later.

usage: patches_test.py ROOT
"""
import glob
import os
import shutil
import subprocess
import sys

SKIPPED = 77  # to meson

root = sys.argv[1]
patches = sorted(glob.glob(os.path.join(root, 'sim', 'bugs', '*.patch')))
if not patches:
    sys.exit('there are no patches in sim/bugs')
if shutil.which('git') is None:
    print('git is not there to apply them')
    sys.exit(SKIPPED)
stale = [os.path.basename(patch) for patch in patches
         if subprocess.run(['git', 'apply', '--check', patch], cwd=root, check=False).returncode != 0]
print(f'{len(patches)} patches, {len(stale)} of them do not apply', *stale, sep='\n  ')
sys.exit(1 if stale else 0)
