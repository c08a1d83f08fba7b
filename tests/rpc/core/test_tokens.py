from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from tests.rpc.asking import NOW, TOKEN, Asked, request, tokens
from tests.rpc.core.test_registry import METHODS
from tests.rpc.fake_control import FakeControl
from torrentd.model.errors import RpcError, StorageError
from torrentd.rpc.core.context import GUEST, OWNER, Context, Grant, Scope
from torrentd.rpc.core.tokens import KEPT, MAX_TOKENS, Tokens

EVERY_SCOPE: frozenset[Scope] = OWNER.scopes


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(control: FakeControl, clock: Clock) -> Tokens:
    return tokens(control, clock)


def made(kept: Tokens, name: str = "monitor", expires: float | None = None) -> bytes:
    return str(now(kept.create(name, ["read"], expires))[0]).encode()


def now(work: Any) -> Any:
    """What comes of this, which must be at once."""
    said: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(said.append)
    (result,) = said
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


def test_a_token_is_256_bits_and_allows_what_was_given(kept: Tokens) -> None:
    secret = made(kept)
    assert len(bytes.fromhex(secret.decode())) == 32
    grant = kept.grant(secret)
    assert grant == Grant(frozenset({"read"}), "monitor", None)
    assert kept.grant(secret) is grant
    assert made(kept, "another") != secret


@pytest.mark.parametrize(
    "wrong", [b"", b"0", TOKEN[:-1].encode(), TOKEN.upper().encode(), b"\xff" * 64, b"x" * 100_000]
)
def test_what_is_no_token(kept: Tokens, wrong: bytes) -> None:
    made(kept)
    assert kept.grant(wrong) is None


def test_the_first_one_may_do_everything(kept: Tokens) -> None:
    assert kept.grant(TOKEN.encode()) is OWNER
    with pytest.raises(ValueError, match="let everyone in"):
        Tokens("", FakeControl(), Clock(), lambda: NOW, None)  # type: ignore[arg-type]


def test_the_secret_is_kept_nowhere(control: FakeControl, kept: Tokens) -> None:
    secret = made(kept).decode()
    stored = json.dumps(control.keeps)
    assert "monitor" in stored and secret not in stored and TOKEN not in stored
    assert secret.encode() not in json.dumps([repr(token) for token in kept.all()]).encode()


def test_it_survives_a_restart_and_so_does_its_end(control: FakeControl, kept: Tokens, clock: Clock) -> None:
    secret, other = made(kept, expires=NOW + 50), made(kept, "other")
    again = tokens(control, clock)
    assert again.grant(secret) == Grant(frozenset({"read"}), "monitor", NOW + 50)
    assert again.all() == kept.all()
    now(again.revoke("other"))
    clock.advance(50)
    third = tokens(control, clock)
    assert third.grant(secret) is None and third.grant(other) is None
    assert [token.name for token in third.all()] == ["monitor"]


def test_who_is_there_by_it_is_told_when_it_ends(kept: Tokens, clock: Clock) -> None:
    ended: list[str | None] = []
    kept.ended = lambda grant: ended.append(grant.token)
    secret = made(kept, "soon", NOW + 500)
    made(kept, "later", NOW + 1000)
    made(kept, "never")
    clock.pump([60] * 8)
    assert ended == [] and kept.grant(secret) is not None
    clock.advance(20)
    assert ended == ["soon"] and kept.grant(secret) is None
    now(kept.revoke("never"))
    assert ended == ["soon", "never"]
    clock.pump([60] * 10)
    assert ended == ["soon", "never", "later"]
    assert clock.getDelayedCalls() == []


def test_nothing_waits_after_a_close(kept: Tokens, clock: Clock) -> None:
    made(kept, expires=NOW + 500)
    kept.close()
    assert clock.getDelayedCalls() == []


def test_names_are_taken_once(kept: Tokens) -> None:
    made(kept)
    with pytest.raises(RpcError) as refused:
        made(kept)
    assert refused.value.name == "already_exists"
    now(kept.revoke("monitor"))
    assert kept.grant(made(kept)) is not None


def test_there_are_not_too_many(kept: Tokens) -> None:
    for number in range(MAX_TOKENS):
        made(kept, str(number))
    with pytest.raises(RpcError, match=str(MAX_TOKENS)):
        made(kept)


def test_an_end_in_the_past_is_a_mistake(kept: Tokens) -> None:
    with pytest.raises(RpcError, match="past"):
        made(kept, expires=NOW)
    with pytest.raises(RpcError, match="no such token"):
        now(kept.revoke("monitor"))


class Slow(FakeControl):
    """A disk that says nothing yet."""

    def __init__(self) -> None:
        super().__init__()
        self.writing: list[Deferred[None]] = []

    def keep(self, name: str, value: object) -> Deferred[None]:
        self.writing.append(Deferred())
        return self.writing[-1]


