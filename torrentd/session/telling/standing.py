"""How a torrent stands to what `torrent.wait` waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.telling.rows import WaitFailure
from torrentd.session.telling.waiting import Standing, Until

if TYPE_CHECKING:
    from torrentd.session.running.torrent import TorrentSession

TORRENT_NOT_FOUND, INVALID, WRONG_STATE, IO_ERROR = 1, 2, 4, 6
"""Codes of the API."""


def standing(session: TorrentSession | MagnetSession | Sleeper | None, id: str, until: Until) -> Standing:
    """Done, still possible, or no longer. A check comes to an end, so it is still possible."""
    if session is None:
        return WaitFailure(id, TORRENT_NOT_FOUND, "the torrent was removed")
    if isinstance(session, MagnetSession):
        return _of_magnet(session, id, until)
    if until == "metadata":
        return "done"
    if isinstance(session, Sleeper):
        return _of_sleeper(session, id, until)
    if until == "paused":
        return "done" if session.facts.paused and not session.torrent.running else "pending"
    if session.error is not None:
        return WaitFailure(id, IO_ERROR, session.error.message)
    if session.checking is not None or not session.begun:
        return "pending"
    if session.is_durably_finished:
        return "done"
    if session.facts.paused:
        return WaitFailure(id, WRONG_STATE, "the torrent is paused")
    return "pending"


def _of_magnet(session: MagnetSession, id: str, until: Until) -> Standing:
    if until == "paused":
        return "done" if session.record.paused and not session.torrent.running else "pending"
    if session.error is not None:
        return WaitFailure(id, INVALID if session.error.source == "metadata" else IO_ERROR, session.error.message)
    return WaitFailure(id, WRONG_STATE, "the torrent is paused") if session.record.paused else "pending"


def _of_sleeper(sleeper: Sleeper, id: str, until: Until) -> Standing:
    """Nothing of it is on its way to the disk, or it would not sleep."""
    if until == "paused":
        return "done" if sleeper.paused else "pending"
    if sleeper.row.error is not None:
        return WaitFailure(id, IO_ERROR, sleeper.row.error.message)
    if not sleeper.known:
        return "pending"
    if not sleeper.row.left:
        return "done"
    return WaitFailure(id, WRONG_STATE, "the torrent is paused") if sleeper.paused else "pending"


def unusable(id: str) -> WaitFailure:
    """Of a torrent whose record cannot be used."""
    return WaitFailure(id, WRONG_STATE, "the torrent's record cannot be used")
