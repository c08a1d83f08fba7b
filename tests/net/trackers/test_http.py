"""HTTP to honest and hostile servers, over real loopback sockets."""

from __future__ import annotations

import datetime
import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_twisted
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_twisted import ensureDeferred
from twisted.internet import reactor, ssl
from twisted.web.client import BrowserLikePolicyForHTTPS

from tests.net.trackers.world import DEAD, GLOBAL, LOOPBACK, PRIVATE, Line, Names, World, header
from torrentd import __version__
from torrentd.model.address import Address, Scope
from torrentd.model.errors import TrackerError
from torrentd.net.trackers.address_policy import AddressPolicy, LocalTrackers
from torrentd.net.trackers.body import LARGEST
from torrentd.net.trackers.http import HttpClient

URL = "http://tracker.example/announce?x=1"
BODY = b"d8:intervali1800ee"


@pytest_twisted.async_yield_fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.open()
    yield made
    await made.close()


def client(world: World, local: LocalTrackers = "announce", tls: Any = None) -> HttpClient:
    return HttpClient(reactor, world, Names(), AddressPolicy(local), tls=tls)  # type: ignore[arg-type]


@ensureDeferred
async def test_a_plain_answer(world: World) -> None:
    world.server.answer(BODY)
    assert await client(world).fetch(URL) == (200, BODY, Scope.GLOBAL)
    request = world.server.requests[0]
    assert request.startswith("GET /announce?x=1 HTTP/1.1\r\n")
    assert header(request, "host") == "tracker.example"
    assert header(request, "user-agent") == f"torrentd/{__version__}"
    assert header(request, "accept-encoding") == "gzip"
    assert header(request, "authorization") == ""
    assert world.dialled == [Address(GLOBAL, 80)]


@ensureDeferred
async def test_a_port_and_a_user(world: World) -> None:
    world.server.answer(BODY)
    await client(world).fetch("http://user:word@tracker.example:8080/announce")
    assert world.dialled == [Address(GLOBAL, 8080)]
    assert header(world.server.requests[0], "host") == "tracker.example:8080"
    assert header(world.server.requests[0], "authorization") == "Basic dXNlcjp3b3Jk"


@ensureDeferred
async def test_packed(world: World) -> None:
    world.server.answer(gzip.compress(BODY), Content_Encoding="gzip")
    assert (await client(world).fetch(URL)).body == BODY


@ensureDeferred
async def test_in_chunks_and_without_length(world: World) -> None:
    world.server.script = lambda line: line.transport.write(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nd8:inter\r\na\r\nvali1800ee\r\n0\r\n\r\n"
    )
    assert (await client(world).fetch(URL)).body == BODY

    def until_the_end(line: Line) -> None:
        line.transport.write(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)
        line.transport.loseConnection()

    world.server.script = until_the_end
    assert (await client(world).fetch(URL)).body == BODY


@ensureDeferred
async def test_the_connection_is_closed_afterwards(world: World) -> None:
    world.server.answer(BODY)
    await client(world).fetch(URL)
    for line in list(world.server.lines):
        await line.gone
    assert world.server.lines == []


@ensureDeferred
async def test_other_states_bring_their_body(world: World) -> None:
    world.server.answer(b"d14:failure reason4:noope", "500 Oops")
    assert await client(world).fetch(URL) == (500, b"d14:failure reason4:noope", Scope.GLOBAL)


@ensureDeferred
async def test_the_next_address_when_one_is_dead(world: World) -> None:
    world.server.answer(BODY)
    assert (await client(world).fetch("http://half-dead.example/announce")).body == BODY
    assert world.dialled == [Address(DEAD, 80), Address(GLOBAL, 80)]


# --- what may go wrong


async def failing(world: World, url: str, words: str, local: LocalTrackers = "announce") -> None:
    with pytest.raises(TrackerError, match=words) as caught:
        await client(world, local).fetch(url)
    assert "example" not in str(caught.value)


@ensureDeferred
async def test_no_such_name(world: World) -> None:
    await failing(world, "http://nowhere.example/announce", "does not resolve")


@ensureDeferred
async def test_nobody_listens(world: World) -> None:
    await failing(world, f"http://{DEAD}/announce", "connect failed: Connection refused")


@ensureDeferred
async def test_rubbish_instead_of_http(world: World) -> None:
    world.server.script = lambda line: line.transport.write(b"\xff\xfe rubbish \r\n\r\n")
    await failing(world, URL, "does not speak HTTP")


@ensureDeferred
async def test_hung_up_on(world: World) -> None:
    world.server.script = lambda line: line.transport.loseConnection()
    await failing(world, URL, "closed without an answer")


@ensureDeferred
async def test_broken_off(world: World) -> None:
    def script(line: Line) -> None:
        line.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nd8:")
        line.transport.loseConnection()

    world.server.script = script
    await failing(world, URL, "broke off")


@ensureDeferred
async def test_a_bomb(world: World) -> None:
    world.server.answer(gzip.compress(bytes(50 * LARGEST)), Content_Encoding="gzip")
    await failing(world, URL, "larger than 1024 KiB")


