#!/usr/bin/python3
"""Counts what a `meson test` run passed and failed, case by case, and shows the output of what failed.

usage: tally.py TESTLOG.json LABEL OUT

TESTLOG.json is what meson wrote: one JSON object per test program. A doctest program counts with its cases,
a Python unittest program with its tests, anything else as one. A program that says all is well and yet ends
badly (a crash after the summary, a sanitizer report) counts one failure more; one that crashed or timed out
before its summary counts as one failure. OUT receives `PASSED FAILED`, for whoever adds up.
"""
import json
import re
import sys

DOCTEST = re.compile(r'\[doctest\] test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed')
UNITTEST_RAN = re.compile(r'^Ran (\d+) tests? in ', re.MULTILINE)
UNITTEST_BAD = re.compile(r'^FAILED \((.*)\)$', re.MULTILINE)
UNITTEST_SKIPPED = re.compile(r'skipped=(\d+)')
SHOWN_LINES = 120


def count(result, output):
    """(passed, failed, skipped) of one program; `result` is meson's word for how it ended."""
    if result == 'SKIP':
        return 0, 0, 1
    passed = failed = skipped = 0
    counted = False
    for match in DOCTEST.finditer(output):
        passed += int(match.group(2))
        failed += int(match.group(3))
        counted = True
    for match in UNITTEST_RAN.finditer(output):
        rest = output[match.end():]
        bad_match = UNITTEST_BAD.search(rest)
        bad = 0
        if bad_match:
            bad = sum(int(n) for n in re.findall(r'(?:failures|errors)=(\d+)', bad_match.group(1)))
        skip_match = UNITTEST_SKIPPED.search(rest)
        skip = int(skip_match.group(1)) if skip_match else 0
        # A set-up that failed for a whole class is a failure without a test that ran.
        passed += max(0, int(match.group(1)) - bad - skip)
        failed += bad
        skipped += skip
        counted = True
    if not counted:
        return (1, 0, 0) if result == 'OK' else (0, 1, 0)
    if result != 'OK' and failed == 0:
        failed = 1
    return passed, failed, skipped


def main(log, label, out):
    passed = failed = skipped = programs = 0
    with open(log, encoding='utf-8') as lines:
        for line in lines:
            program = json.loads(line)
            output = (program.get('stdout') or '') + '\n' + (program.get('stderr') or '')
            p, f, s = count(program['result'], output)
            programs += 1
            passed, failed, skipped = passed + p, failed + f, skipped + s
            if f:
                name = program['name']
                print(f'--- {label}: {name}: {program["result"]}, exit {program.get("returncode")}, {f} failed')
                print('    ' + '\n    '.join(output.strip().splitlines()[-SHOWN_LINES:]))
            if s:
                for reason in re.findall(r"^.*(?:SKIP|skipped '?).*$", output, re.MULTILINE):
                    print(f'    skipped in {program["name"]}: {reason.strip()}')
    if programs == 0:
        print(f'--- {label}: no test program ran')
        failed = 1
    more = f', {skipped} skipped' if skipped else ''
    print(f'{label}: {passed} passed, {failed} failed{more} in {programs} programs')
    with open(out, 'w', encoding='utf-8') as file:
        file.write(f'{passed} {failed}\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
