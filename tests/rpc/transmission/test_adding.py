from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.rpc.fake_control import ONE
from tests.rpc.transmission.asking import Caller
from torrentd.model.layout import Priority
from torrentd.session.control import AddOptions, FileChoice
from torrentd.session.telling.rows import LimitsRow

METAINFO = base64.b64encode(b"d4:infodee").decode()
LINK = f"magnet:?xt=urn:btih:{ONE}"


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_by_content_and_by_link(caller: Caller) -> None:
    there = {"id": 1, "name": "Debian netinst.iso", "hash_string": ONE}
    assert caller.modern("torrent_add", metainfo=METAINFO) == {"torrent_duplicate": there}
    assert caller.modern("torrent_add", filename=LINK) == {"torrent_added": there}
    assert caller.modern("torrent_add", filename=ONE) == {"torrent_added": there}
    assert caller.modern("torrent_add", filename="HTTPS://h/a.torrent?b=c") == {"torrent_added": there}
    assert caller.told == [
        ("add", b"d4:infodee", AddOptions()),
        ("add_magnet", LINK, AddOptions()),
        ("add_magnet", LINK, AddOptions()),
        ("add_url", "HTTPS://h/a.torrent?b=c", AddOptions()),
    ]
    assert caller.legacy("torrent-add", filename=LINK)["torrent-added"]["hashString"] == ONE


def test_base64_with_line_breaks(caller: Caller) -> None:
    caller.modern("torrent_add", metainfo=METAINFO[:4] + "\r\n " + METAINFO[4:])
    assert caller.told[0][1] == b"d4:infodee"


def test_how(caller: Caller) -> None:
    caller.modern(
        "torrent_add", filename=LINK, download_dir="/films", paused=True, labels=["a", "", "a", 5, "b"], peer_limit=7,
        files_unwanted=[1, 2], priority_high=[0, 2], priority_low=[3], files_wanted=[2], sequential_download=1,
    )  # fmt: skip
    choices = [Priority.HIGH, Priority.SKIP, Priority.SKIP, Priority.LOW]
    assert caller.told[0][2] == AddOptions(
        download_dir="/films", paused=True, labels=("a", "b"), sequential=True, limits=LimitsRow(peers=7),
        files=tuple(FileChoice(priority, index) for index, priority in enumerate(choices)),
    )  # fmt: skip


def test_whether_it_begins_is_a_setting(caller: Caller) -> None:
    caller.modern("session_set", start_added_torrents=False)
    caller.modern("torrent_add", filename=LINK)
    caller.modern("torrent_add", filename=LINK, paused=False)
    assert [told[2].paused for told in caller.told] == [True, False]


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({}, -32602, "no filename or metainfo specified"),
        ({"filename": 5}, -32602, "no filename or metainfo specified"),
        ({"filename": LINK, "download_dir": "films"}, 3, "download directory path is not absolute"),
        ({"metainfo": "!"}, 9, "This is not an acceptable torrent: not base64"),
        ({"metainfo": "eA=="}, 9, "This is not an acceptable torrent: not a bencoded dictionary"),
        ({"filename": LINK, "files_unwanted": [0, -1]}, 6, "There is no file -1"),
        ({"filename": LINK, "priority_high": [2**70]}, 6, f"There is no file {2**70}"),
        ({"filename": "/etc/passwd"}, 9, "A torrent is added by its content, a magnet link, or an http or https URL"),
        ({"filename": "file:///a"}, 9, "A torrent is added by its content, a magnet link, or an http or https URL"),
        ({"filename": "http://h/a b"}, 9, "A torrent is added by its content, a magnet link, or an http or https URL"),
    ],
)
def test_what_cannot_be_added(caller: Caller, params: dict[str, Any], code: int, message: str) -> None:
    error = caller.modern("torrent_add", **params)
    assert (error["code"], error["message"]) == (code, message)
    assert [told for told in caller.told if told[0] == "add_magnet"] == []
    assert caller.legacy("torrent-add", **{name.replace("_", "__"): value for name, value in params.items()}) == message


def test_cookies_go_with_a_url(caller: Caller) -> None:
    caller.modern("torrent_add", filename="https://h/a.torrent", cookies="uid=7; pass=x")
    assert caller.told == [("add_url", "https://h/a.torrent", AddOptions(cookies="uid=7; pass=x"))]


@pytest.mark.parametrize("cookies", ["a=b\r\nX-Header: c", "a=\x00", "a=\u00fc", "a" * 4097])
def test_what_is_no_cookie_is_sent_to_nobody(caller: Caller, cookies: str) -> None:
    assert caller.modern("torrent_add", filename="https://h/a.torrent", cookies=cookies)["code"] == -32602
    assert caller.told == []
