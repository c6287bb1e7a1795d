#!/usr/bin/env python3
"""Runs protoc on one file, and marks the generated header as a system header.

usage: generate.py PROTOC SOURCE_ROOT BUILD_ROOT FILE.proto   (FILE relative to SOURCE_ROOT)

The pragma keeps our warnings out of code that is not ours, wherever it is included from; an include
directory of its own could not, because source and build root are searched for our headers too.
"""
import os
import subprocess
import sys

protoc, source_root, build_root, proto = sys.argv[1:]
subprocess.run([protoc, "--proto_path=" + source_root, "--cpp_out=" + build_root, proto], check=True)
header = os.path.join(build_root, os.path.splitext(proto)[0] + ".pb.h")
with open(header, encoding="utf-8") as file:
    text = file.read()
with open(header, "w", encoding="utf-8") as file:
    file.write("#pragma GCC system_header\n" + text)
