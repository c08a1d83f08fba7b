"""Programs of the user that are run beside us. No shell reads what they are told, which is in an environment that holds
nothing else of ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

GRACE = 5.0
"""Seconds between the polite signal and the other one."""

LONGEST_LINE = 1000
"""Bytes of a line of output; the rest of it is dropped."""

BECOME = (b"/bin/sh", b"-c", b'cd / && unset OLDPWD PWD && exec "$@"', b"sh")
"""Begins every program, which the shell becomes. Nothing but this text is read by it. Without it Twisted would run our
own code in the child until it becomes the program, to change its directory; what goes wrong there is told where the
program writes, with all arguments, which may be secret, and nobody could tell that from what the program says. A
script without #! is run by the shell, as whoever finds a program by `PATH` has it (execvp)."""

MOST_LINES = 100
"""Lines of output of one program; the rest is dropped."""


class Program(ProcessProtocol):
    """One run. `ended` fires with the exit status, negative for a signal; `line` is told each line that it prints."""

    def __init__(self, reactor: Any, limit: float, line: Callable[[str], None]) -> None:
        self.ended: Deferred[int] = Deferred()
        self._reactor = reactor
        self._line = line
        self._lines = 0
        self._rests = {1: b"", 2: b""}
        """by descriptor: what is no whole line yet"""
        self._deadline = reactor.callLater(limit, self._overdue)

    def connectionMade(self) -> None:
        self.transport.closeStdin()  # type: ignore[union-attr]

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        *lines, rest = (self._rests[childFD] + data).split(b"\n")
        self._rests[childFD] = rest[:LONGEST_LINE]
        for line in lines:
            self._print(line)

    def processEnded(self, reason: Failure) -> None:
        if self._deadline.active():
            self._deadline.cancel()
        for rest in filter(None, self._rests.values()):
            self._print(rest)
        status = 0
        if isinstance(reason.value, ProcessTerminated | ProcessDone):
            status = -reason.value.signal if reason.value.signal else reason.value.exitCode or 0
        self.ended.callback(status)

    def stop(self) -> None:
        """Ask it to end, and do not wait long."""
        if self._deadline.active():
            self._deadline.cancel()
        self._overdue()

    def never_ran(self) -> None:
        """There is no process: nothing of it is waited for."""
        self._deadline.cancel()

    def kill(self) -> None:
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")  # type: ignore[union-attr]

    def _overdue(self) -> None:
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess("TERM")  # type: ignore[union-attr]
        self._deadline = self._reactor.callLater(GRACE, self.kill)

    def _print(self, line: bytes) -> None:
        self._lines += 1
        if self._lines <= MOST_LINES:
            self._line(line[:LONGEST_LINE].decode("utf-8", "replace").rstrip("\r"))


def run(
    reactor: Any, argv: Sequence[str], environment: Mapping[str, str], limit: float, line: Callable[[str], None]
) -> Program:
    """Run `argv[0]` with these arguments in `/`, for at most `limit` seconds. One that cannot be run ends with 127 or
    126, and says why. OSError if there can be no process, or none with so much to tell it."""
    program = Program(reactor, limit, line)
    arguments = [*BECOME, *(os.fsencode(word) for word in argv)]
    variables = {os.fsencode(name): value.encode("utf-8", "replace") for name, value in environment.items()}
    try:
        reactor.spawnProcess(program, arguments[0], arguments, env=variables)
    except OSError:
        program.never_ran()
        raise
    return program
