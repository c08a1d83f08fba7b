from __future__ import annotations

import errno
import os
import socket

from torrentd.rpc.serve.listening import held_by, tcp_holder, why


def test_who_holds_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        assert tcp_holder(holder.getsockname()[1]) == os.getpid()


def test_who_holds_a_port_of_ipv6() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as holder:
        assert tcp_holder(holder.getsockname()[1]) == os.getpid()


def test_nobody_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    assert tcp_holder(port) == 0


def test_the_holder_in_words() -> None:
    assert held_by(os.getpid()).endswith(f" (pid {os.getpid()})")
    assert held_by(0) == ""


def test_reasons_in_words() -> None:
    assert why(OSError(errno.EADDRINUSE, "x")) == "is in use"
    assert why(OSError(errno.EACCES, os.strerror(errno.EACCES))) == "permission denied"
    assert why(None) == why(OSError()) == "cannot listen"
