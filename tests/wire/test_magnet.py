from __future__ import annotations

import base64
import contextlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.test_metainfo import single, torrent
from torrentd.model.address import Address
from torrentd.model.errors import MetainfoError
from torrentd.wire.magnet import MAX_LENGTH, MAX_PEERS, Magnet, make, of_metainfo, parse
from torrentd.wire.metainfo import parse as parse_metainfo
from torrentd.wire.names import clean_component
from torrentd.wire.sources import MAX_TRACKERS

HASH = bytes(range(20))
V2_HASH = bytes(range(32))
XT = f"magnet:?xt=urn:btih:{HASH.hex()}"

ranges = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 50)).map(lambda pair: (pair[0], sum(pair))), max_size=5
)


def joined(pairs):
    """The ranges as the parser gives them: by way of the indexes."""
    wanted = sorted({index for first, last in pairs for index in range(first, last + 1)})
    result = []
    for index in wanted:
        if result and result[-1][1] == index - 1:
            result[-1] = (result[-1][0], index)
        else:
            result.append((index, index))
    return tuple(result)


magnets = st.builds(
    Magnet,
    hash_v1=st.binary(min_size=20, max_size=20),
    hash_v2=st.none() | st.binary(min_size=32, max_size=32),
    name=st.text(max_size=40).map(lambda text: clean_component(text.encode("utf-8", "replace"))),
    size=st.none() | st.integers(1, 2**48 - 1),
    trackers=st.sets(st.sampled_from(["http://a/announce", "udp://b:80", "https://c/x?y=1&z=%20"])).map(
        lambda urls: tuple(sorted(urls))
    ),
    webseeds=st.sampled_from([(), ("http://w/a%20b/",)]),
    peers=st.sampled_from([(), (Address("127.0.0.1", 6881), Address("::1", 1))]),
    selection=ranges.map(joined),
)


class TestTheTorrent:
    def test_hex_of_either_case(self):
        assert parse(f"magnet:?xt=urn:btih:{HASH.hex()}") == Magnet(HASH)
        assert parse(f"MAGNET:?XT=URN:BTIH:{HASH.hex().upper()}") == Magnet(HASH)

    def test_base32_of_either_case(self):
        text = base64.b32encode(HASH).decode()
        assert parse(f"magnet:?xt=urn:btih:{text}") == parse(f"magnet:?xt=urn:btih:{text.lower()}") == Magnet(HASH)

    def test_escaped_as_some_do(self):
        assert parse(f"magnet:?xt={quote(f'urn:btih:{HASH.hex()}', safe='')}") == Magnet(HASH)

    def test_of_a_hybrid_both(self):
        found = parse(f"{XT}&xt=urn:btmh:1220{V2_HASH.hex()}")
        assert found == Magnet(HASH, V2_HASH)
        assert found.id == HASH.hex() and not found.v2_only

    def test_of_v2_alone_it_can_be_told(self):
        found = parse(f"magnet:?xt=urn:btmh:1220{V2_HASH.hex()}")
        assert found.v2_only and found.id == V2_HASH.hex()

    def test_other_networks_are_passed_over(self):
        assert parse(f"magnet:?xt.1=urn:ed2k:31D6CFE0D16AE931B73C59D7E0C089C0&xt.2=urn:btih:{HASH.hex()}") == Magnet(
            HASH
        )

    def test_the_same_one_twice(self):
        assert parse(f"{XT}&xt=urn:btih:{base64.b32encode(HASH).decode()}") == Magnet(HASH)

    @pytest.mark.parametrize(
        ("link", "words"),
        [
            ("", "begins with"),
            ("http://a/?xt=urn:btih:" + HASH.hex(), "begins with"),
            ("magnet:", "begins with"),
            ("magnet:?", "xt=urn:btih"),
            ("magnet:?dn=name", "xt=urn:btih"),
            ("magnet:?xt=urn:sha1:" + HASH.hex(), "xt=urn:btih"),
            ("magnet:?xt=urn:btih:", "40 hex digits"),
            ("magnet:?xt=urn:btih:" + HASH.hex()[:-1], "40 hex digits"),
            ("magnet:?xt=urn:btih:" + "g" * 40, "40 hex digits"),
            ("magnet:?xt=urn:btih:" + "\u0661" * 40, "40 hex digits"),
            ("magnet:?xt=urn:btih:" + "1" * 32, "40 hex digits"),
            ("magnet:?xt=urn:btih:" + "\u0661" * 32, "40 hex digits"),
            ("magnet:?xt=urn:btmh:1114" + HASH.hex(), "1220"),
            ("magnet:?xt=urn:btmh:1220" + "x" * 64, "1220"),
            (f"{XT}&xt=urn:btih:{'00' * 20}", "more than one"),
            (XT + "&dn=" + "x" * MAX_LENGTH, "characters long"),
        ],
    )
    def test_what_is_none(self, link, words):
        with pytest.raises(MetainfoError, match=words):
            parse(link)


