"""Who gets which datagram."""

from __future__ import annotations

from typing import Any

import pytest

from torrentd.model.address import Address
from torrentd.net.datagram import Datagrams, Kind, kind_of, refuse_utp

SOURCE = ("192.0.2.1", 6881)


class Wire:
    """Records what is sent; refuses port 1."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Any]] = []

    def write(self, data: bytes, address: tuple[str, int]) -> None:
        if address[1] == 1:
            raise OSError("no route to host")
        self.sent.append((data, address))


@pytest.mark.parametrize(
    ("datagram", "kind"),
    [
        (b"d1:q4:pinge", Kind.DHT),
        (b"\x01\x00", Kind.UTP),
        (b"\x21\x00", Kind.UTP),
        (b"\x41\x00", Kind.UTP),
        (b"\x51\x00", Kind.TRACKER),
        (b"\x02\x00", Kind.TRACKER),
        (b"\x00\x00\x00\x01", Kind.TRACKER),
    ],
)
def test_the_first_byte_decides(datagram: bytes, kind: Kind) -> None:
    assert kind_of(datagram) is kind


def test_routes() -> None:
    datagrams = Datagrams(v6=False)
    got: list[tuple[str, bytes, Address]] = []
    datagrams.route(Kind.DHT, lambda data, source: got.append(("dht", data, source)))
    datagrams.route(Kind.TRACKER, lambda data, source: got.append(("tracker", data, source)))
    datagrams.datagramReceived(b"d", SOURCE)
    datagrams.datagramReceived(b"\0", ("fe80::1%eth0", 9, 0, 2))
    datagrams.datagramReceived(b"\x01", SOURCE)
    datagrams.datagramReceived(b"", SOURCE)
    assert got == [("dht", b"d", Address(*SOURCE)), ("tracker", b"\0", Address("fe80::1", 9))]
    assert (datagrams.received, datagrams.unclaimed) == (4, 2)


def test_what_cannot_be_sent_is_counted() -> None:
    datagrams = Datagrams(v6=False)
    datagrams.send(b"too early", Address(*SOURCE))
    wire = Wire()
    datagrams.transport = wire  # type: ignore[assignment]
    datagrams.send(b"no way", Address("192.0.2.1", 1))
    datagrams.send(b"hello", Address(*SOURCE))
    assert datagrams.send_errors == 2
    assert wire.sent == [(b"hello", SOURCE)]


def test_utp_is_refused_from_the_same_socket() -> None:
    """So that the answer comes from where the other side dialled."""
    datagrams, wire = Datagrams(v6=False), Wire()
    datagrams.transport = wire  # type: ignore[assignment]
    refuse_utp(datagrams)
    datagrams.datagramReceived(b"\x41\0" + bytes(18), SOURCE)
    datagrams.datagramReceived(b"\x21\0" + bytes(18), SOURCE)
    [(answer, to)] = wire.sent
    assert (answer[0], to) == (0x31, SOURCE)
    assert datagrams.unclaimed == 0
