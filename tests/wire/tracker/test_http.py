from __future__ import annotations

import contextlib
from math import inf
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.address import Address
from torrentd.model.errors import TrackerError
from torrentd.wire import bencode
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer
from torrentd.wire.tracker.http import (
    MAX_NAMES,
    MAX_PEERS,
    MAX_TEXT,
    announce_url,
    parse_answer,
    parse_scrape,
    scrape_url,
)

HASH = bytes(range(0x70, 0x84))
FACTS = {
    "info_hash": HASH,
    "peer_id": b"-TD0100-abcdefghijkl",
    "port": 51413,
    "uploaded": 1,
    "downloaded": 2,
    "left": 3,
}


def answer(**fields: object) -> Answer:
    return parse_answer(bencode.encode({"interval": 1800, **{key.replace("_", " "): fields[key] for key in fields}}))


class TestAnnounceUrl:
    def test_a_periodic_one(self):
        assert announce_url("http://t.example:80/announce", **FACTS, numwant=50, key=0xABC) == (
            "http://t.example:80/announce?info_hash=pqrstuvwxyz%7B%7C%7D~%7F%80%81%82%83"
            "&peer_id=-TD0100-abcdefghijkl&port=51413&uploaded=1&downloaded=2&left=3&compact=1&no_peer_id=1"
            "&numwant=50&key=00000abc"
        )

    def test_event_tracker_id_and_addresses(self):
        url = announce_url(
            "http://t/a", **FACTS, event="stopped", numwant=0, tracker_id=b"a&b\xff", ipv4="1.2.3.4", ipv6="2001:db8::1"
        )
        fields = dict(parse_qsl(urlsplit(url).query, encoding="latin-1"))
        assert fields["event"] == "stopped"
        assert fields["numwant"] == "0"
        assert fields["trackerid"] == "a&b\xff"
        assert (fields["ipv4"], fields["ipv6"]) == ("1.2.3.4", "2001:db8::1")

    def test_a_query_is_kept_and_a_fragment_dropped(self):
        url = announce_url("https://t/announce.php?passkey=x%20y#top", **FACTS)
        assert url.startswith("https://t/announce.php?passkey=x%20y&info_hash=")
        assert "#" not in url

    @given(st.binary(min_size=20, max_size=20))
    def test_every_hash_survives(self, info_hash):
        url = announce_url("http://t/a", **{**FACTS, "info_hash": info_hash})
        assert url.isascii()
        assert dict(parse_qsl(urlsplit(url).query, encoding="latin-1"))["info_hash"].encode("latin-1") == info_hash


@pytest.mark.parametrize(
    ("url", "scrape"),
    [
        ("http://example.com/announce", "http://example.com/scrape?"),
        ("http://example.com/x/announce", "http://example.com/x/scrape?"),
        ("http://example.com/announce.php", "http://example.com/scrape.php?"),
        ("http://example.com/announce?x2%0644", "http://example.com/scrape?x2%0644&"),
        ("https://example.com/announce?k=1#frag", "https://example.com/scrape?k=1&"),
        ("http://example.com/a", None),
        ("http://example.com/announce?x=2/4", None),
        ("http://example.com/x%064announce", None),
        ("http://example.com/announce/x", None),
        ("udp://example.com/announce", None),
        ("announce", None),
    ],
)
def test_scrape_url_follows_bep_48(url, scrape):
    expected = scrape and scrape + "info_hash=pqrstuvwxyz%7B%7C%7D~%7F%80%81%82%83"
    assert scrape_url(url, HASH) == expected


class TestAnswer:
    def test_everything(self):
        assert parse_answer(
            bencode.encode(
                {
                    "interval": 1800,
                    "min interval": 60,
                    "complete": 5,
                    "incomplete": 7,
                    "downloaded": 9,
                    "peers": b"\1\2\3\4\x1a\xe1" + b"\5\6\7\x08\0\0",
                    "peers6": bytes(15) + b"\1\x1a\xe1",
                    "warning message": "h\u00f6r zu\x1b",
                    "tracker id": b"\xffid",
                    "external ip": b"\x09\x08\x07\x06",
                }
            )
        ) == Answer(
            interval=1800.0,
            min_interval=60.0,
            seeders=5,
            leechers=7,
            downloads=9,
            peers=[Address("1.2.3.4", 6881), Address("::1", 6881)],
            warning="h\u00f6r zu\x1b",
            tracker_id=b"\xffid",
            external_ips=("9.8.7.6",),
        )

    def test_a_dictionary_list_with_names_and_both_families(self):
        peers = [
            {"ip": "1.2.3.4", "port": 80, "peer id": b"x" * 20},
            {"ip": "2001:DB8:0::1", "port": 81},
            {"ip": "::ffff:1.2.3.5", "port": 82},
            {"ip": "seed.example.org", "port": 83},
        ]
        said = answer(peers=peers)
        assert said.peers == [Address("1.2.3.4", 80), Address("2001:db8::1", 81), Address("1.2.3.5", 82)]
        assert said.names == [("seed.example.org", 83)]

    @pytest.mark.parametrize(
        "peer",
        [
            5,
            [],
            {},
            {"ip": "1.2.3.4"},
            {"port": 80},
            {"ip": 5, "port": 80},
            {"ip": "1.2.3.4", "port": "80"},
            {"ip": "1.2.3.4", "port": 0},
            {"ip": "1.2.3.4", "port": -1},
            {"ip": "1.2.3.4", "port": 65536},
            {"ip": "", "port": 80},
            {"ip": b"\xff.example", "port": 80},
            {"ip": "a/b", "port": 80},
            {"ip": "a b", "port": 80},
            {"ip": "a..b", "port": 80},
            {"ip": "fe80::1%eth0/..", "port": 80},
            {"ip": "x" * 64, "port": 80},
            {"ip": "x." * 127, "port": 80},
        ],
    )
    def test_what_is_no_peer_is_left_out(self, peer):
        said = answer(peers=[peer, {"ip": "9.9.9.9", "port": 9}])
        assert said.peers == [Address("9.9.9.9", 9)]
        assert said.names == []

    def test_how_many_are_read(self):
        assert len(answer(peers=b"\1\2\3\4\0\5" * (MAX_PEERS + 5), peers6=b"\1" * 18 * 5).peers) == MAX_PEERS
        named = answer(peers=[{"ip": f"host{number}", "port": 1} for number in range(MAX_NAMES + 5)])
        assert len(named.names) == MAX_NAMES

    def test_external_ip_v6(self):
        assert answer(external_ip=bytes(15) + b"\1").external_ips == ("::1",)

    @pytest.mark.parametrize("interval", [0, 1, 2**63])
    def test_an_interval_is_passed_on(self, interval):
        assert answer(interval=interval, min_interval=interval).interval == float(interval)

    def test_fields_of_the_wrong_kind_are_not_said(self):
        wrong = {
            "min_interval": -1,
            "complete": -1,
            "incomplete": b"5",
            "downloaded": [],
            "peers": 5,
            "peers6": [],
            "tracker_id": 5,
        }
        assert answer(**wrong, warning_message=5, external_ip=b"12345", interval=b"x") == Answer()
        assert answer(tracker_id=b"x" * 100_000).tracker_id == b""

    def test_the_trackers_words_are_bounded(self):
        assert len(answer(warning_message="x" * 100_000).warning) == MAX_TEXT

    def test_what_follows_the_dictionary_is_ignored(self):
        assert parse_answer(b"d8:intervali60ee\r\n").interval == 60


