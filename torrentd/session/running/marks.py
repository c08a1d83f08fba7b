"""The "writing" marks of one torrent: which pieces the next start would hash, and which may be written now.

A piece is marked, and the mark is on the disk, before the first of its bytes is. The mark goes with the record that
says that the piece is there, or when the piece is given up and nothing of it was written.

Marks are committed at most every SPACING: a fast peer begins pieces with every read, and a commit for each would cost
more than all else that is done for a piece. The first one does not wait, so that a slow download never does.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from torrentd.disk.writing.whole import WHOLE_LIMIT
from torrentd.model.errors import StorageError

if TYPE_CHECKING:
    from torrentd.session.running.torrent import TorrentSession


SPACING = 0.02
"""Seconds between two commits of marks. Blocks are asked for when their piece is marked, and with any peer that is fast
enough to notice, more than this passes before a whole piece has come: the queue of requests is longer."""

Batch = dict[int, None]
"""pieces that are marked in one commit"""


class Marks:
    """Knows of every mark in the database; it may know of more."""

    def __init__(self, session: TorrentSession) -> None:
        self.marked = dict.fromkeys(session.facts.writing)
        """the pieces that the next start would hash, at least"""
        self._session = session
        self._state = session.around.host.state
        self._awaited: dict[int, Batch] = {}
        """piece -> the batch whose commit will permit it to be written"""
        self._writing: dict[int, int] = {}
        """handed to the disk, and nothing heard yet: how many times, for it may be begun again meanwhile"""
        self._spoilt: dict[int, None] = {}
        """the disk failed on these: bytes of them may be there"""
        self._settled: dict[int, None] = {}
        """marks to be removed with the next record"""
        self._gathered: Batch = {}
        """the batch that waits for its commit"""
        self._spacing: IDelayedCall | None = None
        """runs from each commit on; what is marked meanwhile is gathered"""

    @property
    def are_settled(self) -> bool:
        """Whether there are none, and nothing is on its way."""
        return not (self.marked or self._awaited or self._writing or self._settled)

    @property
    def have_settled(self) -> bool:
        """Whether a record would remove some."""
        return bool(self._settled)

    # --- before writing

    def mark(self, pieces: list[int]) -> None:
        """Commit marks; only then the storage may write these pieces."""
        for piece in pieces:
            self.marked[piece] = None
            self._awaited[piece] = self._gathered
            self._gathered[piece] = None
            self._settled.pop(piece, None)
        if self._spacing is None:
            self._commit()

    def _commit(self) -> None:
        """Commit what was gathered, without what was given up meanwhile, and gather again."""
        batch, self._gathered = self._gathered, {}
        self._spacing = None
        pieces = [piece for piece in batch if self._awaited.get(piece) is batch]
        if not pieces or self._session.gone:
            return
        self._spacing = self._session.around.host.reactor.callLater(SPACING, self._commit_next)
        done = self._write(pieces)
        done.addCallbacks(lambda _: self._permit(batch), self._failed).addErrback(self._session.our_fault)

    def _commit_next(self) -> None:
        """The same by the timer, where nobody else would notice that it fails: those pieces would wait for ever."""
        try:
            self._commit()
        except Exception:
            self._session.our_fault(Failure())

    def cancel(self) -> None:
        """The session ends: nothing is committed any more."""
        if self._spacing is not None:
            self._spacing.cancel()
            self._spacing = None

    def doubt(self, pieces: list[int]) -> None:
        """Mark them so that the next start hashes them alone, and not all of their files."""
        self.marked.update(dict.fromkeys(pieces))
        done = self._write(pieces)
        done.addErrback(self._failed).addErrback(self._session.our_fault)

    async def catch_up(self) -> None:
        """Commit what could not be committed. StorageError if it still cannot."""
        if batch := dict.fromkeys(self._awaited):
            self._awaited = dict.fromkeys(batch, batch)
            with suppress(LookupError):  # the torrent was removed meanwhile
                await self._write(list(batch))
            self._permit(batch)

    def _write(self, pieces: list[int]) -> Deferred[None]:
        """With that the files were looked at: a crash before the first record would have all of them hashed."""
        facts = self._session.facts
        return self._state.mark(facts.info_hash, pieces, checked=facts.checked)

    def _permit(self, batch: Batch) -> None:
        """Those that were not given up, or given up and begun again, in the meantime."""
        permitted = [piece for piece in batch if self._awaited.get(piece) is batch]
        for piece in permitted:
            del self._awaited[piece]
        if not self._session.gone:
            self._session.storage.permit(permitted)

    def _failed(self, failure: Failure) -> None:
        """Nothing new may be written."""
        failure.trap(StorageError, LookupError)  # LookupError: the torrent was removed meanwhile
        error = failure.value
        if not self._session.gone and isinstance(error, StorageError):
            self._session.around.trouble.failed(self._session, error, "state")

    # --- what becomes of the pieces

    def discard(self, pieces: list[int]) -> None:
        """The pieces were given up unfinished. Those that may have left bytes on the disk stay marked."""
        session = self._session
        given_up = [piece for piece in pieces if piece not in self._writing]
        for piece in given_up:
            self._awaited.pop(piece, None)
        untouched = [piece for piece in given_up if piece not in self._spoilt]
        if untouched and not session.gone and session.metainfo.geometry.piece_size <= WHOLE_LIMIT:
            for piece in untouched:
                self.marked.pop(piece, None)
            done: Deferred[None] = self._state.unmark(session.facts.info_hash, untouched)
            # a mark too many is harmless: the next start hashes a piece for nothing
            done.addErrback(lambda failure: failure.trap(StorageError, LookupError) and None)
            done.addErrback(session.our_fault)

    def writing(self, piece: int) -> None:
        """All of the piece is handed to the disk."""
        self._writing[piece] = self._writing.get(piece, 0) + 1

    def answered(self, pieces: Iterable[int]) -> None:
        """The disk has said whether they were right. A piece that is written whole has left nothing if not."""
        for piece in pieces:
            count = self._writing.pop(piece, 0)
            if count > 1:
                self._writing[piece] = count - 1

    def unwritten(self, piece: int) -> None:
        """The disk has said that it could not be written, or not all of it."""
        self.answered([piece])
        self._spoilt[piece] = None

    # --- with the record

    def settle(self, pieces: Iterable[int]) -> None:
        """It is known what became of these pieces: unless they are being written again, their marks may go."""
        for piece in pieces:
            if piece in self.marked and piece not in self._writing:
                self._settled[piece] = None
                self._spoilt.pop(piece, None)

    def unsettle(self, pieces: Iterable[int]) -> None:
        """It is not known after all."""
        for piece in pieces:
            self._settled.pop(piece, None)

    def take_settled(self) -> list[int]:
        """The marks that the record being made removes."""
        settled, self._settled = list(self._settled), {}
        for piece in settled:
            self.marked.pop(piece, None)
        return settled

    def give_back(self, settled: list[int]) -> None:
        """That record failed: the marks are there still."""
        again = dict.fromkeys(piece for piece in settled if piece not in self.marked)
        self._settled |= again
        self.marked |= again
