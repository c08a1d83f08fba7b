"""How a torrent is named: by hash, prefix, or part of a name; and what happens when none or several fit."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure
from tests.cli.rows import DEBIAN, HOSTILE, UBUNTU, debian, hostile, listing, torrent
from torrentd.cli.exits import Failed
from torrentd.cli.torrents import Known, pick

V2 = "bb" * 32
KNOWN = [
    Known(UBUNTU, (UBUNTU,), "ubuntu-24.04.iso"),
    Known(DEBIAN, (DEBIAN, V2), "debian-12.iso"),
    Known("c" * 40, ("c" * 40,), "debian-12.iso.sig"),
]


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("ubuntu", UBUNTU),
        ("UBUNTU-24", UBUNTU),
        ("0a1b2c3", UBUNTU),
        ("0A1B2CF", DEBIAN),
        ("bbbbbb", DEBIAN),
        ("cccccc", "c" * 40),
        ("debian-12.iso", DEBIAN),
        (".sig", "c" * 40),
    ],
)
def test_one_fits(name: str, id: str) -> None:
    assert pick(name, KNOWN).id == id


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fedora", "no torrent fits 'fedora'"),
        ("0a1b2", "no torrent fits '0a1b2'"),
        ("0a1b2c", "'0a1b2c' fits 2 torrents: 0a1b2c3d 'ubuntu-24.04.iso', 0a1b2cff 'debian-12.iso'"),
        ("debian", "'debian' fits 2 torrents: 0a1b2cff 'debian-12.iso', cccccccc 'debian-12.iso.sig'"),
    ],
)
def test_none_or_several_fit(name: str, words: str) -> None:
    with pytest.raises(Failed) as caught:
        pick(name, KNOWN)
    assert (str(caught.value), caught.value.code) == (words, 3)


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_no_torrent(torrentctl: Torrentctl, fake: FakeDaemon, name: str) -> None:
    """It is a part of the name of the only torrent."""
    fake.answers["torrent.list"] = listing(torrent())
    outcome = torrentctl("remove", "--yes", "--delete-data", name)
    assert (outcome.code, outcome.err) == (2, "torrentctl: a torrent's name is empty\n")
    assert fake.calls == []


def test_a_hash_asks_for_no_list(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.pause"] = {"done": [UBUNTU], "failed": []}
    assert torrentctl("pause", UBUNTU.upper(), UBUNTU).code == 0
    assert fake.calls == [("torrent.pause", {"ids": [UBUNTU]})]


def test_several_names_ask_for_one_list(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(torrent(), debian())
    fake.answers["torrent.pause"] = {"done": [DEBIAN, UBUNTU], "failed": []}
    assert torrentctl("pause", "debian", "ubuntu", "0a1b2cff").code == 0
    assert [method for method, _ in fake.calls] == ["torrent.list", "torrent.pause"]
    assert fake.asked("torrent.pause") == [{"ids": [DEBIAN, UBUNTU]}]


def test_all_stands_alone(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.pause"] = {"done": [], "failed": []}
    assert torrentctl("pause", "all").code == 0
    assert fake.calls == [("torrent.pause", {"ids": "all"})]
    outcome = torrentctl("pause", "all", UBUNTU)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert torrentctl("show", "all").code == 2


def test_ambiguous_is_one_line_and_exit_3(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(hostile(), *(torrent(f"{n:040x}", f"evil {n}") for n in range(10)))
    outcome = torrentctl("--json", "show", "evil")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.startswith("torrentctl: 'evil' fits 11 torrents: ffffffff '[red]evil\\x1b[31m\\u202egpj.exe")
    assert outcome.err.endswith(" and 6 more\n")
    assert outcome.err.count("\n") == 1


def test_unknown_hash_is_exit_3(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    def unknown(params: object) -> None:
        raise RpcFailure(1, "there is no such torrent", name="torrent_not_found", id=HOSTILE)

    fake.answers["torrent.get"] = unknown
    outcome = torrentctl("show", HOSTILE)
    assert (outcome.code, outcome.out, outcome.err) == (3, "", "torrentctl: there is no such torrent\n")
