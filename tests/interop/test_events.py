"""Events of a real daemon, to clients of the standard library and of `websockets`."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

from websockets.sync.client import unix_connect

from tests.interop.conftest import Stage
from tests.interop.content import make
from tests.interop.daemon import Torrentd

PATIENCE = 20.0


class EventSource:
    """Server-sent events by http.client, as a script would read them."""

    def __init__(self, path: str, query: str, **headers: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(path)
        self._http = http.client.HTTPConnection("localhost")
        self._http.sock = self._socket
        self._http.request("GET", f"/events?{query}", headers=headers)
        self.answer = self._http.getresponse()
        assert self.answer.status == 200

    def events(self) -> Iterator[dict[str, Any]]:
        for line in self.answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    def close(self) -> None:
        self.answer.close()
        self._http.close()
        self._socket.close()


def test_two_clients_follow_a_torrent(stage: Stage, torrentd: Torrentd) -> None:
    torrent = make(stage.directory("origin"), {"a.bin": 200_000})
    path = str(torrentd.folder / "rpc.sock")
    source = EventSource(path, "topics=torrent.added,torrent.state,torrent.completed")
    with unix_connect(path, "ws://localhost/ws") as web:
        web.send(json.dumps(_call("events.subscribe", topics=["torrent.changed"], ids=[torrent.info_hash])))
        assert json.loads(web.recv(PATIENCE))["result"] == {"subscription": "1"}
        torrentd.add(torrent, torrent.origin)
        assert _changed_to(web, "seeding")
        web.send(json.dumps([_call("daemon.version"), _call("torrent.get", id=torrent.info_hash)]))
        answers = json.loads(web.recv(PATIENCE))
        while isinstance(answers, dict):  # an event
            answers = json.loads(web.recv(PATIENCE))
        assert [("result" in answer) for answer in answers] == [True, True]
    events = source.events()
    first = next(events)
    assert (first["topic"], first["data"]["name"]) == ("torrent.added", torrent.name)
    while (last := next(events))["data"].get("state") != "seeding":
        assert last["topic"].startswith("torrent.")
    source.close()
    again = EventSource(path, "topics=torrent.added,torrent.state", **{"Last-Event-ID": first["cursor"]})
    assert next(again.events())["topic"] == "torrent.state"
    again.close()
    assert torrentd.stop() == 0
    assert "Traceback" not in torrentd.log()


def _call(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def _changed_to(web: Any, state: str) -> bool:
    while True:
        told = json.loads(web.recv(PATIENCE))
        assert (told["method"], told["params"]["topic"]) == ("event", "torrent.changed")
        if told["params"]["data"].get("state") == state:
            return True
