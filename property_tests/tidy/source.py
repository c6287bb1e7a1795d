"""A source file as the rules see it: which room it stands in, its includes, and its code without comments and texts."""
import os
import re

# `"…"` and `<…>` includes.
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
CPP_ENDINGS = ('.h', '.cc')
TEXT_ENDINGS = CPP_ENDINGS + ('.md', '.py', '.sh', '.build', '.proto', '.patch', '.txt', '.json', '.mjs', '.js')
NOT_OURS = ('build', '.git', 'node_modules', '__pycache__')

# What may stand between a backslash and the end of a token: comments, texts, characters, raw texts.
_SKIPPED = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)


def bare_code(text):
    """`text` with comments and the inside of literals blanked; every line keeps its number."""
    def blank(match):
        whole = match.group(0)
        line_start = text.rfind('\n', 0, match.start()) + 1
        if re.match(r'\s*#\s*include\s*$', text[line_start:match.start()]):
            return whole  # the path of an include is not a literal
        kept = '""' if '"' in (whole[0], whole[-1]) else "''" if whole[0] == "'" else ' '
        return kept + '\n' * whole.count('\n')
    return _SKIPPED.sub(blank, text)


class Source:
    """One file of the tree. `path` is relative to its root, with `/`."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.is_cpp = path.endswith(CPP_ENDINGS)
        self.is_header = path.endswith('.h')
        # `x_test.cc`, and what only tests include: `x_test_world.h`, `test_world.cc`.
        self.is_test = re.search(r'(?:_test(?:_\w+)?|/test_\w+)\.(?:cc|h)$', path) is not None
        self.code = bare_code(text) if self.is_cpp else ''

    def includes(self):
        """(line, path, is_ours) of each include; ours are written in quotes, from the root."""
        for match in INCLUDE.finditer(self.code):
            line = self.code.count('\n', 0, match.start(1 if match.group(1) else 2)) + 1
            yield line, match.group(1) or match.group(2), match.group(1) is not None

    def line_of(self, position):
        return self.code.count('\n', 0, position) + 1


class Finding:
    def __init__(self, path, line, text):
        self.path, self.line, self.text = path, line, text

    def __str__(self):
        return f'{self.path}:{self.line}: {self.text}'


def read_tree(root):
    """Every text file of ours under `root`, sorted by path."""
    sources = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(NOT_OURS) and not f.endswith('.etcd'))
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, '/')
            if name.endswith(TEXT_ENDINGS) or path in ('run', 'test', '.ci/run'):
                with open(os.path.join(folder, name), encoding='utf-8', errors='replace') as file:
                    sources.append(Source(path, file.read()))
    return sources
