"""What the storage says of pieces that were handed to it, many at a time: recorded, then told to the pure torrent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.python.failure import Failure

from torrentd.disk.results import Failed, Stored, Unwritten, Verified
from torrentd.swarm.events import PieceFailed, PiecesVerified, StorageFailed

if TYPE_CHECKING:
    from torrentd.session.running.torrent import TorrentSession


def stored(session: TorrentSession, answers: list[Stored]) -> None:
    """This became of them. Never raises: a bug of ours is the torrent's trouble, not the disk's."""
    try:
        _stored(session, answers)
    except Exception:
        session.our_fault(Failure())


def _stored(session: TorrentSession, answers: list[Stored]) -> None:
    verified = [answer for answer in answers if type(answer) is Verified]
    if verified and not session.gone:
        pieces = [answer.piece for answer in verified]
        session.durability.right(pieces)
        digests = {answer.piece: answer.digests for answer in verified if answer.digests is not None}
        session.handle(PiecesVerified(pieces, digests))
    if len(verified) < len(answers):
        for answer in answers:
            if not isinstance(answer, Verified) and not session.gone:
                _not_stored(session, answer)


def _not_stored(session: TorrentSession, answer: Failed | Unwritten) -> None:
    marks = session.durability.marks
    if isinstance(answer, Failed):
        marks.answered([answer.piece])
        session.handle(PieceFailed(answer.piece, answer.digests))
        return
    marks.unwritten(answer.piece)
    if answer.reason is None:
        session.handle(StorageFailed(answer.piece, "given up", "io_error"))  # it goes on when it starts again
    elif isinstance(answer.reason, Failure):
        answer.reason.raiseException()
    else:
        session.around.trouble.failed(session, answer.reason, piece=answer.piece)
