#!/usr/bin/python3
"""tidy: what a machine can check about the tree, it checks.

usage: tidy.py ROOT [BUILD]

Include arrows (arrows.py), banned names (names.py), the shape of files (shape.py) and, given a build directory,
that each header compiles alone (headers.py); that every mark stands somewhere (marks.py), and
that files can be compiled together (unity.py). Prints one line per finding; the exit code says whether there were any.
"""
import sys

import arrows
import headers
import marks
import names
import shape
import unity
from source import read_tree


def findings_of(sources):
    paths = {source.path for source in sources}
    for source in sources:
        yield from arrows.check(source)
        yield from names.check(source)
        yield from shape.check(source, paths)
    yield from marks.check(sources)
    yield from unity.check(sources)


def main(root, build=None):
    sources = read_tree(root)
    findings = list(findings_of(sources))
    if build:
        findings += headers.check(sources, root, build)
    for finding in findings:
        print(finding)
    print(f'tidy: {len(findings)} findings in {len(sources)} files')
    return 1 if findings or not sources else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
