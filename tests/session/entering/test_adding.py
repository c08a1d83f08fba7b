"""How a torrent comes in."""

import pytest

from tests.session.world import PIECE, Home, Sample, error, result
from torrentd.model.address import Address
from torrentd.model.errors import MetainfoError, StorageError
from torrentd.model.layout import Priority
from torrentd.session.control import AddOptions, FileChoice
from torrentd.session.telling.rows import LimitsRow
from torrentd.wire.bencode import encode


@pytest.fixture
def torrent():
    return Sample()


def add(home: Home, torrent: Sample, **options):
    return home.steering.add(torrent.metainfo, AddOptions(**options))


def test_what_was_asked_is_kept(make_home, torrent):
    home = make_home().start()
    home.add(
        torrent,
        paused=True,
        sequential=True,
        labels=("x", "y"),
        limits=LimitsRow(down=1000, up="unlimited", ratio=1.5),
        trackers=("http://t.example/announce",),
        files=(FileChoice(Priority.LOW, index=0),),
    )
    for _ in range(2):
        row = home.row(torrent)
        assert (row.state, row.sequential, row.labels) == ("paused", True, ["x", "y"])
        assert row.limits == LimitsRow(down=1000, up="unlimited", ratio=1.5)
        assert [tracker.url for tracker in result(home.steering.trackers(torrent.id))] == ["http://t.example/announce"]
        assert result(home.steering.files(torrent.id))[0].priority == "low"
        assert home.session(torrent).torrent.down_limit.rate == 1000
        home.crash()
        home.start()


def test_data_that_is_there_is_found_and_recorded(home, torrent):
    home.put(torrent, "a.bin")
    session = home.add(torrent)
    assert list(session.torrent.have) == [0, 1, 2, 3, 4]
    assert session.durability.have == session.torrent.have
    assert "fdatasync" in home.system.calls
    home.crash()
    home.system.calls.clear()
    assert home.start().session(torrent).torrent.have.count == 5
    assert "preadv" not in home.system.calls


def test_nothing_is_believed_because_of_its_size(home, torrent):
    home.put(torrent)
    home.path(torrent, "a.bin").write_bytes(bytes(5 * PIECE))
    assert list(home.add(torrent).torrent.have) == [5, 6, 7, 8]


def test_skip_believes_files_of_the_right_size(home, torrent):
    home.put(torrent)
    home.add(torrent, verify="skip")
    assert home.row(torrent).state == "seeding"
    assert "preadv" not in home.system.calls
    home.crash()
    assert home.start().row(torrent).state == "seeding"


def test_skip_hashes_when_a_file_is_too_short(home, torrent):
    home.put(torrent, "a.bin")
    assert home.add(torrent, verify="skip").torrent.have.count == 5


def test_full_hashes_everything(home, torrent):
    home.put(torrent)
    home.add(torrent, verify="full")
    assert home.row(torrent).state == "seeding"


def test_a_complete_torrent_is_complete_since_now(home, torrent):
    home.put(torrent)
    home.add(torrent)
    assert home.row(torrent).completed_at is not None


def test_once_more(home, torrent):
    assert result(add(home, torrent)) == (torrent.id, True)
    assert result(add(home, torrent, labels=("new",))) == (torrent.id, False)
    assert home.row(torrent).labels == []
    problem = error(lambda: add(home, torrent, if_exists="error"))
    assert (problem.name, problem.data["id"]) == ("already_exists", torrent.id)


def test_merge_adds_what_is_new_and_keeps_it(home, world):
    torrent = Sample(trackers=["http://one.example/announce"])
    home.add(torrent, labels=("a",), paused=True)
    merged = add(
        home,
        torrent,
        if_exists="merge",
        labels=("b", "a"),
        trackers=("http://one.example/announce", "http://two.example/announce"),
        peers=(Address("127.0.0.1", 7000),),
    )
    assert result(merged) == (torrent.id, False)
    for _ in range(2):
        assert home.row(torrent).labels == ["a", "b"]
        urls = [tracker.url for tracker in result(home.steering.trackers(torrent.id))]
        assert urls == ["http://one.example/announce", "http://two.example/announce"]
        home.crash()
        home.start()


