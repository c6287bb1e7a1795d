#!/usr/bin/python3
"""The program in a page is a file of the tree, word for word: what the page says can be built.

usage: pages_test.py PAGE FILE...

Each FILE stands in PAGE as a block of C++, in this order.
"""
import re
import sys

page, paths = sys.argv[1], sys.argv[2:]
with open(page, encoding='utf-8') as file:
    blocks = re.findall(r'^```cpp\n(.*?)^```$', file.read(), re.DOTALL | re.MULTILINE)
assert len(blocks) == len(paths), f'{page} has {len(blocks)} blocks of C++ for {len(paths)} files'
for path, block in zip(paths, blocks):
    with open(path, encoding='utf-8') as file:
        assert file.read() == block, f'{path} is not what {page} shows'
print(f'{page}: {len(blocks)} files as they are')
