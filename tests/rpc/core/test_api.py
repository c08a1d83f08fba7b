"""The core as a whole: the examples of the JSON-RPC 2.0 specification, batches, rights, long polls, bugs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import globalLogPublisher

from tests.rpc.asking import GUEST, OWNER, Asked, request, tokens
from tests.rpc.fake_control import ONE, TWO, FakeControl
from torrentd.rpc.core.api import MAX_LONG_POLLS, Api
from torrentd.rpc.core.registry import Noun, build, needs
from torrentd.rpc.core.schema import Params
from torrentd.session.telling.rows import StatusRow, WaitRow


class Subtract(Params, frozen=True):
    minuend: int
    subtrahend: int


class Sum(Params, frozen=True):
    a: int = 0
    b: int = 0
    c: int = 0


class Anything(Params, frozen=True):
    a: Any = None
    b: Any = None
    c: Any = None
    d: Any = None
    e: Any = None


class SpecificationMethods(Noun):
    """The methods that the examples call."""

    @needs(None)
    def jsonrpc_subtract(self, params: Subtract) -> int:
        return params.minuend - params.subtrahend

    @needs(None)
    def jsonrpc_sum(self, params: Sum) -> int:
        return params.a + params.b + params.c

    @needs(None)
    def jsonrpc_get_data(self, params: Anything) -> list[Any]:
        return ["hello", 5]

    @needs(None)
    def jsonrpc_update(self, params: Anything) -> None: ...

    jsonrpc_foobar = jsonrpc_notify_hello = jsonrpc_notify_sum = jsonrpc_update


NOT_FOUND, BAD_REQUEST, BAD_JSON = -32601, -32600, -32700

# (what is sent, the answer: a result, an error's code, None for silence, or a list of (answer, id) for a batch)
EXAMPLES: list[tuple[str, Any, Any]] = [
    ('{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}', 19, 1),
    ('{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}', -19, 2),
    ('{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}', 19, 3),
    ('{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}', 19, 4),
    ('{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}', None, None),
    ('{"jsonrpc": "2.0", "method": "foobar"}', None, None),
    ('{"jsonrpc": "2.0", "method": "no_such", "id": "1"}', NOT_FOUND, "1"),
    ('{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', BAD_JSON, None),
    ('{"jsonrpc": "2.0", "method": 1, "params": "bar"}', BAD_REQUEST, None),
    (
        '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method"]',
        BAD_JSON,
        None,
    ),
    ("[]", BAD_REQUEST, None),
    ("[1]", [(BAD_REQUEST, None)], None),
    ("[1,2,3]", [(BAD_REQUEST, None)] * 3, None),
    (
        """[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
            {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
            {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
            {"foo": "boo"},
            {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
            {"jsonrpc": "2.0", "method": "get_data", "id": "9"}]""",
        [(7, "1"), (19, "2"), (BAD_REQUEST, None), (NOT_FOUND, "5"), (["hello", 5], "9")],
        None,
    ),
    (
        """[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
            {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]""",
        None,
        None,
    ),
]


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def asked(control: FakeControl) -> Asked:
    return Asked(control)


@pytest.mark.parametrize(("sent", "expected", "id"), EXAMPLES, ids=[str(number) for number in range(len(EXAMPLES))])
def test_examples_of_the_specification(asked: Asked, control: FakeControl, sent: str, expected: Any, id: Any) -> None:
    methods = build({"x": SpecificationMethods(control)})
    asked.api._methods = {name.removeprefix("x."): method for name, method in methods.items()}
    answer = asked.say(sent)
    if expected is None:
        assert answer is None
    elif isinstance(answer, list):
        assert [_gist(one) for one in answer] == expected
    else:
        assert _gist(answer) == (expected, id)


def _gist(answer: dict[str, Any]) -> tuple[Any, Any]:
    assert answer.pop("jsonrpc") == "2.0"
    id = answer.pop("id")
    ((kind, said),) = answer.items()
    assert kind in ("result", "error")
    return (said["code"] if kind == "error" else said), id


def test_a_batch_is_answered_in_request_order_when_all_are_done(asked: Asked, control: FakeControl) -> None:
    wait = {**request("torrent.wait", ids=[ONE]), "id": "slow"}
    answer = asked.begin([wait, {**request("limits.get"), "id": "quick"}])
    assert not answer.called
    control.waiting[0].callback(WaitRow([ONE], [], []))
    assert [one["id"] for one in json.loads(_now(answer))] == ["slow", "quick"]


def test_calls_of_a_batch_run_concurrently(asked: Asked, control: FakeControl) -> None:
    asked.begin([request("torrent.wait", ids=[ONE]), request("torrent.wait", ids=[TWO])])
    assert len(control.waiting) == 2


def test_a_batch_holds_at_most_100(asked: Asked) -> None:
    assert len(asked.say([request("limits.get")] * 100)) == 100
    assert asked.say([request("limits.get")] * 101)["error"]["code"] == BAD_REQUEST


def test_an_error_in_a_notification_is_silent(asked: Asked) -> None:
    assert asked.say('{"jsonrpc": "2.0", "method": "torrent.get"}') is None
    assert asked.say('{"jsonrpc": "2.0", "method": "no.such"}') is None


def test_a_null_id_is_answered(asked: Asked) -> None:
    assert asked.say('{"jsonrpc": "2.0", "method": "limits.get", "id": null}')["id"] is None


@pytest.mark.parametrize(
    "name",
    ["", ".", "torrent", "torrent.", ".get", "torrent.get.x", "torrent.__dir__", "__dir__", "system.listMethods"],
)
def test_names_that_are_no_methods(asked: Asked, name: str) -> None:
    assert asked.error(name)["code"] == NOT_FOUND


def test_a_guest_controls_torrents_but_not_the_daemon(control: FakeControl) -> None:
    guest = Asked(control, GUEST)
    assert guest.call("torrent.pause", ids="all")["done"] == [ONE, TWO]
    assert guest.call("limits.get")["down"] == "unlimited"
    for method in ("daemon.shutdown", "daemon.reload", "limits.set"):
        error = guest.error(method)
        assert (error["code"], error["data"]["name"]) == (-32001, "forbidden")
    assert ("shutdown",) not in control.told


class Broken(FakeControl):
    def status(self) -> StatusRow:
        raise KeyError("secret of the implementation")

    def pause(self, id: str) -> Deferred[None]:
        raise ZeroDivisionError("secret of the implementation")

    def config_schema(self) -> dict[str, object]:
        return {"cannot be encoded": object()}


@pytest.mark.parametrize("method", ["daemon.status", "config.schema"])
def test_a_bug_is_an_incident_that_the_log_explains(method: str) -> None:
    events: list[Any] = []
    globalLogPublisher.addObserver(events.append)
    try:
        error = Asked(Broken()).error(method)
    finally:
        globalLogPublisher.removeObserver(events.append)
    assert error["code"] == -32603
    assert "secret" not in str(error) and "object" not in error["message"]
    (event,) = [event for event in events if event.get("incident") == error["data"]["detail"]]
    assert event["log_failure"] is not None and event["doing"] == method


def test_a_bug_in_one_of_many_costs_that_one() -> None:
    result = Asked(Broken()).call("torrent.pause", ids=[ONE])
    assert result["done"] == []
    assert result["failed"][0]["code"] == -32603


def test_when_the_caller_goes_a_long_poll_is_given_up(asked: Asked, control: FakeControl) -> None:
    answer = asked.begin(request("torrent.wait", ids=[ONE]))
    answer.cancel()
    assert control.waiting[0].called
    assert not asked.api._long_polls


class Slow(FakeControl):
    def __init__(self) -> None:
        super().__init__()
        self.removing: Deferred[None] = Deferred(lambda _: self.told.append(("cancelled",)))

    def remove(self, id: str, delete_data: bool) -> Deferred[None]:
        return self.removing


def test_when_the_caller_goes_other_work_goes_on() -> None:
    control = Slow()
    answer = Asked(control).begin(request("torrent.remove", ids=[ONE]))
    answer.addErrback(lambda _: None)
    answer.cancel()
    assert control.told == []
    control.removing.callback(None)


def test_a_batch_is_given_up_like_its_parts() -> None:
    control = Slow()
    answer = Asked(control).begin([request("torrent.remove", ids=[ONE]), request("torrent.wait", ids=[ONE])])
    answer.addErrback(lambda _: None)
    answer.cancel()
    assert control.waiting[0].called
    assert not control.removing.called
    control.removing.callback(None)


def test_long_polls_are_bounded(asked: Asked, control: FakeControl) -> None:
    for _ in range(MAX_LONG_POLLS):
        asked.begin(request("torrent.wait", ids=[ONE]))
    assert asked.error("torrent.wait", ids=[ONE])["code"] == -32003
    control.waiting[0].callback(WaitRow([ONE], [], []))
    assert asked.call("torrent.wait", ids=[ONE], timeout=0)["pending"] == [ONE]


def test_after_close_everyone_is_told(control: FakeControl) -> None:
    api = Api(control, tokens(control))
    waiting = api.handle(json.dumps(request("torrent.wait", ids=[ONE])).encode(), OWNER)
    api.close()
    later = api.handle(json.dumps(request("daemon.status")).encode(), OWNER)
    assert [json.loads(_now(answer))["error"]["code"] for answer in (waiting, later)] == [-32000, -32000]


def _now(answer: Deferred[bytes | None]) -> bytes:
    said: list[Any] = []
    answer.addCallback(said.append)
    return bytes(said[0])
