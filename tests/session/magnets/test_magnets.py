"""Magnet links: added, fetched from peers, and torrents in the end."""

from __future__ import annotations

from tests.session.magnets.links import add, link, look, magnet
from tests.session.meeting.test_connections import Stranger
from tests.session.world import Sample, error, result
from torrentd.model.address import Address
from torrentd.model.errors import RpcError
from torrentd.model.layout import Priority
from torrentd.session.control import AddOptions, FileChoice
from torrentd.session.telling.rows import LimitsRow, WaitFailure
from torrentd.wire.peer.handshake import RESERVED, Handshake, encode

NOBODY = Address("127.0.0.1", 9)


class TestFetching:
    def test_from_link_to_data(self, leech, seed, world, torrent):
        assert add(leech, link(torrent, f"x.pe={seed.address}", "dn=a+name")) == (torrent.id, True)
        row = leech.row(torrent)
        assert (row.id, row.hash_v1, row.name, row.state) == (torrent.id, torrent.id, "a name", "metadata")
        assert (row.size, row.wanted, row.left, row.piece_count, row.piece_size, row.private) == (None,) * 6
        assert (row.progress, row.done, row.metadata_progress) == (0.0, 0, 0.0)
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        assert leech.same(torrent)
        assert (leech.row(torrent).name, leech.row(torrent).metadata_progress) == (torrent.name, 1.0)
        assert world.network.dialled == [seed.address]  # the connection was kept
        assert not leech.daemon.around.magnets

    def test_who_connects_to_us_meanwhile_is_asked_and_kept(self, leech, seed, world, torrent):
        add(leech, link(torrent))
        result(seed.steering.add_peers(torrent.id, [leech.address]))
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        assert leech.same(torrent)
        assert world.network.dialled == [leech.address]

    def test_options_are_kept_until_then(self, leech, seed, world, torrent):
        add(
            leech,
            link(torrent),
            sequential=True,
            labels=("x",),
            limits=LimitsRow(down=10_000_000, up="unlimited"),
            trackers=("http://t.example/announce",),
            files=(FileChoice(Priority.SKIP, glob="*"), FileChoice(Priority.HIGH, index=0)),
            peers=(seed.address,),
        )
        assert leech.row(torrent).labels == ["x"]
        assert leech.row(torrent).limits == LimitsRow(down=10_000_000, up="unlimited")
        assert [row.url for row in result(leech.steering.trackers(torrent.id))] == ["http://t.example/announce"]
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        row = leech.row(torrent)
        assert (row.sequential, row.labels, row.limits.down) == (True, ["x"], 10_000_000)
        assert next(file.priority for file in result(leech.steering.files(torrent.id))) == "high"
        assert row.wanted < row.size
        assert [row.url for row in result(leech.steering.trackers(torrent.id))] == ["http://t.example/announce"]

    def test_the_link_selects(self, leech, seed, world, torrent):
        add(leech, link(torrent, "so=1", f"x.pe={seed.address}"))
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        assert [file.priority for file in result(leech.steering.files(torrent.id))][:2] == ["skip", "normal"]

    def test_a_link_that_selects_nothing_that_is_there(self, leech, seed, world, torrent):
        add(leech, link(torrent, "so=500-600", f"x.pe={seed.address}"))
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        assert leech.same(torrent)

    def test_trackers_of_the_link_stay(self, leech, seed, world, torrent):
        add(leech, link(torrent, "tr=http://t.example/announce", "tr=udp://u.example:80", f"x.pe={seed.address}"))
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        urls = {row.url for row in result(leech.steering.trackers(torrent.id))}
        assert urls == {"http://t.example/announce", "udp://u.example:80"}

    def test_data_that_is_there_is_hashed_first(self, leech, seed, world, torrent):
        leech.put(torrent, "a.bin")
        add(leech, link(torrent), peers=(seed.address,))
        world.until(lambda: leech.row(torrent).state == "seeding", 90)
        assert leech.row(torrent).downloaded < sum(map(len, torrent.files.values()))
        assert leech.same(torrent)

    def test_files_of_another_torrent_are_not_written_over(self, leech, seed, world, torrent):
        other = Sample(files={"a.bin": 100, "b.bin": 100})
        leech.add(other)
        add(leech, link(torrent), peers=(seed.address,))
        world.until(lambda: leech.row(torrent).state == "error", 60)
        told = leech.row(torrent).error
        assert (told.code, told.source) == ("path_not_allowed", "storage")
        assert "another torrent, has sample/a.bin there" in told.message
        result(leech.steering.remove(other.id, True))
        result(leech.steering.resume(torrent.id, False))
        world.until(lambda: leech.row(torrent).state == "seeding", 120)
        assert leech.same(torrent)

    def test_large_metadata_is_read_in_a_worker(self, leech, seed, world, torrent, monkeypatch):
        monkeypatch.setattr("torrentd.session.entering.adding.PARSED_AT_ONCE", 10)
        leech.worker.hangs = True
        add(leech, link(torrent), peers=(seed.address,))
        world.until(lambda: leech.worker.waiting, 60)
        assert leech.row(torrent).state == "metadata"
        assert leech.row(torrent).metadata_progress == 1.0
        leech.worker.go_on()
        world.until(lambda: leech.row(torrent).state == "seeding", 60)


