#!/usr/bin/env python3
"""Makes a C++ source of the files that a report's page consists of.

usage: embed.py OUT.cc NAME=FILE[,FILE...] ...   (the files of one name follow each other)
"""
import sys

LINE_BYTES = 100


def literal(data):
    """Adjacent string literals; each byte that is not plain ASCII as three octal digits."""
    lines = []
    for begin in range(0, len(data), LINE_BYTES):
        part = data[begin:begin + LINE_BYTES]
        lines.append('"' + ''.join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f'\\{b:03o}' for b in part) + '"')
    return '\n    '.join(lines) or '""'


with open(sys.argv[1], 'w', encoding='ascii') as out:
    out.write('#include "apps/runs/report_page.h"\n\nnamespace runs::page_assets {\n\n')
    for argument in sys.argv[2:]:
        name, files = argument.split('=')
        content = b''
        for path in files.split(','):
            with open(path, 'rb') as file:
                content += file.read()
        out.write(f'const std::string_view {name}(\n    {literal(content)},\n    {len(content)});\n\n')
    out.write('}  // namespace runs::page_assets\n')
