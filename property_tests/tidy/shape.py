"""The shape of a file: a header says its path and purpose first, and a .cc includes its own header first."""
from source import Finding


def check(source, paths):
    """`paths` are all paths of the tree."""
    if source.is_header:
        lines = source.text.splitlines() or ['']
        if not lines[0].startswith(f'// {source.path}: '):
            yield Finding(source.path, 1, f'the first line should be `// {source.path}: <what it is for>`')
        if not any(line.strip() == '#pragma once' for line in lines):
            yield Finding(source.path, 1, 'lacks `#pragma once`')
    elif source.path.endswith('.cc'):
        own = source.path[:-len('.cc')] + '.h'
        includes = list(source.includes())
        if own in paths and (not includes or includes[0][1] != own):
            line = includes[0][0] if includes else 1
            yield Finding(source.path, line, f'should include its own header "{own}" first')