def test_whom_the_user_removes_is_not_asked(leech, seed, world, torrent):
    add(leech, link(torrent), peers=(NOBODY, seed.address))
    result(leech.steering.remove_peers(torrent.id, [seed.address]))
    assert magnet(leech, torrent).record.peers == [str(NOBODY)]
    world.run(300)
    assert leech.row(torrent).state == "metadata"
    result(leech.steering.add_peers(torrent.id, [seed.address]))
    world.until(lambda: leech.row(torrent).state == "seeding", 60)


class TestStopping:
    def test_stop_after_metadata(self, leech, seed, world, torrent):
        waiting = []
        add(leech, link(torrent), stop_after="metadata", peers=(seed.address,))
        leech.steering.wait([torrent.id], "metadata", 60).addCallback(waiting.append)
        world.until(lambda: waiting, 60)
        assert waiting[0].done == [torrent.id]
        world.run(5)
        row = leech.row(torrent)
        assert (row.state, row.done, row.peers.connected) == ("paused", 0, 0)
        leech.crash()
        leech.start()
        assert leech.row(torrent).state == "paused"
        result(leech.steering.resume(torrent.id, False))
        world.until(lambda: leech.row(torrent).state == "seeding", 120)

    def test_stop_after_download(self, leech, seed, world, torrent):
        add(leech, link(torrent), stop_after="download", peers=(seed.address,))
        world.until(lambda: leech.row(torrent).state == "paused", 60)
        assert leech.same(torrent)
        assert leech.row(torrent).completed_at
        result(leech.steering.resume(torrent.id, False))
        world.run(1)
        assert leech.row(torrent).state == "seeding"

    def test_stop_after_with_a_file(self, leech, seed, world, torrent):
        leech.add(torrent, stop_after="metadata", peers=(seed.address,))
        assert leech.row(torrent).state == "paused"
        result(leech.steering.remove(torrent.id, True))
        leech.add(torrent, stop_after="download", peers=(seed.address,))
        world.until(lambda: leech.row(torrent).state == "paused", 60)
        assert leech.same(torrent)

    def test_paused_it_fetches_nothing_until_it_is_resumed(self, leech, seed, world, torrent):
        add(leech, link(torrent), paused=True, peers=(seed.address,))
        world.run(60)
        assert world.network.dialled == []
        assert leech.row(torrent).state == "metadata"
        (failed,) = result(leech.steering.wait([torrent.id], "metadata", 5)).failed
        assert failed == WaitFailure(torrent.id, 4, "the torrent is paused")
        assert result(leech.steering.wait([torrent.id], "paused", 5)).done == [torrent.id]
        result(leech.steering.resume(torrent.id, False))
        world.until(lambda: leech.row(torrent).state == "seeding", 60)

    def test_paused_in_the_middle(self, leech, seed, world, torrent):
        add(leech, link(torrent))
        result(leech.steering.pause(torrent.id))
        result(leech.steering.add_peers(torrent.id, [seed.address]))
        world.run(30)
        assert world.network.dialled == []
        leech.crash()
        leech.start()
        world.run(30)
        assert world.network.dialled == []
        assert result(leech.steering.wait([torrent.id], "paused", 0)).done == [torrent.id]

    def test_resumed_it_dials_at_once_whom_it_knew(self, leech, seed, world, torrent):
        """One who has connected and sent nothing yet, and one who is being dialled."""
        mute = Stranger()
        world.network.listening[NOBODY] = mute
        slow = Address("127.0.0.1", 10)
        world.network.dead.add(slow)
        add(leech, link(torrent, f"x.pe={NOBODY}", f"x.pe={slow}"))
        world.run()
        mute.transport.write(encode(Handshake(RESERVED, bytes.fromhex(torrent.id), b"-XX0000-mute-peer-id")))
        world.run()
        assert len(magnet(leech, torrent).connections) == 1
        result(leech.steering.pause(torrent.id))
        world.run(1)
        assert mute.gone
        world.network.dialled.clear()
        result(leech.steering.resume(torrent.id, False))
        world.run()
        assert sorted(world.network.dialled) == sorted([NOBODY, slow])


