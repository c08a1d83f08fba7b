"""Lists of address ranges that are not to be talked to, as people publish them; one range a line.

    P2P (PeerGuardian)   Some name:1.2.4.0-1.2.4.255
    DAT (eMule)          001.002.004.000 - 001.002.004.255 , 100 , Some name     a level above 127 lets them through
    CIDR                 1.2.4.0/24, or one address alone

IPv6 is taken in all three. A file may mix them, and may be gzip. `#`, `;` and `//` begin comments. Lines that are none
of this are counted and left out; a file that has only such lines is no blocklist.
"""

from __future__ import annotations

import ipaddress
import re
import struct
import zlib
from array import array
from typing import Final

from torrentd.model.errors import TorrentdError
from torrentd.model.ranges import MAPPED, V4_PAIR, V6_PAIR, Ranges, in_order, merged

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a file: the largest lists in use have 20 MB."""

LARGEST_UNPACKED: Final = 128 * 1024 * 1024

MOST_RANGES: Final = 2_000_000
"""Eight times the largest lists in use; they take 16 MB."""

LONGEST_LINE: Final = 4096
"""Bytes; what is longer is no range with a name."""

PATIENCE: Final = 10_000
"""Lines without any range, after which it is no blocklist."""

ALLOWED: Final = 127
"""DAT levels above it let the range through."""

UNPACKED_AT_ONCE: Final = 1024 * 1024

_IP = rb"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})"
_P2P = re.compile(rb"(?:.*:)?[ \t]*" + _IP + rb"[ \t]*-[ \t]*" + _IP)
_DAT = re.compile(_IP + rb"[ \t]*-[ \t]*" + _IP + rb"[ \t]*,[ \t]*(\d{1,3})[ \t]*(?:,.*)?")
_CIDR = re.compile(_IP + rb"(?:/(\d{1,2}))?")
_DAT6 = re.compile(rb"([0-9a-fA-F:.]+)[ \t]*-[ \t]*([0-9a-fA-F:.]+)[ \t]*,[ \t]*(\d{1,3})[ \t]*(?:,.*)?")
_CIDR6 = re.compile(rb"([0-9a-fA-F:.]+)(?:/(\d{1,3}))?")
_COMMENTS = (b"#", b";", b"//")
_GZIP = b"\x1f"
"""How gzip begins, and no line."""


_OCTET = {b"%0*d" % (width, octet): octet for octet in range(256) for width in (1, 2, 3)}.__getitem__
"""The number of an octet, with zeros before it or without; KeyError for anything else."""


class BlocklistError(TorrentdError):
    """The file is no blocklist, or more than anybody needs."""


class Parser:
    """Reads a list as it comes."""

    def __init__(self) -> None:
        self.ignored = 0
        """lines that are no range"""
        self._pairs: list[bytes] = []
        self._pairs6: list[bytes] = []
        self._rest = b""
        self._overlong = False
        self._packed: zlib._Decompress | None = None
        self._size = self._unpacked = 0

    def feed(self, data: bytes) -> None:
        """The next bytes of the file. BlocklistError when it becomes too much."""
        if not self._size and data.startswith(_GZIP):
            self._packed = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._size += len(data)
        if self._size > LARGEST:
            raise BlocklistError(f"it is larger than {LARGEST >> 20} MiB")
        while data:
            if self._packed is None:
                self._text(data)
                return
            data = self._unpack(data, self._packed)

    def finish(self) -> Ranges:
        """All ranges. BlocklistError if there is none."""
        if self._packed is not None and not self._packed.eof:
            raise BlocklistError("it is damaged: the packed data is cut short")
        self._text(b"\n")
        if not self._found:
            raise BlocklistError("there is no range of addresses in it (P2P, DAT or CIDR, plain or gzip)")
        return merged(self._pairs, self._pairs6)

    def _unpack(self, data: bytes, packed: zlib._Decompress) -> bytes:
        """Unpack some; what is left to be unpacked. What stands behind the end is another gzip member, or nothing."""
        if packed.eof:
            if not data.startswith(_GZIP):
                return b""
            packed = self._packed = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            text = packed.decompress(data, UNPACKED_AT_ONCE)
        except zlib.error:
            raise BlocklistError("it is damaged: it does not unpack") from None
        self._text(text)
        return packed.unconsumed_tail or packed.unused_data

    @property
    def _found(self) -> int:
        return len(self._pairs) + len(self._pairs6)

    def _text(self, data: bytes) -> None:
        self._unpacked += len(data)
        if self._unpacked > LARGEST_UNPACKED:
            raise BlocklistError(f"it is larger than {LARGEST_UNPACKED >> 20} MiB when unpacked")
        lines = (self._rest + data.replace(b"\r", b"\n")).split(b"\n")
        self._rest = lines.pop()
        if self._overlong and lines:
            self._overlong = False
            lines[0] = b"too long"
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._overlong = b"", True
        self._lines(lines)
        if self._found > MOST_RANGES:
            raise BlocklistError(f"it has more than {MOST_RANGES} ranges")
        if not self._found and self.ignored > PATIENCE:
            raise BlocklistError("there is no range of addresses in its first lines (P2P, DAT or CIDR)")

    def _lines(self, lines: list[bytes]) -> None:
        """Nearly every line of a large list is read here, in one turn of the loop; the others are looked at again."""
        add, octet, size = self._pairs.append, _OCTET, V4_PAIR.size
        for line in lines:
            first, _, last = line.rpartition(b":")[2].partition(b"-")
            parts = first.split(b".")
            try:
                pair = bytes(map(octet, parts + last.split(b".")))
            except KeyError:
                self._other(line.strip())
                continue
            if len(pair) == size and len(parts) == 4 and pair[:4] <= pair[4:]:
                add(pair)
            else:
                self._other(line.strip())

    def _other(self, line: bytes) -> None:
        if line and not line.startswith(_COMMENTS):
            try:
                self._read(line)
            except ValueError:  # no range: too large a number, an end before its beginning, words
                self.ignored += 1

    def _read(self, line: bytes) -> None:
        """Take a line that is not as P2P files usually write it. ValueError if it is no range."""
        if len(line) > LONGEST_LINE:
            raise ValueError("the line is too long")
        if found := _P2P.fullmatch(line):
            pair = bytes(map(int, found.groups()))
            self._add(pair[:4], pair[4:])
        elif found := _DAT.fullmatch(line):
            *parts, level = map(int, found.groups())
            pair = bytes(parts)
            self._add(pair[:4], pair[4:], level)
        elif found := _CIDR.fullmatch(line):
            *octets, prefix = found.groups()
            self._add_network(bytes(map(int, octets)), int(prefix or 32))
        elif found := _DAT6.fullmatch(line):
            self._add(_packed(found[1]), _packed(found[2]), int(found[3]))
        elif found := _CIDR6.fullmatch(line):
            self._add_network(_packed(found[1]), int(found[2] or 128))
        else:
            first, last = _p2p6(line)
            self._add(first, last)

    def _add_network(self, packed: bytes, prefix: int) -> None:
        bits = 8 * len(packed)
        if prefix > bits:
            raise ValueError("the prefix is too long")
        number, hosts = int.from_bytes(packed), (1 << (bits - prefix)) - 1
        self._add((number & ~hosts).to_bytes(len(packed)), (number | hosts).to_bytes(len(packed)))

    def _add(self, first: bytes, last: bytes, level: int = 0) -> None:
        if first > last or len(first) != len(last):
            raise ValueError("it ends before it begins")
        if level > ALLOWED:
            return
        if len(first) == 16 and first.startswith(MAPPED) and last.startswith(MAPPED):
            first, last = first[12:], last[12:]
        (self._pairs if len(first) == 4 else self._pairs6).append(first + last)


def _packed(text: bytes) -> bytes:
    return ipaddress.IPv6Address(text.decode("ascii")).packed


def _p2p6(line: bytes) -> tuple[bytes, bytes]:
    """`name:first-last`. A name may look like the beginning of an address, so of all ways to read the line the one
    counts whose ends have most in common. ValueError if there is none."""
    head, _, end = line.rpartition(b"-")
    last = _packed(end.strip())
    parts = head.split(b":")
    readings = []
    for begin in range(max(0, len(parts) - 8), len(parts)):
        try:
            readings.append(_packed(b":".join(parts[begin:]).strip()))
        except ValueError:
            continue
    return min(readings, key=lambda first: int.from_bytes(first) ^ int.from_bytes(last), default=b""), last


# --- what is kept of it

_MAGIC: Final = b"torrentd blocklist 1\n"
_COUNTS = struct.Struct(">II")


def pack(ranges: Ranges) -> bytes:
    """For `unpack`, which is a hundred times faster than reading the text again."""
    pairs = b"".join(map(V4_PAIR.pack, ranges.firsts, ranges.lasts))
    pairs6 = b"".join(map(V6_PAIR.pack, ranges.firsts6, ranges.lasts6))
    body = _COUNTS.pack(len(ranges.firsts), len(ranges.firsts6)) + pairs + pairs6
    return _MAGIC + zlib.crc32(body).to_bytes(4) + body


def unpack(data: bytes) -> Ranges:
    """What `pack` made. BlocklistError if it is not that."""
    body = data[len(_MAGIC) + 4 :]
    if data[: len(_MAGIC) + 4] != _MAGIC + zlib.crc32(body).to_bytes(4) or len(body) < _COUNTS.size:
        raise BlocklistError("it is damaged")
    count, count6 = _COUNTS.unpack_from(body)
    middle = _COUNTS.size + count * V4_PAIR.size
    if len(body) != middle + count6 * V6_PAIR.size:
        raise BlocklistError("it is damaged")
    numbers = array("I")
    if numbers.itemsize == 4 and count:
        numbers.frombytes(body[_COUNTS.size : middle])
        if struct.pack("=H", 1) != struct.pack(">H", 1):
            numbers.byteswap()
    pairs6 = list(V6_PAIR.iter_unpack(body[middle:]))
    ranges = Ranges(numbers[::2], numbers[1::2], tuple(first for first, _ in pairs6), tuple(last for _, last in pairs6))
    if not in_order(ranges):
        raise BlocklistError("it is damaged")
    return ranges
