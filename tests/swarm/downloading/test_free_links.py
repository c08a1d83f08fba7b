"""A peer that says that its link is free (Suggest) takes over what others have hardly been asked for."""

from __future__ import annotations

import pytest

from tests.swarm.downloading.scripts import BLOCKS, PIECES, cancelled, here
from tests.swarm.evaluator import FAST, Script, asked, make, run, run_of, says
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.swarm.downloading.takeover import LOOK, PATIENCE, SHORT_PATIENCE
from torrentd.swarm.events import Start
from torrentd.wire.peer.messages import Choke, Have, Reject, Suggest, Unchoke


def _both() -> Script:
    """The first may send everything, the second what the first was asked for last."""
    return [*here(1, 0, 1, 2, 3, reserved=FAST), *here(2, 3, reserved=FAST)]


def _far_and_asked_anew_at(at: float, *, latency: float) -> Script:
    """The first answers once, and is asked anew after a pause; the second has what it is asked for then."""
    answers = (latency, says(1, *(run_of(0, block) for block in range(BLOCKS))))
    rejects = [Reject(piece, block * BLOCK, BLOCK) for piece in (1, 2) for block in range(BLOCKS)]
    pauses = (latency, says(1, Choke(), *rejects))
    again = (at, says(1, Unchoke()))
    return [*here(1, 0, 1, 2, reserved=FAST), answers, pauses, again, *here(2, 1, 2, at=at, reserved=FAST)]


def test_a_free_link_is_believed_to_be_quick() -> None:
    """The other was asked a moment ago and has sent nothing yet: for anybody else it would be given two seconds."""
    torrent = make(PIECES, BLOCKS)
    suggests = (SHORT_PATIENCE + 0.01, says(2, Suggest(3)))
    log = run(torrent, (0, Start()), *_both(), suggests, until=0.2)
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)]


def test_nobody_is_relieved_by_a_free_link_before_it_could_have_begun() -> None:
    suggests = (SHORT_PATIENCE - 0.01, says(2, Suggest(3)))
    log = run(make(PIECES, BLOCKS), (0, Start()), *_both(), suggests, until=0.149)
    assert asked(log, 2) == []


def test_who_is_far_away_is_not_relieved_before_an_answer_could_be_here() -> None:
    script = _far_and_asked_anew_at(20.0, latency=0.6)
    offers = [(20.0 + 0.2 * turn, says(2, Suggest(1))) for turn in range(1, 4)]
    log = run(make(PIECES, BLOCKS), (0, Start()), *script, *offers, until=20.85)
    assert cancelled(log, 1) == []


def test_a_free_link_does_not_relieve_who_brings_everything_in_a_moment() -> None:
    sends = (0.05, says(1, *(run_of(number // BLOCKS, number % BLOCKS) for number in range(9))))
    script = [*here(1, 0, 1, 2, 3, of=5), *here(2, 3, of=5, reserved=FAST), sends, (0.1, says(2, Suggest(3)))]
    torrent = make(5, BLOCKS)
    log = run(torrent, (0, Start()), *script, until=0.29)
    assert torrent.peers[PeerKey(1)].queue.outstanding == {2: 0b1110, 3: 0b1111}
    assert cancelled(log, 1) == []


@pytest.mark.parametrize(("latency", "taken"), [(0.1, True), (1.0, False)])
def test_a_free_link_takes_what_it_brings_sooner_as_its_quickest_answer_tells(latency: float, taken: bool) -> None:
    """What the other owes waits for a second."""
    steady = [(0.15 * (number + 1), says(1, run_of(number // BLOCKS, number % BLOCKS))) for number in range(8)]
    answers = (latency, says(2, *(run_of(4, block) for block in range(BLOCKS))))
    joined = [*here(1, 0, 1, 2, 3, of=6), *here(2, 4, of=6, reserved=FAST)]
    later = sorted([*steady, answers], key=lambda one: one[0])
    log = run(make(6, BLOCKS), (0, Start()), *joined, *later, (1.22, says(2, Have(3), Suggest(3))), until=1.35)
    assert bool(cancelled(log, 1)) == taken


def test_who_is_very_far_away_is_relieved_by_a_free_link_as_soon_as_by_any() -> None:
    script = _far_and_asked_anew_at(20.0, latency=5.0)
    offers = [(20.0 + PATIENCE - 0.05, says(2, Suggest(1)))]
    log = run(make(PIECES, BLOCKS), (0, Start()), *script, *offers, until=20.0 + PATIENCE + LOOK)
    assert cancelled(log, 1) != []
