"""Torrents of the same name in the same directory: none writes over what another claims."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from tests.session.world import ASLEEP, PIECE, Sample, error, result
from torrentd.session.control import AddOptions


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def home(make_home, tmp_path, torrent):
    """A seed that may go below `tmp_path`."""
    made = make_home(6881, toml=f'allowed_roots = ["{tmp_path}"]\n').start()
    made.put(torrent)
    made.add(torrent)
    return made


@pytest.fixture
def longer():
    """Another torrent of that name, with a longer file of the same path."""
    return Sample(files={"other.bin": PIECE, "a.bin": 6 * PIECE})


def refused(home, other, **options):
    """Try to add it; what it is refused with. Nothing of it is here."""
    problem = error(lambda: home.steering.add(other.metainfo, AddOptions(**options)))
    assert (problem.name, problem.data["path"]) == ("path_not_allowed", "download_dir")
    assert bytes.fromhex(other.id) not in home.daemon.around.torrents
    return str(problem)


def moved(home, torrent, path):
    id = result(home.steering.move(torrent.id, str(path), "move"))
    home.world.run(1)
    assert home.steering.job(id).state == "done"


def test_a_file_of_another_size_is_not_written_over(home, torrent, longer):
    assert "sample, another torrent, has sample/a.bin there, of another size" in refused(home, longer)
    home.crash()
    home.start()
    refused(home, longer)
    home.world.run(ASLEEP)
    refused(home, longer)
    assert home.same(torrent) and home.row(torrent).state == "seeding"


def test_the_same_files_are_seeded_by_both(home, torrent):
    same = Sample(private=1)
    assert same.id != torrent.id
    home.add(same)
    assert home.row(same).state == home.row(torrent).state == "seeding"


def test_other_files_in_the_same_folder_disturb_nobody(home):
    home.add(Sample(files={"b.bin": PIECE, "c.bin": PIECE}))


def test_another_directory_is_free(home, longer, tmp_path):
    home.add(longer, download_dir=str(tmp_path / "elsewhere"))


def test_who_was_removed_is_in_nobodys_way(home, torrent, longer):
    result(home.steering.remove(torrent.id, True))
    home.world.run(1)
    home.add(longer)


def test_who_moved_is_where_it_is_now(home, torrent, longer, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    moved(home, torrent, tmp_path / "elsewhere")
    refused(home, longer, download_dir=str(tmp_path / "elsewhere"))
    home.add(longer)


def test_who_has_another_name_is_where_it_is_now(home, torrent, longer):
    result(home.steering.rename(torrent.id, "sample", "renamed"))
    home.world.run(1)
    home.add(longer)
    named = Sample("renamed", files={"a.bin": 6 * PIECE, "b.bin": PIECE})
    refused(home, named)


def test_of_two_that_come_at_once_the_second_is_refused(home, longer):
    shorter = Sample("new", files={"a.bin": 100, "b.bin": 100})
    other = Sample("new", files={"a.bin": 200, "b.bin": 100})
    state, adding = home.daemon.host.state, []
    add, waiting = state.add, Deferred()
    state.add = lambda record, data: waiting.addCallback(lambda _: add(record, data))
    adding.append(home.steering.add(shorter.metainfo, AddOptions()))
    assert "another torrent that is being added has new/a.bin there" in refused(home, other)
    waiting.callback(None)
    assert result(adding[0])[1]
    state.add = add
    refused(home, other)


def test_a_torrent_whose_record_cannot_be_used_is_in_nobodys_way(home, torrent, longer):
    home.world.run(ASLEEP)
    home.daemon.host.state._commits._connection.execute("UPDATE torrent SET priorities = x'0909'")
    home.add(longer)
