"""What new peers are told of our DHT node, and tell of theirs (BEP 5). Who may stay is tested in test_connecting."""

from __future__ import annotations

from tests.swarm.evaluator import EXTENDED, PLAIN, address, arrives, commands, make, run, says, sent
from torrentd.swarm.commands import NodeKnown
from torrentd.swarm.events import Start
from torrentd.swarm.settings import Settings
from torrentd.wire.peer.handshake import with_dht
from torrentd.wire.peer.messages import Port

WITH_DHT = Settings(dht_port=6881)


def told(settings: Settings = WITH_DHT, reserved: bytes = with_dht(PLAIN), private: bool = False) -> list[Port]:
    torrent = make(settings=settings, private=private)
    said = sent(run(torrent, (0, Start()), (1, arrives(1, reserved=reserved))), 1)
    return [message for message in said if isinstance(message, Port)]


def test_peers_with_a_node_are_told_of_ours() -> None:
    assert told() == [Port(6881)]
    assert told(reserved=EXTENDED) == []
    assert told(settings=Settings()) == []


def test_peers_of_a_private_torrent_are_not() -> None:
    assert told(private=True) == []


def learned(settings: Settings, private: bool, port: int) -> list[NodeKnown]:
    torrent = make(settings=settings, private=private)
    return commands(run(torrent, (0, Start()), (1, arrives(1)), (2, says(1, Port(port)))), NodeKnown)


def test_a_peer_tells_of_its_node() -> None:
    assert learned(WITH_DHT, False, 99) == [NodeKnown(address(1)._replace(port=99))]
    assert learned(WITH_DHT, False, 0) == []
    assert learned(WITH_DHT, True, 99) == []
    assert learned(Settings(), False, 99) == []
