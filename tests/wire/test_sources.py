from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.wire.sources import (
    MAX_NODES,
    MAX_TRACKERS,
    MAX_URL,
    MAX_WEB_SEEDS,
    TRACKER_SCHEMES,
    clean_url,
    parse_nodes,
    parse_tiers,
    parse_web_seeds,
)


class TestUrl:
    @pytest.mark.parametrize(
        ("raw", "url"),
        [
            (b"http://t.example/announce", "http://t.example/announce"),
            (b"  https://t.example:8443/a?key=%20x&y#z\n", "https://t.example:8443/a?key=%20x&y#z"),
            (b"udp://[::1]:80", "udp://[::1]:80"),
            ("http://t.example/\u00fc m".encode(), "http://t.example/%C3%BC%20m"),
            (b"http://t.example/\xff", "http://t.example/%FF"),
        ],
    )
    def test_usable(self, raw, url):
        assert clean_url(raw, TRACKER_SCHEMES) == url

    @pytest.mark.parametrize(
        "raw",
        [
            None,
            5,
            b"",
            b"t.example/announce",
            b"file:///etc/passwd",
            b"wss://t.example",
            b"javascript:alert(1)",
            b"http://",
            b"http:///announce",
            b"http://t.example:port/",
            b"http://t.example:99999/",
            b"http://t.example:0/",
            b"http://[::1/",
            b"http://t.example/\r\nHost: x",
            b"http://t.example/\0",
            b"http://t.example/" + b"x" * MAX_URL,
        ],
    )
    def test_not_usable(self, raw):
        assert clean_url(raw, TRACKER_SCHEMES) == ""

    @given(st.binary(max_size=40).map(lambda tail: b"http://h" + tail))
    def test_whatever_it_was_it_is_printable(self, raw):
        url = clean_url(raw, TRACKER_SCHEMES)
        assert url.isascii()
        assert not set(url) & set(" \r\n\t\0\x7f")


class TestTiers:
    def test_announce_alone(self):
        assert parse_tiers({b"announce": b"http://a/"}) == [["http://a/"]]
        assert parse_tiers({b"announce": b"http://a/", b"announce-list": 5}) == [["http://a/"]]
        assert parse_tiers({b"announce": b"http://a/", b"announce-list": [[], [b"", 5], b"x"]}) == [["http://a/"]]
        assert parse_tiers({b"announce": b""}) == parse_tiers({}) == []

    def test_a_list_beats_it(self):
        root = {
            b"announce": b"http://a/",
            b"announce-list": [[b"http://b/", b"wss://c/"], [b"wss://d/"], [b"udp://e:1"]],
        }
        assert parse_tiers(root) == [["http://b/"], ["udp://e:1"]]

    def test_each_once(self):
        assert parse_tiers({b"announce-list": [[b"http://b/", b"http://b/"], [b"http://b/", b"http://c/"]]}) == [
            ["http://b/"],
            ["http://c/"],
        ]

    def test_not_too_many(self):
        tiers = parse_tiers({b"announce-list": [[b"http://host%d/" % number] for number in range(MAX_TRACKERS + 9)]})
        assert len(tiers) == MAX_TRACKERS


def test_web_seeds():
    assert parse_web_seeds(None) == parse_web_seeds(5) == parse_web_seeds([5, b"", b"udp://x:1", []]) == []
    assert parse_web_seeds(b"http://s/") == parse_web_seeds([b"http://s/", b"http://s/"]) == ["http://s/"]
    assert len(parse_web_seeds([b"http://host%d/" % number for number in range(MAX_WEB_SEEDS + 9)])) == MAX_WEB_SEEDS


def test_nodes():
    good = [b"router.example", 6881]
    bad = [5, [], [b"x"], [b"x", b"1"], [b"x", 0], [b"x", 65536], [5, 5], [b"\xff", 5], [b"x", 5, 5]]
    assert parse_nodes([good, *bad]) == [("router.example", 6881)]
    assert parse_nodes(None) == parse_nodes(b"x") == []
    assert len(parse_nodes([good] * (MAX_NODES + 9))) == MAX_NODES
