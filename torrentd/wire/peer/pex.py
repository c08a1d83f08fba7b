"""The messages of `ut_pex` (BEP 11): whom the sender is connected to since the last one, and to whom no more.

Fields of the wrong type are read as absent, and flags that are missing as 0. Of what is more than `MOST` the beginning
is taken, each family having at least half of it.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from msgspec import Struct, field

from torrentd.model.address import Address
from torrentd.wire import bencode
from torrentd.wire.addresses import pack_compact, parse_compact
from torrentd.wire.bencode import Encodable, Value
from torrentd.wire.peer.extensions import dictionary

MOST = 50
"""Contacts that a message adds, and that it drops."""

MAX_MESSAGE = 16 * 1024
"""Bytes of a message's payload: ten times what its contacts need."""

ENCRYPTS = 0x01
"""It prefers encrypted connections."""
SEED = 0x02
"""It wants nothing any more."""
REACHABLE = 0x10
"""The sender made the connection."""

_SIZE = {False: 6, True: 18}

T = TypeVar("T")


class Contact(NamedTuple):
    """Somebody that the sender is connected to."""

    address: Address
    flags: int


class PexMessage(Struct):
    added: list[Contact] = field(default_factory=list)
    dropped: list[Address] = field(default_factory=list)


def parse(payload: bytes) -> PexMessage:
    """Read a message. ProtocolError: it is none, or too long."""
    said, _ = dictionary("ut_pex", payload, MAX_MESSAGE)
    added = [_contacts(_bytes(said, key), _bytes(said, key + b".f"), key == b"added6") for key in (b"added", b"added6")]
    dropped = [parse_compact(_bytes(said, key), key == b"dropped6") for key in (b"dropped", b"dropped6")]
    return PexMessage(_fair(*added), _fair(*dropped))


def encode(message: PexMessage) -> bytes:
    """The payload of the extension message; what is empty is left out."""
    said: dict[bytes, bytes] = {}
    for v6, suffix in ((False, b""), (True, b"6")):
        added = [contact for contact in message.added if (":" in contact.address.host) == v6]
        said[b"added" + suffix] = pack_compact(contact.address for contact in added)
        said[b"added" + suffix + b".f"] = bytes(contact.flags for contact in added)
        said[b"dropped" + suffix] = pack_compact(one for one in message.dropped if (":" in one.host) == v6)
    present: dict[bytes, Encodable] = {key: value for key, value in said.items() if value}
    return bencode.encode(present)


def _contacts(packed: bytes, flags: bytes, v6: bool) -> list[Contact]:
    """One by one, for an address without a port is left out together with its flags."""
    size = _SIZE[v6]
    contacts: list[Contact] = []
    for number, start in enumerate(range(0, len(packed) - size + 1, size)):
        flag = flags[number] if number < len(flags) else 0
        contacts += [Contact(address, flag) for address in parse_compact(packed[start : start + size], v6)]
    return contacts


def _fair(v4: list[T], v6: list[T]) -> list[T]:
    half = MOST // 2
    return v4[: max(half, MOST - len(v6))] + v6[: max(half, MOST - len(v4))]


def _bytes(said: dict[bytes, Value], key: bytes) -> bytes:
    value = said.get(key)
    return value if isinstance(value, bytes) else b""
