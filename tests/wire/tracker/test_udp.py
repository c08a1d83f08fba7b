from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.address import Address
from torrentd.model.errors import TrackerError
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer
from torrentd.wire.tracker.udp import (
    ANNOUNCE,
    CONNECT,
    ERROR,
    SCRAPE,
    announce_request,
    connect_request,
    parse_announce,
    parse_connect,
    parse_head,
    parse_scrape,
    scrape_request,
    url_data,
)

FACTS = {"info_hash": b"h" * 20, "peer_id": b"p" * 20, "port": 51413, "uploaded": 1, "downloaded": 2, "left": 3}


class TestRequests:
    def test_connect(self):
        assert connect_request(0xDEADBEEF) == bytes.fromhex("0000041727101980 00000000 deadbeef")

    def test_announce(self):
        packet = announce_request(0xC0FFEE, 7, **FACTS, event="started", numwant=-1, key=0xFFFFFFFF)
        assert packet == (
            bytes.fromhex("0000000000c0ffee 00000001 00000007")
            + b"h" * 20
            + b"p" * 20
            + bytes.fromhex("0000000000000002 0000000000000003 0000000000000001")
            + bytes.fromhex("00000002 00000000 ffffffff ffffffff c8d5")
        )
        assert len(packet) == 98

    @pytest.mark.parametrize(("event", "number"), [("", 0), ("completed", 1), ("started", 2), ("stopped", 3)])
    def test_events(self, event, number):
        assert struct.unpack_from(">I", announce_request(1, 2, **FACTS, event=event), 80) == (number,)

    def test_scrape(self):
        assert scrape_request(1, 2, [b"a" * 20, b"b" * 20]) == (
            bytes.fromhex("0000000000000001 00000002 00000002") + b"a" * 20 + b"b" * 20
        )

    @pytest.mark.parametrize(
        ("url", "options"),
        [
            ("", b""),
            ("udp://t.example:80", b""),
            ("udp://t.example:80/", b"\x02\x01/"),
            ("udp://t.example:80/dir?a=b&c=d", b"\x02\x0c/dir?a=b&c=d"),
            ("udp://t.example:80?pass=1", b"\x02\x07?pass=1"),
            ("udp://t.example:80/" + "x" * 299, b"\x02\xff/" + b"x" * 254 + b"\x02\x2d" + b"x" * 45),
        ],
    )
    def test_path_and_query_go_along(self, url, options):
        assert url_data(url) == options
        assert announce_request(1, 2, **FACTS, url=url)[98:] == options


class TestAnswers:
    def test_head(self):
        assert parse_head(bytes.fromhex("00000001 deadbeef ff")) == (ANNOUNCE, 0xDEADBEEF)
        for length in range(8):
            assert parse_head(bytes(length)) is None

    def test_connect(self):
        packet = bytes.fromhex("00000000 00000007 123456789abcdef0")
        assert parse_connect(packet) == parse_connect(packet + b"more") == 0x123456789ABCDEF0

    def test_announce_v4(self):
        packet = struct.pack(">IIIII", ANNOUNCE, 7, 1800, 3, 4) + b"\1\2\3\4\x1a\xe1" + b"\1\2\3\4\0\0" + b"\1\2"
        assert parse_announce(packet, v6=False) == Answer(
            interval=1800.0, leechers=3, seeders=4, peers=[Address("1.2.3.4", 6881)]
        )

    def test_announce_v6(self):
        packet = struct.pack(">IIIII", ANNOUNCE, 7, 1800, 3, 4) + bytes(15) + b"\1\x1a\xe1"
        assert parse_announce(packet, v6=True).peers == [Address("::1", 6881)]

    def test_scrape(self):
        packet = struct.pack(">II" + "III" * 2, SCRAPE, 7, 1, 2, 3, 4, 5, 6)
        expected = [ScrapeAnswer(1, 3, 2), ScrapeAnswer(4, 6, 5)]
        assert parse_scrape(packet) == expected
        assert parse_scrape(packet + b"cut") == expected
        assert parse_scrape(packet[:8]) == []

    @pytest.mark.parametrize(
        ("parse", "size", "action"),
        [
            (parse_connect, 16, CONNECT),
            (lambda packet: parse_announce(packet, False), 20, ANNOUNCE),
            (parse_scrape, 8, SCRAPE),
        ],
    )
    def test_what_is_too_short_or_of_another_action_is_malformed(self, parse, size, action):
        whole = struct.pack(">I", action) + bytes(size - 4)
        parse(whole)
        for end in range(size):
            with pytest.raises(TrackerError, match="malformed"):
                parse(whole[:end])
        for other in {CONNECT, ANNOUNCE, SCRAPE, 4, 2**31} - {action}:
            with pytest.raises(TrackerError, match="malformed"):
                parse(struct.pack(">I", other) + bytes(size))

    def test_the_trackers_error_is_safe_to_show(self):
        packet = struct.pack(">II", ERROR, 7) + b"no\x1b[2J\xff\0\0"
        for parse in (parse_connect, parse_scrape, lambda packet: parse_announce(packet, True)):
            with pytest.raises(TrackerError) as caught:
                parse(packet)
            assert str(caught.value) == r"no\x1b[2J\xff"
        with pytest.raises(TrackerError, match="no reason given"):
            parse_connect(packet[:8])

    @given(st.binary(max_size=80), st.booleans())
    def test_any_bytes_give_an_answer_or_the_trackers_error(self, data, v6):
        for parse in (parse_connect, parse_scrape, lambda packet: parse_announce(packet, v6)):
            with contextlib.suppress(TrackerError):
                parse(data)
