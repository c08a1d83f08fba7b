from __future__ import annotations

from typing import Any

import pytest

from tests.rpc.fake_control import ONE
from torrentd.model.address import Address
from torrentd.model.errors import RpcError
from torrentd.rpc.core import schema
from torrentd.rpc.core.converting import convert, parse_peers

WRONG: list[tuple[type[schema.Params], Any, str]] = [
    (schema.Get, {}, "id"),
    (schema.Get, [], "id"),
    (schema.Get, {"id": 1}, "id"),
    (schema.Get, {"id": None}, "id"),
    (schema.Get, {"id": "1" * 39}, "id"),
    (schema.Get, {"id": "1" * 41}, "id"),
    (schema.Get, {"id": "g" * 40}, "id"),
    (schema.Get, {"id": ONE + "\n"}, "id"),
    (schema.Get, {"id": "\N{FULLWIDTH DIGIT ONE}" * 40}, "id"),
    (schema.Get, {"id": ONE, "fields": ["name", "no_such"]}, "fields[1]"),
    (schema.Get, {"id": ONE, "fields": "name"}, "fields"),
    (schema.Get, {"id": ONE, "extra": 1}, "extra"),
    (schema.Get, [ONE, ["name"], 1], "[2]"),
    (schema.Nothing, {"extra": 1}, "extra"),
    (schema.Nothing, [1], "[0]"),
    (schema.Many, {}, "ids"),
    (schema.Many, {"ids": "every"}, "ids"),
    (schema.Many, {"ids": ONE}, "ids"),
    (schema.Many, {"ids": [ONE, "x"]}, "ids[1]"),
    (schema.Page, {"id": ONE, "offset": -1}, "offset"),
    (schema.Page, {"id": ONE, "offset": 1.0}, "offset"),
    (schema.Page, {"id": ONE, "offset": True}, "offset"),
    (schema.Page, {"id": ONE, "limit": 2**53}, "limit"),
    (schema.Page, {"id": ONE, "limit": "all"}, "limit"),
    (schema.List, {"sort": "peers"}, "sort"),
    (schema.List, {"sort": "--name"}, "sort"),
    (schema.List, {"filter": {"state": "running"}}, "filter.state"),
    (schema.List, {"filter": {"ids": ["x"]}}, "filter.ids[0]"),
    (schema.List, {"filter": {"colour": "red"}}, "filter.colour"),
    (schema.List, {"since": -1}, "since"),
    (schema.Wait, {"ids": [ONE], "timeout": 301}, "timeout"),
    (schema.Wait, {"ids": [ONE], "timeout": -0.1}, "timeout"),
    (schema.Wait, {"ids": [ONE], "until": "seeded"}, "until"),
    (schema.SetLimits, {"down": True}, "down"),
    (schema.SetLimits, {"down": -1}, "down"),
    (schema.SetLimits, {"down": "none"}, "down"),
    (schema.SetLimits, {"alternative": 5}, "alternative"),
    (schema.SetFiles, {"id": ONE, "files": [{"index": 0}]}, "files[0].priority"),
    (schema.SetFiles, {"id": ONE, "files": [{"index": 0, "priority": "urgent"}]}, "files[0].priority"),
    (schema.SetFiles, {"id": ONE, "files": [{"priority": "low"}]}, "files[0]"),
    (schema.SetFiles, {"id": ONE, "files": [{"index": 0, "glob": "*", "priority": "low"}]}, "files[0]"),
    (schema.SetFiles, {"id": ONE, "files": [{"index": -1, "priority": "low"}]}, "files[0].index"),
    (schema.SetFiles, {"id": ONE, "files": [{"glob": "a\0", "priority": "low"}]}, "files[0].glob"),
    (schema.Add, {}, "metainfo"),
    (schema.Add, {"metainfo": "not base64!"}, "metainfo"),
    (schema.Add, {"metainfo": "ZGU"}, "metainfo"),
    (schema.Add, {"metainfo": "ZG\nU="}, "metainfo"),
    (schema.Add, {"url": "udp://example.com/a.torrent"}, "url"),
    (schema.Add, {"url": "file:///etc/passwd"}, "url"),
    (schema.Add, {"url": "http:///a.torrent"}, "url"),
    (schema.Add, {"url": "http://h/a b"}, "url"),
    (schema.Add, {"url": "http://h/" + "a" * 4096}, "url"),
    (schema.Inspect, {"metainfo": "ZGU=", "url": "http://h/a"}, "url"),
    (schema.Add, {"magnet": "m" * 70_000}, "magnet"),
    (schema.Add, {"magnet": "magnet:?", "metainfo": "ZGU="}, "magnet"),
    (schema.Add, {"magnet": "magnet:?", "url": "http://h/x.torrent"}, "url"),
    (schema.Inspect, {}, "metainfo"),
    (schema.Inspect, {"magnet": "magnet:?", "timeout": 301}, "timeout"),
    (schema.Inspect, {"magnet": "magnet:?", "paused": True}, "paused"),
    (schema.Add, {"metainfo": "ZGU=", "stop_after": "seeding"}, "stop_after"),
    (schema.Add, {"metainfo": "ZGU=", "download_dir": ""}, "download_dir"),
    (schema.Add, {"metainfo": "ZGU=", "download_dir": "/a\0b"}, "download_dir"),
    (schema.Add, {"metainfo": "ZGU=", "download_dir": "a" * 5000}, "download_dir"),
    (schema.Add, {"metainfo": "ZGU=", "labels": [""]}, "labels[0]"),
    (schema.Add, {"metainfo": "ZGU=", "trackers": ["http://ok.example/announce", "file:///etc"]}, "trackers[1]"),
    (schema.Add, {"metainfo": "ZGU=", "trackers": ["http://"]}, "trackers[0]"),
    (schema.Add, {"metainfo": "ZGU=", "trackers": ["udp://a b"]}, "trackers[0]"),
    (schema.Add, {"metainfo": "ZGU=", "limits": {"ratio": -1}}, "limits.ratio"),
    (schema.Add, {"metainfo": "ZGU=", "limits": {"speed": 1}}, "limits.speed"),
    (schema.Add, {"metainfo": "ZGU=", "if_exists": "replace"}, "if_exists"),
    (schema.Add, {"metainfo": "ZGU=", "paused": 1}, "paused"),
]