@ensureDeferred
async def test_packed_rubbish(world: World) -> None:
    world.server.answer(b"rubbish", Content_Encoding="gzip")
    await failing(world, URL, "damaged")


@ensureDeferred
async def test_a_declared_size_is_not_believed(world: World) -> None:
    world.server.script = lambda line: line.transport.write(
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + bytes(LARGEST + 1)
    )
    await failing(world, URL, "larger")


def endless(line: Line, start: bytes, piece: bytes) -> None:
    """Write as long as somebody reads."""

    class More:
        def resumeProducing(self) -> None:
            line.transport.write(piece)

        def stopProducing(self) -> None:
            line.transport.unregisterProducer()

    line.transport.write(start)
    line.transport.registerProducer(More(), False)


@ensureDeferred
@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 50_000),
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: more and more\r\n" * 2000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 60_000 + b"\r\nx\r\n"),
    ],
    ids=["chunks", "body", "headers", "continues", "chunk extensions"],
)
async def test_endless(world: World, start: bytes, piece: bytes) -> None:
    world.server.script = lambda line: endless(line, start, piece)
    await failing(world, URL, "larger than 1024 KiB|broke off")


# --- redirects


@ensureDeferred
async def test_a_redirect_is_followed_without_the_credentials(world: World) -> None:
    world.server.redirect(tracker_example="http://other.example/announce?y=2")
    found = await client(world).fetch("http://user:word@tracker.example/announce")
    assert found.body == b"de"
    assert [header(request, "host") for request in world.server.requests] == ["tracker.example", "other.example"]
    assert [header(request, "authorization") for request in world.server.requests] == ["Basic dXNlcjp3b3Jk", ""]
    assert world.server.requests[1].startswith("GET /announce?y=2 ")


@ensureDeferred
async def test_a_loop_ends(world: World) -> None:
    world.server.redirect(tracker_example="/announce")
    await failing(world, URL, "redirects more than 5 times")
    assert len(world.server.requests) == 6


@ensureDeferred
@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("file:///etc/passwd", "not http"),
        ("http://[::1", "no sense"),
        (f"http://{LOOPBACK}/announce", "redirects to a local address"),
        (f"http://{PRIVATE}/announce", "redirects to a local address"),
        ("http://rebound.example/announce", "redirects to a local address"),
        ("http://0.0.0.0/announce", "cannot be dialled"),
        ("http://\xff\xfe/", "no sense|no host|does not resolve"),
    ],
)
async def test_redirects_to_where_we_do_not_go(world: World, location: str, words: str) -> None:
    world.server.redirect(tracker_example=location)
    await failing(world, URL, words)
    assert [address.host for address in world.dialled] == [GLOBAL]


@ensureDeferred
async def test_a_redirect_without_a_target(world: World) -> None:
    world.server.answer(b"", "301 Moved")
    await failing(world, URL, "HTTP 301 without a location")


# --- addresses


@ensureDeferred
async def test_a_name_that_leads_inside(world: World) -> None:
    world.server.answer(BODY)
    await failing(world, "http://rebound.example/admin", "does not start with /announce")
    assert world.dialled == []
    assert (await client(world).fetch("http://rebound.example/announce")).reach is Scope.LOOPBACK
    await failing(world, "http://inside.example/announce", "does not allow", local="deny")
    assert (await client(world, "allow").fetch("http://inside.example/x")).reach is Scope.PRIVATE


@ensureDeferred
async def test_only_the_checked_addresses_are_dialled(world: World) -> None:
    world.server.answer(BODY)
    assert (await client(world).fetch("http://mixed.example/x")).body == BODY
    assert world.dialled == [Address(GLOBAL, 80)]


# --- TLS


def certificate_for(name: str) -> tuple[Any, Any]:
    """A self-signed certificate and what a server needs to use it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2020, 1, 1)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, start, start + datetime.timedelta(36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return ssl.Certificate.loadPEM(pem), ssl.PrivateCertificate.loadPEM(pem + secret).options()


@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")  # Twisted's own use of it
@ensureDeferred
async def test_tls_verifies_the_name() -> None:
    trusted, server = certificate_for("tracker.example")
    world = World()
    await world.open(server)
    world.server.answer(BODY)
    tls = BrowserLikePolicyForHTTPS(trustRoot=trusted)
    assert (await client(world, tls=tls).fetch("https://tracker.example/announce")).body == BODY
    assert world.dialled == [Address(GLOBAL, 443)]
    with pytest.raises(TrackerError, match="for another name"):
        await client(world, tls=tls).fetch("https://other.example/announce")
    with pytest.raises(TrackerError, match="TLS failed: certificate verify failed"):
        await client(world).fetch("https://tracker.example/announce")
    await world.close()


@ensureDeferred
async def test_tls_to_one_that_speaks_none(world: World) -> None:
    world.server.buildProtocol = lambda addr: Rude(world.server)  # type: ignore[method-assign]
    with pytest.raises(TrackerError, match="TLS failed"):
        await client(world).fetch("https://tracker.example/announce")


class Rude(Line):
    """Answers a TLS hello in plain text."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