def test_nobody_is_let_in_by_a_token_that_may_be_lost() -> None:
    control = Slow()
    kept = tokens(control)
    said: list[Any] = []
    Deferred.fromCoroutine(kept.create("monitor", ["read"], None)).addBoth(said.append)
    control.writing.pop().errback(StorageError("the disk is full"))
    assert said[0].check(StorageError) and kept.all() == []


def test_a_token_that_is_revoked_before_it_is_kept() -> None:
    control = Slow()
    kept = tokens(control)
    said: list[Any] = []
    Deferred.fromCoroutine(kept.create("monitor", ["read"], None)).addBoth(said.append)
    Deferred.fromCoroutine(kept.revoke("monitor"))
    for writing in control.writing:
        writing.callback(None)
    secret, _ = said[0]
    assert kept.grant(secret.encode()) is None


@pytest.mark.parametrize("nonsense", ["x", {"a": 1}, [1], [{"name": "a"}], [{"name": "a", "scopes": ["tokens"]}], 5])
def test_what_cannot_be_read_lets_nobody_in(nonsense: object) -> None:
    control = FakeControl()
    control.keeps[KEPT] = nonsense
    assert tokens(control).all() == []


# --- as methods


def test_the_methods(control: FakeControl) -> None:
    asked = Asked(control)
    created = asked.call("token.create", name="monitor", scopes=["read", "read"], expires=4e9)
    assert created["token"] == {"name": "monitor", "scopes": ["read"], "created_at": NOW, "expires": 4e9}
    assert asked.call("token.list") == {"tokens": [created["token"]]}
    assert created["secret"] not in json.dumps(asked.call("token.list"))
    assert asked.call("token.revoke", name="monitor") == {}
    assert asked.call("token.list") == {"tokens": []}


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("name", {"scopes": ["read"]}),
        ("name", {"name": "", "scopes": ["read"]}),
        ("name", {"name": "x" * 65, "scopes": ["read"]}),
        ("scopes", {"name": "x"}),
        ("scopes", {"name": "x", "scopes": []}),
        ("scopes[0]", {"name": "x", "scopes": ["tokens"]}),
        ("scopes", {"name": "x", "scopes": "read"}),
        ("expires", {"name": "x", "scopes": ["read"], "expires": -1}),
        ("expires", {"name": "x", "scopes": ["read"], "expires": 1}),
        ("expires", {"name": "x", "scopes": ["read"], "expires": 1e300}),
    ],
)
def test_nonsense(control: FakeControl, path: str, params: dict[str, Any]) -> None:
    error = Asked(control).error("token.create", **params)
    assert (error["code"], error["data"]["path"]) == (-32602, path)
    assert control.keeps == {}


def test_whoami() -> None:
    assert Asked(FakeControl()).call("auth.whoami") == {
        "caller": "uid 0",
        "scopes": ["control", "read", "settings", "tokens"],
        "token": None,
        "expires": None,
    }
    guest = Context("192.0.2.7", Grant(frozenset({"read"}), "monitor", 4e9))
    said = Asked(FakeControl(), guest).call("auth.whoami")
    assert said == {"caller": "192.0.2.7", "scopes": ["read"], "token": "monitor", "expires": 4e9}


@pytest.mark.parametrize("method", [name for name, scope in METHODS.items() if scope is not None])
def test_each_method_is_refused_without_its_scope(control: FakeControl, method: str) -> None:
    without = EVERY_SCOPE - {METHODS[method]}
    asked = Asked(control, Context("192.0.2.7", Grant(frozenset(without), "monitor")))
    said = [asked.say(request(method)), *asked.say([request(method), request(method, id="x")])]
    for answer in said:
        assert (answer["error"]["code"], answer["error"]["data"]["name"]) == (-32001, "forbidden")
        assert f'"{METHODS[method]}"' in answer["error"]["message"]
    assert control.told == [] and control.keeps == {}


@pytest.mark.parametrize("method", sorted(METHODS))
def test_its_scope_is_enough(control: FakeControl, method: str) -> None:
    scope = METHODS[method]
    grant = Grant(frozenset() if scope is None else frozenset({scope}), "monitor")
    answer = Asked(control, Context("192.0.2.7", grant)).say(request(method))
    assert answer.get("error", {}).get("code") != -32001


def test_a_guest_of_the_unix_socket_makes_no_tokens(control: FakeControl) -> None:
    asked = Asked(control, Context("uid 1234", GUEST))
    for method in ("token.create", "token.list", "token.revoke"):
        error = asked.error(method, name="x", scopes=["read"])
        assert error["code"] == -32001 and "only root and the daemon's user" in error["message"]
