"""A headless browser over its debugging pipe: https://chromedevtools.github.io/devtools-protocol/, without any library.

    with Chromium() as browser:
        page = browser.open('file:///…/page.html')
        page.run('document.title')
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ('chromium', 'chromium-browser', 'google-chrome')
TIMEOUT = 60


def find():
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Chromium:
    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # its helpers may still write there
        to_browser, self.send_end = os.pipe()
        self.receive_end, from_browser = os.pipe()

        def connect():  # it reads commands from descriptor 3, and answers on 4
            low = [os.dup(to_browser), os.dup(from_browser)]  # neither of them is 3 or 4 any more
            os.dup2(low[0], 3)
            os.dup2(low[1], 4)

        arguments = [find(), '--headless=new', '--remote-debugging-pipe', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
                     '--disable-background-networking', '--user-data-dir=' + self.profile.name, 'about:blank']
        if os.geteuid() == 0:
            arguments.insert(1, '--no-sandbox')
        self.process = subprocess.Popen(arguments, pass_fds=(3, 4, to_browser, from_browser), preexec_fn=connect, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b''
        self.number = 0
        self.events = []
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.send_end)
        os.close(self.receive_end)
        self.profile.cleanup()

    def receive(self, deadline):
        while b'\0' not in self.buffer:
            ready, _, _ = select.select([self.receive_end], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError('the browser does not answer')
            part = os.read(self.receive_end, 1 << 20)
            if not part:
                raise EOFError('the browser has ended')
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b'\0')
        return json.loads(message)

    def call(self, method, session=None, **params):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if session:
            message['sessionId'] = session
        os.write(self.send_end, json.dumps(message).encode() + b'\0')
        deadline = time.monotonic() + TIMEOUT
        while True:
            answer = self.receive(deadline)
            if answer.get('id') != self.number:
                self.events.append(answer)
                continue
            if 'error' in answer:
                raise RuntimeError(f'{method}: {answer["error"]["message"]}')
            return answer['result']

    def open(self, url, width=1440, height=1000):
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        page = Page(self, session)
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            page.call(domain + '.enable')
        page.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=False)
        page.call('Page.navigate', url=url)
        deadline = time.monotonic() + TIMEOUT
        while not any(event['method'] == 'Page.loadEventFired' for event in page.events()):
            self.events.append(self.receive(deadline))
        page.settle()
        return page


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def events(self):
        return [event for event in self.browser.events if event.get('sessionId') == self.session]

    def run(self, script):
        result = self.call('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in result:
            raise RuntimeError(f'{script}: {result["exceptionDetails"]}')
        return result['result'].get('value')

    def settle(self):
        """Until what was asked for is drawn."""
        self.run('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))')

    def press(self, key, shift=False):
        modifiers = 8 if shift else 0
        text = {'text': key} if len(key) == 1 else {}
        self.call('Input.dispatchKeyEvent', type='keyDown', key=key, modifiers=modifiers, **text)
        self.call('Input.dispatchKeyEvent', type='keyUp', key=key, modifiers=modifiers)
        self.settle()

    def click(self, x, y):
        for kind in ('mousePressed', 'mouseReleased'):
            self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=1)
        self.settle()

    def wheel(self, x, y, by):
        self.call('Input.dispatchMouseEvent', type='mouseWheel', x=x, y=y, deltaX=0, deltaY=by)
        self.settle()

    def darken(self, is_dark=True):
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': 'dark' if is_dark else 'light'}])
        self.settle()

    def screenshot(self, path, is_whole=True):
        data = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=is_whole)['data']
        with open(path, 'wb') as file:
            file.write(base64.b64decode(data))

    def errors(self):
        """What scripts threw, and what stands in the console as an error."""
        found = []
        for event in self.events():
            params = event['params']
            if event['method'] == 'Runtime.exceptionThrown':
                found.append(params['exceptionDetails'].get('exception', {}).get('description', params['exceptionDetails']['text']))
            elif event['method'] == 'Log.entryAdded' and params['entry']['level'] == 'error':
                found.append(params['entry']['text'])
            elif event['method'] == 'Runtime.consoleAPICalled' and params['type'] == 'error':
                found.append(str(params['args']))
        return found

    def requests(self):
        return [event['params']['request']['url'] for event in self.events() if event['method'] == 'Network.requestWillBeSent']