class TestCalls:
    def test_what_needs_metadata_says_so(self, leech, torrent):
        add(leech, link(torrent))
        steering = leech.steering
        for call in (
            lambda: steering.files(torrent.id),
            lambda: steering.pieces(torrent.id),
            lambda: steering.set_files(torrent.id, []),
            lambda: steering.verify(torrent.id),
        ):
            failure = error(call)
            assert isinstance(failure, RpcError) and failure.name == "no_metadata"

    def test_what_does_not_works(self, leech, seed, world, torrent):
        add(leech, link(torrent, "tr=http://t.example/announce"))
        assert result(leech.steering.peers(torrent.id)) == ([], [])
        result(leech.steering.announce(torrent.id))
        result(leech.steering.add_peers(torrent.id, [NOBODY]))
        world.run(1)
        assert leech.row(torrent).peers.known == 1
        assert leech.steering.status().torrents.by_state == {"metadata": 1}
        assert [row.id for row in leech.steering.changes(None).rows] == [torrent.id]
        result(leech.steering.pause(torrent.id))
        assert error(lambda: leech.steering.announce(torrent.id)).name == "wrong_state"

    def test_peers_while_it_is_fetched(self, leech, seed, world, torrent):
        result(seed.steering.pause(torrent.id))
        add(leech, link(torrent), paused=True)
        world.run()
        session = magnet(leech, torrent)
        session.torrent.download.due = lambda now: []  # nothing is asked: it stays as it is
        result(seed.steering.resume(torrent.id, False))
        result(leech.steering.resume(torrent.id, False))
        result(leech.steering.add_peers(torrent.id, [seed.address]))
        world.until(lambda: session.torrent.peers, 60)
        world.run(1)
        rows, _ = result(leech.steering.peers(torrent.id))
        assert [(row.address, row.source, row.incoming) for row in rows] == [(str(seed.address), "user", False)]
        assert rows[0].client.startswith("torrentd")

    def test_removed(self, leech, seed, world, torrent):
        add(leech, link(torrent, f"x.pe={NOBODY}"))
        revision = leech.steering.changes(None).revision
        waiting, looking = [], []
        leech.steering.wait([torrent.id], "metadata", 60).addCallback(waiting.append)
        look(leech, link(torrent)).addBoth(looking.append)
        result(leech.steering.remove(torrent.id, True))
        assert [failure.code for failure in waiting[0].failed] == [1]
        assert looking[0].value.name == "fetch_failed"
        assert leech.steering.ids() == []
        assert leech.steering.changes(revision).removed == [torrent.id]
        assert error(lambda: leech.steering.pause(torrent.id)).name == "torrent_not_found"
        leech.stop()
        assert leech.start().steering.ids() == []

    def test_removed_while_it_becomes_a_torrent(self, leech, seed, world, torrent):
        add(leech, link(torrent), peers=(seed.address,))
        leech.keeper.hangs = True
        world.until(lambda: leech.keeper.waiting, 60)
        leech.keeper.step()  # the note that it may bring us down
        world.until(lambda: leech.keeper.waiting, 1)
        removal = leech.steering.remove(torrent.id, False)
        failures = []
        removal.addErrback(failures.append)
        leech.keeper.go_on()
        world.run(1)
        assert failures[0].value.name == "torrent_not_found"  # it is a torrent by now
        result(leech.steering.remove(torrent.id, True))
        world.run(1)
        assert leech.steering.ids() == []