def test_the_same_torrent_twice_at_once(home, torrent):
    home.keeper.hangs = True
    calls = [add(home, torrent) for _ in range(3)]
    failing = add(home, torrent, if_exists="error")
    home.keeper.go_on()
    assert [result(call) for call in calls] == [(torrent.id, True), (torrent.id, False), (torrent.id, False)]
    assert error(lambda: failing).name == "already_exists"
    assert home.steering.ids() == [torrent.id]


def test_a_stop_overtakes_it(home, torrent, world):
    home.keeper.hangs = True
    call = add(home, torrent)
    home.stop()
    home.keeper.go_on()
    assert error(lambda: call).name == "shutting_down"
    assert not world.reactor.getDelayedCalls()
    assert home.start().steering.ids() == [torrent.id]


def test_in_a_folder_of_its_own(make_home, tmp_path, torrent):
    other = tmp_path / "other"
    home = make_home()
    home.toml(f'allowed_roots = ["{other}"]\n')
    home.start()
    home.add(torrent, download_dir=str(other / "films"))
    assert home.row(torrent).download_dir == str(other / "films")
    inside = Sample("inside")
    home.add(inside, download_dir=str(home.downloads / "sub"))
    assert home.row(inside).download_dir == str(home.downloads / "sub")


def test_outside_of_what_the_file_allows(home, tmp_path, torrent):
    (home.downloads / "link").symlink_to(tmp_path)
    for where in (
        "/",
        str(tmp_path),
        f"{home.downloads}/../x",
        f"{home.downloads}/link",
        f"{home.downloads}/link/below",
        "relative",
        "/nul\0",
        "/\ud800",
        f"{home.downloads}x",
    ):
        problem = error(lambda where=where: add(home, torrent, download_dir=where))
        assert (problem.name, problem.data["path"]) == ("path_not_allowed", "download_dir"), where
    assert home.steering.ids() == []


def test_garbage(home):
    assert isinstance(error(lambda: home.steering.add(b"garbage", AddOptions())), MetainfoError)


def test_a_choice_that_fits_no_file_adds_nothing(home, torrent):
    assert error(lambda: add(home, torrent, files=(FileChoice(Priority.SKIP, index=9),))).name == "file_index"
    assert home.steering.ids() == []


def test_v2_only_is_not_run_yet(home):
    root = {b"pieces root": bytes(32), b"length": 100}
    info = {b"name": b"x", b"piece length": 16384, b"meta version": 2, b"file tree": {b"x": {b"": root}}}
    problem = error(lambda: home.steering.add(encode({b"info": info}), AddOptions()))
    assert problem.name == "unsupported"
    assert home.steering.ids() == []


def test_large_metainfo_is_parsed_by_a_worker(home):
    torrent = Sample(files={"a": 100}, filler=bytes(300_000))
    home.worker.hangs = True
    adding = add(home, torrent)
    assert not adding.called
    home.worker.go_on()
    assert result(adding) == (torrent.id, True)


def test_a_database_that_takes_nothing(home, torrent, world):
    home.keeper.hangs = True
    adding = add(home, torrent)
    done, _, _ = home.keeper.waiting.pop()
    done.errback(StorageError("the disk is full", "disk_full"))
    assert isinstance(error(lambda: adding), StorageError)
    assert home.steering.ids() == []
    home.keeper.go_on()


def test_files_in_the_way_of_folders_do_not_stop_the_daemon(home, torrent):
    (home.downloads / "sample").write_text("a file where a folder belongs")
    home.add(torrent)
    assert home.row(torrent).state in ("downloading", "error")
