"""A peer id to a client's name (BEP 20), for people to read: never decide anything by it, anybody can send anything.

Three conventions cover nearly everyone: Azureus (`-TR4050-`), Shadow (`T03I-----`) and Mainline (`M7-10-5-`). A few
clients have marks of their own, looked for first because some of them resemble a convention.
"""

from __future__ import annotations

import re

from torrentd.wire.escape import escape_bytes

_AZUREUS_CLIENTS = {
    "7T": "aTorrent",
    "A2": "aria2",
    "AB": "AnyEvent BitTorrent",
    "AG": "Ares",
    "AR": "Arctic",
    "AV": "Avicora",
    "AX": "BitPump",
    "AZ": "Azureus",
    "BB": "BitBuddy",
    "BC": "BitComet",
    "BE": "Baretorrent",
    "BF": "BitFlu",
    "BG": "BTG",
    "BI": "BiglyBT",
    "BL": "BitLord",
    "BM": "BitMagnet",
    "BN": "Baidu Netdisk",
    "BP": "BitTorrent Pro",
    "BR": "BitRocket",
    "BS": "BTSlave",
    "BT": "BitTorrent",
    "BW": "BitWombat",
    "BX": "BittorrentX",
    "CD": "Enhanced CTorrent",
    "CT": "CTorrent",
    "DE": "Deluge",
    "DP": "Propagate Data Client",
    "EB": "EBit",
    "ES": "Electric Sheep",
    "FD": "Free Download Manager",
    "FG": "FlashGet",
    "FL": "Flud",
    "FW": "FrostWire",
    "FX": "Freebox",
    "GR": "GetRight",
    "GS": "GSTorrent",
    "GT": "go.torrent",
    "HL": "Halite",
    "HN": "Hydranode",
    "JS": "justseed.it",
    "KG": "KGet",
    "KT": "KTorrent",
    "LC": "LeechCraft",
    "LH": "LH-ABC",
    "LP": "Lphant",
    "LT": "libtorrent",
    "LW": "LimeWire",
    "MG": "MediaGet",
    "ML": "MLDonkey",
    "MO": "MonoTorrent",
    "MP": "MooPolice",
    "MR": "Miro",
    "MT": "MoonlightTorrent",
    "NX": "Net Transport",
    "OS": "OneSwarm",
    "OT": "OmegaTorrent",
    "PI": "PicoTorrent",
    "QD": "QQDownload",
    "RN": "rain",
    "RT": "Retriever",
    "SB": "Swiftbit",
    "SD": "Thunder",
    "SM": "SoMud",
    "SN": "ShareNET",
    "SS": "SwarmScope",
    "ST": "SymTorrent",
    "TB": "Torch",
    "TD": "torrentd",
    "TL": "Tribler",
    "TN": "TorrentDotNET",
    "TR": "Transmission",
    "TS": "Torrentstorm",
    "TT": "TuoTu",
    "TX": "Tixati",
    "UE": "uTorrent Embedded",
    "UL": "uLeecher!",
    "UM": "uTorrent Mac",
    "UT": "uTorrent",
    "UW": "uTorrent Web",
    "VG": "Vagaa",
    "WD": "WebTorrent Desktop",
    "WT": "BitLet",
    "WW": "WebTorrent",
    "XF": "Xfplay",
    "XL": "Xunlei",
    "XT": "XanTorrent",
    "ZO": "Zona",
    "ZT": "ZipTorrent",
    "lt": "rTorrent",
    "pb": "pbTorrent",
    "qB": "qBittorrent",
    "st": "sharktorrent",
}

_MAINLINE_CLIENTS = {b"M": "BitTorrent", b"Q": "Queen Bee", b"A2-": "aria2"}

_SHADOW_CLIENTS = {
    "A": "ABC",
    "O": "Osprey Permaseed",
    "Q": "BTQueue",
    "R": "Tribler",
    "S": "Shadow",
    "T": "BitTornado",
}

_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"-BOW", "Bits on Wheels"),
    (b"XBT", "XBT"),
    (b"exbc", "BitComet"),
    (b"FUTB", "BitComet"),
    (b"OP", "Opera"),
    (b"10-------", "JVtorrent"),
    (b"Plus", "Plus!"),
    (b"btuga", "BTugaXP"),
    (b"oernu", "BTugaXP"),
    (b"DansClient", "XanTorrent"),
    (b"346-", "TorrentTopia"),
    (b"AZ2500BT", "BitTyrant"),
)

_AZUREUS = re.compile(rb"-([A-Za-z0-9~]{2})([A-Za-z0-9.]{4})")
_SHADOW = re.compile(rb"([AOQRST])([0-9A-Za-z.-]{3,5})---")
_MAINLINE = re.compile(rb"(M|Q|A2-)(\d{1,3})-(\d{1,3})-(\d{1,3})-")

_SHOWN = 8  # bytes of an unknown id that people get to see: the part where clients put their marks


def client_name(peer_id: bytes) -> str:
    """Name and version as far as the id tells them; safe to show. Empty for an id that says nothing."""
    for mark, name in _MARKS:
        if peer_id.startswith(mark):
            return name
    if match := _AZUREUS.match(peer_id):
        code, version = match[1].decode("ascii"), match[2].decode("ascii")
        return f"{_AZUREUS_CLIENTS.get(code, code)} {_dotted(version)}".rstrip()
    if match := _MAINLINE.match(peer_id):
        return f"{_MAINLINE_CLIENTS[match[1]]} {int(match[2])}.{int(match[3])}.{int(match[4])}"
    if match := _SHADOW.match(peer_id):
        name = _SHADOW_CLIENTS[match[1].decode("ascii")]
        return f"{name} {_dotted(match[2].rstrip(b'-').decode('ascii'))}".rstrip()
    return escape_bytes(peer_id[:_SHOWN].rstrip(b"\0-")) if peer_id[:1].isalnum() or peer_id[:1] == b"-" else ""


def _dotted(version: str) -> str:
    """`4050` to `4.0.5`, `1A00` to `1.10`: one digit or letter a level, zeros at the end left out, two levels kept."""
    levels = [str(_level(character)) for character in version if character.isalnum()]
    while len(levels) > 2 and levels[-1] == "0":
        levels.pop()
    return ".".join(levels)


def _level(character: str) -> int:
    return int(character, 36) if character.isdigit() or character.isupper() else int(character, 36) + 26
