"""Processes that start as copies of one that has imported the libraries, whose imports take a new one seconds.

The parent imports with warnings as errors and then only forks. It has one thread, or it ends. A copy runs its code as a
script would, to the end of its interpreter. What is about starting, imports or signals needs new processes, as do hash
seeds: those of the copies are the same.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache

from compiled import STRICT

LIMIT = 300  # seconds of any wait: it only ends what hangs, also on a machine that is slow

PARENT = """
import json, os, socket, sys
import matplotlib.figure, rich.progress, scipy.optimize, scipy.spatial, torch
import wgan.cli, wgan.training.loop

asked = socket.socket(fileno=int(sys.argv[1]))
while True:
    words, streams, _, _ = socket.recv_fds(asked, 1 << 20, 3)
    if not words:
        os._exit(0)
    if os.path.exists("/proc/self/task") and len(os.listdir("/proc/self/task")) > 1:
        os._exit(1)
    if waiter := os.fork():
        os.waitpid(waiter, 0)
        [os.close(one) for one in streams]
        continue
    asked.close()
    if os.fork():  # the waiter ends at once, so that the parent need not know of the rest
        os._exit(0)
    if child := os.fork():
        os.write(streams[2], b"%d " % child)
        os.write(streams[2], b"%d " % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        os._exit(0)
    break
given = json.loads(words)
null = os.open(os.devnull, os.O_RDONLY)
for place, stream in enumerate((null, *streams[:2])):
    os.dup2(stream, place)
[os.close(one) for one in (null, *streams)]
os.chdir(given["cwd"])
os.environ.clear()
os.environ.update(given["environment"])
sys.path[:] = given["path"]
sys.argv = given["arguments"]
exec(compile(given["code"], "forked", "exec"), {"__name__": "__main__"})
"""

COMMAND = "from wgan.__main__ import main\nmain()"


@cache
def _parent():
    """The socket to the parent of all copies of this process's tests."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, *STRICT, "-c", PARENT, str(there.fileno())], pass_fds=[there.fileno()], env=environment
    )
    there.close()

    def end():
        here.close()
        process.wait(LIMIT)

    atexit.register(end)
    return here


class Forked:
    """A copy that runs `code` with `arguments`; its methods are those of `subprocess.Popen`."""

    def __init__(self, code, *arguments, cwd=None, env=None):
        self.args, self.returncode = arguments, None
        self.files = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self.status, end = os.pipe()
        given = {"code": code, "arguments": ["wgan", *map(str, arguments)], "cwd": str(cwd or os.getcwd())}
        given |= {"environment": dict(env or os.environ), "path": sys.path}
        words = json.dumps(given).encode()
        socket.send_fds(_parent(), [words], [*(file.fileno() for file in self.files), end])
        os.close(end)
        self.told, self.said = b"", ()
        self._read(1, LIMIT)
        self.pid = int(self.told.split()[0])

    def _read(self, count, timeout):
        """Wait for so many numbers of the waiter: the copy's id and its status."""
        while self.told.count(b" ") < count:
            if not select.select([self.status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout)
            told = os.read(self.status, 64)
            assert told, "the parent of all copies ended"
            self.told += told

    def poll(self):
        if self.returncode is None:
            try:
                self.wait(0)
            except subprocess.TimeoutExpired:
                return None
        return self.returncode

    def wait(self, timeout=LIMIT):
        if self.returncode is None:
            self._read(2, timeout)
            os.close(self.status)
            self.returncode = int(self.told.split()[1])
            for file in self.files:
                file.seek(0)
                self.said += (file.read().decode(),)
                file.close()
        return self.returncode

    def communicate(self, timeout=LIMIT):
        self.wait(timeout)
        return self.said

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def anew(code, *arguments, cwd=None, env=None):
    """As `Forked`, in a new interpreter, which has everything to import."""
    return subprocess.Popen(
        [sys.executable, *STRICT, "-c", code, *map(str, arguments)], stdout=-1, stderr=-1, text=True, cwd=cwd, env=env
    )
