"""A TCP proxy between the members of a cluster on one machine, which can cut, hold and heal the link from any of them to any other.

Every member advertises a port of the proxy as its peer URL, and all of them come from the loopback: who is calling is found out
from the kernel, by whose process has the calling socket. Bytes from member x to member y pass the link (x, y), whether x called y
or y called x and x answers.
"""
import asyncio
import os
import threading

PASS, HOLD, CUT = 'pass', 'hold', 'cut'
BUFFER = 64 * 1024


def inode_of_port(port):
    """The inode of the socket whose own end is 127.0.0.1:port and whose other end is a proxy's; None when it is gone."""
    with open('/proc/net/tcp', encoding='ascii') as table:
        next(table)
        for line in table:
            fields = line.split()
            address, local_port = fields[1].split(':')
            if address == '0100007F' and int(local_port, 16) == port and fields[9] != '0':
                return fields[9]
    return None


def has_socket(pid, inode):
    try:
        for name in os.listdir(f'/proc/{pid}/fd'):
            try:
                if os.readlink(f'/proc/{pid}/fd/{name}') == f'socket:[{inode}]':
                    return True
            except OSError:
                pass  # closed meanwhile
    except OSError:
        pass  # the process is gone
    return False


class Proxy:
    """Runs on a thread of its own. `pids` is a function that returns {member: pid} of those that run at the moment."""

    def __init__(self, pids):
        self._pids = pids
        self._links = {}  # (from, to): PASS, HOLD or CUT; PASS when missing
        self._connections = {}  # {task set of one connection}: (caller, called)
        self._loop = asyncio.new_event_loop()
        self._changed = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._thread.start()
        self._ready.wait()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._changed = asyncio.Condition()
        self._loop.call_soon(self._ready.set)
        self._loop.run_forever()

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def listen(self, port, member, member_port):
        """Calls to `port` are for `member`, which listens on `member_port`."""
        async def start():
            await asyncio.start_server(lambda r, w: self._serve(r, w, member, member_port), '127.0.0.1', port)
        self._do(start())

    def set_link(self, source, target, state):
        """CUT also ends what is connected between the two: no TCP connection survives half of itself."""
        async def change():
            async with self._changed:
                self._links[(source, target)] = state
                self._changed.notify_all()
            if state == CUT:
                for writers, pair in list(self._connections.items()):
                    if pair in ((source, target), (target, source)):
                        for writer in writers:
                            writer.transport.abort()
        self._do(change())

    def cut(self, one, other):
        self.set_link(one, other, CUT)
        self.set_link(other, one, CUT)

    def heal(self):
        for pair in list(self._links):
            self.set_link(*pair, PASS)

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _state(self, source, target):
        return self._links.get((source, target), PASS)

    def _caller(self, port):
        inode = inode_of_port(port)
        if inode is not None:
            for member, pid in self._pids().items():
                if has_socket(pid, inode):
                    return member
        return None

    async def _serve(self, reader, writer, called, port):
        caller = self._caller(writer.get_extra_info('peername')[1])
        if CUT in (self._state(caller, called), self._state(called, caller)):
            writer.transport.abort()
            return
        try:
            onward_reader, onward_writer = await asyncio.open_connection('127.0.0.1', port)
        except OSError:
            writer.transport.abort()
            return
        writers = (writer, onward_writer)
        self._connections[writers] = (caller, called)
        try:
            await asyncio.gather(self._copy(reader, onward_writer, caller, called), self._copy(onward_reader, writer, called, caller))
        except OSError:
            pass
        finally:
            del self._connections[writers]
            for one in writers:
                one.transport.abort()

    async def _copy(self, reader, writer, source, target):
        while data := await reader.read(BUFFER):
            async with self._changed:
                await self._changed.wait_for(lambda: self._state(source, target) != HOLD)
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
