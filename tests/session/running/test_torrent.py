"""A torrent session: a bug of ours costs one peer or one torrent, and everything else goes on."""

import pytest
from twisted.python.failure import Failure

from tests.session.world import PIECE, Sample, result
from torrentd.disk.results import Unwritten
from torrentd.session.running import commands as module
from torrentd.session.running.stored import stored
from torrentd.swarm.commands import Ask, Mark
from torrentd.swarm.events import AnnounceNow, PiecesVerified, Received, Stop, Tick


@pytest.fixture
def torrent():
    return Sample(files={"a.bin": 60 * PIECE})


@pytest.fixture
def trio(make_home, world, torrent):
    """Two slow seeds and a leech that fetches from both, and has another torrent."""
    seeds = [make_home(port).start() for port in (6881, 6882)]
    for seed in seeds:
        seed.put(torrent)
        seed.add(torrent)
        result(seed.steering.set_limits(None, PIECE))
    leech = make_home(6883).start()
    other = Sample("other")
    leech.put(other)
    leech.add(other)
    leech.add(torrent, peers=tuple(seed.address for seed in seeds))
    world.until(lambda: leech.session(torrent).torrent.have.count >= 2, 60)
    assert leech.row(torrent).peers.connected == 2
    return leech


def break_once(session, kind):
    """The pure torrent fails on the next event of a kind."""
    real, broken = session.torrent.handle, []

    def handle(event, now):
        commands = real(event, now)
        if type(event) is kind and not broken:
            broken.append(event)
            session.torrent.commands = commands
            raise ZeroDivisionError("an injected bug")
        return commands

    session.torrent.__class__ = type("Breaking", (type(session.torrent),), {"handle": lambda self, e, n: handle(e, n)})
    return broken


def test_a_bug_while_a_peer_speaks_costs_that_peer(trio, world, torrent):
    session = trio.session(torrent)
    broken = break_once(session, Received)
    world.until(lambda: broken, 30)
    assert trio.row(torrent).peers.connected == 1
    assert trio.row(torrent).error is None
    assert any(closed.reason == "a bug of ours" for closed in result(trio.steering.peers(torrent.id))[1])
    world.until(lambda: trio.row(torrent).state == "seeding", 180)
    assert trio.same(torrent)


@pytest.mark.parametrize("kind", [PiecesVerified, Tick, AnnounceNow])
def test_any_other_bug_costs_that_torrent_until_it_is_resumed(trio, world, torrent, kind):
    session = trio.session(torrent)
    broken = break_once(session, kind)
    if kind is AnnounceNow:
        result(trio.steering.announce(torrent.id))
    world.until(lambda: broken, 60)
    world.run()
    row = trio.row(torrent)
    assert (row.state, row.error.code, row.peers.connected) == ("error", "internal", 0)
    assert not session.torrent.running
    assert session.connections == {}
    assert trio.row(Sample("other")).state == "seeding"
    result(trio.steering.resume(torrent.id, False))
    assert trio.row(torrent).error is None
    world.until(lambda: trio.row(torrent).state == "seeding", 300)
    assert trio.same(torrent)


def test_a_bug_in_the_stop_itself(trio, world, torrent):
    session = trio.session(torrent)
    broken = break_once(session, Stop)
    result(trio.steering.pause(torrent.id))
    assert broken
    world.run(1)
    assert session.connections == {}
    assert trio.row(torrent).error.code == "internal"


def test_a_mark_that_fails_costs_the_torrent(trio, world, torrent, monkeypatch):
    """Its pieces would wait for ever to be written, whichever peer brings them."""
    real, failed = module.RUN[Mark], []

    def mark(session, command):
        if not failed:
            failed.append(command)
            raise ZeroDivisionError("an injected bug")
        real(session, command)

    monkeypatch.setitem(module.RUN, Mark, mark)
    world.until(lambda: failed, 60)
    world.run()
    assert trio.row(torrent).error.code == "internal"
    result(trio.steering.resume(torrent.id, False))
    world.until(lambda: trio.row(torrent).state == "seeding", 300)
    assert trio.same(torrent)


def test_a_torrent_that_always_fails_comes_to_rest(home, world, torrent):
    session = home.add(torrent)

    def handle(self, event, now):
        raise ZeroDivisionError("an injected bug")

    session.torrent.__class__ = type("Breaking", (type(session.torrent),), {"handle": handle})
    result(home.steering.announce(torrent.id))
    world.run(300)
    assert home.row(torrent).error.code == "internal"
    result(home.steering.remove(torrent.id, True))
    assert home.steering.ids() == []


def test_a_command_that_fails_does_not_stop_the_others(trio, world, torrent, monkeypatch):
    real, failed = module.RUN[Ask], []

    def ask(session, command):
        if not failed:
            failed.append(command.peer)
            raise ZeroDivisionError("an injected bug")
        real(session, command)

    monkeypatch.setitem(module.RUN, Ask, ask)
    world.until(lambda: failed, 30)
    world.until(lambda: trio.row(torrent).state == "seeding", 300)
    assert trio.same(torrent)


def test_a_bug_in_a_worker(home, world, torrent, make_home):
    seed = make_home(6890).start()
    seed.put(torrent)
    seed.add(torrent)
    session = home.add(torrent)

    def finish(piece, digests):
        stored(session, [Unwritten(piece, Failure(ZeroDivisionError("an injected bug")))])

    real, session.storage.finish = session.storage.finish, finish
    home.steering.add_peers(torrent.id, [seed.address])
    world.until(lambda: home.row(torrent).error, 60)
    assert home.row(torrent).error.code == "internal"
    session.storage.finish = real
    result(home.steering.resume(torrent.id, False))
    home.steering.add_peers(torrent.id, [seed.address])
    world.until(lambda: home.row(torrent).state == "seeding", 300)


def test_seeding_time_counts_while_it_seeds(home, world):
    torrent = Sample()
    home.put(torrent)
    home.add(torrent)
    world.run(100)
    assert home.row(torrent).seeding_time == 100
    result(home.steering.pause(torrent.id))
    world.run(100)
    assert home.row(torrent).seeding_time == 100
    home.stop()
    home.start()
    assert home.row(torrent).seeding_time == 100


def test_an_idle_torrent_has_no_timer(home, world):
    torrent = Sample()
    home.put(torrent)
    home.add(torrent)
    world.run(120)
    timers = [call for call in world.reactor.getDelayedCalls() if "Backups" not in str(call)]
    assert timers == []
