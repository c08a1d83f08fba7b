from __future__ import annotations

import pytest

from tests.swarm.evaluator import arrives, make, run
from torrentd.model.errors import ProtocolError
from torrentd.swarm.events import Start
from torrentd.swarm.peers.floods import Allowance, spend

TALK = Allowance("words", 10, 2)


def test_an_allowance_is_used_up_and_refills() -> None:
    torrent = make()
    run(torrent, (0, Start()), (0, arrives(1)))
    peer = torrent.peers[1]
    for _ in range(10):
        spend(peer, TALK, 5.0)
    with pytest.raises(ProtocolError, match="too many words"):
        spend(peer, TALK, 5.0)
    spend(peer, TALK, 6.0, 2)
    with pytest.raises(ProtocolError):
        spend(peer, TALK, 6.4)
    spend(peer, TALK, 100.0, 10)
