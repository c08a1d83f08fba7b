"""What must be hashed again after a restart, and what may be believed.

A have bit was recorded only after its bytes were flushed, so it is believed. Two things can still be wrong:

- pieces that were being written when we died. They carry a "writing" mark; they alone are hashed in their files, whose
  times have moved anyway (a *dirty* file is compared by inode, and by size where it must not have shrunk);
- files that somebody else touched. A *clean* file (no mark in it) must look exactly as recorded: size, time of the last
  change and inode. If it does not, all of it is hashed.

Rejected: hashing everything after an unclean stop (hours on a large disk), and trusting sizes alone (a restored backup
has the right size and the wrong bytes).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import Geometry
from torrentd.model.layout import Layout


class FileStat(NamedTuple):
    """How a file looked: bytes, nanoseconds since the epoch, inode number."""

    size: int
    mtime_ns: int
    inode: int


class Recovery(Struct, frozen=True):
    """`check`: pieces to hash, ascending. `missing`: files that hold claimed pieces and are not there."""

    check: list[int]
    missing: list[int]


def recovery(
    layout: Layout,
    geometry: Geometry,
    have: Bitfield,
    writing: Sequence[int],
    recorded: Sequence[FileStat | None] | None,
    found: Sequence[FileStat | None],
) -> Recovery:
    """Compare what was recorded with what was found; one entry per file in both lists, None for "no such file".
    `recorded` is None if nobody ever looked at the files in this place: all that is there is hashed then."""
    marked = sorted(writing)
    if not marked and not have.count and (recorded or [None] * len(found)) == found:
        return Recovery([], [])  # nothing is claimed and nothing is there: a new torrent, of many files perhaps
    check = dict.fromkeys(marked)
    missing = []
    for index, entry in enumerate(layout.files):
        pieces = layout.pieces_of(index, geometry.piece_size)
        if not pieces or entry.padding:
            continue
        if found[index] is None:
            if any(piece in have for piece in pieces):
                missing.append(index)
        elif recorded is None or not _is_as_recorded(recorded[index], found[index], dirty=_any_within(marked, pieces)):
            check.update(dict.fromkeys(pieces))
    return Recovery(sorted(check), missing)


def _is_as_recorded(recorded: FileStat | None, found: FileStat | None, *, dirty: bool) -> bool:
    if dirty:
        return recorded is None or (found is not None and found.inode == recorded.inode and found.size >= recorded.size)
    return recorded == found


def _any_within(marked: Sequence[int], pieces: range) -> bool:
    at = bisect_left(marked, pieces.start)
    return at < len(marked) and marked[at] < pieces.stop
