"""The extension handshake (BEP 10): a bencoded dictionary in the extension message with id 0.

Fields of the wrong type are read as absent: one careless client more is no reason to lose a peer. A payload that is no
dictionary at all is a protocol error. What follows the dictionary is ignored.
"""

from __future__ import annotations

from msgspec import Struct, field

from torrentd.model.errors import ProtocolError
from torrentd.wire import bencode
from torrentd.wire.bencode import BencodeError, Encodable, Value
from torrentd.wire.escape import escape_bytes

HANDSHAKE = 0
"""The extension message id of the handshake itself."""

UT_PEX = b"ut_pex"
UPLOAD_ONLY = b"upload_only"
LT_DONTHAVE = b"lt_donthave"
"""Names in `m` of the extensions that we know: BEP 11, libtorrent's, BEP 54; see `metadata` for BEP 9's."""

MAX_CLIENT_NAME = 64
"""Characters kept of `v`; longer names are not names."""

_MAX_PORT = 65535
_MAX_INTEGER = 2**63 - 1  # nothing here is larger in good faith


class ExtensionHandshake(Struct):
    """What both sides tell each other; None, 0 or empty: not said."""

    m: dict[bytes, int] = field(default_factory=dict)
    """extension name to the message id its sender wants for it; id 0 switches the extension off"""
    client: str = ""
    """`v`, escaped"""
    port: int | None = None
    """`p`: where the sender listens for TCP"""
    reqq: int | None = None
    """how many requests the sender queues"""
    yourip: bytes = b""
    """the receiver's address as the sender sees it, 4 or 16 bytes"""
    ipv4: bytes = b""
    ipv6: bytes = b""
    metadata_size: int | None = None
    """BEP 9, bytes of the info dictionary as the sender claims; not checked here"""
    upload_only: bool = False
    """BEP 21: the sender downloads nothing"""
    encrypts: bool = False
    """`e`: the sender prefers encrypted connections (BEP 11 refers to it)"""


def dictionary(name: str, payload: bytes, most: int | None = None) -> tuple[dict[bytes, Value], int]:
    """The dictionary that an extension's message begins with, and where it ends. ProtocolError, which begins with the
    extension's name: there is none, or the message has more than `most` bytes."""
    if most is not None and len(payload) > most:
        raise ProtocolError(f"{name}: a message of {len(payload)} bytes")
    try:
        value, end = bencode.decode_prefix(payload, bencode.EXTENSION)
    except BencodeError as error:
        raise ProtocolError(f"{name}: {error}") from None
    if not isinstance(value, dict):
        raise ProtocolError(f"{name}: the message is not a dictionary")
    return value, end


def parse(payload: bytes) -> ExtensionHandshake:
    """Read the handshake. ProtocolError if the payload does not begin with a bencoded dictionary."""
    value, _ = dictionary("extension handshake", payload)
    return ExtensionHandshake(
        m=_ids(value.get(b"m")),
        client=_client(value.get(b"v")),
        port=_integer(value.get(b"p"), 1, _MAX_PORT),
        reqq=_integer(value.get(b"reqq"), 1, _MAX_INTEGER),
        yourip=_address(value.get(b"yourip"), (4, 16)),
        ipv4=_address(value.get(b"ipv4"), (4,)),
        ipv6=_address(value.get(b"ipv6"), (16,)),
        metadata_size=_integer(value.get(b"metadata_size"), 1, _MAX_INTEGER),
        upload_only=bool(_integer(value.get(b"upload_only"), 0, _MAX_INTEGER)),
        encrypts=bool(_integer(value.get(b"e"), 0, _MAX_INTEGER)),
    )


def encode(handshake: ExtensionHandshake) -> bytes:
    """The payload of the message; what is not said is left out, `m` is always there."""
    said: dict[bytes, Encodable] = {
        b"v": handshake.client,
        b"p": handshake.port or 0,
        b"reqq": handshake.reqq or 0,
        b"yourip": handshake.yourip,
        b"ipv4": handshake.ipv4,
        b"ipv6": handshake.ipv6,
        b"metadata_size": handshake.metadata_size or 0,
        b"upload_only": int(handshake.upload_only),
        b"e": int(handshake.encrypts),
    }
    return bencode.encode({b"m": handshake.m, **{key: value for key, value in said.items() if value}})


def _ids(value: Value | None) -> dict[bytes, int]:
    if not isinstance(value, dict):
        return {}
    return {name: id for name, id in value.items() if isinstance(id, int) and 0 <= id <= 255}


def _client(value: Value | None) -> str:
    return escape_bytes(value[: 4 * MAX_CLIENT_NAME])[:MAX_CLIENT_NAME] if isinstance(value, bytes) else ""


def _integer(value: Value | None, least: int, most: int) -> int | None:
    return value if isinstance(value, int) and least <= value <= most else None


def _address(value: Value | None, lengths: tuple[int, ...]) -> bytes:
    return value if isinstance(value, bytes) and len(value) in lengths else b""
