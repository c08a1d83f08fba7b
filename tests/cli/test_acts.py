"""`pause`, `resume`, `verify`, `announce`, `remove`, `priority`."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure
from tests.cli.rows import DEBIAN, UBUNTU, listing, torrent


@pytest.fixture(autouse=True)
def obedient(fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(torrent())
    for act in ("pause", "resume", "verify", "announce", "remove"):
        fake.answers[f"torrent.{act}"] = {"done": [UBUNTU], "failed": []}
    fake.answers["torrent.set_files"] = {}


@pytest.mark.parametrize("act", ["pause", "resume", "verify", "announce"])
def test_acts(torrentctl: Torrentctl, fake: FakeDaemon, act: str) -> None:
    outcome = torrentctl(act, "ubuntu")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{UBUNTU}\n", "")
    assert fake.asked(f"torrent.{act}") == [{"ids": [UBUNTU]}]
    assert json.loads(torrentctl(act, UBUNTU, "--json").out) == {"done": [UBUNTU], "failed": []}


def test_a_person_gets_a_sentence(torrentctl: Torrentctl) -> None:
    outcome = torrentctl.on_terminal()("pause", UBUNTU)
    assert (outcome.out, outcome.err) == ("", "paused 1 torrent\n")
    assert torrentctl("--quiet", "pause", UBUNTU).err == ""


def test_force(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    torrentctl("resume", "--force", UBUNTU)
    assert fake.asked("torrent.resume") == [{"ids": [UBUNTU], "force": True}]


@pytest.mark.parametrize(("code", "exit_code"), [(1, 3), (4, 1)])
def test_some_fail(torrentctl: Torrentctl, fake: FakeDaemon, code: int, exit_code: int) -> None:
    failed = [{"id": DEBIAN, "code": code, "message": "it is\x1bso"}]
    fake.answers["torrent.verify"] = {"done": [UBUNTU], "failed": failed}
    outcome = torrentctl("verify", "all")
    assert (outcome.code, outcome.out, outcome.err) == (
        exit_code,
        f"{UBUNTU}\n",
        "torrentctl: 0a1b2cff: it is\\x1bso\n",
    )


def test_remove_refuses_when_nobody_can_be_asked(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("remove", UBUNTU)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--yes" in outcome.err
    assert fake.calls == []


def test_remove_with_yes(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    assert torrentctl("remove", "--yes", "--delete-data", "ubuntu").out == f"{UBUNTU}\n"
    assert fake.asked("torrent.remove") == [{"ids": [UBUNTU], "delete_data": True}]


def test_remove_asks(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    torrentctl.on_terminal().stdin = "y\n"
    outcome = torrentctl("remove", "ubuntu", "--delete-data")
    assert outcome.code == 0
    assert "Remove 1 torrent (ubuntu) and DELETE THE DATA? [y/N]" in outcome.err
    assert outcome.out == ""
    assert len(fake.asked("torrent.remove")) == 1


@pytest.mark.parametrize(("answer", "code"), [("n\n", 0), ("\n", 0), ("", 130)])
def test_remove_takes_no_for_an_answer(torrentctl: Torrentctl, fake: FakeDaemon, answer: str, code: int) -> None:
    torrentctl.on_terminal().stdin = answer
    outcome = torrentctl("remove", "all")
    assert outcome.code == code
    assert "Remove all torrents?" in outcome.err
    assert fake.asked("torrent.remove") == []


def test_priority(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    assert torrentctl("priority", "ubuntu", "*.nfo", "7", "skip").code == 0
    assert fake.asked("torrent.set_files") == [
        {"id": UBUNTU, "files": [{"glob": "*.nfo", "priority": "skip"}, {"index": 7, "priority": "skip"}]}
    ]
    assert torrentctl("priority", UBUNTU, "*", "low", "--json").out == "{}\n"


def test_priority_usage(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    for words in (["ubuntu", "high"], ["ubuntu", "*", "urgent"]):
        outcome = torrentctl("priority", *words)
        assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert fake.calls == []


def test_a_file_that_does_not_exist(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    def refuse(params: object) -> None:
        raise RpcFailure(9, "there is no file 99", name="file_index", path="files[0].index")

    fake.answers["torrent.set_files"] = refuse
    outcome = torrentctl("priority", UBUNTU, "99", "high")
    assert (outcome.code, outcome.err) == (1, "torrentctl: there is no file 99\n")
