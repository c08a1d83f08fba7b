"""The pure state of a magnet, played with scripts: events with times in, commands with times out."""

from __future__ import annotations

import random
from hashlib import sha1
from typing import Any

import pytest

from tests.swarm.evaluator import EXTENDED, OWN_ID, PLAIN
from tests.swarm.evaluator import make as make_torrent
from torrentd.model.address import Address
from torrentd.model.ids import PeerId, PeerKey
from torrentd.swarm.commands import Announce, Close, Command, Connect, MetadataFetched, NodeKnown, Send, WantPeers
from torrentd.swarm.events import (
    Announced,
    ConnectFailed,
    Dial,
    Event,
    Fulfilled,
    MakeRoom,
    PeerClosed,
    PeerConnected,
    PeersFound,
    Received,
    SetTrackers,
    Start,
    Stop,
    Tick,
)
from torrentd.swarm.fetching.fetching import ON_EVENT, Fetching, hand_over
from torrentd.swarm.fetching.meeting import IDLE, KEEP_ALIVE, USELESS
from torrentd.swarm.fetching.peer import MOST_HAVES
from torrentd.swarm.fetching.state import UNKNOWN_LEFT
from torrentd.swarm.peers.extensions import IDS
from torrentd.swarm.settings import Settings
from torrentd.wire.peer import extensions, metadata, pex
from torrentd.wire.peer.extensions import UT_PEX, ExtensionHandshake
from torrentd.wire.peer.handshake import with_dht
from torrentd.wire.peer.messages import (
    BitfieldMessage,
    Blocks,
    Cancel,
    Extended,
    Have,
    HaveAll,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
    Port,
    Request,
    Unchoke,
    Unknown,
)
from torrentd.wire.peer.pex import SEED, Contact, PexMessage
from torrentd.wire.tracker.answer import Answer

METADATA = random.Random(1).randbytes(3 * metadata.PIECE + 100)
THEIRS = 9
"""The id under which the peers want ut_metadata."""
OURS = IDS[metadata.NAME]
TRACKER = "http://t.example/announce"


class Scene:
    """A Fetching that runs, and the peers it meets; `said` is what it commanded since the last look."""

    def __init__(self, **changes: Any) -> None:
        given: dict[str, Any] = {
            "info_hash": sha1(METADATA).digest(),
            "tiers": [],
            "settings": Settings(),
            "rng": random.Random(1),
            "secret_rng": random.Random(1),
            "own_ids": [OWN_ID],
        }
        self.fetching = Fetching(**(given | changes))
        self.now = 0.0
        self.begun = self.give(Start())

    def give(self, event: Event, after: float = 0.0) -> list[Command]:
        self.now += after
        return self.fetching.handle(event, self.now)

    def meet(
        self, key: int, size: int | None = len(METADATA), reserved: bytes = EXTENDED, incoming: bool = True, **said: Any
    ) -> list[Command]:
        """A peer connects, and says hello. What was commanded meanwhile."""
        address = Address(f"10.0.0.{key}", 6881)
        if not incoming:
            self.give(PeersFound([address], "tracker"))
            self.give(Dial())
        name = PeerId(b"-XX0000-%012d" % key)
        commands = self.give(PeerConnected(PeerKey(key), address, incoming, name, reserved))
        if size is not None:
            hello = ExtensionHandshake(m={metadata.NAME: THEIRS}, metadata_size=size, **said)
            commands += self.say(key, Extended(extensions.HANDSHAKE, extensions.encode(hello)))
        return commands

    def say(self, key: int, *messages: Message) -> list[Command]:
        return self.give(Received(PeerKey(key), list(messages)))

    def answer(self, key: int, piece: int, data: bytes = METADATA) -> list[Command]:
        part = data[piece * metadata.PIECE : (piece + 1) * metadata.PIECE]
        return self.say(key, Extended(OURS, metadata.encode(metadata.Data(piece, len(data), part))))


def asked(commands: list[Command]) -> list[tuple[int, int]]:
    """(peer, piece) of every request for metadata."""
    found = []
    for command in commands:
        for message in command.messages if isinstance(command, Send) else ():
            if isinstance(message, Extended) and message.id == THEIRS:
                said = metadata.parse(message.payload)
                if isinstance(said, metadata.Request):
                    found.append((command.peer, said.piece))
    return found


def closed(commands: list[Command]) -> list[tuple[int, str]]:
    return [(command.peer, command.reason) for command in commands if isinstance(command, Close)]


