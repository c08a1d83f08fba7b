"""The unix socket: made with the right mode from its first moment, or taken over from systemd.

Twisted's own unix port is used for accepting only. It would make the socket's mode 0666 when it adopts one, and unlink
the path when it closes, which takes away the socket that systemd still listens on.
"""

# mypy: allow-untyped-calls
# What is inherited from Twisted here carries no types.

from __future__ import annotations

import errno
import grp
import os
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.interfaces import IAddress, IProtocolFactory, IReactorFDSet
from twisted.python.failure import Failure
from twisted.python.systemd import ListenFDs

from torrentd.rpc.serve.authentication import peer_credentials
from torrentd.rpc.serve.listening import ListenError, held_by, why

KEY = "rpc.unix"
MAX_PATH = 107  # bytes: sun_path holds 108 with its NUL
BACKLOG = 128
OWNER_AND_GROUP = 0o660
PRIVATE_UMASK = 0o177


class UnixConnection(unix.Server):
    """Twisted's, but for what costs a small call a quarter of its time: an answer is written at once, as far as the
    socket takes it, and not after another turn of the reactor; no file descriptors are taken from callers; and the
    kernel is asked only once where we are.
    """

    _host: IAddress | None = None

    def getHost(self) -> Any:
        if self._host is None:
            self._host = super().getHost()
        return self._host

    def write(self, data: bytes) -> None:
        if not self.connected or self.disconnecting or self.dataBuffer or self._tempDataBuffer:
            super().write(data)
            return
        sent = tcp.Server.writeSomeData(self, data)
        if not isinstance(sent, int):
            super().write(data)  # the connection is lost, which the reactor finds out
        elif sent < len(data):
            super().write(data[sent:])

    def doRead(self) -> Any:
        return tcp.Server.doRead(self)


class UnixPort(unix.Port):
    """Accepts from a socket that listens already, and leaves its path alone."""

    transport = UnixConnection

    def __init__(self, listening: socket.socket, factory: IProtocolFactory, reactor: IReactorFDSet) -> None:
        super().__init__(listening.getsockname(), factory, reactor=reactor)
        self._listening = listening
        self._connections_from = factory

    def startListening(self) -> None:
        tcp._reservedFD.reserve()  # lets accept() go on, refusing, when the process is out of descriptors
        self._connections_from.doStart()
        self.socket = self._listening
        self.fileno = self._listening.fileno  # type: ignore[method-assign]  # as Twisted's ports do
        self.numberAccepts = BACKLOG
        self.connected = True
        self.startReading()

    def connectionLost(self, reason: Failure) -> None:
        tcp.Port.connectionLost(self, reason)


def bind(path: str, group: str = "") -> socket.socket:
    """Listen at `path`, for the owner and perhaps a group. The caller holds the state lock, so that a socket on which
    nobody answers is stale, and is replaced. ListenError for what cannot be."""
    size = len(os.fsencode(path))
    if size > MAX_PATH:
        raise ListenError(f"{KEY}: {path}: a socket path has at most {MAX_PATH} bytes, this one {size}")
    gid = _group_id(group)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_stale(path)
        with _umask(PRIVATE_UMASK):
            listening.bind(path)
        if gid is not None:
            os.chown(path, -1, gid)
            Path(path).chmod(OWNER_AND_GROUP)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise ListenError(f"{KEY}: {path}: {why(error)}") from None
    except ListenError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening


def unlink(path: str, inode: int) -> None:
    """Remove our socket; another one that has taken its place stays."""
    with suppress(OSError):  # gone already, or its directory is
        if Path(path).stat().st_ino == inode:
            Path(path).unlink()


def inherited(environment: Mapping[str, str]) -> list[socket.socket]:
    """The listening sockets that systemd passed to this very process (LISTEN_FDS), of any family."""
    sockets = [socket.socket(fileno=fd) for fd in ListenFDs.fromEnvironment(environment).inheritedDescriptors()]
    for passed in sockets:
        passed.setblocking(False)
        passed.set_inheritable(False)
    return sockets


def _group_id(group: str) -> int | None:
    if not group:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise ListenError(f"rpc.unix_group: there is no group {group!a}") from None


def _remove_stale(path: str) -> None:
    try:
        found = Path(path).lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ListenError(f"{KEY}: {path}: exists and is not a socket")
    if _answers(path):
        raise ListenError(f"{KEY}: {path}: is in use{held_by(_listener(path))}")
    Path(path).unlink()


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        return probe.connect_ex(path) not in (errno.ECONNREFUSED, errno.ENOENT)


def _listener(path: str) -> int:
    """The process that made a listening socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        if probe.connect_ex(path) != 0:
            return 0
        return peer_credentials(probe)[0]


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)
