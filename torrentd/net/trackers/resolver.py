"""Names to addresses, on threads of our own.

`getaddrinfo` waits as long as the system pleases and cannot be interrupted. On Twisted's thread pool, which is joined
at exit, one dead name server would hold up the daemon's stop; these threads are daemonic and nobody waits for them.
A caller waits for TIMEOUT, also when all threads hang; a lookup that nobody waits for any more is not begun.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.python.failure import Failure

THREADS: Final = 4
"""Lookups at once: they only wait, and more would help only against dead name servers."""

QUEUE: Final = 256
"""Lookups that may wait; more are refused. A full round of 50 announces with 50 peer names each never waits whole."""

TIMEOUT: Final = 10.0
"""Seconds for one lookup, its waiting included."""

MOST_ADDRESSES: Final = 16
"""Addresses kept of one name: nobody tries more."""


def look_up(name: str) -> list[str]:
    """Ask the system. OSError or ValueError when there is no answer. Runs in a thread."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Resolver:
    """Resolves names until `stop`."""

    def __init__(
        self,
        reactor: Any,
        look_up: Callable[[str], list[str]] = look_up,
        threads: int = THREADS,
        timeout: float = TIMEOUT,
    ) -> None:
        self._reactor = reactor
        self._look_up = look_up
        self._most_threads = threads
        self._timeout = timeout
        self._threads = 0
        self._lookups: queue.Queue[_Lookup | None] = queue.Queue(QUEUE)

    def resolve(self, name: str) -> Deferred[list[str]]:
        """The canonical addresses of a name, in the system's order; an IP literal is its own. Errback OSError with a
        text that is fit for a user."""
        literal = _canonical(name)
        if literal:
            return succeed([literal])
        lookup = _Lookup(name)
        try:
            self._lookups.put_nowait(lookup)
        except queue.Full:
            return fail(OSError("too many names are waiting to be resolved"))
        if self._threads < self._most_threads:
            self._threads += 1
            threading.Thread(target=self._serve, name=f"resolver-{self._threads}", daemon=True).start()
        lookup.found.addTimeout(self._timeout, self._reactor)
        return lookup.found.addErrback(self._worded)

    def stop(self) -> None:
        """Let the threads end; lookups that are under way answer to nobody."""
        for _ in range(self._threads):
            try:
                self._lookups.put_nowait(None)
            except queue.Full:
                return

    def _worded(self, failure: Failure) -> Failure:
        if failure.check(TimedOut):
            return Failure(OSError(f"the name did not resolve within {self._timeout:g} s"))
        return failure

    def _serve(self) -> None:
        """One thread's life."""
        while (lookup := self._lookups.get()) is not None:
            if lookup.abandoned:
                continue
            result: list[str] | OSError
            try:
                result = [text for host in self._look_up(lookup.name) if (text := _canonical(host))]
            except OSError as problem:
                result = OSError(f"the name does not resolve: {problem.strerror or problem}")
            except ValueError:  # NUL, or no IDNA
                result = OSError("this is not a host name")
            self._reactor.callFromThread(lookup.finish, result)


class _Lookup:
    """One name somebody waits for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.abandoned = False
        self.found: Deferred[list[str]] = Deferred(self._abandon)

    def _abandon(self, _: Deferred[list[str]]) -> None:
        self.abandoned = True

    def finish(self, result: list[str] | OSError) -> None:
        if self.abandoned:
            return
        if isinstance(result, OSError):
            self.found.errback(result)
        elif result:
            self.found.callback(result[:MOST_ADDRESSES])
        else:
            self.found.errback(OSError("the name has no address"))


def _canonical(text: str) -> str:
    """An IP literal in its usual form (without brackets and zone), or "" for anything else."""
    try:
        return str(ipaddress.ip_address(text.strip("[]").partition("%")[0]))
    except ValueError:
        return ""