def of(commands: list[Command], kind: type) -> list[Any]:
    return [command for command in commands if isinstance(command, kind)]


class TestFetching:
    def test_from_hello_to_the_last_piece(self):
        scene = Scene()
        assert asked(scene.meet(1)) == [(1, 0), (1, 1)]
        assert asked(scene.answer(1, 0)) == [(1, 2)]
        assert asked(scene.answer(1, 1)) == [(1, 3)]
        assert of(scene.answer(1, 2), MetadataFetched) == []
        assert of(scene.answer(1, 3), MetadataFetched) == [MetadataFetched(METADATA)]

    def test_our_hello_offers_it_and_says_no_size(self):
        scene = Scene()
        (send,) = of(scene.meet(1, None), Send)
        (message,) = send.messages
        hello = extensions.parse(message.payload)
        assert hello.m[metadata.NAME] == OURS
        assert hello.metadata_size is None and not hello.upload_only

    def test_peers_name_others(self):
        scene = Scene()
        scene.meet(1)
        other = Address("10.0.0.7", 7)
        message = Extended(
            IDS[UT_PEX], pex.encode(PexMessage([Contact(other, SEED), Contact(Address("127.0.0.1", 1), 0)]))
        )
        assert of(scene.say(1, message), WantPeers) == [WantPeers(1)]
        assert scene.fetching.candidates.source(other) == "pex"
        scene = Scene(settings=Settings(pex=False))
        scene.meet(1)
        assert of(scene.say(1, message), WantPeers) == []

    def test_a_liar_is_banned_and_another_asked(self):
        scene = Scene()
        scene.meet(1)
        for piece in (0, 1, 2):
            scene.answer(1, piece, bytes(len(METADATA)))
        assert closed(scene.answer(1, 3, bytes(len(METADATA)))) == [(1, "banned: sent false metadata")]
        again = PeerConnected(PeerKey(5), Address("10.0.0.1", 7), True, PeerId(b"-YY0000-000000000000"), EXTENDED)
        assert closed(scene.give(again)) == [(5, "banned: sent false metadata")]
        assert asked(scene.meet(2)) == [(2, 0), (2, 1)]

    def test_rejects_and_time_outs(self):
        scene = Scene()
        scene.meet(1)
        scene.meet(2)
        reject = Extended(OURS, metadata.encode(metadata.Reject(0)))
        assert asked(scene.say(1, reject)) == []  # the other has two already
        assert asked(scene.answer(2, 2)) == [(2, 0)]
        at = scene.fetching.next_deadline()
        assert at < 20
        commands = []
        while scene.now < 20:
            commands += scene.give(Tick(), scene.fetching.next_deadline() - scene.now)
        assert (1, 0) in asked(commands)

    def test_who_leaves_is_replaced(self):
        scene = Scene()
        scene.meet(1)
        scene.answer(1, 0)
        scene.give(PeerClosed(PeerKey(1), "gone"))
        assert asked(scene.meet(2)) == [(2, 1), (2, 2)]

    def test_who_gets_it_later_is_asked_then(self):
        scene = Scene()
        scene.meet(1, None)
        hello = ExtensionHandshake(m={metadata.NAME: THEIRS})
        assert asked(scene.say(1, Extended(0, extensions.encode(hello)))) == []
        hello.metadata_size = len(METADATA)
        assert asked(scene.say(1, Extended(0, extensions.encode(hello)))) == [(1, 0), (1, 1)]

    def test_we_have_nothing_to_give(self):
        scene = Scene()
        scene.meet(1)
        commands = scene.say(1, Extended(OURS, metadata.encode(metadata.Request(0))))
        (send,) = of(commands, Send)
        assert metadata.parse(send.messages[0].payload) == metadata.Reject(0)

    @pytest.mark.parametrize("size", [2**25 + 1, 2**31, 2**32, 2**63 - 1])
    def test_a_size_that_cannot_be_fetched(self, size):
        (went,) = closed(Scene().meet(1, size))
        assert went[0] == 1 and "are fetched" in went[1]

    def test_when_paused_what_came_stays(self):
        scene = Scene()
        scene.meet(1)
        scene.answer(1, 0)
        assert closed(scene.give(Stop())) == [(1, "the torrent was paused")]
        assert scene.fetching.next_deadline() == float("inf")
        assert closed(scene.meet(2, None)) == [(2, "the torrent is paused")]
        scene.give(Start())
        assert asked(scene.meet(3)) == [(3, 1), (3, 2)]

    def test_what_is_here_is_told_again_after_a_restart_of_the_fetch(self):
        scene = Scene()
        scene.meet(1)
        for piece in range(4):
            scene.answer(1, piece)
        scene.give(Stop())
        assert MetadataFetched(METADATA) in scene.give(Start())


