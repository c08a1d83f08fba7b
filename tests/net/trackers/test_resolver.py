"""Names to addresses on threads, with a look-up that does what the test says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from torrentd.net.trackers import resolver as module
from torrentd.net.trackers.resolver import MOST_ADDRESSES, Resolver, look_up


class Names:
    """A look-up; names that begin with `hang` wait until the test is over."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str) -> list[str]:
        self.asked.append(name)
        if name.startswith("hang"):
            self.release.wait(20)
        if name == "gone":
            raise socket.gaierror(-2, "Name or service not known")
        if name == "bad":
            raise UnicodeError
        return {"empty": ["rubbish"], "many": [f"10.0.0.{number}" for number in range(100)]}.get(
            name, ["192.0.2.1", "2001:DB8:0::1%eth0"]
        )


@pytest.fixture
def names() -> Iterator[Names]:
    made = Names()
    yield made
    made.release.set()


def test_literals_need_no_thread() -> None:
    resolver = Resolver(Clock(), look_up=lambda name: 1 / 0)  # type: ignore[arg-type, return-value]
    found: list[list[str]] = []
    for literal in ("192.0.2.1", "[2001:DB8:0::1]", "::1"):
        resolver.resolve(literal).addCallback(found.append)
    assert found == [["192.0.2.1"], ["2001:db8::1"], ["::1"]]


@ensureDeferred
async def test_a_name_has_canonical_addresses(names: Names) -> None:
    resolver = Resolver(reactor, names)
    assert await resolver.resolve("example.org") == ["192.0.2.1", "2001:db8::1"]
    assert len(await resolver.resolve("many")) == MOST_ADDRESSES
    resolver.stop()


@ensureDeferred
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone", "does not resolve: Name or service not known"),
        ("bad", "not a host name"),
        ("empty", "has no address"),
    ],
)
async def test_names_that_have_none(names: Names, name: str, words: str) -> None:
    resolver = Resolver(reactor, names)
    with pytest.raises(OSError, match=words):
        await resolver.resolve(name)
    resolver.stop()


@ensureDeferred
async def test_a_look_up_that_hangs_is_not_waited_for(names: Names) -> None:
    resolver = Resolver(reactor, names, timeout=0.05)
    with pytest.raises(OSError, match=r"within 0\.05 s"):
        await resolver.resolve("hanging.example")
    assert await resolver.resolve("example.org")
    resolver.stop()


@ensureDeferred
async def test_with_all_threads_hanging_the_rest_still_ends(names: Names) -> None:
    """And what nobody waits for any more is not looked up afterwards."""
    resolver = Resolver(reactor, names, threads=1, timeout=0.05)
    hanging, waiting = resolver.resolve("hanging.example"), resolver.resolve("waiting.example")
    for each in (hanging, waiting):
        with pytest.raises(OSError, match="within"):
            await each
    names.release.set()
    assert await Resolver(reactor, names, timeout=5).resolve("later.example")
    assert await resolver.resolve("next.example")
    assert "waiting.example" not in names.asked
    resolver.stop()


def test_the_queue_has_a_cap(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE", 2)
    clock = Clock()
    resolver = Resolver(clock, names, threads=0)
    failures: list[Failure] = []
    for name in ("one", "two", "three"):
        resolver.resolve(name).addErrback(failures.append)
    assert [str(failure.value) for failure in failures] == ["too many names are waiting to be resolved"]
    clock.advance(10)
    assert len(failures) == 3
    assert clock.getDelayedCalls() == []


def test_threads_end_and_hold_nobody_up(names: Names) -> None:
    before = set(threading.enumerate())
    resolver = Resolver(reactor, names, threads=2)
    lookups = [resolver.resolve(name).addErrback(lambda failure: None) for name in ("hang-1", "hang-2", "hang-3")]
    threads = set(threading.enumerate()) - before
    assert len(threads) == 2
    assert all(thread.daemon for thread in threads)
    for lookup in lookups:
        lookup.cancel()
    resolver.stop()
    names.release.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_the_system_knows_this_host() -> None:
    assert set(look_up("localhost")) & {"127.0.0.1", "::1"}
