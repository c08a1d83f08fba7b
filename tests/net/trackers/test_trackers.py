"""Announces and scrapes over both protocols, with everything bounded."""

from __future__ import annotations

import random
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import capturedLogs

from tests.net.trackers.world import Line, Names, World, send
from torrentd.model.address import Address
from torrentd.model.errors import TrackerError
from torrentd.net.datagram import Datagrams
from torrentd.net.network import Network
from torrentd.net.trackers.trackers import Trackers
from torrentd.swarm.commands import Announce
from torrentd.wire.tracker.answer import ScrapeAnswer

HASH = b"\x01\xffinfo-hash-20-bytes"[:20].ljust(20, b".")
URL = "http://tracker.example/announce"
SECRET = "0123456789abcdef0123456789abcdef"


def command(url: str = URL, event: str = "started") -> Announce:
    return Announce(url, event, uploaded=1, downloaded=2, left=3, numwant=50, key=4, tracker_id=b"id")


@pytest_twisted.async_yield_fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.open()
    yield made
    await made.close()


def trackers(world: Network, sockets: Any = (), **options: Any) -> Trackers:
    return Trackers(reactor, world, sockets, random.Random(1), resolver=Names(), **options)  # type: ignore[arg-type]


def announce(asked: Trackers, announced: Announce | None = None) -> Deferred[Any]:
    return asked.announce(announced or command(), info_hash=HASH, peer_id=b"p" * 20, port=6881)


# --- HTTP


@ensureDeferred
async def test_an_announce_and_its_answer(world: World) -> None:
    world.server.answer(b"d8:completei5e8:intervali1800e5:peers6:\x08\x08\x08\x08\x1a\xe1e")
    answer = await announce(trackers(world))
    assert (answer.interval, answer.seeders, answer.peers) == (1800, 5, [Address("8.8.8.8", 6881)])
    query = world.server.requests[0].split(" ")[1]
    for part in ("uploaded=1", "downloaded=2", "left=3", "event=started", "port=6881", "trackerid=id", "compact=1"):
        assert part in query


@ensureDeferred
async def test_peers_narrower_than_the_tracker_are_not_believed(world: World) -> None:
    compact = b"".join(
        bytes(each) + b"\x1a\xe1" for each in ((127, 0, 0, 1), (10, 0, 0, 1), (8, 8, 4, 4), (0, 0, 0, 0))
    )
    world.server.answer(b"d8:intervali1e5:peers24:" + compact + b"e")
    found = (await announce(trackers(world))).peers
    assert [peer.host for peer in found] == ["8.8.4.4"]
    inside = (await announce(trackers(world), command("http://inside.example/announce"))).peers
    assert [peer.host for peer in inside] == ["10.0.0.1", "8.8.4.4"]
    here = (await announce(trackers(world), command("http://rebound.example/announce"))).peers
    assert [peer.host for peer in here] == ["127.0.0.1", "10.0.0.1", "8.8.4.4"]


@ensureDeferred
async def test_named_peers_are_resolved(world: World) -> None:
    world.server.answer(
        b"d8:intervali1e5:peersld2:ip12:peer.example4:porti5eed2:ip12:gone.example4:porti6eed2:ip7:8.8.8.84:porti7eeee"
    )
    answer = await announce(trackers(world))
    assert answer.peers == [Address("8.8.8.8", 7), Address("8.8.1.1", 5)]
    assert answer.names == []


@ensureDeferred
async def test_a_failure_reason_whatever_the_status(world: World) -> None:
    for status in ("200 OK", "403 Forbidden"):
        world.server.answer(b"d14:failure reason7:go away8:retry in1:5e", status)
        with pytest.raises(TrackerError, match=r"^go away$") as caught:
            await announce(trackers(world))
        assert caught.value.retry_in == 300


@ensureDeferred
@pytest.mark.parametrize("body", [b"<html>oops</html>", b"d8:intervali1ee", b""])
async def test_another_status_is_an_error(world: World, body: bytes) -> None:
    world.server.answer(body, "500 Oops")
    with pytest.raises(TrackerError, match=r"^HTTP status 500$"):
        await announce(trackers(world))


@ensureDeferred
async def test_garbage(world: World) -> None:
    world.server.answer(b"\xffgarbage")
    with pytest.raises(TrackerError, match="not bencoded"):
        await announce(trackers(world))


@ensureDeferred
async def test_no_error_and_no_warning_repeats_a_passkey(world: World) -> None:
    url = f"http://tracker.example/{SECRET}/announce"
    text = f"unknown key {SECRET}".encode()
    world.server.answer(b"d14:failure reason%d:%se" % (len(text), text))
    with pytest.raises(TrackerError) as caught:
        await announce(trackers(world), command(url))
    assert str(caught.value) == "unknown key ..."
    world.server.answer(b"d8:intervali1e15:warning message%d:%se" % (len(text), text))
    assert (await announce(trackers(world), command(url))).warning == "unknown key ..."


@ensureDeferred
async def test_one_byte_after_the_other_ends_at_the_deadline(world: World) -> None:
    drip = task.LoopingCall(lambda: [line.transport.write(b"x") for line in world.server.lines])

    def script(line: Line) -> None:
        line.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        drip.start(0.02)

    world.server.script = script
    with pytest.raises(TrackerError, match=r"no answer within 0\.2 s"):
        await announce(trackers(world, deadline=0.2))
    drip.stop()
    for line in list(world.server.lines):
        await line.gone


