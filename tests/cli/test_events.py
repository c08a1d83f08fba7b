"""`events` and `log`: what happens, as it happens."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, RpcFailure
from torrentd.cli.commands.events import TOPICS, USUAL
from torrentd.session.events.log import Topic

ID = "0a1b2c3d" + "0" * 32
STATE = {
    "cursor": "e-1",
    "time": 1_700_000_000.5,
    "topic": "torrent.state",
    "data": {"id": ID, "state": "seeding", "previous": "downloading"},
}
ADDED = {"cursor": "e-2", "time": 1_700_000_001.0, "topic": "torrent.added", "data": {"id": ID, "name": "a\x1b[2J\nb"}}


def polls(fake: FakeDaemon, *answers: dict[str, Any]) -> None:
    """Answer so; then the daemon stops."""
    left = list(answers)

    def answer(_: Any) -> dict[str, Any]:
        if not left:
            raise RpcFailure(-32000, "The daemon is shutting down", name="shutting_down")
        return left.pop(0)

    fake.answers["events.poll"] = answer


def found(cursor: str, *events: dict[str, Any], gap: bool = False) -> dict[str, Any]:
    return {"cursor": cursor, "events": list(events), "gap": gap}


def test_a_pipe_gets_json_lines_until_the_daemon_stops(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    polls(fake, found("e-1", STATE), found("e-1"), found("e-2", ADDED))
    outcome = torrentctl("events")
    assert (outcome.code, outcome.err) == (1, "torrentctl: The daemon is shutting down\n")
    assert [json.loads(line) for line in outcome.out.splitlines()] == [STATE, ADDED]
    asked = fake.asked("events.poll")
    assert [call.get("since") for call in asked] == [None, "e-1", "e-1", "e-2"]
    assert {tuple(call["topics"]) for call in asked} == {USUAL}


def test_topics_and_a_place_to_begin(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    polls(fake)
    torrentctl("--json", "events", "--topic", "stats", "--topic", "job", "--since", "e-7")
    assert fake.asked("events.poll") == [{"topics": ["stats", "job"], "timeout": 60.0, "since": "e-7"}]


def test_a_gap_is_a_remark(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    polls(fake, found("e-1", STATE, gap=True))
    assert torrentctl("events", "--since", "f-1").err.startswith("some events are missing here")


def test_people_see_lines_without_tricks(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    polls(fake, found("e-2", STATE, ADDED))
    assert torrentctl.on_terminal(80)("events").lines == [
        "2023-11-14 22:13:20  torrent.state  0a1b2c3d  state=seeding previous=downloading",
        "2023-11-14 22:13:21  torrent.added  0a1b2c3d  name=a\\x1b[2J\\x0ab",
    ]


def test_the_usual_topics_are_topics() -> None:
    assert set(TOPICS) == set(get_args(Topic))
    assert set(TOPICS) - set(USUAL) == {"torrent.changed", "stats", "log"}


def test_a_topic_that_is_none(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    outcome = torrentctl("events", "--topic", "torrent.finished")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "torrent.completed" in outcome.err
    assert fake.calls == []


@pytest.mark.parametrize("form", ["pipe", "terminal"])
def test_the_log(torrentctl: Torrentctl, fake: FakeDaemon, form: str) -> None:
    data = {"level": "info", "namespace": "torrentd.session.daemon", "message": "x: added", "traceback": "a\n b"}
    polls(fake, found("e-1", {**STATE, "topic": "log", "data": data}))
    if form == "terminal":
        torrentctl.on_terminal(40)
    assert torrentctl("log", "-f").lines == ["2023-11-14 22:13:20 info  session.daemon: x: added", "a", " b"]
    assert fake.asked("events.poll")[0] == {"topics": ["log"], "timeout": 60.0}


def test_the_log_is_only_followed(torrentctl: Torrentctl) -> None:
    outcome = torrentctl("log")
    assert outcome.code == 2
    assert "--follow" in outcome.err