class TestAgain:
    def test_the_same_link_twice(self, leech, torrent):
        assert add(leech, link(torrent)) == (torrent.id, True)
        assert add(leech, link(torrent)) == (torrent.id, False)
        failure = error(lambda: leech.steering.add_magnet(link(torrent), AddOptions(if_exists="error")))
        assert failure.name == "already_exists"

    def test_merged(self, leech, seed, world, torrent):
        add(leech, link(torrent, "tr=http://a.example/announce"), labels=("x",))
        more = link(torrent, "tr=http://b.example/announce", f"x.pe={seed.address}")
        add(leech, more, labels=("y",), trackers=("http://c.example/announce",), if_exists="merge")
        urls = [row.url for row in result(leech.steering.trackers(torrent.id))]
        assert urls == [f"http://{name}.example/announce" for name in "abc"]
        assert leech.row(torrent).labels == ["x", "y"]
        leech.crash()
        leech.start()
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        assert len(result(leech.steering.trackers(torrent.id))) == 3

    def test_merged_into_a_torrent_that_is_here(self, seed, torrent):
        more = link(torrent, "tr=http://b.example/announce", f"x.pe={NOBODY}")
        assert add(seed, more, labels=("y",), if_exists="merge") == (torrent.id, False)
        assert seed.row(torrent).labels == ["y"]
        assert [row.url for row in result(seed.steering.trackers(torrent.id))] == ["http://b.example/announce"]
        assert seed.session(torrent).facts.peers == [str(NOBODY)]

    def test_the_file_comes_instead_of_the_metadata(self, leech, seed, world, torrent):
        add(leech, link(torrent, "tr=http://a.example/announce"), labels=("x",), sequential=True, peers=(seed.address,))
        assert leech.steering.ids() == [torrent.id]
        added = result(leech.steering.add(torrent.metainfo, AddOptions()))
        assert added == (torrent.id, False)
        world.until(lambda: leech.row(torrent).state == "seeding", 60)
        row = leech.row(torrent)
        assert (row.labels, row.sequential) == (["x"], True)
        assert [row.url for row in result(leech.steering.trackers(torrent.id))] == ["http://a.example/announce"]

    def test_the_file_comes_and_that_is_an_error(self, leech, torrent):
        add(leech, link(torrent))
        failure = error(lambda: leech.steering.add(torrent.metainfo, AddOptions(if_exists="error")))
        assert failure.name == "already_exists"
        assert leech.row(torrent).state == "metadata"


def test_pieces_that_peers_told_before_count(leech, seed, world, torrent):
    """What was said before the pieces were known is not lost: no second bitfield comes."""
    add(leech, link(torrent), peers=(seed.address,), limits=LimitsRow(down=100))
    world.until(lambda: bytes.fromhex(torrent.id) in leech.daemon.around.sessions, 60)
    session = leech.session(torrent)
    world.until(lambda: session.torrent.peers, 5)
    (peer,) = session.torrent.peers.values()
    assert peer.have.has_all()
    assert leech.daemon.connections.fleet.connections == 1
    assert session.torrent.connecting == 0
