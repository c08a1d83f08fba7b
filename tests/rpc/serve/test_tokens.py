"""What a token that somebody made opens over TCP, and for how long."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.rpc.asking import NOW, request
from tests.rpc.fake_control import ONE
from tests.rpc.serve.http_client import Answer, Server, Silence, head
from tests.rpc.serve.test_websocket import UPGRADE, Socket
from torrentd.rpc.core.context import Grantable


def call(method: str, **params: Any) -> bytes:
    return json.dumps(request(method, **params)).encode()


def made(server: Server, *scopes: Grantable, expires: float | None = None) -> str:
    """What a header shows of a new token named "t"."""
    secret: list[str] = []
    Deferred.fromCoroutine(server.tokens.create("t", scopes, expires)).addCallback(lambda made: secret.append(made[0]))
    return f"Bearer {secret[0]}"


def revoke(server: Server) -> None:
    Deferred.fromCoroutine(server.tokens.revoke("t"))


@pytest.fixture
def server() -> Server:
    return Server()


def test_it_lets_in_with_its_scopes(server: Server) -> None:
    client, token = server.connect(), made(server, "read")
    assert client.post(call("torrent.list"), Authorization=token).json["result"]["total"] == 2
    assert client.post(call("torrent.pause", ids="all"), Authorization=token).code == -32001
    assert client.post(call("token.list"), Authorization=token).code == -32001
    who = client.post(call("auth.whoami"), Authorization=token).json["result"]
    assert who == {"caller": "127.0.0.1", "scopes": ["read"], "token": "t", "expires": None}
    assert server.control.told == []


def test_a_connection_gives_no_rights_to_the_next_token_on_it(server: Server) -> None:
    """A proxy sends the requests of many over one connection."""
    client, token = server.connect(), made(server, "read")
    assert client.post(call("limits.set", down=1)).status == 200
    assert client.post(call("limits.set", down=2), Authorization=token).code == -32001
    assert client.post(call("limits.set", down=3)).json["result"]["down"] == 3


def test_revoked_and_expired(server: Server) -> None:
    token = made(server, "read")
    revoke(server)
    assert server.connect().post(call("torrent.list"), Authorization=token).status == 401
    token = made(server, "read", expires=NOW + 10)
    assert server.connect().post(call("torrent.list"), Authorization=token).status == 200
    server.clock.advance(10)
    assert server.connect().post(call("torrent.list"), Authorization=token).status == 401


@pytest.mark.parametrize(
    ("path", "scope"),
    [("/metrics", "read"), ("/events", "read"), ("/healthz", None), ("/readyz", None), ("/transmission/web/", None)],
)
def test_pages(server: Server, path: str, scope: Grantable | None) -> None:
    token = made(server, "control", "settings")
    answer = server.connect().get(path, Authorization=token)
    assert (answer.status == 403) == (scope is not None)
    assert scope is None or (answer.code, answer.headers["content-type"]) == (-32001, "application/json")
    assert not len(server.streams)
    revoke(server)
    client = server.connect()
    client.send(head("GET", path, None, {"Content-Type": None, "Authorization": made(server, "read")}))
    assert not client.transport.value().startswith(b"HTTP/1.1 403")


def test_over_a_websocket_each_call_is_judged(server: Server) -> None:
    socket = Socket(server, Authorization=made(server, "control"))
    assert socket.call("events.subscribe", topics=["stats"])["error"]["code"] == -32001
    assert socket.call("torrent.pause", ids=[ONE])["result"]["done"] == [ONE]
    assert not len(server.streams)


@pytest.mark.parametrize("ends", ["revoked", "expired"])
def test_who_listens_is_cut_when_it_ends(server: Server, ends: str) -> None:
    token = made(server, "read", expires=NOW + 100)
    told, socket, waiting, stays = (server.connect() for _ in range(4))
    told.send(head("GET", "/events", None, {"Content-Type": None, "Authorization": token}))
    socket.send(head("GET", "/ws", None, {**UPGRADE, "Authorization": token}))
    body = call("torrent.wait", ids=[ONE])
    waiting.send(head("POST", "/rpc", len(body), {"Authorization": token}) + body)
    stays.send(head("GET", "/events", None, {"Content-Type": None}))
    assert len(server.streams) == 2
    if ends == "revoked":
        revoke(server)
    else:
        server.clock.pump([50, 49])
        assert not told.closing
        server.clock.advance(1)
    assert [client.closing for client in (told, socket, waiting, stays)] == [True, True, True, False]


def test_transmission_takes_it_as_the_password(server: Server) -> None:
    token = made(server, "read")
    asking = {"Authorization": token, "Content-Type": None}

    def answer(method: str, **arguments: Any) -> Answer:
        body = json.dumps({"method": method, "arguments": arguments}).encode()
        client = server.connect()
        id = server.transmission.session_ids.current
        client.send(head("POST", "/transmission/rpc", len(body), {**asking, "X-Transmission-Session-Id": id}) + body)
        return client.answer()

    def ask(method: str, **arguments: Any) -> Any:
        return answer(method, **arguments).json

    assert len(ask("torrent-get", fields=["name"])["arguments"]["torrents"]) == 2
    assert "control" in ask("torrent-add", filename="magnet:?xt=urn:btih:" + ONE)["result"]
    assert "control" in ask("torrent-remove", ids=[1])["result"]
    assert "settings" in ask("session-set", **{"speed-limit-down": 1})["result"]
    assert server.control.told == []
    revoke(server)
    assert answer("torrent-get", fields=["name"]).status == 401


def test_a_wrong_one_waits_and_a_right_one_does_not(server: Server) -> None:
    token = made(server, "read")
    for _ in range(5):
        server.connect().post(Authorization="Bearer guess")
    with pytest.raises(Silence):
        server.connect().post(Authorization="Bearer guess")
    assert server.connect().post(Authorization=token).status == 200
