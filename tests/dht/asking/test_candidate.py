from __future__ import annotations

import random

from torrentd.dht.asking.candidate import LIES, UNKNOWN, Candidate, State
from torrentd.dht.ids import id_for
from torrentd.model.address import Address

GLOBAL, LOCAL = Address("8.8.8.8", 5), Address("10.0.0.1", 5)


def make(id: bytes | None = b"\x01" * 20, address: Address = LOCAL) -> Candidate:
    return Candidate(id, address, target=0, depth=1)


def test_near_comes_before_far_and_unknown_last():
    near, far, unknown = make(bytes(19) + b"\x01"), make(), make(None)
    assert near.rank < far.rank < unknown.rank
    assert unknown.distance == UNKNOWN
    assert near.state is State.FRESH


def test_a_wrong_id_comes_after_all_right_ones():
    wrong = make(bytes(20), GLOBAL)
    right = make(id_for(GLOBAL.host, random.Random(1)), GLOBAL)
    assert (wrong.wrong_id, right.wrong_id, make().wrong_id, make(None, GLOBAL).wrong_id) == (True, False, False, False)
    assert right.rank < wrong.rank


def test_it_may_turn_out_to_be_somebody_else():
    candidate = make(bytes(20))
    candidate.identify(b"\xff" * 20, 0)
    assert candidate.distance == 2**160 - 1


def test_a_liar_gave_more_wrong_names_than_right_ones():
    informant = make()
    informant.wrong_names = LIES - 1
    assert not informant.is_liar
    informant.wrong_names = LIES
    assert informant.is_liar
    informant.right_names = LIES
    assert not informant.is_liar
    informant.misnamed = True
    assert informant.is_liar


def test_dubious_is_whom_nobody_else_named():
    liar, honest, named = make(), make(), make()
    assert not named.is_dubious
    liar.is_believed_last = True
    named.informants.append(liar)
    assert named.is_dubious
    named.informants.append(honest)
    assert not named.is_dubious
