"""Functions of unnamed namespaces have names of their own: eight files are compiled as one (docs/decisions/0007-unity-builds.md).

Types and constants that clash are a compile error. Two functions may be overloads of each other by accident, and a call then
takes the neighbour's without a word.
"""
import os
import re

from source import Finding

UNNAMED = re.compile(r'^namespace \{\n(.*?)^\}  // namespace$', re.DOTALL | re.MULTILINE)
# Begins in the first column: a type, then the name. Tests register themselves, and assertions declare nothing.
FUNCTION = re.compile(r'^(?!TEST_CASE|PROPERTY|static_assert|using|struct|class|return)[A-Za-z_][\w:<>,&*\s]*?[\s&*>](\w+)\(', re.MULTILINE)
PROGRAM = re.compile(r'^(int main|extern "C" int LLVMFuzzerTestOneInput)\(', re.MULTILINE)


def check(sources):
    homes = {}  # (folder, is it a test, name): the first file that has it
    for source in sources:
        if not source.path.endswith('.cc') or PROGRAM.search(source.text):
            continue  # a program is compiled by itself
        for unnamed in UNNAMED.finditer(source.text):
            for function in FUNCTION.finditer(unnamed.group(1)):
                key = (os.path.dirname(source.path), source.is_test, function.group(1))
                home = homes.setdefault(key, source.path)
                if home != source.path:
                    line = source.text.count('\n', 0, unnamed.start(1) + function.start(1)) + 1
                    yield Finding(source.path, line, f'{function.group(1)}() stands in an unnamed namespace of {home} as well: one of them needs another name')
