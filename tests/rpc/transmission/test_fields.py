"""No field is a constant: what stands behind each is changed, and the field is seen to change."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.rpc.fake_control import ONE, peer, torrent
from torrentd.rpc.transmission.fields import FIELDS
from torrentd.rpc.transmission.parts import sitename
from torrentd.rpc.transmission.view import Session, View
from torrentd.session.telling.details import DetailsRow
from torrentd.session.telling.rows import (
    ErrorRow,
    FileRow,
    LimitsRow,
    PeersSummary,
    PiecesRow,
    TrackerRow,
    TrackerSummary,
)

NOW = 10_000.0
SETTINGS = {
    "idle_seeding_limit": 30,
    "idle_seeding_limit_enabled": False,
    "seed_ratio_limit": 2.0,
    "peer_limit_per_torrent": 50,
    "peer_limit_global": 200,
}
TRACKER = "http://t.tracker.example:80/announce?passkey=5"
DETAILS = DetailsRow(
    "magnet:?x", [[TRACKER], ["udp://b.example"]], [TRACKER, "udp://b.example"], created_at=5, file_count=2
)
FILES = [FileRow(0, "a/b", 300, 256, 0.8, "normal"), FileRow(1, "a/c.mkv", 700, 700, 1.0, "skip")]
WORKING = TrackerRow("http://t.tracker.example/announce?...", 0, "working", "", 3, 4, 5, 9000.0, 11_000.0, 0, 7)
FAILED = TrackerRow("udp://b.example", 1, "error", "no answer within 15 s", None, None, None, 9500.0, 11_000.5, 2)


def field(name: str, /, **changed: Any) -> Any:
    """The field of a torrent that seeds. `changed`: columns of the row and parts of the view; `summary` is the row's
    summary of its peers."""
    parts: dict[str, Any] = {"files": FILES, "details": DETAILS, "trackers": [WORKING, FAILED]}
    parts |= {"number": 1, "session": Session(NOW, SETTINGS, "/state/db"), "kept": {}}
    parts |= {key: changed.pop(key) for key in list(changed) if key in View.__struct_fields__}
    if "summary" in changed:
        changed["peers"] = changed.pop("summary")
    return FIELDS[name].make(View(row=msgspec.structs.replace(torrent(ONE, "Debian"), **changed), **parts))


def details(**changed: Any) -> dict[str, Any]:
    return {"details": msgspec.structs.replace(DETAILS, **changed)}


def limits(**changed: Any) -> dict[str, Any]:
    return {"limits": LimitsRow(**changed)}


def connected(*rows: Any) -> dict[str, Any]:
    return {"peers": list(rows)}


MANY = PeersSummary(7, 7, 7, 7, 7, 7, 7)
LOST = TrackerSummary("t.example", "error", None)
CHANGES: dict[str, list[dict[str, Any]]] = {
    "activity_date": [{"active_at": None}, {"active_at": 5.5}],
    "added_date": [{"added_at": 5.5}],
    "availability": [{"pieces": PiecesRow(4, 256, "8A==", None)}, {"pieces": PiecesRow(4, 256, "gA==", [1, 2, 3, 4])}],
    "bandwidth_priority": [{"priority": "high"}, {"priority": "low"}],
    "bytes_completed": [{"files": FILES[:1]}],
    "comment": [details(comment="hello")],
    "corrupt_ever": [{"wasted": 7}],
    "creator": [details(created_by="mktorrent")],
    "date_created": [details(created_at=77), details(created_at=None)],
    "desired_available": [details(obtainable=7)],
    "done_date": [{"completed_at": None}, {"completed_at": 5.5}],
    "download_dir": [{"download_dir": "/elsewhere"}],
    "download_limit": [limits(down=5000), {"kept": {"download_limit": 9}}],
    "download_limited": [limits(down=0)],
    "downloaded_ever": [{"downloaded": 7}],
    "edit_date": [{"edited_at": 7.0}],
    "error": [{"tracker": LOST}, {"error": ErrorRow("x", "y", "storage"), "state": "error"}],
    "error_string": [{"tracker": LOST}, {"error": ErrorRow("x", "y", "storage"), "state": "error"}],
    "eta": [{"eta": 7, "state": "downloading"}, {"state": "downloading"}],
    "eta_idle": [limits(idle_time=9000), limits(idle_time=9060)],
    "file_count": [details(file_count=7)],
    "file_stats": [{"files": FILES[:1]}],
    "files": [{"files": FILES[:1]}],
    "group": [{"kept": {"group": "home"}}],
    "hash_string": [{"id": "2" * 40}],
    "have_unchecked": [details(unverified=7)],
    "have_valid": [{"done": 7}],
    "honors_session_limits": [{"kept": {"honors_session_limits": False}}],
    "id": [{"number": 2}],
    "is_finished": [{"state": "finished"}],
    "is_private": [{"private": True}],
    "is_stalled": [{"stalled": True}],
    "labels": [{"labels": ["a"]}],
    "left_until_done": [{"left": 7}],
    "magnet_link": [details(magnet="magnet:?y")],
    "manual_announce_time": [details(askable_at=7.5)],
    "max_connected_peers": [limits(peers=7), limits(peers="unlimited")],
    "metadata_percent_complete": [{"metadata_progress": 0.5}],
    "name": [{"name": "Ubuntu"}],
    "peer_limit": [limits(peers=7), limits(peers="unlimited")],
    "peers": [connected(peer("192.0.2.1:6881")), connected(peer("[2001:db8::1]:6881"))],
    "peers_connected": [{"summary": MANY}],
    "peers_from": [connected(peer("192.0.2.1:6881"))],
    "peers_getting_from_us": [{"summary": MANY}],
    "peers_sending_to_us": [{"summary": MANY}],
    "percent_complete": [{"done": 7}, {"size": None}],
    "percent_done": [{"progress": 0.5}],
    "piece_count": [{"piece_count": 7}, {"piece_count": None}],
    "piece_size": [{"piece_size": 7}, {"piece_size": None}],
    "pieces": [{"pieces": PiecesRow(4, 256, "8A==", None)}],
    "primary_mime_type": [details(main_suffix=".mkv"), details(main_suffix=".iso")],
    "priorities": [{"files": [FileRow(0, "a", 1, 1, 1.0, "high"), FileRow(1, "b", 1, 1, 1.0, "low")]}],
    "queue_position": [{"queue": 7}, {"number": 3}],
    "rate_download": [{"rate_down": 7}],
    "rate_upload": [{"rate_up": 7}],
    "recheck_progress": [{"check_progress": 0.5}],
    "seconds_downloading": [{"downloading_time": 7}],
    "seconds_seeding": [{"seeding_time": 7}],
    "seed_idle_limit": [limits(idle_time=7 * 60), {"kept": {"seed_idle_limit": 8}}],
    "seed_idle_mode": [limits(idle_time=7 * 60), limits(idle_time="unlimited")],
    "seed_ratio_limit": [limits(ratio=7.5), {"kept": {"seed_ratio_limit": 8}}],
    "seed_ratio_mode": [limits(ratio=7.5), limits(ratio="unlimited")],
    "sequential_download": [{"sequential": True}],
    "size_when_done": [{"wanted": 7}],
    "start_date": [{"started_at": None}, {"started_at": 5.5}],
    "status": [
        {"state": "paused"},
        {"state": "checking", "check_progress": 0.0},
        {"state": "checking", "check_progress": 0.5},
        {"state": "queued", "left": 7},
        {"state": "downloading"},
        {"state": "queued"},
    ],
    "torrent_file": [{"size": None}],
    "total_size": [{"size": 7}, {"size": None}],
    "tracker_list": [details(tiers=[[TRACKER]])],
    "tracker_stats": [{"trackers": [FAILED, WORKING]}],
    "trackers": [details(tiers=[[TRACKER]])],
    "upload_limit": [limits(up=5000), {"kept": {"upload_limit": 9}}],
    "upload_limited": [limits(up=0)],
    "upload_ratio": [{"ratio": None}, {"ratio": 0.5}],
    "uploaded_ever": [{"uploaded": 7}],
    "wanted": [{"files": FILES[:1]}],
    "webseeds": [details(webseeds=["http://w.example"])],
}
"""For each field, changes of what is behind it; each gives another value."""

CONSTANT = {"webseeds_sending_to_us"}
"""nothing is fetched from web seeds"""


def test_every_field_is_tried() -> None:
    assert set(CHANGES) | CONSTANT == set(FIELDS)


@pytest.mark.parametrize("name", CHANGES)
def test_the_field_changes(name: str) -> None:
    seen = [field(name), *(field(name, **change) for change in CHANGES[name])]
    assert len({msgspec.json.encode(value) for value in seen}) == len(seen), seen


SETTINGS_CHANGES = {
    "eta_idle": {"idle_seeding_limit_enabled": True, "idle_seeding_limit": 151},
    "seed_idle_limit": {"idle_seeding_limit": 7},
    "seed_ratio_limit": {"seed_ratio_limit": 7.0},
    "peer_limit": {"peer_limit_per_torrent": 7},
}


@pytest.mark.parametrize("name", SETTINGS_CHANGES)
def test_what_the_session_says_where_the_torrent_says_nothing(name: str) -> None:
    assert field(name, session=Session(NOW, SETTINGS | SETTINGS_CHANGES[name], "")) != field(name)


# --- what the values are


@pytest.mark.parametrize(
    ("state", "row", "status"),
    [
        ("error", {}, 0),
        ("moving", {}, 2),
        ("checking", {"check_progress": 0.0}, 1),
        ("checking", {"check_progress": 0.1}, 2),
        ("metadata", {}, 4),
        ("metadata", details(paused=True), 0),
        ("paused", {}, 0),
        ("finished", {}, 0),
        ("queued", {"left": 7}, 3),
        ("queued", {}, 5),
        ("downloading", {}, 4),
        ("seeding", {}, 6),
    ],
)
def test_status(state: str, row: dict[str, Any], status: int) -> None:
    assert field("status", state=state, **row) == status


def test_a_magnet_has_no_size() -> None:
    unknown = dict.fromkeys(("size", "wanted", "left", "piece_count", "piece_size", "private"))
    nothing: dict[str, Any] = {"state": "metadata", "files": [], "trackers": [], "progress": 0.0, **unknown}
    for name in FIELDS:
        field(name, **nothing)
    assert [field(name, **nothing) for name in ("total_size", "size_when_done", "left_until_done")] == [0, 0, 0]
    assert [field(name, **nothing) for name in ("files", "priorities", "pieces", "availability")] == [[], [], "", []]
    assert field("eta", **nothing) == -2


def test_eta() -> None:
    """As transmission-daemon says it, and transmission-remote reads it: -1 of a complete torrent is "Done"."""
    assert [field("eta", state=state) for state in ("seeding", "paused", "downloading")] == [-1, -1, -2]


def test_availability_is_minus_one_of_what_is_here() -> None:
    assert field("availability", pieces=PiecesRow(4, 256, "kA==", [1, 2, 0, 3])) == [-1, 2, 0, -1]
    assert field("availability", pieces=PiecesRow(9, 256, "gAA=", None)) == [-1, *[0] * 8]


def test_files() -> None:
    assert field("files")[1] == {
        "bytes_completed": 700, "length": 700, "name": "a/c.mkv", "begin_piece": 1, "end_piece": 4,
    }  # fmt: skip
    assert field("file_stats")[1] == {"bytes_completed": 700, "wanted": False, "priority": 0}
    assert [field("wanted"), field("priorities")] == [[True, False], [0, 0]]


def test_a_peer() -> None:
    (told,) = field("peers", **connected(msgspec.structs.replace(peer("[2001:db8::1]:6881"), incoming=True)))
    assert told == {
        "address": "2001:db8::1", "port": 6881, "client_name": "lt 2.1", "flag_str": "UEI", "progress": 0.5,
        "client_is_choked": True, "client_is_interested": False, "peer_is_choked": False, "peer_is_interested": True,
        "is_downloading_from": False, "is_uploading_to": True, "is_encrypted": True, "is_incoming": True,
        "is_utp": False, "rate_to_client": 0, "rate_to_peer": 50,
    }  # fmt: skip


PEER_CHANGES: dict[str, Any] = {
    "address": "192.0.2.9:1", "client": "x", "incoming": True, "source": "pex", "am_choking": True,
    "am_interested": True, "peer_choking": False, "peer_interested": False, "progress": 0.6, "rate_down": 7,
    "rate_up": 0, "encryption": "none",
}  # fmt: skip


@pytest.mark.parametrize("name", PEER_CHANGES)
def test_a_peer_changes(name: str) -> None:
    changed = msgspec.structs.replace(peer("192.0.2.1:6881"), **{name: PEER_CHANGES[name]})
    assert field("peers", **connected(changed)) != field("peers", **connected(peer("192.0.2.1:6881")))


@pytest.mark.parametrize(
    ("source", "name"),
    [("tracker", "from_tracker"), ("lsd", "from_lpd"), ("dht", "from_dht"), ("pex", "from_pex"),
     ("user", "from_ltep"), ("incoming", "from_incoming"), ("new", "from_cache")],
)  # fmt: skip
def test_peers_from(source: str, name: str) -> None:
    told = field("peers_from", **connected(msgspec.structs.replace(peer("192.0.2.1:1"), source=source)))
    assert len(told) == 7
    assert [key for key, count in told.items() if count] == [name]


def test_trackers() -> None:
    assert field("trackers") == [
        {"id": 0, "tier": 0, "announce": TRACKER, "sitename": "tracker",
         "scrape": "http://t.tracker.example:80/scrape?passkey=5"},
        {"id": 1, "tier": 1, "announce": "udp://b.example", "scrape": "", "sitename": "b"},
    ]  # fmt: skip
    assert field("tracker_list") == f"{TRACKER}\n\nudp://b.example"


def test_tracker_stats() -> None:
    working, failed = field("tracker_stats")
    assert working == {
        "announce": TRACKER, "announce_state": 1, "download_count": 5, "has_announced": True, "has_scraped": True,
        "host": "http://t.tracker.example:80", "id": 0, "is_backup": False, "last_announce_peer_count": 7,
        "last_announce_result": "Success", "last_announce_start_time": 9000, "last_announce_succeeded": True,
        "last_announce_time": 9000, "last_announce_timed_out": False, "last_scrape_result": "",
        "last_scrape_start_time": 9000, "last_scrape_succeeded": True, "last_scrape_time": 9000,
        "last_scrape_timed_out": False, "leecher_count": 4, "next_announce_time": 11_000, "next_scrape_time": 11_000,
        "scrape": "http://t.tracker.example:80/scrape?passkey=5", "scrape_state": 1, "seeder_count": 3,
        "sitename": "tracker", "tier": 0,
    }  # fmt: skip
    same = {key for key in working if working[key] == failed[key]}
    assert same == {"announce_state", "has_announced"} | {"next_announce_time"}
    assert failed["last_announce_result"] == "no answer within 15 s"
    assert failed["last_announce_timed_out"] and failed["is_backup"]


def test_tracker_stats_of_one_that_is_asked_and_of_one_that_was_never() -> None:
    asked = msgspec.structs.replace(WORKING, status="announcing")
    new = TrackerRow("udp://b.example", 1, "waiting", "", None, None, None, None, None, 0)
    told = field("tracker_stats", trackers=[asked, new])
    assert [row["announce_state"] for row in told] == [3, 0]
    assert [row["has_announced"] for row in told] == [True, False]


def test_seed_idle_limit_is_given_back_as_it_was_set() -> None:
    """Some use it as a limit of the seeding time."""
    assert field("seed_idle_limit", **limits(idle_time=525_600 * 60)) == 525_600


@pytest.mark.parametrize(
    ("url", "site"),
    [("http://tracker.example.org:80/announce", "example"), ("udp://10.0.0.1:1/", "10.0.0.1"), ("http://[::1]/", "::1"),
     ("http://localhost/announce", "localhost"), ("http://[", "")],
)  # fmt: skip
def test_sitename(url: str, site: str) -> None:
    assert sitename(url) == site
