"""`torrent_add`: from base64, a magnet link, a bare hash, or a URL."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any, Final

from torrentd.model.errors import MetainfoError, RpcError
from torrentd.rpc.core.schema import MAX_URL
from torrentd.rpc.transmission.choosing import Choosing
from torrentd.rpc.transmission.errors import INVALID_PARAMS, PATH_NOT_ABSOLUTE, TransmissionError
from torrentd.rpc.transmission.files import choices, named
from torrentd.rpc.transmission.kept import Kept
from torrentd.rpc.transmission.params import Params, flag, number, text, texts
from torrentd.rpc.transmission.setting import priority
from torrentd.session.control import AddOptions, Control
from torrentd.session.telling.rows import LimitsRow

_HASH: Final = re.compile(r"[0-9a-fA-F]{40}|[A-Z2-7]{32}")
_MAGNET: Final = "magnet:"
_COOKIES: Final = re.compile(r"[ -~]{0,4096}")
"""Printable ASCII, as much as browsers keep of one cookie."""
_URL: Final = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


class Adding:
    def __init__(self, control: Control, choosing: Choosing, kept: Kept) -> None:
        self._control = control
        self._choosing = choosing
        self._kept = kept

    async def add(self, params: Params) -> dict[str, Any]:
        """`torrent_added`, or `torrent_duplicate` if it was here."""
        id, added = await self._add(params, self._options(params))
        self._choosing.numbers.sync(self._control.ids())
        row = self._control.row(id)
        torrent = {"id": self._choosing.numbers.of(row.id), "name": row.name, "hash_string": row.id}
        return {"torrent_added" if added else "torrent_duplicate": torrent}

    async def _add(self, params: Params, options: AddOptions) -> tuple[str, bool]:
        metainfo, filename = text(params, "metainfo"), text(params, "filename")
        if metainfo:
            return await self._control.add(_decoded(metainfo), options)
        if not filename:
            raise TransmissionError(INVALID_PARAMS, "no filename or metainfo specified")
        if _HASH.fullmatch(filename):
            filename = f"magnet:?xt=urn:btih:{filename}"
        if filename.lower().startswith(_MAGNET):
            return await self._control.add_magnet(filename, options)
        if _URL.fullmatch(filename) and len(filename) <= MAX_URL:
            return await self._control.add_url(filename, options)
        raise RpcError("unsupported", "A torrent is added by its content, a magnet link, or an http or https URL")

    def _options(self, params: Params) -> AddOptions:
        directory = text(params, "download_dir") or None
        if directory is not None and not directory.startswith("/"):
            raise TransmissionError(PATH_NOT_ABSOLUTE, "download directory path is not absolute")
        paused = flag(params, "paused")
        labels = texts(params, "labels") or []
        peers = number(params, "peer_limit")
        return AddOptions(
            download_dir=directory,
            paused=not self._kept.session.get("start_added_torrents", True) if paused is None else paused,
            files=choices(named(params)),
            sequential=bool(flag(params, "sequential_download")),
            priority=priority(params) or "normal",
            labels=tuple(dict.fromkeys(label for label in labels if label)),
            limits=LimitsRow(peers=peers if peers and peers > 0 else None),
            cookies=_cookies(params),
        )


def _cookies(params: Params) -> str:
    """As a browser sends them. What could end the header, and begin another, is none."""
    cookies = text(params, "cookies") or ""
    if not _COOKIES.fullmatch(cookies):
        raise TransmissionError(INVALID_PARAMS, "these are no cookies")
    return cookies


def _decoded(metainfo: str) -> bytes:
    try:
        return b64decode("".join(metainfo.split()), validate=True)
    except (Base64Error, ValueError):
        raise MetainfoError("not base64") from None
