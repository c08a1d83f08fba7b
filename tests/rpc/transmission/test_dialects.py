"""Envelopes; and that a call says the same in both dialects."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from tests.rpc.fake_control import ONE, TWO, UNKNOWN, FakeControl
from tests.rpc.transmission.asking import Caller
from torrentd.model.errors import TorrentdError
from torrentd.rpc.core.context import Context, Grant, Scope
from torrentd.rpc.transmission.alternative import RATES, SWITCHES, TIMES
from torrentd.rpc.transmission.api import scope_of
from torrentd.rpc.transmission.errors import TransmissionError
from torrentd.rpc.transmission.fields import FIELDS
from torrentd.rpc.transmission.names import LEGACY, kebab
from torrentd.rpc.transmission.settings import FLAGS, LACKING, PLAIN, SWITCHED


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_the_legacy_envelope(caller: Caller) -> None:
    answer = caller.send({"method": "session-get", "arguments": {"fields": ["rpc-version"]}, "tag": 7})
    assert answer == {"result": "success", "arguments": {"rpc-version": 19}, "tag": 7}


@pytest.mark.parametrize("tag", ["7", 7.5, None, True, [7]])
def test_a_tag_is_an_integer(caller: Caller, tag: Any) -> None:
    assert "tag" not in caller.send({"method": "session-get", "arguments": {"fields": []}, "tag": tag})


def test_json_rpc(caller: Caller) -> None:
    call = {"jsonrpc": "2.0", "method": "session_get", "params": {"fields": ["rpc_version"]}, "id": "a"}
    assert caller.send(call) == {"jsonrpc": "2.0", "result": {"rpc_version": 19}, "id": "a"}
    assert caller.send([call, {**call, "id": 2}, 5])[1]["id"] == 2
    del call["id"]
    assert caller.send(call) is None


@pytest.mark.parametrize("value", [{"method": "nonsense"}, {"method": 5}, {}, 5, None, "session-get"])
def test_no_such_method(caller: Caller, value: Any) -> None:
    assert caller.send(value) == {"result": "no method name", "arguments": {}}


def test_errors_in_json_rpc(caller: Caller) -> None:
    assert caller.modern("torrent-get")["code"] == -32601
    assert caller.send({"jsonrpc": "1.0", "method": "session_get", "id": 1})["error"]["code"] == -32600
    assert caller.send([])["error"]["code"] == -32600
    assert caller.send([{"method": "session-get"}])[0]["error"]["code"] == -32600
    error = caller.modern("torrent_add")
    assert error == {
        "code": -32602,
        "message": "no filename or metainfo specified",
        "data": {"error_string": "no filename or metainfo specified"},
    }


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}', b'{"method": "a", "method": "b"}', b"[" * 99])
def test_what_cannot_be_read(caller: Caller, body: bytes) -> None:
    answer = caller.send(body)
    if body.startswith(b"["):
        assert answer["error"]["code"] == -32700
    else:
        assert answer["arguments"] == {}
        assert answer["result"] != "success"
    assert caller.send(b'{"jsonrpc":')["error"]["code"] == -32700


def test_arguments_that_are_none(caller: Caller) -> None:
    """tremc sends `"arguments": 21`."""
    assert len(caller.send({"method": "session-get", "arguments": 21})["arguments"]) > 50
    assert caller.send({"jsonrpc": "2.0", "method": "torrent_get", "params": [], "id": 1})["result"] == {
        "torrents": [{}, {}]
    }


def test_fields_under_the_names_they_were_asked_by(caller: Caller) -> None:
    names = ["fileCount", "file-count", "file_count", "hashString", "wanted", "nonsense"]
    answer = caller.legacy("torrent-get", ids=[ONE], fields=names)["torrents"]
    wanted = [1] * 5
    assert answer == [{"fileCount": 0, "file-count": 0, "file_count": 0, "hashString": ONE, "wanted": wanted}]
    table = caller.legacy("torrent-get", ids=[ONE], fields=names, format="table")["torrents"]
    assert table == [names[:-1], [0, 0, 0, ONE, wanted]]
    assert caller.modern("torrent_get", ids=[ONE], fields=["wanted"])["torrents"] == [{"wanted": [True] * 5}]


def test_what_is_in_a_table_is_spelled_in_the_dialect_too(caller: Caller) -> None:
    def stats(table: Any) -> Any:
        return list(table["torrents"][1][1][0])

    fields = ["id", "file_stats"]
    assert stats(caller.modern("torrent_get", ids=[ONE], fields=fields, format="table"))[0] == "bytes_completed"
    assert stats(caller.legacy("torrent-get", ids=[ONE], fields=fields, format="table"))[0] == "bytesCompleted"


def test_encryption_is_called_otherwise(caller: Caller) -> None:
    caller.control.config["peers.encryption"] = "off"
    assert caller.modern("session_get", fields=["encryption"]) == {"encryption": "allowed"}
    assert caller.legacy("session-get", fields=["encryption"]) == {"encryption": "tolerated"}


SCOPES: dict[str, Scope] = {
    **dict.fromkeys(("session_set", "session_close", "group_set", "blocklist_update"), "settings"),
    **dict.fromkeys(("free_space", "group_get", "port_test", "session_get", "session_stats", "torrent_get"), "read"),
    **dict.fromkeys((f"queue_move_{where}" for where in ("top", "up", "down", "bottom")), "control"),
    **dict.fromkeys(("torrent_add", "torrent_remove", "torrent_set", "torrent_reannounce"), "control"),
    **dict.fromkeys(("torrent_start", "torrent_start_now", "torrent_stop", "torrent_verify"), "control"),
    **dict.fromkeys(("torrent_set_location", "torrent_rename_path"), "control"),
}


def test_every_method_needs_its_scope(caller: Caller) -> None:
    assert SCOPES.keys() == caller.transmission._methods.keys()
    assert len(SCOPES) == 24
    for method in caller.transmission._methods:
        needed = SCOPES[method]
        assert scope_of(method) == needed
        others = Context("guest", Grant(frozenset({"read", "control", "settings"} - {needed}), "monitor"))
        said = f'{method} needs the scope "{needed}", which this token does not have'
        assert caller.send({"method": kebab(method)}, others)["result"] == said
        answer = caller.send({"jsonrpc": "2.0", "id": 1, "method": method}, others)
        assert said in json.dumps(answer["error"]).replace("\\", "")
    assert caller.told == []
    assert (
        caller.send({"method": "torrent-stop"}, Context("guest", Grant(frozenset({"control"}))))["result"] == "success"
    )
    assert [told[0] for told in caller.told] == ["pause", "pause"]


# --- legacy(translate(x)) == core(x)

numbers = st.integers(-5, 300) | st.floats(0, 10) | st.booleans()
ids = st.one_of(
    st.sampled_from([1, 2, 9, -1, 0, ONE, ONE.upper(), TWO, UNKNOWN, "nonsense", "recently_active", None, 1.5]),
    st.lists(st.sampled_from([1, 2, 9, ONE, TWO, UNKNOWN, "", None]), max_size=3),
)
indices = st.lists(st.integers(0, 4), max_size=3)
torrent_settings = {
    **dict.fromkeys(("download_limited", "upload_limited", "honors_session_limits"), st.booleans() | numbers),
    **dict.fromkeys(("download_limit", "upload_limit", "peer_limit", "bandwidth_priority"), numbers),
    **dict.fromkeys(("seed_idle_limit", "seed_ratio_limit", "seed_idle_mode", "seed_ratio_mode"), numbers),
    **dict.fromkeys(("files_wanted", "files_unwanted", "priority_high", "priority_low", "priority_normal"), indices),
    "labels": st.lists(st.text(max_size=3), max_size=2),
    "group": st.text(max_size=3),
    "sequential_download": st.booleans(),
    "queue_position": numbers,
    "tracker_list": st.sampled_from(["", "nonsense", "http://a.example/x\n\nudp://b.example"]),
    "tracker_add": st.lists(st.sampled_from(["http://a.example/x", "x"]), max_size=2),
    "tracker_remove": indices,
    "tracker_replace": st.sampled_from([[0, "http://a.example/x"], [9, "http://a.example/x"], [0]]),
}
session_settings = {
    name: numbers if isinstance(default, int | float) else st.text(max_size=3) for name, default in LACKING.items()
} | dict.fromkeys(
    (
        *("speed_limit_down", "speed_limit_up", "speed_limit_down_enabled", "speed_limit_up_enabled"),
        *(*SWITCHED, *(switched.enabled for switched in SWITCHED.values()), *PLAIN, *FLAGS, "peer_port"),
        *(*RATES, *TIMES, *SWITCHES),
    ),
    numbers,
)
session_settings |= {"encryption": st.sampled_from(["allowed", "required", "x"]), "download_dir": st.text(max_size=3)}
chosen = {"ids": ids}
shapes: dict[str, dict[str, Any]] = {
    "torrent_get": {
        "ids": ids,
        "fields": st.lists(st.sampled_from([*FIELDS, "nonsense"]), max_size=9, unique=True),
        "format": st.sampled_from(["objects", "table", 5]),
    },
    "torrent_add": {
        "filename": st.sampled_from(["", "magnet:?xt=urn:btih:" + ONE, ONE, "/etc/passwd", "http://x.example/y"]),
        "metainfo": st.sampled_from(["", "ZA==", "ZA\n==", "eA==", "!"]),
        "download_dir": st.sampled_from(["/x", "x", ""]),
        "paused": st.booleans(),
        **{name: torrent_settings[name] for name in ("labels", "peer_limit", "sequential_download")},
        **dict.fromkeys(
            ("files_wanted", "files_unwanted", "priority_high", "priority_low", "priority_normal"), indices
        ),
        "bandwidth_priority": numbers,
        "cookies": st.text(max_size=3),
    },
    "torrent_set": chosen | torrent_settings,
    "torrent_remove": chosen | {"delete_local_data": st.booleans()},
    **dict.fromkeys(
        ("torrent_start", "torrent_start_now", "torrent_stop", "torrent_verify", "torrent_reannounce"), chosen
    ),
    "torrent_set_location": chosen | {"location": st.sampled_from(["/x", "x", "", 5]), "move": numbers},
    "torrent_rename_path": chosen | dict.fromkeys(("path", "name"), st.text(max_size=3) | st.just(5)),
    "session_get": {"fields": st.lists(st.sampled_from(["version", "download_dir", "units", "encryption", "x"]))},
    "session_set": session_settings,
    "session_stats": {},
    "session_close": {},
    "free_space": {"path": st.sampled_from(["/x", "x", "", 5])},
    **dict.fromkeys(("queue_move_top", "queue_move_up", "queue_move_down", "queue_move_bottom"), chosen),
    "blocklist_update": {},
    "port_test": {"ip_protocol": st.sampled_from(["ipv4", "ipv6", "x", 5])},
    "group_get": {"group": st.sampled_from(["home", ["home"], [], 5])},
    "group_set": {
        "name": st.sampled_from(["home", "", 5]),
        **dict.fromkeys(("speed_limit_up", "speed_limit_up_enabled", "honors_session_limits"), numbers),
        **dict.fromkeys(("speed_limit_down", "speed_limit_down_enabled"), numbers),
    },
    "nonsense": {},
}


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    method = draw(st.sampled_from(sorted(shapes)))
    return method, draw(st.fixed_dictionaries({}, optional=shapes[method]))


def spelled(name: str, method: str) -> str:
    """Written down again, so that the test can fail."""
    if name == "download_dir" and method in ("torrent_get", "torrent_set"):
        return "downloadDir"
    return name if (name, method) == ("total_size", "free_space") else LEGACY.get(name, name)


def translated(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A request of the core in the legacy dialect."""
    arguments = {spelled(name, method): value for name, value in params.items()}
    if "fields" in arguments:
        arguments["fields"] = [spelled(name, method) for name in arguments["fields"]]
    for name, value, old in (("ids", "recently_active", "recently-active"), ("encryption", "allowed", "tolerated")):
        if arguments.get(name) == value:
            arguments[name] = old
    return {"method": kebab(method), "arguments": arguments}