@pytest.mark.parametrize(("kind", "given", "path"), WRONG)
def test_says_which_parameter_is_wrong(kind: type[schema.Params], given: Any, path: str) -> None:
    with pytest.raises(RpcError) as caught:
        convert(given, kind)
    assert caught.value.name == "invalid_params"
    assert caught.value.data == {"path": path}
    assert str(caught.value).startswith(f"{path}: ")
    assert "regex" not in str(caught.value)


@pytest.mark.parametrize(("text", "words"), [("", "is empty"), ("a" * 256, "is longer than 255 characters")])
def test_the_length_of_a_text(text: str, words: str) -> None:
    with pytest.raises(RpcError) as caught:
        convert({"metainfo": "ZGU=", "labels": [text]}, schema.Add)
    assert str(caught.value) == f"labels[0]: {words}"


def test_by_position_is_in_the_schemas_order() -> None:
    assert convert([ONE, 5, 10], schema.Page) == schema.Page(ONE, 5, 10)
    assert convert([ONE], schema.Page) == schema.Page(ONE, 0, None)


def test_an_unknown_name_of_any_text_is_named() -> None:
    with pytest.raises(RpcError) as caught:
        convert({"a` - at `$.b\n": 1}, schema.Nothing)
    assert caught.value.name == "invalid_params"


def test_hashes_of_both_sizes_and_cases() -> None:
    assert convert(["aB" * 20], schema.One).id == "aB" * 20
    assert convert(["aB" * 32], schema.One).id == "aB" * 32


def test_peers() -> None:
    assert parse_peers(["192.0.2.1:6881", "[::1]:1"]) == (Address("192.0.2.1", 6881), Address("::1", 1))


@pytest.mark.parametrize(
    "text", ["", "192.0.2.1", "::1:6881", "host:6881", "192.0.2.1:0", "0.0.0.0:1", "224.0.0.1:1", "1.2.3.4:99999"]
)
def test_no_peer(text: str) -> None:
    with pytest.raises(RpcError) as caught:
        parse_peers(["192.0.2.1:6881", text])
    assert caught.value.data == {"path": "peers[1]"}
