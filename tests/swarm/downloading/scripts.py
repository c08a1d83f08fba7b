"""What the scripts of those who take over from each other have in common."""

from __future__ import annotations

from tests.swarm.evaluator import PLAIN, Log, Script, arrives, has, says, sent
from torrentd.model.geometry import BLOCK
from torrentd.wire.peer.messages import Cancel, Unchoke

PIECES, BLOCKS = 4, 4


def here(key: int, *have: int, of: int = PIECES, at: float = 0.0, reserved: bytes = PLAIN) -> Script:
    """Peer number `key` connects, has these of so many pieces, and lets us ask."""
    return [(at, arrives(key, reserved=reserved)), (at, says(key, has(of, *have), Unchoke()))]


def cancelled(log: Log, key: int) -> list[tuple[int, int]]:
    """Piece and number of each block that the peer was told not to send."""
    return [(one.piece, one.begin // BLOCK) for one in sent(log, key) if isinstance(one, Cancel)]