class TestFailure:
    def test_the_reason_is_safe_to_show(self):
        with pytest.raises(TrackerError) as caught:
            parse_answer(bencode.encode({"failure reason": b"go\x1b[2J away\xff", "interval": 5}))
        assert str(caught.value) == "go\\x1b[2J away\ufffd"
        assert caught.value.retry_in is None

    @pytest.mark.parametrize(
        ("said", "seconds"),
        [(5, 300.0), (0, 0.0), (b"5", 300.0), (b"never", inf), (-1, None), (b"soon", None), ([], None), (b"-1", None)],
    )
    def test_retry_in(self, said, seconds):
        with pytest.raises(TrackerError) as caught:
            parse_answer(bencode.encode({"failure reason": "x", "retry in": said}))
        assert caught.value.retry_in == seconds

    def test_a_failure_without_words(self):
        for reason in (b"", 5):
            with pytest.raises(TrackerError, match="no reason given"):
                parse_answer(bencode.encode({"failure reason": reason}))

    def test_a_long_reason_is_cut(self):
        with pytest.raises(TrackerError) as caught:
            parse_answer(bencode.encode({"failure reason": "x" * 100_000}))
        assert len(str(caught.value)) == MAX_TEXT

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>404</html>",
            b"le",
            b"de",
            b"i5e",
            b"d5:helloi1ee",
            b"d8:intervali60e",
            b"d8:intervali+60ee",
            b"d8:intervali1e8:intervali2ee",
            b"l" * 1_000_000,
            b"d5:peersl" + b"de" * 20_000 + b"ee",
            b"99999999:x",
            b"\x1f\x8b\x08",
        ],
    )
    def test_garbage_is_the_trackers_fault(self, body):
        with pytest.raises(TrackerError):
            parse_answer(body)
        with pytest.raises(TrackerError):
            parse_scrape(body, HASH)


class TestScrape:
    def test_the_numbers_of_our_hash(self):
        other = {"complete": 1, "incomplete": 1, "downloaded": 1}
        ours = {"complete": 11, "incomplete": 12, "downloaded": 13}
        body = bencode.encode({"files": {b"x" * 20: other, HASH: ours}})
        assert parse_scrape(body, HASH) == ScrapeAnswer(seeders=11, leechers=12, downloads=13)
        assert parse_scrape(body, b"y" * 20) == ScrapeAnswer()

    def test_numbers_of_the_wrong_kind_are_not_said(self):
        body = bencode.encode({"files": {HASH: {"complete": -1, "incomplete": "x"}}})
        assert parse_scrape(body, HASH) == ScrapeAnswer()
        assert parse_scrape(bencode.encode({"files": {HASH: []}}), HASH) == ScrapeAnswer()

    def test_a_failure(self):
        with pytest.raises(TrackerError, match="not here"):
            parse_scrape(bencode.encode({"failure reason": "not here"}), HASH)


@given(st.binary(max_size=80))
def test_any_bytes_give_an_answer_or_the_trackers_error(data):
    for parse in (parse_answer, lambda body: parse_scrape(body, HASH)):
        with contextlib.suppress(TrackerError):
            parse(data)


plain = st.integers(-5, 2**64) | st.binary(max_size=20)
odd = plain | st.lists(plain | st.dictionaries(st.sampled_from([b"ip", b"port"]), plain), max_size=4)
keys = "interval,min interval,peers,peers6,complete,warning message,tracker id,external ip,failure reason,retry in"


@given(st.dictionaries(st.sampled_from(keys.encode().split(b",")), odd))
def test_any_fields_give_an_answer_or_the_trackers_error(fields):
    with contextlib.suppress(TrackerError):
        parse_answer(bencode.encode(fields))
