"""`set`, `queue`, `tracker`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon
from tests.cli.rows import DEBIAN, UBUNTU, listing, torrent


@pytest.fixture(autouse=True)
def obedient(fake: FakeDaemon) -> None:
    ubuntu, debian = torrent(labels=["linux", "iso"]), torrent(DEBIAN, name="debian.iso", labels=[])
    fake.answers["torrent.list"] = listing(ubuntu, debian)
    fake.answers["torrent.set_trackers"] = {"tiers": [["http://a/announce"], ["udp://b:1"]]}
    fake.answers["torrent.queue"] = lambda params: {"done": params["ids"], "failed": []}
    fake.answers["torrent.set"] = lambda params: {"done": params["ids"], "failed": []}


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (["--down-limit", "2M", "--up-limit", "unlimited"], {"limits": {"down": 2_000_000, "up": "unlimited"}}),
        (["--ratio", "1.5", "--seed-time", "1h30m"], {"limits": {"ratio": 1.5, "seed_time": 5400}}),
        (["--idle-time", "inherit", "--peers", "20"], {"limits": {"peers": 20, "idle_time": None}}),
        (["--down-limit", "0"], {"limits": {"down": 0}}),
        (["--sequential"], {"sequential": True}),
        (["--priority", "high"], {"priority": "high"}),
        (["--no-sequential"], {"sequential": False}),
        (["--label", "a", "--label", "b"], {"labels": ["a", "b"]}),
        (["--label", ""], {"labels": []}),
    ],
)
def test_set(torrentctl: Torrentctl, fake: FakeDaemon, words: list[str], changes: dict[str, Any]) -> None:
    outcome = torrentctl("set", "ubuntu", *words)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{UBUNTU}\n", "")
    assert fake.asked("torrent.set") == [{"ids": [UBUNTU], **changes}]


def test_labels_are_added_and_taken_away(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("set", "all", "--label", "+new", "--label=-iso", "--sequential", "--json")
    assert json.loads(outcome.out) == {"done": [UBUNTU, DEBIAN], "failed": []}
    assert fake.asked("torrent.set") == [
        {"ids": [UBUNTU], "sequential": True, "labels": ["linux", "new"]},
        {"ids": [DEBIAN], "sequential": True, "labels": ["new"]},
    ]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--ratio", "many"],
        ["--ratio", "nan"],
        ["--ratio", "inf"],
        ["--seed-time", "soon"],
        ["--seed-time", ""],
        ["--peers", "-1"],
        ["--peers", "²"],
        ["--down-limit", "fast"],
        ["--priority", "highest"],
        ["--label", "a", "--label", "+b"],
    ],
)
def test_nonsense_is_refused_before_anything_is_done(
    torrentctl: Torrentctl, fake: FakeDaemon, words: list[str]
) -> None:
    outcome = torrentctl("set", "ubuntu", *words)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert fake.calls == []


@pytest.mark.parametrize(("word", "to"), [("top", "top"), ("down", "down"), ("3", 3)])
def test_queue(torrentctl: Torrentctl, fake: FakeDaemon, word: str, to: str | int) -> None:
    assert torrentctl("queue", "ubuntu", "debian", word).out == f"{UBUNTU}\n{DEBIAN}\n"
    assert fake.asked("torrent.queue") == [{"ids": [UBUNTU, DEBIAN], "to": to}]


@pytest.mark.parametrize("words", [["ubuntu"], ["ubuntu", "first"], ["ubuntu", "-1"]])
def test_queue_usage(torrentctl: Torrentctl, fake: FakeDaemon, words: list[str]) -> None:
    assert torrentctl("queue", *words).code == 2
    assert fake.calls == []


def test_tracker(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    assert torrentctl("tracker", "add", "ubuntu", "udp://b:1").out == "0\thttp://a/announce\n1\tudp://b:1\n"
    torrentctl("tracker", "remove", "ubuntu", "http://c/announce", "http://d/announce")
    assert fake.asked("torrent.set_trackers") == [
        {"id": UBUNTU, "add": ["udp://b:1"]},
        {"id": UBUNTU, "remove": ["http://c/announce", "http://d/announce"]},
    ]
    assert torrentctl("tracker").code == 2
    assert torrentctl("tracker", "add", "ubuntu").code == 2
