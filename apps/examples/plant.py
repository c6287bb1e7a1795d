#!/usr/bin/python3
"""Plants a mistake: one that a programmer could make, in one line.

usage: plant.py NAME SOURCE OUTPUT

The line has to stand in SOURCE once, so a mistake that no longer fits the code is noticed when it is built.
"""
import sys

MISTAKES = {
    # The bank: a write that comes again takes effect again.
    'again': ('if (number > session.number) session', 'if (number >= session.number) session'),
    # The bank: who transfers to the same account gets the amount, and loses nothing.
    'oneself': ('    from -= amount;', '    if (names[0] != names[1]) from -= amount;'),
    # The bank: a member answers reads with what it has applied, however long ago it was heard of last.
    'stale': ('return replica.read_index(*this);', 'return on_readable();'),
    # The queue: what is asked again because nobody answered is done again.
    'repeats': ('txn({is_absent("added/" + job_)},', 'txn({},'),
    # The queue: who hears nothing of his claim believes that he has nothing.
    'forgets': ('again(&Worker::take);  // somebody', 'machine_.end_job();  // somebody'),
}

name, source, output = sys.argv[1:]
right, wrong = MISTAKES[name]
with open(source, encoding='utf-8') as file:
    text = file.read()
if text.count(right) != 1:
    sys.exit(f'{source} has `{right}` {text.count(right)} times, so `{name}` cannot be planted')
with open(output, 'w', encoding='utf-8') as file:
    file.write(text.replace(right, wrong))
