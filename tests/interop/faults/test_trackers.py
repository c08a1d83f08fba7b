"""Trackers that are down, broken or hostile: the next tier serves soon, and the user sees why.

All of them at once in one daemon, each with a torrent of its own, so that the slowest sets the time of the whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.interop.conftest import Stage
from tests.interop.content import KIB, MIB, Torrent
from tests.interop.daemon import Torrentd
from tests.interop.faults.content import Computed
from tests.interop.faults.peers import Seeder
from tests.interop.faults.running import Injected, resident
from tests.interop.faults.trackers import answers
from tests.interop.faults.trackers.http import HttpTracker
from tests.interop.faults.trackers.udp import UdpTracker
from tests.interop.processes import free_port, until

SIZE = 64 * KIB
SOON = 8.0
"""Seconds for what fails by itself"""
DEADLINE = 9.0
"""Seconds that a request to a tracker may take here, instead of 30"""
MEMORY = 40 * MIB
"""What a 64 MiB bomb and an endless answer may cost together"""

QUICK = {
    "garbage": (answers.garbage, "bencod"),
    "not HTTP": (answers.not_even_http, "does not speak HTTP"),
    "500": (answers.server_error, "HTTP status 500"),
    "gzip bomb": (answers.gzip_bomb, "larger than 1024 KiB"),
    "endless": (answers.endless, "larger than 1024 KiB"),
    "failure": (answers.failure("no such torrent \x1b[31m\u202e"), r"no such torrent \x1b[31m\u202e"),
    "redirect to a file": (answers.redirect("file:///etc/passwd"), "redirects"),
}
SLOW = {
    "one byte a second": (answers.drip, "no answer within 9 s"),
    "silence": (answers.silence, "no answer within 9 s"),
}


class Case:
    """A torrent whose first tier is bad."""

    def __init__(self, number: int, url: str, good: HttpTracker) -> None:
        self.content = Computed(SIZE, 16 * KIB, seed=number, name=f"content-{number}")
        self.torrent: Torrent = self.content.torrent([url], [good.url])


@pytest.fixture
def bad_trackers(until_end: ExitStack) -> Iterator[dict[str, HttpTracker]]:
    """Each on a host of its own: two requests at a time are made to one host."""
    every = {**QUICK, **SLOW}
    yield {
        name: until_end.enter_context(HttpTracker(answer, f"127.0.9.{number}"))
        for number, (name, (answer, _)) in enumerate(every.items(), 1)
    }


def test_the_next_tier_serves(stage: Stage, until_end: ExitStack, bad_trackers: dict[str, HttpTracker]) -> None:
    torrentd = stage.run(Injected, faults={"values": {"torrentd.net.trackers.trackers:DEADLINE": DEADLINE}})
    good = until_end.enter_context(HttpTracker(answers.peers(), "127.0.9.100"))
    cases = {name: Case(number, tracker.url, good) for number, (name, tracker) in enumerate(bad_trackers.items())}
    cases["refused"] = Case(100, f"http://127.0.9.101:{free_port('127.0.9.101')}/announce", good)
    udp = until_end.enter_context(UdpTracker())
    udp.failure = "no such torrent here"
    cases["UDP error"] = Case(101, udp.url, good)
    began = time.monotonic()
    before = resident(torrentd.pid)
    for case in cases.values():
        torrentd.add(case.torrent)
    reasons = {name: words for name, (_, words) in QUICK.items()} | {"refused": "refused", "UDP error": udp.failure}
    for name, words in reasons.items():
        serves(torrentd, good, cases[name], words, SOON)
    assert time.monotonic() - began < SOON
    assert resident(torrentd.pid) - before < MEMORY
    for name, (_, words) in SLOW.items():
        serves(torrentd, good, cases[name], words, began + DEADLINE + SOON - time.monotonic())
    for tracker in bad_trackers.values():
        assert len(tracker.announces.all) == 1, "a failing tracker was asked again at once"


def serves(torrentd: Torrentd, good: HttpTracker, case: Case, words: str, seconds: float) -> None:
    """The second tier hears "started" and works; the first one's reason can be seen."""
    info_hash = case.torrent.info_hash
    good.announces.wait(lambda announce: announce.info_hash == info_hash, f"{case.content.name} ({words})", seconds)
    until(lambda: rows(torrentd, case.torrent)[1]["status"] == "working", "it works", SOON)
    first, second = rows(torrentd, case.torrent)
    assert (first["status"], first["failures"], first["tier"]) == ("error", 1, 0)
    assert words in first["message"], first
    assert (second["status"], second["message"], second["tier"]) == ("working", "", 1)
    row = torrentd.get(case.torrent)
    assert row["error"] is None
    assert row["tracker"]["host"] == "127.0.9.100"


def rows(torrentd: Torrentd, torrent: Torrent) -> list[dict[str, object]]:
    found: list[dict[str, object]] = torrentd.rpc("torrent.trackers", id=torrent.info_hash)["trackers"]
    return found


def test_a_tracker_that_fails_and_comes_back(stage: Stage, until_end: ExitStack) -> None:
    """It is asked again by itself, and what it names then is used."""
    content = Computed(4 * MIB)
    seeder = until_end.enter_context(Seeder(content))
    tracker = until_end.enter_context(HttpTracker(answers.server_error))
    daemon = stage.run(Injected, faults={"values": {"torrentd.policy.tiers:FIRST_BACK_OFF": 1.0}})
    torrent = content.torrent([tracker.url])
    daemon.add(torrent)
    tracker.announces.wait_event("started")
    tracker.answer = answers.peers(seeder.address)
    daemon.wait(torrent)
    assert tracker.announces.wait_event("completed").downloaded == content.size
    assert rows(daemon, torrent)[0]["message"] == ""
