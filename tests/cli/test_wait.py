"""`wait`: long polls joined into one answer, the bar, and the exit codes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure
from tests.cli.rows import DEBIAN, UBUNTU, cjk, debian, hostile, listing, torrent, without_metadata
from torrentd.cli.progress import MOST_BARS, Bars, line, summary


class Progressing:
    """A daemon on which time passes with every `torrent.wait`; `finishes` says after which call a torrent is done."""

    def __init__(self, torrentctl: Torrentctl, finishes: dict[str, int]) -> None:
        self.torrentctl = torrentctl
        self.finishes = finishes
        self.calls = 0

    def __call__(self, params: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        self.torrentctl.now += params["timeout"]
        done = [id for id in params["ids"] if self.calls >= self.finishes.get(id, 10**9)]
        return {"done": done, "pending": [id for id in params["ids"] if id not in done], "failed": []}


def test_done_at_once(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.wait"] = Progressing(torrentctl, {UBUNTU: 1})
    outcome = torrentctl("wait", UBUNTU, "--until", "paused")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{UBUNTU}\tdone\n", "")
    assert fake.calls == [("torrent.wait", {"ids": [UBUNTU], "until": "paused", "timeout": 60.0})]


def test_a_long_wait_is_several_calls_for_what_is_pending(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.wait"] = Progressing(torrentctl, {UBUNTU: 1, DEBIAN: 3})
    outcome = torrentctl("wait", UBUNTU, DEBIAN, "--json")
    assert json.loads(outcome.out) == {"done": [UBUNTU, DEBIAN], "pending": [], "failed": []}
    assert [len(params["ids"]) for params in fake.asked("torrent.wait")] == [2, 1, 1]


def test_time_out(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.wait"] = Progressing(torrentctl, {})
    outcome = torrentctl("wait", UBUNTU, "--timeout", "90")
    assert (outcome.code, outcome.out) == (4, f"{UBUNTU}\tpending\n")
    assert outcome.err == "torrentctl: still waiting for 0a1b2c3d\n"
    assert [params["timeout"] for params in fake.asked("torrent.wait")] == [60.0, 30.0]


def test_looking_once(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.wait"] = Progressing(torrentctl, {})
    assert torrentctl("wait", UBUNTU, "--timeout", "0").code == 4
    assert len(fake.calls) == 1


def test_failures_are_told(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    failure = {"id": UBUNTU, "code": 6, "message": "no space\x07"}
    fake.answers["torrent.wait"] = {"done": [], "pending": [DEBIAN], "failed": [failure]}
    outcome = torrentctl("wait", UBUNTU, DEBIAN, "--timeout", "0")
    assert outcome.code == 1
    assert outcome.err == "torrentctl: 0a1b2c3d: no space\\x07\n"


def test_removed_while_we_wait(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    progressing = Progressing(torrentctl, {DEBIAN: 3})

    def forget(params: dict[str, Any]) -> dict[str, Any]:
        if progressing.calls and UBUNTU in params["ids"]:
            raise RpcFailure(1, "there is no such torrent", name="torrent_not_found", id=UBUNTU)
        return progressing(params)

    fake.answers["torrent.wait"] = forget
    outcome = torrentctl("wait", UBUNTU, DEBIAN)
    assert (outcome.code, outcome.out) == (1, f"{DEBIAN}\tdone\n{UBUNTU}\tfailed\n")


def test_unknown_from_the_start(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    def unknown(params: object) -> None:
        raise RpcFailure(1, "there is no such torrent", name="torrent_not_found", id=UBUNTU)

    fake.answers["torrent.wait"] = unknown
    assert torrentctl("wait", UBUNTU).code == 3


def test_all_means_those_that_are_there(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(torrent(), debian())
    fake.answers["torrent.wait"] = Progressing(torrentctl, {UBUNTU: 1, DEBIAN: 1})
    assert torrentctl("wait", "all").out == f"{UBUNTU}\tdone\n{DEBIAN}\tdone\n"


def test_a_bar_for_whoever_watches(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(torrent(), hostile())
    fake.answers["torrent.wait"] = Progressing(torrentctl, {UBUNTU: 3, "f" * 40: 2})
    outcome = torrentctl.on_terminal(100)("wait", UBUNTU, "f" * 40)
    assert (outcome.code, outcome.out) == (0, "")
    assert "ubuntu-24.04.iso" in outcome.err
    assert "42.1%" in outcome.err
    assert "11.8 MiB/s" in outcome.err
    assert "[red]evil\\x1b[31m" in outcome.err
    assert "\u202e" not in outcome.err
    assert outcome.err.rstrip().endswith("done: 2")
    assert fake.asked("torrent.wait")[0]["timeout"] == 0.5


def test_no_bar_when_quiet_or_in_a_pipe(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.wait"] = Progressing(torrentctl, {UBUNTU: 1})
    assert torrentctl("wait", UBUNTU).err == ""
    assert torrentctl.on_terminal()("--quiet", "wait", UBUNTU).err == ""


@pytest.mark.parametrize("width", [40, 100])
def test_bars_fit(torrentctl: Torrentctl, width: int) -> None:
    from rich.console import Console

    from tests.cli.conftest import Stream

    stream = Stream(True)
    console = Console(file=stream, force_terminal=True, width=width, color_system=None, legacy_windows=False)
    with Bars(console) as bars:
        bars.show([torrent(), cjk()])
    drawn = [text for text in stream.getvalue().splitlines() if "%" in text]
    assert drawn
    assert all(console.measure(text).maximum <= width for text in drawn)


def test_lines() -> None:
    assert line(torrent())[:2] == ("ubuntu-24.04.iso", 0.4219)
    _, done, cells = line(torrent(state="checking", check_progress=0.25))
    assert (done, cells["rate"], cells["share"]) == (0.25, "checking", "25.0%")


def test_lines_while_there_is_no_metadata() -> None:
    _, done, cells = line(without_metadata())
    assert (done, cells["size"], cells["rate"]) == (0.25, "", "metadata")
    assert summary([without_metadata(), torrent(wanted=100, left=25)])[1] == 0.75


def test_more_than_a_screenful_share_one_bar() -> None:
    rows = [torrent(f"{n:040x}", wanted=100, left=25, rate_down=1024) for n in range(MOST_BARS + 1)]
    name, done, cells = summary(rows)
    assert (name, done) == ("9 torrents", 0.75)
    assert (cells["size"], cells["rate"]) == ("900 B", "9.0 KiB/s")
    assert summary([torrent(wanted=0, left=0)])[1] == 0.0
