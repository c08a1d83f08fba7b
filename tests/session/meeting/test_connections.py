"""Who connects to whom."""

import pytest

from tests.session.world import PIECE, Sample, result
from torrentd.config import Configuration
from torrentd.config.settings import Discovery, Settings
from torrentd.model.address import Address
from torrentd.session.control import AddOptions
from torrentd.wire.peer.encode import encode as encode_messages
from torrentd.wire.peer.extensions import ExtensionHandshake, parse
from torrentd.wire.peer.extensions import encode as encode_extensions
from torrentd.wire.peer.framing import Framing
from torrentd.wire.peer.handshake import LENGTH, RESERVED, Handshake, encode
from torrentd.wire.peer.messages import Extended, HaveNone, Interested
from torrentd.wire.peer.mse import obfuscated


@pytest.fixture
def torrent():
    return Sample(files={"a.bin": 20 * PIECE})


def dead(count):
    return [Address("127.0.1.1", 7000 + n) for n in range(count)]


def test_dead_peers_do_not_delay_a_good_one(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    world.network.dead.update(dead(30))
    leech.add(torrent, peers=(*dead(30), seed.address))
    world.until(lambda: leech.row(torrent).state == "seeding", 20)


def test_a_stop_gives_attempts_up_and_their_places_free(home, world, torrent):
    world.network.dead.update(dead(20))
    home.add(torrent, peers=tuple(dead(20)))
    world.run(1)
    assert home.daemon.connections.fleet.half_open > 10
    result(home.steering.pause(torrent.id))
    world.run(1)
    assert home.daemon.connections.fleet.half_open == 0
    assert home.session(torrent).torrent.connecting == 0


def test_grants_for_a_torrent_that_was_removed_go_to_others(home, world):
    one, two = Sample("one"), Sample("two")
    world.network.dead.update(dead(300))
    home.add(one, peers=tuple(dead(150)))
    home.add(two, peers=tuple(dead(300)[150:]))
    world.run(1)
    result(home.steering.remove(one.id, False))
    world.run(20)
    fleet = home.daemon.connections.fleet
    result(home.steering.remove(two.id, False))
    world.run(20)
    assert (fleet.half_open, fleet.connections, fleet.pending) == (0, 0, 0)


class Stranger:
    """A peer that speaks only when it is told to."""

    def __init__(self):
        self.said = b""
        self.gone = False

    def buildProtocol(self, address):
        return self

    def makeConnection(self, transport):
        self.transport = transport

    def dataReceived(self, data):
        self.said += data

    def connectionLost(self, reason):
        self.gone = True


@pytest.mark.parametrize("remove", [True, False])
def test_a_torrent_that_goes_while_a_peer_shakes_hands(home, world, torrent, remove):
    session = home.add(torrent)
    stranger = Stranger()
    world.network.connect(stranger, home.address)
    world.run()
    hello = encode(Handshake(RESERVED, session.facts.info_hash, b"-XX0000-stranger----"))
    stranger.transport.write(hello[:50])
    world.run()
    assert stranger.said  # our handshake: the torrent was there
    result(home.steering.remove(torrent.id, False) if remove else home.steering.pause(torrent.id))
    stranger.transport.write(hello[50:])
    world.run(1)
    assert stranger.gone
    fleet = home.daemon.connections.fleet
    assert (fleet.connections, fleet.pending) == (0, 0)


def test_a_torrent_that_is_not_running_is_not_known(home, world, torrent):
    home.add(torrent, paused=True)
    stranger = Stranger()
    world.network.connect(stranger, home.address)
    world.run()
    hash = home.session(torrent).facts.info_hash
    stranger.transport.write(encode(Handshake(RESERVED, hash, b"-XX0000-stranger----")))
    world.run(1)
    assert (stranger.said, stranger.gone) == (b"", True)


def arrives_while_it_begins(home, world, torrent):
    """A torrent is added while the disk hangs, and a peer comes."""
    home.worker.hangs = True
    result(home.steering.add(torrent.metainfo, AddOptions()))
    stranger = Stranger()
    world.network.connect(stranger, home.address)
    world.run()
    hash = home.session(torrent).facts.info_hash
    stranger.transport.write(encode(Handshake(RESERVED, hash, b"-XX0000-stranger----")))
    world.run(1)
    assert stranger.said
    assert (stranger.gone, home.session(torrent).torrent.running) == (False, False)
    return stranger


def test_who_comes_while_a_torrent_begins_is_let_in_when_it_runs(home, world, torrent):
    stranger = arrives_while_it_begins(home, world, torrent)
    home.worker.go_on()
    world.run(1)
    assert len(home.session(torrent).torrent.peers) == 1
    assert not stranger.gone


@pytest.mark.parametrize("remove", [True, False])
def test_who_comes_while_a_torrent_begins_goes_if_it_will_not_run(home, world, torrent, remove):
    stranger = arrives_while_it_begins(home, world, torrent)
    done = home.steering.remove(torrent.id, False) if remove else home.steering.pause(torrent.id)
    home.worker.go_on()
    assert result(done) is None
    world.run(1)
    assert stranger.gone
    fleet = home.daemon.connections.fleet
    assert (fleet.connections, fleet.pending) == (0, 0)


def test_ourselves_are_recognised(home, world, torrent):
    home.add(torrent, peers=(home.address,))
    world.run(5)
    assert home.row(torrent).peers.connected == 0
    assert home.daemon.connections.fleet.connections == 0


def test_our_address_is_what_most_say(home, torrent):
    hash = home.add(torrent)
    connections = home.daemon.connections
    for n in range(100):
        connections.seen_at(f"192.0.2.{n}", "one tracker")
    for voter in ("another", "and another"):
        connections.seen_at("192.0.2.7", voter)
    connections.seen_at("", "somebody")
    connections.seen_at("2001:db8::7", "somebody")
    assert home.steering.status().external_addresses == ["192.0.2.7", "2001:db8::7"]
    port = home.daemon.listening.port
    assert home.session(hash).torrent.candidates.ours == {
        False: Address("192.0.2.7", port),
        True: Address("2001:db8::7", port),
    }


def shake_hands(world, home, session, name):
    """A stranger that is connected to the torrent, if it is let in."""
    stranger = Stranger()
    world.network.connect(stranger, home.address).addErrback(stranger.connectionLost)
    world.run()
    if not stranger.gone:
        stranger.transport.write(encode(Handshake(RESERVED, session.facts.info_hash, b"-XX0000-" + name * 12)))
    world.run()
    return stranger


def test_in_a_full_daemon_the_worst_connection_of_all_goes_for_who_comes(make_home, world):
    home = make_home(6881, "[peers]\nmax_connections = 3").start()
    one, two = home.add(Sample("one")), home.add(Sample("two"))
    busy = shake_hands(world, home, two, b"a")
    busy.transport.write(encode_messages([Interested()]))
    world.run(1)
    first = shake_hands(world, home, one, b"b")
    world.run(1)
    second = shake_hands(world, home, two, b"c")
    newcomer = shake_hands(world, home, two, b"d")
    assert [busy.gone, first.gone, second.gone, newcomer.gone] == [False, False, False, True]
    world.run(62)
    third = shake_hands(world, home, two, b"e")
    assert [busy.gone, first.gone, second.gone, third.gone] == [False, True, False, False]
    assert shake_hands(world, home, two, b"f").gone  # not twice in a second
    assert home.daemon.connections.fleet.connections == 3
    _, closed = result(home.steering.peers(one.id))
    assert closed[-1].reason == "a connection that is worth more takes its place"


def with_encryption(mode):
    return f'[peers]\nencryption = "{mode}"\n'


@pytest.mark.parametrize(
    ("seed", "leech", "found"),
    [
        ("prefer", "prefer", "handshake"),
        ("require", "prefer", "rc4"),
        ("prefer", "require", "rc4"),
        ("require", "require", "rc4"),
        ("off", "prefer", "none"),
        ("prefer", "off", "none"),
    ],
)
def test_encryption_as_both_want_it(make_home, world, torrent, seed, leech, found):
    seed = make_home(6881, with_encryption(seed)).start()
    leech = make_home(6882, with_encryption(leech)).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent, peers=(seed.address,))
    ways = set()
    world.until(
        lambda: (
            ways.update(row.encryption for row in result(leech.steering.peers(torrent.id))[0])
            or leech.row(torrent).completed_at
        ),
        30,
    )
    assert leech.same(torrent)
    assert ways == {found}
    fleet = leech.daemon.connections.fleet
    assert (fleet.half_open, fleet.pending) == (0, 0)