class TestTheFiles:
    @pytest.mark.parametrize(
        ("so", "selection"),
        [
            ("0", ((0, 0),)),
            ("0,2,4-8", ((0, 0), (2, 2), (4, 8))),
            ("8,0-3,2-4,5", ((0, 5), (8, 8))),
            ("2%2C4-5", ((2, 2), (4, 5))),
            ("2500000", ((2_500_000, 2_500_000),)),
        ],
    )
    def test_selected(self, so, selection):
        assert parse(f"{XT}&so={so}").selection == selection

    @pytest.mark.parametrize("so", ["", "a", "-1", "1-", "1,,2", "3-2", "0x1", "1 ,2", "9" * 30, "0-2500001", "\u0661"])
    def test_nonsense(self, so):
        with pytest.raises(MetainfoError, match=r"^so: "):
            parse(f"{XT}&so={so}")

    def test_which_files_that_are(self):
        found = parse(f"{XT}&so=1,4-5")
        assert [index for index, wanted in enumerate(found.selected(8)) if wanted] == [1, 4, 5]
        assert found.selected(5) == [False, True, False, False, True]
        assert parse(f"{XT}&so=7-2500000").selected(3) == [False] * 3
        assert parse(XT).selected(2) == [True, True]

    def test_a_selection_as_long_as_a_link_can_be_costs_no_more_than_the_files(self):
        found = parse(f"{XT}&so=" + ",".join(map(str, range(0, 20_000, 2))))
        assert len(found.selection) == 10_000
        assert sum(found.selected(300_000)) == 10_000


class TestWhatHelps:
    def test_the_name(self):
        assert parse(f"{XT}&dn=a%20b+c%26d").name == "a b c&d"
        assert parse(f"{XT}&dn=&dn=second").name == "second"

    def test_a_name_is_made_safe(self):
        assert parse(f"{XT}&dn=..%2F..%2Fetc").name == ".._.._etc"
        assert parse(f"{XT}&dn=a%0A%1B%E2%80%AE%FF").name == "a____"
        assert parse(f"{XT}&dn=..").name == ""

    def test_trackers_each_once_and_in_order(self):
        found = parse(f"{XT}&tr=http%3A%2F%2Fa%2Fannounce&tr.1=udp://b:80&tr=file:///etc&tr=udp://b:80&tr=")
        assert found.trackers == ("http://a/announce", "udp://b:80")

    def test_so_many_trackers(self):
        link = XT + "".join(f"&tr=udp://t{number}:80" for number in range(MAX_TRACKERS + 5))
        assert len(parse(link).trackers) == MAX_TRACKERS

    def test_peers(self):
        found = parse(
            f"{XT}&x.pe=1.2.3.4:5&x.pe=%5B::1%5D:6&x.pe=host:7&x.pe=1.2.3.4:0&x.pe=224.0.0.1:5&x.pe=1.2.3.4:5"
        )
        assert found.peers == (Address("1.2.3.4", 5), Address("::1", 6))

    def test_so_many_peers(self):
        link = XT + "".join(f"&x.pe=1.2.3.4:{number + 1}" for number in range(MAX_PEERS + 5))
        assert len(parse(link).peers) == MAX_PEERS

    def test_web_seeds(self):
        assert parse(f"{XT}&ws=https%3A%2F%2Fw%2Fa&ws=javascript:1").webseeds == ("https://w/a",)

    @pytest.mark.parametrize("size", ["0", "-5", "x", "9" * 40, "1e3", ""])
    def test_a_size_that_cannot_be_is_not_said(self, size):
        assert parse(f"{XT}&xl={size}").size is None
        assert parse(f"{XT}&xl={size}&xl=12").size == 12


class TestMaking:
    @given(magnets)
    def test_there_and_back(self, magnet):
        assert parse(make(magnet)) == magnet

    def test_a_link_that_is_too_long_is_cut_between_its_parts(self):
        many = tuple(f"http://t{number}/{'x' * 1000}" for number in range(100))
        link = make(Magnet(HASH, trackers=many))
        assert len(link) <= MAX_LENGTH
        assert parse(link).trackers == many[: len(parse(link).trackers)] != ()

    def test_of_a_metainfo(self):
        metainfo = parse_metainfo(torrent(single(), {"announce-list": [["http://a/announce"], ["udp://b:80"]]}))
        found = parse(make(of_metainfo(metainfo)))
        assert (found.hash_v1, found.name, found.size) == (metainfo.hash_v1, metainfo.name, metainfo.size)
        assert found.trackers == tuple(url for tier in metainfo.tiers for url in tier)


@given(st.text(max_size=200).map(lambda tail: XT + tail) | st.text(max_size=100))
def test_nonsense_is_read_or_refused(text):
    with contextlib.suppress(MetainfoError):
        parse(make(parse(text)))


@given(
    st.lists(
        st.tuples(st.sampled_from(["xt", "dn", "tr", "ws", "x.pe", "so", "xl", "tr.1", "X.PE"]), st.text(max_size=30)),
        max_size=8,
    )
)
def test_nonsense_in_known_places(pairs):
    with contextlib.suppress(MetainfoError):
        found = parse(XT + "".join(f"&{key}={value}" for key, value in pairs))
        assert found.hash_v1 == HASH
