from __future__ import annotations

from torrentd.model.bitfield import Bitfield
from torrentd.policy.picking import endgame
from torrentd.policy.picking.started import Started


def _asked(piece: int, *asked: int) -> Started:
    started = Started(piece, 0b1111)
    for blocks in asked:
        started.ask(blocks)
    return started


def test_blocks_that_one_peer_was_asked_for_are_asked_of_another() -> None:
    pieces = [_asked(0, 0b1111, 0b0011), _asked(1, 0b1111)]
    chosen = endgame.choose(pieces, Bitfield.full(2), 5)
    assert [(piece.piece, blocks) for piece, blocks in chosen] == [(0, 0b1100), (1, 0b0111)]


def test_only_pieces_the_peer_has() -> None:
    assert endgame.choose([_asked(0, 0b1111)], Bitfield(2, [1]), 4) == []


def test_no_block_is_asked_of_everybody() -> None:
    crowded = _asked(0, *[0b1111] * endgame.ASKERS)
    assert endgame.choose([crowded], Bitfield.full(1), 4) == []