@pytest.mark.parametrize(("seed", "leech"), [("off", "require"), ("require", "off")])
def test_encryption_that_one_requires_and_the_other_lacks(make_home, world, torrent, seed, leech):
    seed = make_home(6881, with_encryption(seed)).start()
    leech = make_home(6882, with_encryption(leech)).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent, peers=(seed.address,))
    world.run(30)
    assert leech.row(torrent).done == 0
    assert leech.daemon.connections.fleet.connections == 0
    assert leech.daemon.connections.fleet.half_open == 0


def test_who_did_not_encrypt_is_not_asked_to_again(make_home, world, torrent):
    seed = make_home(6881, with_encryption("off")).start()
    leech = make_home(6882, with_encryption("prefer")).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).completed_at, 30)
    assert world.network.dialled.count(seed.address) == 2
    other = Sample("other")
    seed.put(other)
    seed.add(other)
    leech.add(other, peers=(seed.address,))
    world.until(lambda: leech.row(other).completed_at, 30)
    assert world.network.dialled.count(seed.address) == 3


class Closing(Stranger):
    """Drops every connection at once."""

    def makeConnection(self, transport):
        super().makeConnection(transport)
        transport.abortConnection()


def test_who_dropped_an_exchange_and_requires_encryption_is_asked_again(make_home, world, torrent):
    seed = make_home(6881, with_encryption("require")).start()
    leech = make_home(6882, with_encryption("prefer")).start()
    seed.put(torrent)
    seed.add(torrent)
    listening = world.network.listening
    ours, listening[seed.address] = listening[seed.address], Closing()
    leech.add(torrent, peers=(seed.address,))
    world.run(1)
    assert world.network.dialled.count(seed.address) == 2
    listening[seed.address] = ours
    world.until(lambda: leech.row(torrent).completed_at, 30)


