"""`list`: what people, pipes and programs see of many torrents."""

from __future__ import annotations

import json
import unicodedata

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon
from tests.cli.rows import UBUNTU, cjk, debian, hostile, listing, torrent, without_metadata
from torrentd.cli.columns import SORTABLE
from torrentd.rpc.core import schema


@pytest.fixture(autouse=True)
def two(fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(torrent(), debian())


def test_pipe(torrentctl: Torrentctl) -> None:
    outcome = torrentctl("list")
    assert outcome.code == 0
    assert outcome.err == ""
    assert outcome.out == (
        f"{UBUNTU}\tubuntu-24.04.iso\tdownloading\t0.4219\t6114656256\t12345678\t4321\t286\t12\t0.0005\n"
        "0a1b2cffffffffffffffffffffffffffffffffff\tdebian-12.iso\tseeding\t1.0\t658505728\t0\t0\t\t12\t2.5\n"
    )


def test_terminal(torrentctl: Torrentctl) -> None:
    outcome = torrentctl.on_terminal(110)("list")
    assert outcome.lines == [
        "ID        NAME              STATE         DONE     SIZE        DOWN         UP     ETA  PEERS  RATIO",
        "0a1b2c3d  ubuntu-24.04.iso  downloading  42.1%  5.7 GiB  11.8 MiB/s  4.2 KiB/s  4m 46s     12   0.00",
        "0a1b2cff  debian-12.iso     seeding       100%  628 MiB                              -     12   2.50",
    ]


def test_forty_columns(torrentctl: Torrentctl) -> None:
    outcome = torrentctl.on_terminal(40)("list")
    assert outcome.lines == [
        "NAME              STATE         DONE",
        "ubuntu-24.04.iso  downloading  42.1%",
        "debian-12.iso     seeding       100%",
    ]


def test_a_long_name_is_cut_where_a_wide_character_ends(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(cjk())
    outcome = torrentctl.on_terminal(40)("list")
    assert outcome.lines[1] == "映画の題名はとても …  downloading  42.1%"
    assert max(map(_cells, outcome.lines)) <= 40


def _cells(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def test_json_is_the_result_unchanged(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("--json", "list")
    assert json.loads(outcome.out) == listing(torrent(), debian())({})
    assert outcome.out.count("\n") == 1
    assert fake.asked("torrent.list") == [{"limit": 2**53 - 1}]


def test_global_options_may_follow(torrentctl: Torrentctl) -> None:
    assert torrentctl("list", "--json").out == torrentctl("--json", "list").out


def test_plain_on_a_terminal(torrentctl: Torrentctl) -> None:
    assert torrentctl.on_terminal()("--plain", "list").out.splitlines()[0].startswith(f"{UBUNTU}\tubuntu")


@pytest.mark.parametrize("form", ["table", "plain", "json"])
def test_a_hostile_name_cannot_reach_the_terminal(torrentctl: Torrentctl, fake: FakeDaemon, form: str) -> None:
    fake.answers["torrent.list"] = listing(hostile())
    arguments = ["list", "--columns", "name,state"] + ([] if form == "table" else [f"--{form}"])
    outcome = torrentctl.on_terminal(120)(*arguments)
    assert not {"\x1b", "\u202e", "\x7f"} & set(outcome.out)
    if form == "table":
        assert outcome.lines[1] == "[red]evil\\x1b[31m\\u202egpj.exe\\x09end\\x0a  downloading"
    elif form == "plain":
        assert outcome.out == "[red]evil\\x1b[31m\\u202egpj.exe\\x09end\\x0a\tdownloading\n"
    else:
        assert json.loads(outcome.out)["torrents"][0]["name"] == hostile()["name"]


def test_colours(torrentctl: Torrentctl) -> None:
    torrentctl.on_terminal(NO_COLOR="")
    assert "\x1b[36mdownloading" in torrentctl("list").out
    assert "\x1b[36mdownloading" not in torrentctl("list", "--color=never").out
    torrentctl.environment["TERM"] = "dumb"
    assert "\x1b" not in torrentctl("list").out
    torrentctl.environment["NO_COLOR"] = "1"
    assert "\x1b" not in torrentctl("list").out
    assert "\x1b[36mdownloading" in torrentctl("list", "--color=always").out


def test_what_is_not_known_without_metadata(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(without_metadata())
    assert torrentctl("list").lines == [f"{UBUNTU}\tubuntu\tmetadata\t0.0\t\t0\t0\t\t12"]
    _, row = torrentctl.on_terminal(120)("list").lines
    assert row.split() == ["0a1b2c3d", "ubuntu", "metadata", "0.0%", "-", "-", "12", "-"]
    assert torrentctl("list", "--sort", "size").code == 0


def test_no_torrents(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing()
    assert torrentctl("list").out == ""
    outcome = torrentctl.on_terminal()("list")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "no torrents\n")
    assert torrentctl("--quiet", "list").err == ""


def test_a_key_that_cannot_be_sorted_by(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    for key in ("bogus", "labels", "peers.up", "-", "--size"):
        outcome = torrentctl("list", f"--sort={key}")
        assert (outcome.code, outcome.err.count("\n")) == (2, 1)
        assert "rate_down" in outcome.err
    assert fake.calls == []
    assert set(SORTABLE) == set(schema.SORTABLE)


def test_filter_sort_and_columns_are_for_the_daemon(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl(
        "list", "seeding", "label:linux", "iso", "--sort", "-size", "--columns", "peers.up,name,peers.down"
    )
    assert outcome.out == "2\tubuntu-24.04.iso\t8\n2\tdebian-12.iso\t8\n"
    assert fake.asked("torrent.list") == [
        {
            "limit": 2**53 - 1,
            "filter": {"state": ["seeding"], "labels": ["linux"], "text": "iso"},
            "sort": "-size",
            "fields": ["peers", "name"],
        }
    ]


def test_unknown_column(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("list", "--columns", "name,speed")
    assert outcome.code == 2
    assert outcome.err.startswith("torrentctl: there is no column 'speed'; there are: id, ")
    assert fake.calls == []


def test_watch_in_a_pipe(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(debian())
    torrentctl.most_sleeps = 2
    outcome = torrentctl("list", "--columns", "name", "--watch")
    assert outcome.code == 130
    assert outcome.out == "debian-12.iso\n\ndebian-12.iso\n\n"
    assert torrentctl.slept == [2.0, 2.0]


def test_watch_as_json_lines(torrentctl: Torrentctl) -> None:
    torrentctl.most_sleeps = 2
    outcome = torrentctl("list", "--json", "--watch", "0.5")
    assert [json.loads(line)["revision"] for line in outcome.out.splitlines()] == [7, 7]
    assert torrentctl.slept == [0.5, 0.5]


def test_watch_on_a_terminal_redraws(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl.on_terminal()("list", "--watch=1")
    assert outcome.code == 130
    assert outcome.out.count("debian-12.iso") >= 3
    assert len(fake.calls) == 3
