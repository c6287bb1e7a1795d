"""What stands in unnamed namespaces has a name of its own: eight files are compiled as one (docs/decisions/0007-unity-builds.md).

Types and constants that clash are a compile error as soon as their files meet, which a new file elsewhere may bring about. Two
functions may be overloads of each other by accident, and a call then takes the neighbour's without a word.
"""
import os
import re

from source import Finding

UNNAMED = re.compile(r'^namespace \{\n(.*?)^\}  // namespace$', re.DOTALL | re.MULTILINE)
# All begin in the first column. Tests register themselves, and assertions declare nothing.
TYPE = re.compile(r'^(?:struct|class|enum class) (\w+)', re.MULTILINE)
CONSTANT = re.compile(r'^(?:constexpr|const) [^=({\[\n]*\b(k[A-Z]\w*)', re.MULTILINE)
FUNCTION = re.compile(r'^(?!TEST_CASE|PROPERTY|static_assert|using|struct|class|return)[A-Za-z_][\w:<>,&*\s]*?[\s&*>](?!k[A-Z])(\w+)\(', re.MULTILINE)
PROGRAM = re.compile(r'^(int main|extern "C" int LLVMFuzzerTestOneInput)\(', re.MULTILINE)


def check(sources):
    homes = {}  # (folder, is it a test, name): the first file that has it
    for source in sources:
        if not source.path.endswith('.cc') or PROGRAM.search(source.text):
            continue  # a program is compiled by itself
        for unnamed in UNNAMED.finditer(source.text):
            for declared in (match for kind in (TYPE, CONSTANT, FUNCTION) for match in kind.finditer(unnamed.group(1))):
                name = declared.group(1)
                home = homes.setdefault((os.path.dirname(source.path), source.is_test, name), source.path)
                if home != source.path:
                    line = source.text.count('\n', 0, unnamed.start(1) + declared.start(1)) + 1
                    yield Finding(source.path, line, f'{name} stands in an unnamed namespace of {home} as well: one of them needs another name')