class TestTalk:
    def test_what_matters_later_is_kept(self):
        scene = Scene()
        bits = BitfieldMessage(b"\x80\x00")
        scene.meet(1, 100)
        scene.say(1, bits, Have(9), Have(3), Unchoke(), NotInterested(), Interested())
        first, second, third, *states = scene.fetching.peers[PeerKey(1)].kept.messages(10)
        assert (first, second, third) == (bits, Have(9), Have(3))
        assert Unchoke() in states and Interested() in states and NotInterested() not in states
        assert any(isinstance(message, Extended) for message in states)

    @pytest.mark.parametrize(
        "messages",
        [[BitfieldMessage(b"\x80")], [BitfieldMessage(b"\x80\x20")], [Have(10)], [BitfieldMessage(bytes(3))]],
    )
    def test_what_cannot_be_of_this_torrent(self, messages):
        scene = Scene()
        scene.meet(1)
        scene.say(1, *messages)
        with pytest.raises(Exception, match="torrent"):
            scene.fetching.peers[PeerKey(1)].kept.messages(10)

    def test_blocks_are_wanted_of_nobody(self):
        scene = Scene()
        scene.meet(1)
        (went,) = closed(scene.say(1, Blocks(0, 0, 4, [memoryview(b"data")])))
        assert went[1] == "sent blocks that nobody asked for"

    @pytest.mark.parametrize(
        "messages",
        [
            [Have(1)] * (MOST_HAVES + 1),
            [Request(0, 0, 1)] * 3000,
            [Cancel(0, 0, 1)] * 3000,
            [KeepAlive()] * 3000,
            [Unknown(0)] * 3000,
            [Unchoke()] * 300,
            [Interested(), NotInterested()] * 300,
            [BitfieldMessage(b"\0")] * 30,
            [HaveAll()] * 3000,
            [Port(1)] * 300,
            [Extended(0, b"de")] * 300,
            [Extended(99, b"")] * 300,
            [Extended(OURS, metadata.encode(metadata.Request(0)))] * 300,
            [Extended(OURS, metadata.encode(metadata.Reject(0)))] * 300,
            [Extended(OURS, metadata.encode(metadata.Data(0, len(METADATA), bytes(metadata.PIECE))))] * 300,
            [Extended(OURS, b"")],
            [Extended(0, b"i1e")],
        ],
        ids=lambda messages: f"{type(messages[0]).__name__}-{len(messages)}",
    )
    def test_floods_and_nonsense_cost_the_connection(self, messages):
        scene = Scene()
        scene.meet(1)
        assert [key for key, _ in closed(scene.say(1, *messages))] == [1]

    def test_a_long_fetch_is_no_flood(self):
        data = bytes(1000 * metadata.PIECE)
        scene = Scene(info_hash=sha1(data).digest())
        scene.meet(1, len(data))
        commands: list[Command] = []
        for piece in range(1000):
            commands = scene.answer(1, piece, data)
            assert not closed(commands)
        assert of(commands, MetadataFetched)

    def test_where_its_dht_node_is(self):
        scene = Scene(settings=Settings(dht_port=5))
        commands = scene.meet(1, None, with_dht(EXTENDED))
        assert [message for send in of(commands, Send) for message in send.messages if message == Port(5)]
        assert NodeKnown(Address("10.0.0.1", 77)) in scene.say(1, Port(77))

    def test_who_does_not_speak_the_extension_protocol_is_told_nothing(self):
        assert of(Scene().meet(1, None, PLAIN), Send) == []


