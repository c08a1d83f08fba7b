"""What becomes of a magnet's connections when its metadata has come."""

from __future__ import annotations

import pytest

from tests.session.meeting.test_connections import Stranger
from tests.session.world import PIECE, Home, Sample, World, result
from torrentd.session.control import AddOptions
from torrentd.session.telling.rows import LimitsRow
from torrentd.swarm.peers.extensions import IDS
from torrentd.wire.metainfo import parse
from torrentd.wire.peer import extensions, metadata
from torrentd.wire.peer.encode import encode as encode_messages
from torrentd.wire.peer.framing import Framing
from torrentd.wire.peer.handshake import EXTENDED, LENGTH, Handshake, encode
from torrentd.wire.peer.messages import BitfieldMessage, Extended, Have, Message, Unchoke


@pytest.fixture
def torrent():
    return Sample(files={"a.bin": 20 * PIECE})


class Source(Stranger):
    """A peer with the metadata, which it gives when it is told to."""

    def __init__(self, world: World, home: Home, torrent: Sample, name: bytes = b"s") -> None:
        super().__init__()
        self.world, self.info = world, parse(torrent.metainfo).info
        world.network.connect(self, home.address)
        world.run()
        self.transport.write(encode(Handshake(EXTENDED, bytes.fromhex(torrent.id), b"-XX0000-" + name * 12)))
        hello = extensions.ExtensionHandshake({metadata.NAME: 9}, metadata_size=len(self.info))
        self.say(Extended(0, extensions.encode(hello)))

    def say(self, *messages: Message) -> None:
        self.transport.write(encode_messages(messages))
        self.world.run()

    def hellos(self) -> list[extensions.ExtensionHandshake]:
        """The extension handshakes that we were sent."""
        rest = self.said[LENGTH:]
        messages, _ = Framing(20).scan(memoryview(rest), len(rest))
        return [extensions.parse(m.payload) for m in messages if isinstance(m, Extended) and not m.id]

    def give(self) -> None:
        self.say(Extended(IDS[metadata.NAME], metadata.encode(metadata.Data(0, len(self.info), self.info))))


def add(home: Home, torrent: Sample, **options) -> None:
    result(home.steering.add_magnet(f"magnet:?xt=urn:btih:{torrent.id}", AddOptions(**options)))


def test_who_came_to_us_stays_with_what_it_said(home, world, torrent):
    add(home, torrent)
    source = Source(world, home, torrent)
    source.say(BitfieldMessage(b"\xff\xff\xf0"), Unchoke())
    source.give()
    world.run(1)
    session = home.session(torrent)
    (peer,) = session.torrent.peers.values()
    assert (peer.have.has_all(), peer.peer_choking, peer.am_interested, peer.incoming) == (True, False, True, True)
    assert peer.queue.count  # asked for pieces already
    assert not source.gone
    assert home.daemon.connections.fleet.connections == 1


@pytest.mark.parametrize("said", [BitfieldMessage(b"\xff"), BitfieldMessage(b"\xff\xff\xff"), Have(20)])
def test_who_said_what_this_torrent_cannot_have_is_closed(home, world, torrent, said):
    add(home, torrent)
    source = Source(world, home, torrent)
    source.say(said)
    assert not source.gone
    source.give()
    world.run(1)
    assert source.gone
    assert home.row(torrent).state == "downloading"
    assert not home.session(torrent).torrent.peers
    assert home.daemon.connections.fleet.connections == 0


def test_who_leaves_before_the_torrent_runs(make_home, world, torrent):
    """While the torrent looks at the disk they wait; nobody's place stays taken, and no attempt stays open."""
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.worker.hangs = True
    add(leech, torrent, peers=(seed.address,))
    source = Source(world, leech, torrent)
    world.until(lambda: bytes.fromhex(torrent.id) in leech.daemon.around.sessions, 60)
    session = leech.session(torrent)
    assert session.torrent.connecting == 1 and not session.torrent.running
    source.transport.abortConnection()
    result(seed.steering.pause(torrent.id))
    world.run(1)
    assert session.torrent.connecting == 0
    assert leech.daemon.connections.fleet.connections == 0
    result(seed.steering.resume(torrent.id, False))
    leech.worker.go_on()
    world.until(lambda: leech.row(torrent).state == "seeding", 120)


def test_who_comes_before_the_torrent_runs_waits_with_the_others(make_home, world, torrent):
    leech = make_home(6882).start()
    leech.worker.hangs = True
    add(leech, torrent)
    source = Source(world, leech, torrent)
    source.give()
    late = Source(world, leech, torrent, b"l")
    world.run(1)
    assert not (late.gone or source.gone)
    leech.worker.go_on()
    world.run(1)
    assert not (late.gone or source.gone)
    assert leech.row(torrent).peers.connected == 2


def test_nobody_waits_for_ever(make_home, world, torrent):
    """The disk hangs."""
    leech = make_home(6882).start()
    leech.worker.hangs = True
    add(leech, torrent)
    source = Source(world, leech, torrent)
    source.give()
    world.run(59)
    assert not source.gone
    world.run(2)
    assert source.gone
    assert leech.daemon.connections.fleet.connections == 0
    leech.worker.go_on()


def test_nobody_waits_while_data_is_hashed(make_home, world, torrent):
    leech = make_home(6882).start()
    leech.put(torrent)
    add(leech, torrent)
    source = Source(world, leech, torrent)
    source.give()
    world.run(1)
    assert source.gone
    assert leech.row(torrent).state == "seeding"


def test_an_encrypted_connection_stays_one(make_home, world, torrent):
    toml = '[peers]\nencryption = "require"\n'
    seed, leech = make_home(6881, toml).start(), make_home(6882, toml).start()
    seed.put(torrent)
    seed.add(torrent)
    add(leech, torrent, peers=(seed.address,), limits=LimitsRow(down=100))
    world.until(lambda: bytes.fromhex(torrent.id) in leech.daemon.around.sessions, 60)
    world.run(1)
    rows, _ = result(leech.steering.peers(torrent.id))
    assert [row.encryption for row in rows] == ["rc4"]
    assert world.network.dialled == [seed.address]
    assert rows[0].progress == 1.0


def test_a_removal_meanwhile(make_home, world, torrent):
    leech = make_home(6882).start()
    leech.worker.hangs = True
    add(leech, torrent)
    source = Source(world, leech, torrent)
    source.give()
    removal = leech.steering.remove(torrent.id, False)
    world.run(1)
    leech.worker.go_on()
    world.run(1)
    assert removal.called and leech.steering.ids() == []
    assert source.gone
    assert leech.daemon.connections.fleet.connections == 0


def test_a_private_torrent_takes_the_exchange_of_peers_back(home, world):
    """Before the metadata is here nobody knows that it is private (BEP 27)."""
    torrent = Sample("secret", private=True)
    add(home, torrent)
    source = Source(world, home, torrent)
    assert source.hellos()[-1].m[extensions.UT_PEX]
    source.give()
    world.run(1)
    taken_back, last = source.hellos()[-2:]
    assert taken_back.m[extensions.UT_PEX] == 0
    assert extensions.UT_PEX not in last.m
    assert not source.gone
