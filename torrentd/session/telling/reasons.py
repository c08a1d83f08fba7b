"""Errors that torrents show with and without metadata alike."""

from __future__ import annotations

from torrentd.session.telling.rows import ErrorRow

INTERNAL = ErrorRow("internal", "a bug of ours; see the log", "state")

QUARANTINED = ErrorRow(
    "quarantined", "the daemon crashed twice while this torrent ran; resume it to try again", "state"
)
