"""Blocklists of all formats, and files that are none."""

from __future__ import annotations

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.ranges import Ranges
from torrentd.wire import blocklist
from torrentd.wire.blocklist import BlocklistError, Parser, pack, unpack


def parse(data: bytes, step: int = 1 << 20) -> tuple[Ranges, int]:
    parser = Parser()
    for at in range(0, len(data), step):
        parser.feed(data[at : at + step])
    return parser.finish(), parser.ignored


def bounds(ranges: Ranges) -> list[tuple[object, object]]:
    return [*zip(ranges.firsts, ranges.lasts, strict=True), *zip(ranges.firsts6, ranges.lasts6, strict=True)]


def same(one: Ranges, other: Ranges) -> bool:
    return bounds(one) == bounds(other)


@pytest.mark.parametrize(
    ("line", "inside", "outside"),
    [
        ("Some name:1.2.4.0-1.2.4.255", "1.2.4.9", "1.2.5.0"),
        ("Name: with - all 1.1.1.1-2.2.2.2: of it:1.2.4.0-1.2.4.255", "1.2.4.9", "1.2.5.0"),
        (":1.2.4.0-1.2.4.255", "1.2.4.9", "1.2.5.0"),
        ("1.2.4.0-1.2.4.255", "1.2.4.9", "1.2.5.0"),
        ("Name : 1.2.4.0 - 1.2.4.255 ", "1.2.4.9", "1.2.5.0"),
        ("Name:001.002.004.000-001.002.004.255", "1.2.4.9", "1.2.5.0"),
        ("001.002.004.000 - 001.002.004.255 , 100 , Some, name", "1.2.4.9", "1.2.5.0"),
        ("1.2.4.0-1.2.4.255,127", "1.2.4.9", "1.2.5.0"),
        ("1.2.4.0/24", "1.2.4.255", "1.2.5.0"),
        ("1.2.4.7/24", "1.2.4.0", "1.2.3.255"),
        ("1.2.4.9", "1.2.4.9", "1.2.4.8"),
        ("Name:2001:db8::1-2001:db8::5", "2001:db8::3", "2001:db8::6"),
        ("abc:2001:db8::1-2001:db8::5", "2001:db8::3", "2000::"),
        ("2001:db8::1-2001:db8::5", "2001:db8::3", "db9::"),
        ("2001:db8::1 - 2001:db8::5 , 5 , name", "2001:db8::3", "2001:db8::6"),
        ("2001:db8::/32", "2001:db8:ffff::", "2001:db9::"),
        ("::ffff:1.2.4.0/120", "1.2.4.9", "1.2.5.0"),
    ],
)
def test_every_format(line: str, inside: str, outside: str) -> None:
    found, ignored = parse(f"\ufeff# comment\r\n{line}\r\n; another\n// and one\n\n".encode())
    assert (found.count, ignored) == (1, 1)  # a comment behind a byte order mark is none, and harmless
    assert found.covers(inside)
    assert not found.covers(outside)


def test_a_dat_level_above_127_lets_through() -> None:
    found, ignored = parse(b"1.2.3.0 - 1.2.3.255 , 128 , friends\n1.2.4.0 - 1.2.4.255 , 0 , foes")
    assert (found.count, ignored) == (1, 0)
    assert not found.covers("1.2.3.4")


@pytest.mark.parametrize(
    "line",
    [
        "words",
        "<html>",
        "Name:1.2.3.4",
        "Name:1.2.3.256-1.2.4.0",
        "Name:1.2.4.0-1.2.3.0",
        "1.2.3-4.5.6.7.8",
        "1.2.3.4.5-6.7.8.9",
        "-1.2.3.4-1.2.3.5",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "300.1.1.1/8",
        "2001:db8::/129",
        "2001:db8::5-2001:db8::1",
        "2001::1-1.2.3.4",
        "::g/8",
        "1.2.3.4 - 1.2.3.5 , 100000",
        "1.2.3.4-",
        "-",
        ":",
        "\x00\xff",
    ],
)
def test_a_line_that_is_no_range_is_left_out(line: str) -> None:
    found, ignored = parse(f"{line}\n9.9.9.9\n".encode("latin-1"))
    assert (bounds(found), ignored) == ([(0x09090909, 0x09090909)], 1)


