"""`move`, `rename`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure
from tests.cli.rows import DEBIAN, UBUNTU, listing, torrent


def begun(*ids: str, **failed: str) -> dict[str, Any]:
    jobs = [{"id": id, "job": number} for number, id in enumerate(ids, 7)]
    failures = [{"id": id, "code": 13, "message": message} for id, message in failed.items()]
    return {"job": jobs[0]["job"] if jobs else None, "jobs": jobs, "failed": failures}


def job(number: int, id: str, state: str, done: int = 0, error: str = "") -> dict[str, Any]:
    told = {"code": "io_error", "message": error} if error else None
    return {"id": number, "kind": "move", "torrent": id, "state": state, "done": done, "total": 1000, "error": told}


@pytest.fixture(autouse=True)
def obedient(fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(torrent(), torrent(DEBIAN, name="debian.iso"))
    fake.answers["torrent.move"] = lambda params: begun(*params["ids"])
    fake.answers["torrent.rename"] = {"path": "film/new.mkv"}


def test_move(torrentctl: Torrentctl, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert torrentctl("move", "ubuntu", "debian", "films").out == f"{UBUNTU}\t7\n{DEBIAN}\t8\n"
    assert json.loads(torrentctl("move", "ubuntu", "/srv", "--point", "--json").out) == begun(UBUNTU)
    assert fake.asked("torrent.move") == [
        {"ids": [UBUNTU, DEBIAN], "path": str(tmp_path / "films"), "mode": "move"},
        {"ids": [UBUNTU], "path": "/srv", "mode": "point"},
    ]
    person = torrentctl.on_terminal()
    assert person("move", "ubuntu", "/srv").err == "moving to /srv (job 7)\n"
    assert person("move", "ubuntu", "debian", "/srv").err == "moving to /srv (2 jobs)\n"


def test_what_cannot_be_moved(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.move"] = begun(UBUNTU, **{DEBIAN: "it is being checked"})
    outcome = torrentctl("move", "all", "/srv")
    assert fake.asked("torrent.move")[0]["ids"] == "all"
    assert (outcome.code, outcome.out) == (1, f"{UBUNTU}\t7\n")
    assert outcome.err == f"torrentctl: {DEBIAN[:8]}: it is being checked\n"
    for words in ([], ["ubuntu"]):
        assert torrentctl("move", *words).code == 2


@pytest.fixture
def waiting(fake: FakeDaemon) -> None:
    """Both jobs run, then one has failed, then the other is done."""
    looks = iter(
        [
            [job(7, UBUNTU, "running"), job(8, DEBIAN, "running", 400), job(1, UBUNTU, "failed")],
            [job(7, UBUNTU, "running", 500), job(8, DEBIAN, "failed", 600, "disk full")],
            [job(7, UBUNTU, "done", 1000)],
        ]
    )
    fake.answers["job.list"] = lambda params: {"jobs": next(looks)}


@pytest.mark.usefixtures("waiting")
def test_waiting(torrentctl: Torrentctl) -> None:
    outcome = torrentctl("move", "ubuntu", "debian", "/srv", "--wait")
    assert (outcome.code, outcome.out) == (1, f"{UBUNTU}\t7\tdone\n{DEBIAN}\t8\tfailed\n")
    assert outcome.err == f"torrentctl: {DEBIAN[:8]}: disk full\n"
    assert len(torrentctl.slept) == 2


@pytest.mark.usefixtures("waiting")
def test_waiting_is_watched(torrentctl: Torrentctl) -> None:
    outcome = torrentctl.on_terminal()("move", "ubuntu", "debian", "/srv", "--wait")
    assert outcome.out == ""
    assert "moving" in outcome.err
    assert " 55.0%" in outcome.err
    assert "moved to /srv: 1 of 2" in outcome.err


@pytest.mark.usefixtures("waiting")
def test_waiting_tells_json(torrentctl: Torrentctl) -> None:
    told = json.loads(torrentctl("move", "ubuntu", "/srv", "--wait", "--json").out)
    assert told == {"jobs": [job(7, UBUNTU, "done", 1000)], "failed": []}


def test_waiting_for_what_should_be_there(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["job.list"] = {"jobs": [job(7, UBUNTU, "done"), job(8, DEBIAN, "done")]}
    known = {"torrents": [torrent(), torrent(DEBIAN, name="debian.iso")]}
    looks = iter([("checking", "checking", 0), ("seeding", "checking", 900), ("seeding", "downloading", 900)])

    def rows(params: dict[str, Any]) -> dict[str, Any]:
        if "ids" not in params.get("filter", {}):
            return known
        one, other, done = next(looks)
        rows = [torrent(state=one, done=done), torrent(DEBIAN, name="debian.iso", state=other, done=0)]
        return {"torrents": rows}

    fake.answers["torrent.list"] = rows
    outcome = torrentctl("move", "ubuntu", "debian", "/srv", "--point", "--wait")
    assert (outcome.code, outcome.out) == (1, f"{UBUNTU}\t7\tdone\n{DEBIAN}\t8\tdone\n")
    assert outcome.err == f"torrentctl: {DEBIAN[:8]}: nothing of it is in /srv\n"
    assert len(torrentctl.slept) == 2


def test_what_is_not_there_is_not_counted(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["job.list"] = {"jobs": [job(7, UBUNTU, "done"), job(8, DEBIAN, "done")]}
    rows = [torrent(state="seeding", done=900), torrent(DEBIAN, name="debian.iso", state="downloading", done=0)]
    fake.answers["torrent.list"] = {"torrents": rows}
    outcome = torrentctl.on_terminal()("move", "ubuntu", "debian", "/srv", "--point", "--wait")
    assert "found in /srv: 1 of 2" in outcome.err
    assert "moved" not in outcome.err


def test_what_should_be_there_and_is_missing(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    """It was complete where it was, so that is what its row still says."""
    fake.answers["job.list"] = {"jobs": [job(7, UBUNTU, "done")]}
    missing = {"code": "files_missing", "message": "/srv/ubuntu.iso: the file is missing", "source": "storage"}
    fake.answers["torrent.list"] = {"torrents": [torrent(state="error", done=900, error=missing)]}
    outcome = torrentctl("move", "ubuntu", "/srv", "--point", "--wait")
    assert outcome.code == 1
    assert outcome.err == f"torrentctl: {UBUNTU[:8]}: /srv/ubuntu.iso: the file is missing\n"


def test_a_job_that_is_forgotten(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["job.list"] = {"jobs": []}
    outcome = torrentctl("move", "ubuntu", "/srv", "--wait")
    assert (outcome.code, outcome.err) == (1, f"torrentctl: {UBUNTU[:8]}: the daemon forgot how it ended\n")


def test_a_job_that_was_given_up(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["job.list"] = {"jobs": [job(7, UBUNTU, "cancelled")]}
    outcome = torrentctl("move", "ubuntu", "/srv", "--wait")
    assert (outcome.code, outcome.out) == (1, f"{UBUNTU}\t7\tcancelled\n")
    assert outcome.err == f"torrentctl: {UBUNTU[:8]}: was cancelled\n"


def test_rename(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    assert torrentctl("rename", "ubuntu", "film/old.mkv", "new.mkv").out == "film/new.mkv\n"
    assert torrentctl("rename", "ubuntu", "film/old.mkv", "new.mkv", "--json").out == '{"path":"film/new.mkv"}\n'
    assert fake.asked("torrent.rename") == [{"id": UBUNTU, "path": "film/old.mkv", "name": "new.mkv"}] * 2
    for words in ([], ["ubuntu"], ["ubuntu", "film"]):
        assert torrentctl("rename", *words).code == 2


def test_hostile_names(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.answers["torrent.rename"] = {"path": "a\x1b[31m\n\u202eb"}
    assert torrentctl.on_terminal()("rename", "ubuntu", "a", "b").out == "a\\x1b[31m\\x0a\\u202eb\n"

    def refused(params: Any) -> Any:
        raise RpcFailure(5, "a name is one component", name="path_not_allowed", path="name")

    fake.answers["torrent.rename"] = refused
    outcome = torrentctl("rename", "ubuntu", "a", "../\x1b[31m")
    assert (outcome.code, outcome.err) == (1, "torrentctl: a name is one component\n")
