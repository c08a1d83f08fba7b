"""The event log: cursors, gaps, who is told."""

from __future__ import annotations

import pytest

from torrentd.session.events.log import KEPT, LOSSY_KEPT, TOPICS, Event, EventLog


@pytest.fixture
def log() -> EventLog:
    return EventLog("ab")


def numbers(events: list[Event]) -> list[int]:
    return [event.data["n"] for event in events]


def test_what_came_after_a_cursor(log: EventLog) -> None:
    begin = log.cursor
    log.emit("torrent.added", {"n": 1}, 5.0)
    log.emit("stats", {"n": 2}, 6.0)
    log.emit("torrent.removed", {"n": 3}, 7.0)
    found = log.after(begin, TOPICS)
    assert (found.cursor, numbers(found.events), found.gap) == ("ab-3", [1, 2, 3], False)
    assert found.events[0] == Event("ab-1", 5.0, "torrent.added", {"n": 1})
    assert numbers(log.after("ab-1", ["torrent.added", "torrent.removed"]).events) == [3]
    assert log.after("ab-3", TOPICS).events == []


@pytest.mark.parametrize("cursor", ["", "ab", "ab-", "ab-x", "ab--1", "ab-99", "cd-0", "ab-٣", "ab-1" + "0" * 30])
def test_a_cursor_that_is_none_of_ours_is_a_gap(log: EventLog, cursor: str) -> None:
    log.emit("torrent.added", {"n": 1}, 0.0)
    assert log.after(cursor, TOPICS) == ("ab-1", [], True)


def test_a_gap_is_told_once_what_lasts_is_gone(log: EventLog) -> None:
    for number in range(KEPT):
        log.emit("torrent.added", {"n": number}, 0.0)
    assert not log.after("ab-0", TOPICS).gap
    log.emit("torrent.added", {"n": KEPT}, 0.0)
    found = log.after("ab-0", TOPICS)
    assert found.gap
    assert len(found.events) == KEPT
    assert not log.after("ab-1", TOPICS).gap
    assert not log.after("ab-0", ["stats", "torrent.changed"]).gap


def test_what_comes_often_pushes_nothing_out(log: EventLog) -> None:
    log.emit("torrent.added", {"n": -1}, 0.0)
    for number in range(2 * LOSSY_KEPT):
        log.emit("stats", {"n": number}, 0.0)
    found = log.after("ab-0", TOPICS)
    assert not found.gap
    assert numbers(found.events) == [-1, *range(LOSSY_KEPT, 2 * LOSSY_KEPT)]


def test_changes_that_nobody_tells_again_are_a_gap(log: EventLog) -> None:
    begin = log.cursor
    for number in range(LOSSY_KEPT):
        log.emit("torrent.changed", {"n": number}, 0.0)
    assert not log.after(begin, TOPICS).gap
    log.emit("log", {"n": 0}, 0.0)
    assert log.after(begin, ["torrent.changed"]).gap
    assert not log.after(begin, ["stats", "torrent.added"]).gap
    assert not log.after("ab-1", ["torrent.changed"]).gap


def test_changes_while_they_are_not_told_are_a_gap(log: EventLog) -> None:
    before = log.cursor
    log.changes_told(False)
    assert log.after(before, ["torrent.changed"]).gap
    assert log.after(log.cursor, ["torrent.changed"]).gap
    log.changes_told(True)
    assert log.after(before, ["torrent.changed"]).gap
    assert not log.after(log.cursor, ["torrent.changed"]).gap
    assert not log.after(before, ["torrent.state"]).gap


def test_listeners_hear_what_they_want(log: EventLog) -> None:
    heard: list[Event] = []
    listener = log.listen(["stats"], heard.append)
    log.emit("stats", {"n": 1}, 0.0)
    log.emit("job", {"n": 2}, 0.0)
    log.ignore(listener)
    log.ignore(listener)
    log.emit("stats", {"n": 3}, 0.0)
    assert numbers(heard) == [1]