LIST = "".join(f"Name {n}:10.{n}.0.0-10.{n}.0.9\r\n\r\n2001:db8:{n:x}::/48\n" for n in range(0, 200, 2)).encode()


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lambda data: gzip.compress(data[:99], mtime=0) + gzip.compress(data[99:], mtime=0)]
)
def test_it_does_not_matter_how_it_comes(step, pack) -> None:
    found, ignored = parse(pack(LIST), step)
    assert same(found, parse(LIST)[0])
    assert (found.count, ignored) == (200, 0)


# --- what is no blocklist


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"words\n" * 50, b"\n" * 100, gzip.compress(b"", mtime=0)])
def test_a_file_without_a_range(data: bytes) -> None:
    with pytest.raises(BlocklistError, match="no range"):
        parse(data)


def test_garbage_is_given_up_early() -> None:
    parser = Parser()
    with pytest.raises(BlocklistError, match="no range"):
        parser.feed(b"garbage\n" * (blocklist.PATIENCE + 1))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(LIST, mtime=0)[:-9], "cut short"),
        (b"\x1f\x8b" + LIST, "unpack"),
        (gzip.compress(LIST, mtime=0)[:30], "cut short"),
    ],
)
def test_damaged_gzip(data: bytes, words: str) -> None:
    with pytest.raises(BlocklistError, match=words):
        parse(data)


def test_bytes_behind_gzip_are_left_alone() -> None:
    assert parse(gzip.compress(LIST, mtime=0) + b"padding" * 9)[0].count == 200


def test_a_gzip_bomb_is_unpacked_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocklist, "LARGEST_UNPACKED", 3 << 20)
    bomb = gzip.compress(b"1.2.3.4\n" + bytes(64 << 20), 1, mtime=0)
    with pytest.raises(BlocklistError, match="3 MiB when unpacked"):
        parse(bomb)


def test_too_large_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocklist, "LARGEST", 1 << 20)
    parser = Parser()
    parser.feed(b"1.2.3.4\n" * (1 << 17))
    with pytest.raises(BlocklistError, match="larger than 1 MiB"):
        parser.feed(b"1")


def test_too_many_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocklist, "MOST_RANGES", 9)
    with pytest.raises(BlocklistError, match="more than 9 ranges"):
        parse(b"1.2.3.4\n" * 10)


def test_a_line_without_end_takes_no_memory() -> None:
    parser = Parser()
    for _ in range(100):
        parser.feed(b"1.2.3.4-" * 10_000)
    assert len(parser._rest) <= blocklist.LONGEST_LINE
    parser.feed(b"\n1.2.3.4\n")
    assert (parser.finish().count, parser.ignored) == (1, 1)


@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"\n", b"1.2.3.4-1.2.3.9", b":", b"::1", b"/8", b" , 1"])))
def test_any_bytes(parts: list[bytes]) -> None:
    try:
        found, _ = parse(b"".join(parts), 16)
    except BlocklistError:
        return
    assert found.count


# --- what is kept


def test_what_was_packed_comes_back() -> None:
    found = parse(LIST)[0]
    again = unpack(pack(found))
    assert same(again, found)
    assert again.covers("10.2.0.9")
    assert same(unpack(pack(Ranges())), Ranges())


def test_what_was_changed_is_not_taken() -> None:
    data, rng = pack(parse(LIST)[0]), random.Random(1)
    for at in [*range(40), *rng.sample(range(len(data)), 100)]:
        with pytest.raises(BlocklistError):
            unpack(data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :])
    for end in (0, 10, 25, 30, len(data) - 1):
        with pytest.raises(BlocklistError):
            unpack(data[:end])


def test_ranges_that_are_not_in_order_are_not_taken() -> None:
    found = parse(LIST)[0]
    with pytest.raises(BlocklistError):
        unpack(pack(Ranges(found.lasts, found.firsts, found.firsts6, found.lasts6)))
