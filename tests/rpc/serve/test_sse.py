"""`GET /events`, over the whole HTTP layer in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rpc.fake_control import ONE, TWO
from tests.rpc.serve.http_client import Client, Server, head
from torrentd.rpc.streams.streams import KEEP_ALIVE, MAX_STREAMS
from torrentd.session.events.log import KEPT


@pytest.fixture
def server() -> Server:
    return Server()


def begin(server: Server, query: str = "", **headers: str | None) -> Client:
    client = server.connect()
    client.send(head("GET", f"/events{query}", None, {"Content-Type": None, **headers}))
    server.clock.advance(0)
    return client


def blocks(client: Client) -> list[str]:
    """What was sent, taken out of its chunks."""
    data = client.transport.value()
    client.transport.clear()
    if data.startswith(b"HTTP"):
        lines, _, data = data.partition(b"\r\n\r\n")
        assert b"200 OK" in lines and b"Content-Type: text/event-stream" in lines, lines
    text = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        text += data[: int(size, 16)]
        data = data[int(size, 16) + 2 :]
    return [block for block in text.decode().split("\n\n") if block]


def events(client: Client) -> list[dict[str, Any]]:
    told = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks(client)]
    found = [json.loads(fields["data"]) for fields in told if "data" in fields and "event" not in fields]
    assert [fields["id"] for fields in told if "id" in fields and "event" not in fields] == [
        event["cursor"] for event in found
    ]
    return found


def test_events_as_they_happen(server: Server) -> None:
    client = begin(server)
    assert blocks(client) == ["retry: 3000"]
    server.control.log.emit("torrent.added", {"id": ONE, "name": "a\nb"}, 5.0)
    server.clock.advance(0)
    assert events(client) == [
        {"cursor": "e-1", "time": 5.0, "topic": "torrent.added", "data": {"id": ONE, "name": "a\nb"}}
    ]


def test_topics_and_torrents(server: Server) -> None:
    client = begin(server, f"?topics=torrent.state,config&ids={TWO.upper()}")
    for topic, id in [("torrent.state", ONE), ("torrent.state", TWO), ("stats", TWO), ("config", None)]:
        server.control.log.emit(topic, {"id": id}, 0.0)  # type: ignore[arg-type]
    server.clock.advance(0)
    assert [event["topic"] for event in events(client)] == ["torrent.state", "config"]


def test_who_comes_again_misses_nothing(server: Server) -> None:
    for number in range(3):
        server.control.log.emit("torrent.added", {"id": ONE, "n": number}, 0.0)
    assert [event["data"]["n"] for event in events(begin(server, "?since=e-1"))] == [1, 2]
    assert [event["data"]["n"] for event in events(begin(server, "?since=e-0", Last_Event_ID="e-2"))] == [2]


def test_a_place_that_is_not_known_is_told(server: Server) -> None:
    for _ in range(KEPT + 1):
        server.control.log.emit("torrent.added", {"id": ONE}, 0.0)
    for lost in ("f-1", "e-0", "nonsense", "\xff"):
        client = begin(server, "", Last_Event_ID=lost)
        assert "event: gap" in blocks(client)[1]
        server.control.log.emit("config", {}, 0.0)
        server.clock.advance(0)
        assert [event["topic"] for event in events(client)] == ["config"]


@pytest.mark.parametrize(
    "query",
    ["?topics=torrent", "?topics=", "?ids=xyz", "?x=1", "?since=" + "9" * 65, "?topics", "?a=1&" * 9, "?%ff=%fe"],
)
def test_nonsense(server: Server, query: str) -> None:
    client = begin(server, query)
    answer = client.answer()
    assert (answer.status, answer.code) == (400, -32602)


def test_a_reader_that_is_gone_or_too_many(server: Server) -> None:
    clients = [begin(server) for _ in range(MAX_STREAMS)]
    assert begin(server).answer().status == 503
    clients[0].leave()
    assert len(server.streams) == MAX_STREAMS - 1
    assert blocks(begin(server)) == ["retry: 3000"]


def test_silence_is_filled(server: Server) -> None:
    client = begin(server)
    blocks(client)
    server.clock.advance(KEEP_ALIVE)
    assert blocks(client) == [":"]


def test_who_does_not_read_is_told_later_or_cut(server: Server) -> None:
    client = begin(server)
    blocks(client)
    client.channel.pauseProducing()
    server.control.log.emit("torrent.added", {"id": ONE}, 0.0)
    server.clock.advance(1)
    assert client.silent
    client.channel.resumeProducing()
    server.clock.advance(0)
    assert client.transport.producerState == "producing"
    assert len(events(client)) == 1
    client.channel.pauseProducing()
    server.clock.pump([KEEP_ALIVE] * 3)
    assert client.closing
    client.leave()
    assert not len(server.streams)


def test_a_stop_ends_it_in_good_order(server: Server) -> None:
    client = begin(server)
    blocks(client)
    server.streams.stop()
    assert client.transport.value() == b"0\r\n\r\n"
