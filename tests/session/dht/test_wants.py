from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.session.world import ASLEEP, Sample
from torrentd.dht.events import Search, Untrack
from torrentd.model.address import Address
from torrentd.policy.peers.candidates import Candidates
from torrentd.session.dht.wants import answer_turn
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.swarm.resting import Rest
from torrentd.swarm.settings import Totals

HASH, PORT = b"h" * 20, 6881
STRANGER, MET = Address("9.9.9.9", 1), Address("9.9.9.9", 2)


@pytest.fixture
def torrent() -> Sample:
    return Sample()


@pytest.fixture
def sleeper(home: Any, world: Any, torrent: Sample) -> Sleeper:
    """A seed that sleeps."""
    home.put(torrent)
    home.add(torrent)
    world.run(ASLEEP)
    found = home.daemon.around.torrents[bytes.fromhex(torrent.id)]
    assert isinstance(found, Sleeper)
    return found


def changed(sleeper: Sleeper, **row: Any) -> Sleeper:
    sleeper.row = msgspec.structs.replace(sleeper.row, **row)
    return sleeper


def test_a_download_is_looked_up_often_and_before_others(home, torrent):
    session = home.add(torrent)
    assert answer_turn(HASH, session, PORT) == Search(HASH, PORT, seed=False, hungry=True, urgent=True)
    session.torrent.peers.update(dict.fromkeys(range(20)))
    assert answer_turn(HASH, session, PORT) == Search(HASH, PORT, seed=False, hungry=False, urgent=True)
    session.torrent.peers.clear()


def test_a_seed_is_so_while_somebody_visits_it(home, torrent):
    home.put(torrent)
    session = home.add(torrent)
    assert answer_turn(HASH, session, PORT) == Search(HASH, PORT, seed=True)
    session.torrent.peers[1] = None
    assert answer_turn(HASH, session, PORT) == Search(HASH, PORT, seed=True, urgent=True)
    session.torrent.peers.clear()


def test_sleepers(sleeper):
    assert answer_turn(HASH, sleeper, PORT) == Search(HASH, PORT, seed=True)
    assert answer_turn(HASH, changed(sleeper, left=5), PORT) == Search(HASH, PORT, hungry=True)


def test_who_has_no_turns(home, sleeper, torrent):
    assert answer_turn(HASH, None, PORT) == Untrack(HASH)
    assert answer_turn(HASH, changed(sleeper, private=True), PORT) == Untrack(HASH)
    assert answer_turn(HASH, changed(sleeper, private=False, state="paused"), PORT) == Untrack(HASH)
    other = home.add(Sample("private", private=1))
    assert answer_turn(HASH, other, PORT) == Untrack(HASH)
    other = home.add(Sample("paused"), paused=True)
    assert answer_turn(HASH, other, PORT) == Untrack(HASH)


def test_whom_a_sleeper_has_to_meet(sleeper):
    candidates = Candidates()
    candidates.add([MET], "tracker", 0.0)
    sleeper.rest = Rest(True, False, Totals(), None, candidates, None, {})
    assert sleeper.has_to_meet([MET, STRANGER])
    assert not sleeper.has_to_meet([MET])
    candidates.exclude(STRANGER)
    assert not sleeper.has_to_meet([STRANGER])
    sleeper.rest = None
    assert sleeper.has_to_meet([MET])
    assert not sleeper.has_to_meet([])
    assert not changed(sleeper, private=True).has_to_meet([MET])
