"""Each header compiles alone, with the flags of its neighbours.

Needs a build directory that compiles file by file (-Dunity=off): there, a header that its own .cc includes first (shape.py insists)
has been compiled alone by the build. What compiled once is remembered by the hash of everything that it includes from the tree, in
the build directory.
"""
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess

from source import INCLUDE, Finding, bare_code


class Compiler:
    def __init__(self, root, build):
        self.root, self.build = root, build
        self.cache_path = os.path.join(build, 'tidy-headers.json')
        with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as file:
            self.commands = json.load(file)
        try:
            with open(self.cache_path, encoding='utf-8') as file:
                self.known = json.load(file)
        except (OSError, ValueError):
            self.known = {}
        self.contents = {}
        self.built = {os.path.relpath(os.path.join(c['directory'], c['file']), root) for c in self.commands
                      if os.path.exists(os.path.join(c['directory'], c['output']))}

    def flags_for(self, header):
        """The command of a source in the nearest folder, without what names its files."""
        folder = os.path.dirname(header)
        best, best_length = None, -1
        for command in self.commands:
            source = os.path.relpath(os.path.join(command['directory'], command['file']), self.root)
            if not source.endswith('.cc') or source.startswith('..'):
                continue
            common = os.path.commonpath([os.path.dirname(source) or '.', folder]) if os.path.dirname(source) else ''
            # A test's command may know more than the library's; the library's is the one to compile with.
            length = 2 * len(common) - (1 if source.endswith('_test.cc') else 0)
            if length > best_length:
                best, best_length = command, length
        words, kept = shlex.split(best['command']), []
        skip_next = False
        for word in words:
            if skip_next:
                skip_next = False
            elif word in ('-o', '-MF', '-MQ', '-MT'):
                skip_next = True
            elif word not in ('-c', '-MD', '-MMD', best['file']) and not word.endswith('ccache'):
                kept.append(word)
        return kept

    def content(self, path):
        if path not in self.contents:
            text = None
            for base in (self.root, self.build):
                try:
                    with open(os.path.join(base, path), encoding='utf-8', errors='replace') as file:
                        text = file.read()
                        break
                except OSError:
                    pass
            self.contents[path] = text
        return self.contents[path]

    def fingerprint(self, header, flags):
        """Of the flags and of every file of the tree that the header reaches."""
        seen, todo = set(), [header]
        while todo:
            path = todo.pop()
            if path in seen or self.content(path) is None:
                continue
            seen.add(path)
            todo += [m.group(1) for m in INCLUDE.finditer(bare_code(self.content(path))) if m.group(1)]
        digest = hashlib.sha256(' '.join(flags).encode())
        for path in sorted(seen):
            digest.update(path.encode() + b'\0' + self.content(path).encode() + b'\0')
        return digest.hexdigest()

    def compile(self, header):
        """None, or what the compiler said."""
        flags = self.flags_for(header)
        fingerprint = self.fingerprint(header, flags)
        if self.known.get(header) == fingerprint:
            return None
        result = subprocess.run(flags + ['-fdiagnostics-color=never', '-fsyntax-only', '-x', 'c++', '-'], input=f'#include "{header}"\n', text=True,
                                capture_output=True, cwd=self.build, check=False)
        if result.returncode == 0:
            self.known[header] = fingerprint
            return None
        return result.stderr

    def is_built_alone(self, header):
        own = header[:-len('.h')] + '.cc'
        first = INCLUDE.search(bare_code(self.content(own))) if own in self.built and self.content(own) is not None else None
        return first is not None and first.group(1) == header

    def save(self):
        with open(self.cache_path, 'w', encoding='utf-8') as file:
            json.dump(self.known, file, indent=1, sort_keys=True)


def check(sources, root, build):
    compiler = Compiler(root, build)
    headers = [s.path for s in sources if s.is_header and not compiler.is_built_alone(s.path)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        results = list(pool.map(compiler.compile, headers))
    compiler.save()
    for header, said in zip(headers, results):
        if said:
            yield Finding(header, 1, 'does not compile alone:\n    ' + '\n    '.join(said.splitlines()[:12]))
