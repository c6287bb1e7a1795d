#!/usr/bin/python3
"""The page of `lockstep report`, in a real browser: it works without a network, shows what broke, and follows the cursor.

usage: report_test.py LOCKSTEP TRACE BANK_SIM_WITH_A_MISTAKE

No run of a good build breaks a promise, so the trace is cut short: it ends before a client can have its last answer. A wrong answer
comes from the bank's simulator with a planted mistake.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import chromium

BYTES_MAX = 5 << 20
SECONDS_MAX = 120
QUESTION = 'put k0 3'


def shorten(trace):
    """Client 0 asks its last question in the calm, and the run ends before anybody can answer it."""
    calm = trace['faults_until_ns']
    trace['operations'] = [one for one in trace['operations'] if one['at_ns'] < calm - 15e9]
    trace['operations'].append({'client': 0, 'number': 900, 'at_ns': calm, 'what': QUESTION})
    trace['operations'].sort(key=lambda one: (one['client'], one['at_ns']))
    trace['actions'].append({'id': 900, 'kind': 'power_loss', 'at_ns': int(calm - 12e9), 'lasting_ns': int(1e9), 'member': 0, 'moment': 'any'})
    trace['actions'].sort(key=lambda one: one['at_ns'])
    trace['duration_ns'] = calm + 2_000_000


def report(program, trace, page):
    """How `report` ended, and after how many seconds."""
    begin = time.monotonic()
    done = subprocess.run([program, 'report', str(trace), '-o', str(page)], capture_output=True, text=True)
    seconds = time.monotonic() - begin
    if page.exists():
        print(f'{program.name}: {page.stat().st_size} bytes, {seconds:.1f} s from the trace to the page')
    return done, seconds


class ReportPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        directory = pathlib.Path(cls.directory.name)
        trace = json.loads(pathlib.Path(TRACE).read_text(encoding='utf-8'))
        shorten(trace)
        path = directory / "it's cut.trace.json"
        path.write_text(json.dumps(trace), encoding='utf-8')
        cls.file = directory / 'page.html'
        cls.report, cls.seconds = report(LOCKSTEP, path, cls.file)
        cls.browser = chromium.Chromium().__enter__()
        cls.page = cls.browser.open(cls.file.as_uri())

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.directory.cleanup()

    def setUp(self):
        self.page.run("document.getElementById('diagram').focus()")
        self.page.press('Home')

    def tearDown(self):
        self.assertEqual(self.page.errors(), [])

    def text(self, selector):
        return self.page.run(f'document.querySelector({json.dumps(selector)}).innerText')

    def picture(self):
        return self.page.run("document.getElementById('diagram').toDataURL()")

    def test_it_is_made_in_time_and_is_small(self):
        self.assertEqual(self.report.returncode, 1, self.report.stderr)
        self.assertLess(self.seconds, SECONDS_MAX)
        self.assertLess(self.file.stat().st_size, BYTES_MAX)

    def test_it_needs_nothing_from_anywhere(self):
        self.assertEqual([url for url in self.page.requests() if url != self.file.as_uri()], [])

    def test_it_says_what_was_promised_and_broken(self):
        sentence = self.text('#sentence')
        self.assertTrue(sentence.startswith('Promised: '), sentence)
        self.assertIn('Broken: client 0 still waits', sentence)

    def test_the_operation_that_it_is_about_is_marked(self):
        self.assertEqual(self.page.run("document.querySelectorAll('#history .guilty').length"), 1)
        row = self.text('#guilty-operation')
        self.assertIn(QUESTION, row)
        self.assertIn('never answered', row)

    def test_the_cursor_moves_and_the_state_follows(self):
        at_end = self.text('#cursor-time'), self.text('#state tbody')
        self.assertIn('turn', at_end[0])
        self.page.press('ArrowLeft')
        one_before = self.text('#cursor-time')
        self.assertNotEqual(one_before, at_end[0])
        for _ in range(60):
            self.page.press('ArrowLeft', shift=True)
        before = self.text('#cursor-time'), self.text('#state tbody')
        self.assertNotEqual(before[1], at_end[1])
        self.page.press('ArrowRight')
        self.assertNotEqual(self.text('#cursor-time'), before[0])
        self.page.press('Home')
        self.assertEqual((self.text('#cursor-time'), self.text('#state tbody')), at_end)

    def test_a_click_puts_the_cursor_there_and_the_wheel_zooms(self):
        box = self.page.run("(() => { document.getElementById('diagram').scrollIntoView(); const b = document.getElementById('diagram')"
                            ".getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()")
        before = self.text('#cursor-time'), self.picture()
        self.page.click(box[0] + box[2] * 0.4, box[1] + 12)
        self.assertNotEqual(self.text('#cursor-time'), before[0])
        clicked = self.picture()
        self.page.wheel(box[0] + box[2] * 0.4, box[1] + 40, -120)
        self.assertNotEqual(self.picture(), clicked)

    def test_filters_change_what_is_drawn(self):
        self.page.press('0')
        without = self.picture()
        toggle = "[...document.querySelectorAll('#filters input')].find((box) => box.parentElement.innerText.includes('heartbeats')).click()"
        self.page.run(toggle)
        self.page.settle()
        self.assertNotEqual(self.picture(), without)
        self.page.run(toggle)
        self.page.settle()
        self.assertEqual(self.picture(), without)

    def test_a_row_of_the_history_leads_to_its_place_in_the_picture(self):
        before = self.text('#cursor-time')
        self.page.run("document.querySelector('#history tbody tr').click()")
        self.page.settle()
        self.assertNotEqual(self.text('#cursor-time'), before)

    def test_the_faults_are_told_in_words_and_the_commands_can_be_pasted(self):
        self.assertIn('loses its power', self.text('#schedule'))
        self.assertIn("it'\\''s cut.trace.json' --log", self.text('#commands'))

    def test_it_is_dark_where_that_is_wanted(self):
        color = "getComputedStyle(document.body).backgroundColor"
        light = self.page.run(color), self.picture()
        self.page.darken()
        dark = self.page.run(color), self.picture()
        self.page.darken(False)
        self.assertNotEqual(light[0], dark[0])
        self.assertNotEqual(light[1], dark[1])

    def test_words_are_explained_where_they_stand(self):
        self.assertGreater(self.page.run("document.querySelectorAll('.term[data-meaning][tabindex]').length"), 4)


class WrongAnswer(unittest.TestCase):
    """Another tenant's page, of a promise that was broken indeed."""

    def test_the_first_illegal_operation_is_marked(self):
        with tempfile.TemporaryDirectory() as name, chromium.Chromium() as browser:
            directory = pathlib.Path(name)
            subprocess.run([BANK, 'sim', '--seeds', '1..100', '--stop-at-failure', '--traces', name], capture_output=True)
            trace = next(directory.glob('*.trace.json'))
            file = directory / 'page.html'
            done, _ = report(BANK, trace, file)
            self.assertEqual(done.returncode, 1, done.stderr)
            page = browser.open(file.as_uri())
            self.assertEqual(page.errors(), [])
            row = page.run("document.getElementById('guilty-operation').innerText")
            self.assertIn('first illegal operation', row)
            self.assertIn('Promised: a write takes effect once', page.run("document.getElementById('sentence').innerText"))
            self.assertLess(file.stat().st_size, BYTES_MAX)


if __name__ == '__main__':
    assert chromium.find(), 'there is no chromium (./test --all installs it)'
    LOCKSTEP, TRACE, BANK = map(pathlib.Path, sys.argv[1:4])
    unittest.main(argv=sys.argv[:1])
