"""What is fetched for which field, and what is remembered."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from twisted.internet.defer import fail, succeed

from tests.rpc.fake_control import ONE, TWO, FakeControl
from tests.rpc.transmission.asking import Caller
from torrentd.model.errors import RpcError, StorageError
from torrentd.rpc.transmission import reading
from torrentd.rpc.transmission.fields import FIELDS
from torrentd.session.telling.rows import ErrorRow, FileRow, PeersSummary, TrackerSummary

PARTS = ("files", "peers", "trackers", "pieces", "details")
ALONE = PeersSummary(0, 0, 0, 0, 0, None, None)


class Counting(FakeControl):
    """Counts what is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: Counter[str] = Counter()
        self.change(ONE, peers=ALONE)
        self.change(TWO, peers=ALONE)
        for part in PARTS:
            setattr(self, part, self._counting(part, getattr(self, part)))

    def _counting(self, part: str, fetch: Any) -> Any:
        def fetched(id: str) -> Any:
            self.fetched[part] += 1
            return fetch(id)

        return fetched

    def change(self, id: str, **columns: Any) -> None:
        self.torrents[id] = msgspec.structs.replace(self.torrents[id], **columns)


@pytest.fixture
def control() -> Counting:
    return Counting()


@pytest.fixture
def caller(control: Counting) -> Caller:
    return Caller(control)


def test_rows_alone_are_enough_for_a_list(caller: Caller, control: Counting) -> None:
    """What transmission-remote and the web client ask for again and again."""
    listed = "error eta id is_finished left_until_done name peers_getting_from_us rate_download status upload_ratio"
    caller.modern("torrent_get", fields=listed.split())
    assert not control.fetched


def test_every_field_again_and_again_costs_nothing_while_nothing_happens(caller: Caller, control: Counting) -> None:
    first = caller.modern("torrent_get", fields=list(FIELDS))
    assert control.fetched == {"files": 2, "trackers": 2, "pieces": 2, "details": 2}
    control.change(ONE, seeding_time=1000)
    second = caller.modern("torrent_get", fields=list(FIELDS))
    first["torrents"][0]["seconds_seeding"] = 1000
    assert second == first
    assert set(control.fetched.values()) == {2}


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"done": 5}, {"files", "pieces", "details"}),
        ({"edited_at": 5.0}, {"files", "pieces", "details", "trackers"}),
        ({"state": "paused"}, {"files", "pieces", "details"}),
        ({"tracker": TrackerSummary("tracker.example", "working", 3000.0)}, {"trackers"}),
        ({"peers": PeersSummary(1, 0, 0, 0, 0, None, None)}, {"files", "pieces", "details", "trackers", "peers"}),
        ({"state": "checking"}, {"files", "pieces", "details", "trackers"}),
    ],
)
def test_after_a_change_it_is_fetched_again(
    caller: Caller, control: Counting, change: dict[str, Any], again: set[str]
) -> None:
    caller.modern("torrent_get", ids=[1], fields=list(FIELDS))
    control.fetched.clear()
    control.change(ONE, **change)
    caller.modern("torrent_get", ids=[1], fields=list(FIELDS))
    assert set(control.fetched) == again


def test_memory_is_bounded(caller: Caller, control: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_KEPT", 9)
    control.files = lambda id: succeed([FileRow(0, "a", 1, 1, 1.0, "normal")] * 6)  # type: ignore[method-assign]
    parts = reading._Parts(control)
    view = reading.View(1, control.row(ONE), None, {})  # type: ignore[arg-type]
    other = reading.View(2, control.row(TWO), None, {})  # type: ignore[arg-type]
    for _ in range(3):
        parts.fetch(view, ("files", "details"))
        parts.fetch(other, ("files", "details"))
        assert parts._weight <= 9
    assert view.files == other.files


@pytest.mark.parametrize("name", ["no_metadata", "wrong_state", "torrent_not_found"])
def test_a_torrent_without_these_parts(caller: Caller, control: Counting, name: str) -> None:
    def raising(id: str) -> Any:
        raise RpcError(name, "no")

    for number, part in enumerate(PARTS):
        setattr(control, part, raising if number % 2 else lambda id: fail(RpcError(name, "no")))
    control.change(ONE, state="error", error=ErrorRow("invalid", "broken", "state"))
    told = caller.modern("torrent_get", ids=[1], fields=list(FIELDS))["torrents"][0]
    assert (told["files"], told["pieces"], told["error"], told["error_string"]) == ([], "", 3, "broken")


def test_other_errors_are_told(caller: Caller, control: Counting) -> None:
    control.files = lambda id: fail(StorageError("gone", path="/x"))  # type: ignore[method-assign]
    assert caller.legacy("torrent-get", fields=["files"]) == "gone"


def test_removed_while_it_is_looked_at(caller: Caller, control: Counting) -> None:
    control.changes = lambda since, columns=None: control_changes([])  # type: ignore[method-assign]
    assert caller.modern("torrent_get", fields=["id"]) == {"torrents": []}


def control_changes(rows: list[Any]) -> Any:
    from torrentd.session.control import Changes

    return Changes(rows, [], 7, True)


@pytest.mark.parametrize("fields", [None, 5, {}, "id", [], [5, None, ["id"]]])
def test_fields_that_are_none(caller: Caller, fields: Any) -> None:
    assert caller.modern("torrent_get", ids=[1], fields=fields) == {"torrents": [{}]}
    assert caller.modern("torrent_get", ids=[1], fields=fields, format="table") == {"torrents": [[], []]}