def test_a_sleeping_torrent_is_recognised_in_an_encrypted_exchange(make_home, world, torrent):
    seed = make_home(6881, with_encryption("require")).start()
    seed.put(torrent)
    seed.add(torrent)
    world.run(200)
    assert seed.daemon.around.sessions == {}
    leech = make_home(6882, with_encryption("require")).start()
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).completed_at, 30)
    assert leech.same(torrent)


def test_what_a_peer_can_is_shown_and_where_it_sees_us_is_a_vote(home, world, torrent):
    session = home.add(torrent)
    stranger = shake_hands(world, home, session, b"a")
    said = ExtensionHandshake(m={b"ut_pex": 5, b"xx_else": 6}, port=7777, yourip=bytes([8, 8, 8, 8]), upload_only=True)
    stranger.transport.write(encode_messages([HaveNone(), Extended(0, encode_extensions(said))]))
    world.run()
    [row] = result(home.steering.peers(session.id))[0]
    assert (row.fast, row.upload_only, row.extensions) == (True, True, ["ut_pex"])
    assert row.listens == f"{row.address.rpartition(':')[0]}:7777"
    assert home.steering.status().external_addresses == ["8.8.8.8"]
    hello = stranger.said[LENGTH:]
    messages, _ = Framing(None).scan(memoryview(hello), len(hello))
    [ours] = [parse(message.payload) for message in messages if isinstance(message, Extended)]
    assert (ours.port, ours.m[b"ut_pex"]) == (home.daemon.listening.port, 1)
    home.daemon.use(Configuration(Settings(discovery=Discovery(dht=False, pex=False)), None))
    home.daemon.apply_limits()
    assert b"ut_pex" not in session.torrent.offers


def test_what_is_only_looked_at_is_recognised_as_long_as_it_is(home, torrent):
    around, name = home.daemon.around, obfuscated(bytes.fromhex(torrent.id))
    done = home.steering.inspect_magnet(f"magnet:?xt=urn:btih:{torrent.id}", AddOptions(), 30.0)
    done.addErrback(lambda failure: None)
    assert around.recognise(name) == bytes.fromhex(torrent.id)
    done.cancel()
    home.world.run(31)
    assert around.recognise(name) is None
