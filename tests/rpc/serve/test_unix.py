from __future__ import annotations

import grp
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.selectreactor import SelectReactor

from torrentd.rpc.serve.listening import ListenError
from torrentd.rpc.serve.unix import UnixPort, bind, inherited, unlink


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rpc.sock"


def test_only_the_owner_may_connect(path: Path) -> None:
    with bind(str(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_umask_is_as_before(path: Path) -> None:
    before = os.umask(0o022)
    try:
        bind(str(path)).close()
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_a_group_may_connect(path: Path) -> None:
    group = grp.getgrgid(os.getgid())
    with bind(str(path), group.gr_name):
        found = path.stat()
        assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, group.gr_gid)


def test_no_such_group(path: Path) -> None:
    with pytest.raises(ListenError, match=r"^rpc\.unix_group: there is no group 'no-such-group'$"):
        bind(str(path), "no-such-group")
    assert not path.exists()


def test_a_missing_directory_is_made_private(path: Path) -> None:
    path = path.parent / "run" / "rpc.sock"
    with bind(str(path)):
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_path_that_is_too_long(tmp_path: Path) -> None:
    longest = str(tmp_path / "a")
    longest += "a" * (107 - len(longest))
    bind(longest).close()
    with pytest.raises(ListenError, match=r"rpc\.unix: .* at most 107 bytes, this one 108"):
        bind(longest + "a")


def test_a_stale_socket_is_replaced(path: Path) -> None:
    bind(str(path)).close()
    assert path.exists()
    with bind(str(path)):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_living_socket_is_not(path: Path) -> None:
    with bind(str(path)):
        with pytest.raises(ListenError, match=rf"^rpc\.unix: {path}: is in use by .* \(pid {os.getpid()}\)$"):
            bind(str(path))
        assert path.exists()


def test_a_file_is_never_removed(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(ListenError, match="exists and is not a socket"):
        bind(str(path))
    assert path.read_text() == "precious"


def test_a_symlink_is_not_followed(path: Path) -> None:
    path.symlink_to(path.parent / "elsewhere")
    with pytest.raises(ListenError, match="exists and is not a socket"):
        bind(str(path))


def test_a_directory_that_cannot_be(path: Path) -> None:
    path.write_text("a file")
    with pytest.raises(ListenError, match=r"^rpc\.unix: .*: "):
        bind(str(path / "rpc.sock"))


def test_only_our_own_socket_is_unlinked(path: Path) -> None:
    bind(str(path)).close()
    unlink(str(path), path.stat().st_ino + 1)
    assert path.exists()
    unlink(str(path), path.stat().st_ino)
    assert not path.exists()
    unlink(str(path), 1)


def test_nothing_is_inherited() -> None:
    assert inherited({}) == []
    assert inherited({"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "rpc"}) == []


class Answers(Protocol):
    """Says something when it is told to."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(b"<")
        self.transport.write(b"x" * int(data))
        self.transport.write(b">")
        self.transport.loseConnection()


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_answers_arrive_whole_and_in_order(path: Path, size: int) -> None:
    reactor = SelectReactor()
    factory = Factory.forProtocol(Answers)
    port = UnixPort(bind(str(path)), factory, reactor)
    port.startListening()
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
        caller.sendall(b"%d" % size)
        caller.setblocking(False)
        answer = b""
        while not answer.endswith(b">"):
            reactor.doIteration(0.01)
            with suppress(BlockingIOError):
                answer += caller.recv(1 << 20)
        assert answer == b"<" + b"x" * size + b">"
    port.stopListening()


def test_a_caller_that_has_gone_is_noticed(path: Path) -> None:
    reactor = SelectReactor()
    lost: list[object] = []

    class Late(Protocol):
        def dataReceived(self, data: bytes) -> None:
            caller.close()
            self.transport.write(b"x" * 1000)
            self.transport.write(b"x" * 1000)

        def connectionLost(self, reason: object = None) -> None:
            lost.append(reason)

    port = UnixPort(bind(str(path)), Factory.forProtocol(Late), reactor)
    port.startListening()
    caller = socket.socket(socket.AF_UNIX)
    caller.connect(str(path))
    caller.sendall(b"x")
    for _ in range(100):
        reactor.doIteration(0.01)
    assert len(lost) == 1
    port.stopListening()
