"""A local network of a test's own: hosts with an address each, on one wire that leads nowhere.

Other clients refuse loopback addresses when they hear of them, and do not hear their own host's multicast. Here each
program has a network namespace of its own (Linux, root), joined to a bridge; the test is where the bridge is, so that
it reaches all of them.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from tests.interop.processes import missing, require

CLONE_NEWNET: Final = 0x40000000  # linux/sched.h

NETWORK: Final = "85.{}.0.1"
"""Public addresses, a /16 for each host: hash tables mistrust many nodes in one."""

HERE: Final = NETWORK.format(1)
"""Where the test is."""

_libc = ctypes.CDLL(None, use_errno=True)


def v6(address: str) -> str:
    """The other address of a host: of IPv6, a /32 for each."""
    return f"2a09:{int(address.split('.')[1]):x}::1"


class Lan:
    """The calling thread, and what it starts, is in the network while the context is entered."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._hosts: dict[str, int] = {}
        """address -> its namespace, an open file"""

    def __enter__(self) -> Lan:
        require("ip")
        with ExitStack() as if_it_fails:
            if_it_fails.callback(self._open.close)
            home = self._keep()
            try:
                _new_namespace()
            except PermissionError:
                missing("the right to make a network (root's)")
            self._open.callback(_enter, home)
            self._here = self._keep()
            _ip("link add lan type bridge", "link set lan up", f"addr add {HERE}/8 dev lan")
            if_it_fails.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Back to where the thread came from. A namespace ends with its last process."""
        self._open.close()

    def host(self, number: int) -> str:
        """The address of a new host."""
        address, wire = NETWORK.format(number), f"wire{number}"
        try:
            _new_namespace()
            self._hosts[address] = self._keep()
            _ip(
                "link set lo up",
                f"link add lan type veth peer name {wire} netns /proc/{os.getpid()}/fd/{self._here}",
                "link set lan up",
                f"addr add {address}/8 dev lan",
                f"addr add {v6(address)}/24 dev lan nodad",
                "route add 2001::/16 dev lan",  # where Transmission looks whether it has IPv6
                "route add 224.0.0.0/4 dev lan",  # and none to elsewhere: who asks for a name is told at once
            )
        finally:
            _enter(self._here)
        _ip(f"link set {wire} master lan up")
        return address

    @contextmanager
    def at(self, address: str) -> Iterator[None]:
        """The calling thread is on that host."""
        _enter(self._hosts[address])
        try:
            yield
        finally:
            _enter(self._here)

    def _keep(self) -> int:
        """The calling thread's namespace."""
        kept = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self._open.callback(os.close, kept)
        return kept


def _new_namespace() -> None:
    _check(_libc.unshare(CLONE_NEWNET))


def _enter(namespace: int) -> None:
    _check(_libc.setns(namespace, CLONE_NEWNET))


def _check(failed: int) -> None:
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _ip(*commands: str) -> None:
    """One call for all: each costs some milliseconds."""
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)