@ensureDeferred
async def test_silence_ends_at_the_deadline_and_stopped_has_its_own(world: World) -> None:
    with pytest.raises(TrackerError, match=r"within 0\.1 s"):
        await announce(trackers(world, deadline=0.1))
    with pytest.raises(TrackerError, match=r"within 0\.05 s"):
        await announce(trackers(world, stopped_deadline=0.05), command(event="stopped"))
    with pytest.raises(TrackerError, match=r"within 0\.05 s"):
        await announce(trackers(world, deadline=0.05), command("http://hang/announce"))


@ensureDeferred
async def test_two_requests_to_one_host_at_once(world: World) -> None:
    waiting: list[Line] = []
    enough: Deferred[None] = Deferred()

    def script(line: Line) -> None:
        waiting.append(line)
        if len(waiting) == 3:
            enough.callback(None)

    world.server.script = script
    asked = trackers(world)
    answers = [announce(asked) for _ in range(3)] + [announce(asked, command("http://other.example/announce"))]
    await enough
    assert sorted("other" in line.head.decode("latin-1") for line in waiting) == [False, False, True]
    for line in waiting:
        send(line, b"d8:intervali1ee")
    world.server.answer(b"d8:intervali1ee")
    assert [success for success, _ in await DeferredList(answers)] == [True] * 4


@ensureDeferred
async def test_stop_gives_everything_up(world: World) -> None:
    names = Names()
    asked = Trackers(reactor, world, [], random.Random(1), resolver=names)  # type: ignore[arg-type]
    waiting = [announce(asked), announce(asked, command("http://hang/announce")), announce(asked), announce(asked)]
    asked.stop()
    for each in waiting:
        with pytest.raises(TrackerError, match="given up"):
            await each
    with pytest.raises(TrackerError, match="stopping"):
        await announce(asked)
    assert names.stopped


@ensureDeferred
async def test_a_bug_of_ours_is_logged_without_secrets(world: World) -> None:
    world.endpoint = lambda *args: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    with capturedLogs() as logs:
        with pytest.raises(TrackerError, match="internal error"):
            await announce(trackers(world), command(f"http://tracker.example/{SECRET}/announce"))
    assert logs[0]["log_failure"].check(ZeroDivisionError)
    assert logs[0]["host"] == "tracker.example"


@ensureDeferred
@pytest.mark.parametrize("url", ["", "wss://tracker.example/", "udp://tracker.example/announce", "http://["])
async def test_urls_that_are_none(world: World, url: str) -> None:
    with pytest.raises(TrackerError):
        await announce(trackers(world), command(url))


@ensureDeferred
async def test_a_scrape(world: World) -> None:
    world.server.answer(b"d5:filesd20:" + HASH + b"d8:completei1e10:downloadedi2e10:incompletei3eeee")
    assert await trackers(world).scrape(URL, HASH) == ScrapeAnswer(1, 3, 2)
    assert world.server.requests[0].startswith("GET /scrape?info_hash=")
    assert await trackers(world).scrape("http://rebound.example/announce", HASH) == ScrapeAnswer(1, 3, 2)
    with pytest.raises(TrackerError, match="allows no scrape"):
        await trackers(world).scrape("http://tracker.example/x", HASH)


# --- UDP


class UdpTracker(DatagramProtocol):
    """Answers what BEP 15 says, with one peer for all."""

    def __init__(self) -> None:
        self.announces: list[bytes] = []

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        _, action, transaction = struct.unpack_from(">QII", datagram)
        if action == 0:
            answer = struct.pack(">IIQ", 0, transaction, 7)
        elif action == 1:
            self.announces.append(datagram)
            peer = b"\x7f\0\0\1\x1a\xe1" if ":" not in addr[0] else bytes(15) + b"\1\x1a\xe1"
            answer = struct.pack(">IIIII", 1, transaction, 1800, 3, 5) + peer
        else:
            answer = struct.pack(">IIIII", 2, transaction, 5, 2, 3)
        self.transport.write(answer, addr)


@ensureDeferred
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_udp_over_real_sockets(host: str) -> None:
    network = Network(reactor)
    v6 = ":" in host
    ours, theirs = Datagrams(v6), UdpTracker()
    ports = [network.datagrams(each, Address(host, 0)) for each in (ours, theirs)]
    asked = Trackers(reactor, network, [ours], random.Random(1))
    url = f"udp://{f'[{host}]' if v6 else host}:{ports[1].getHost().port}/announce?k={SECRET}"
    answer = await announce(asked, command(url))
    assert (answer.interval, answer.seeders, answer.leechers) == (1800, 5, 3)
    assert answer.peers == [Address(host, 6881)]
    assert len(theirs.announces[0]) == 98  # nothing of the path to a local address
    assert await asked.scrape(url, HASH) == ScrapeAnswer(5, 3, 2)
    asked.stop()
    for port in ports:
        await port.stopListening()


@ensureDeferred
async def test_udp_to_nowhere(world: World) -> None:
    for url, words in (
        ("udp://gone.example:1/", "does not resolve"),
        ("udp://tracker.example:1/", "no UDP socket"),
        ("udp://hang:1/", "no answer within"),
    ):
        with pytest.raises(TrackerError, match=words):
            await announce(trackers(world, deadline=0.05), command(url))
    with pytest.raises(TrackerError, match="does not allow"):
        await announce(trackers(world, local="deny"), command("udp://127.0.0.1:1/"))
