from __future__ import annotations

from torrentd.dht.answering.bloom import bloom
from torrentd.dht.searches import MOST_FOR_SEEDS, MOST_PEERS, Search
from torrentd.model.address import Address
from torrentd.wire.dht.messages import Response

PUBLIC, PRIVATE, LOOPBACK = Address("8.8.8.8", 1), Address("10.0.0.1", 1), Address("127.0.0.1", 1)
PEERS = (Address("9.9.9.9", 5), Address("10.0.0.9", 5), Address("127.0.0.9", 5), Address("224.0.0.1", 5))


def answer(**fields: object) -> Response:
    return Response(b"t", b"i" * 20, **fields)


def test_nobody_may_name_a_peer_of_a_narrower_class():
    for source, count in ((PUBLIC, 1), (PRIVATE, 2), (LOOPBACK, 3)):
        search = Search(b"h" * 20, None, False)
        assert search.answered(answer(values=PEERS), source) == PEERS[:count]


def test_a_peer_is_told_once():
    search = Search(b"h" * 20, None, False)
    search.answered(answer(values=PEERS), LOOPBACK)
    assert search.answered(answer(values=(*PEERS, Address("9.9.9.8", 5))), LOOPBACK) == (Address("9.9.9.8", 5),)
    assert search.peers == 4


def test_we_do_not_find_ourselves():
    search = Search(b"h" * 20, 5, False)
    search.ourselves[PEERS[0]] = None
    assert search.answered(answer(values=PEERS), PUBLIC) == ()
    assert search.peers == 0


def test_peers_are_bounded():
    search = Search(b"h" * 20, None, False)
    for number in range(20):
        values = tuple(Address(f"9.{number}.{third}.1", 5) for third in range(100))
        search.answered(answer(values=values), PUBLIC)
    assert search.peers == MOST_PEERS


def test_a_seed_is_told_of_few():
    search = Search(b"h" * 20, None, True)
    search.answered(answer(values=tuple(Address(f"9.9.9.{number}", 5) for number in range(100))), PUBLIC)
    assert search.peers == MOST_FOR_SEEDS


def test_the_swarm_is_counted():
    search = Search(b"h" * 20, None, False)
    assert search.counted(answer(values=PEERS)) is None
    hosts = [f"9.9.9.{number}" for number in range(40)]
    assert search.counted(answer(seeds=bloom(hosts[:10]), leeches=bloom(hosts[20:]))) == (10, 20)
    assert search.counted(answer(seeds=bloom(hosts[5:15]), leeches=bloom([]))) == (15, 20)