class TestMeeting:
    def test_named_peers_are_dialled(self):
        scene = Scene()
        address = Address("10.0.0.7", 1)
        assert WantPeers(1) in scene.give(PeersFound([address], "user"))
        assert Connect(address) in scene.give(Dial())
        scene.give(ConnectFailed(address, "refused"))
        assert scene.fetching.connecting == 0

    def test_twins_and_ourselves_are_refused(self):
        scene = Scene()
        scene.meet(1)
        twin = PeerConnected(PeerKey(2), Address("10.0.0.9", 1), True, PeerId(b"-XX0000-%012d" % 1), EXTENDED)
        assert closed(scene.give(twin)) == [(2, "connected already")]
        ourselves = PeerConnected(PeerKey(3), Address("10.0.0.9", 1), True, OWN_ID, EXTENDED)
        assert closed(scene.give(ourselves)) == [(3, "this is ourselves")]

    def test_silence_and_keep_alives(self):
        scene = Scene()
        scene.meet(1, None)
        assert Send(PeerKey(1), [KeepAlive()]) in scene.give(Tick(), KEEP_ALIVE)
        assert closed(scene.give(Tick(), IDLE - KEEP_ALIVE)) == [(1, "silent for 120 seconds")]

    def test_who_has_nothing_makes_room_after_a_while(self):
        scene = Scene(settings=Settings(max_connections=2))
        scene.meet(1, None)
        scene.meet(2)
        scene.give(PeersFound([Address("10.0.0.50", 1)], "tracker"))
        assert closed(scene.give(Tick(), USELESS / 2)) == []
        scene.answer(2, 0)
        commands = scene.give(Tick(), USELESS / 2)
        assert closed(commands) == [(1, "of no use while others wait")]
        assert of(commands, WantPeers) == [WantPeers(1)]

    def test_room_for_others(self):
        scene = Scene()
        assert scene.give(MakeRoom()) == []
        scene.meet(1, None)
        assert closed(scene.give(MakeRoom())) == []
        assert closed(scene.give(MakeRoom(), USELESS)) == [(1, "of no use while others wait")]


class TestTrackers:
    def test_something_is_left(self):
        scene = Scene(tiers=[[TRACKER]])
        (announce,) = of(scene.begun, Announce)
        assert (announce.event, announce.left, announce.numwant > 0) == ("started", UNKNOWN_LEFT, True)
        answer = Answer(interval=1800, peers=[Address("10.0.0.3", 5)])
        assert WantPeers(1) in scene.give(Announced(TRACKER, answer))
        (goodbye,) = of(scene.give(Stop()), Announce)
        assert (goodbye.event, goodbye.left) == ("stopped", UNKNOWN_LEFT)

    def test_others_may_be_set(self):
        scene = Scene()
        (announce,) = of(scene.give(SetTrackers([[TRACKER]])), Announce)
        assert announce.url == TRACKER


class TestHandOver:
    def test_who_is_known_and_who_is_banned(self):
        scene = Scene()
        scene.meet(1, incoming=False)
        scene.meet(2, port=7)
        scene.give(PeersFound([Address("10.0.0.77", 1)], "dht"))
        scene.give(Dial())
        torrent = make_torrent()
        scene.give(Fulfilled(private=False))
        hand_over(scene.fetching, torrent)
        assert torrent.candidates is scene.fetching.candidates
        assert torrent.connecting == 2  # the one we made, and the one under way
        assert len(torrent.candidates) == 2

    def test_a_private_torrent_keeps_nobody_whom_peers_named(self):
        scene = Scene()
        scene.meet(1, incoming=False)
        scene.meet(2)
        for source in ("dht", "pex", "lsd"):
            scene.give(PeersFound([Address(f"10.0.1.{len(source)}", len(source))], source))
        scene.give(PeersFound([Address("10.0.2.1", 1)], "user"))
        far = Address("10.0.3.1", 1)
        scene.give(PeersFound([far], "pex"))
        scene.give(PeerConnected(PeerKey(9), far, False, PeerId(b"-XX0000-%012d" % 9), EXTENDED))
        said = scene.give(Fulfilled(private=True))
        assert closed(said) == [(9, "the torrent is private")]
        assert [exchanges_peers(said, key) for key in (1, 2)] == [0, 0]
        torrent = make_torrent(private=True)
        hand_over(scene.fetching, torrent)
        assert set(scene.fetching.peers) == {PeerKey(1), PeerKey(2)}
        assert len(torrent.candidates) == 2


def exchanges_peers(said: list[Command], key: int) -> int | None:
    """The id for ut_pex in the extension handshake that the peer is told; None: there is none."""
    (hello,) = [m for c in said if isinstance(c, Send) and c.peer == key for m in c.messages if isinstance(m, Extended)]
    return extensions.parse(hello.payload).m.get(UT_PEX)


def test_every_event_that_concerns_it_has_its_verb():
    assert Fulfilled in ON_EVENT and set(ON_EVENT) <= set(Event.__args__)
