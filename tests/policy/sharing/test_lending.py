from __future__ import annotations

from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerKey
from torrentd.policy.sharing.lending import MANY, Lending
from torrentd.policy.sharing.order import BEGUN, COMMON, HELD

A, B, C = map(PeerKey, (1, 2, 3))


def _lending(**counts: int) -> Lending:
    return Lending(lambda piece: counts.get(f"p{piece}", 1))


def test_what_the_fewest_have_goes_first() -> None:
    lending = _lending(p0=5, p1=2)
    assert lending.cost(1, A) < lending.cost(0, A) < HELD


def test_what_many_have_is_all_the_same() -> None:
    lending = _lending(p0=MANY - 1, p1=MANY, p2=10 * MANY)
    assert lending.cost(0, A) < lending.cost(1, A) == lending.cost(2, A) == COMMON


def test_copies_on_their_way_count() -> None:
    lending = _lending()
    lending.give(0, A, 2, now=0)
    assert lending.cost(0, A) == BEGUN
    assert lending.cost(0, B) > lending.cost(1, B)
    lending.give(0, B, 2, now=0)
    lending.give(0, B, 2, now=1)
    before = lending.cost(0, C)
    lending.give(0, C, 2, now=1)
    assert lending.cost(0, PeerKey(4)) > before


def test_a_copy_that_arrived_or_left_is_not_on_its_way() -> None:
    lending = _lending()
    lending.joined(Bitfield(2, [1]))
    for peer in (A, B):
        lending.give(0, peer, 2, now=0)
    lending.told(0, A)
    lending.told(1, A)
    lending.told(0, C)
    assert lending.cost(0, C) == 2
    lending.gone(B)
    lending.gone(C)
    assert lending.cost(0, C) == lending.cost(0, B) == 1


def test_it_lasts() -> None:
    assert not _lending().over(1e6)
    assert not _lending().has_fresh and _lending().fresh(4) == []