def in_legacy(value: Any, method: str) -> Any:
    """An answer of the core in the legacy dialect."""
    if isinstance(value, list):
        if value and isinstance(value[0], list):  # a table
            names = value[0]
            rows = [[_field(name, cell, method) for name, cell in zip(names, row, strict=True)] for row in value[1:]]
            return [[spelled(name, method) for name in names], *rows]
        return [in_legacy(item, method) for item in value]
    if isinstance(value, dict):
        return {spelled(name, method): _field(name, item, method) for name, item in value.items()}
    return value


def _field(name: str, value: Any, method: str) -> Any:
    if name == "wanted" and isinstance(value, list):
        return [int(wanted) for wanted in value]
    if name == "encryption" and value == "allowed":
        return "tolerated"
    return in_legacy(value, method)


def test_every_method_is_asked(caller: Caller) -> None:
    assert shapes.keys() == {*caller.transmission._methods, "nonsense"}


class Recording(dict[str, Any]):
    """Parameters that know which of them were looked for."""

    def __init__(self, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.sought: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.sought.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.sought.add(str(name))
        return super().__contains__(name)


@settings(max_examples=150, deadline=None)
@given(requests().filter(lambda request: request[0] != "nonsense"))
def test_every_parameter_is_given(request: tuple[str, dict[str, Any]]) -> None:
    method, params = request
    recording = Recording(params)
    done = Deferred.fromCoroutine(Caller().transmission._methods[method](recording))  # type: ignore[arg-type]
    done.addErrback(lambda failure: failure.trap(TransmissionError, TorrentdError) and None)
    assert recording.sought <= shapes[method].keys()


@settings(max_examples=400, deadline=None)
@given(requests())
def test_both_dialects_say_the_same(request: tuple[str, dict[str, Any]]) -> None:
    method, params = request
    modern, legacy = Caller(FakeControl()), Caller(FakeControl())
    core = modern.send({"jsonrpc": "2.0", "method": method, "params": params, "id": 1})
    answer = legacy.send(translated(method, params))
    if "result" in core:
        assert answer == {"result": "success", "arguments": in_legacy(core["result"], method)}
    else:
        assert answer == {"result": core["error"]["message"], "arguments": {}}
    assert modern.told == legacy.told
    assert modern.control.keeps == legacy.control.keeps
    assert modern.control.rates == legacy.control.rates
    json.dumps(answer)
