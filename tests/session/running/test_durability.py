"""Marks before writing, flush before recording."""

import pytest

from tests.session.world import PIECE, Sample, Worker, result
from torrentd.session.running.durability import FLUSH_INTERVAL
from torrentd.session.running.marks import SPACING


@pytest.fixture
def torrent():
    return Sample(files={"a.bin": 20 * PIECE})


@pytest.fixture
def session(home, torrent):
    return home.add(torrent)


def content(torrent, piece):
    return memoryview(torrent.files["a.bin"])[piece * PIECE : (piece + 1) * PIECE]


def write(session, torrent, piece):
    """Hand a whole piece to the disk, as a Store command does; what came of it."""
    session.durability.marks.writing(piece)
    session.storage.store(piece, 0, [content(torrent, piece)])
    outcomes = []
    session.storage.report_to(outcomes.extend)
    session.storage.finish(piece)
    return outcomes


def stored_marks(home):
    """What the next start would find."""
    database = home.daemon.host.state._commits._connection
    return [piece for (piece,) in database.execute("SELECT piece FROM writing ORDER BY piece")]


def test_nothing_is_written_before_its_mark_is_committed(home, session, torrent):
    home.keeper.hangs = True
    session.durability.marks.mark([3])
    outcomes = write(session, torrent, 3)
    assert outcomes == []
    home.keeper.go_on()
    assert outcomes[0].piece == 3
    assert stored_marks(home) == [3]


def test_who_crashes_before_the_first_record_hashes_no_more_than_the_marked_pieces(home, session, torrent):
    session.durability.marks.mark([3])
    write(session, torrent, 3)
    with (home.downloads / torrent.name / "a.bin").open("r+b") as file:  # it would be found
        file.seek(5 * PIECE)
        file.write(content(torrent, 5))
    home.crash()
    home.start()
    home.world.run(1)
    assert list(home.session(torrent).torrent.have) == [3]


def test_marks_are_gathered_after_a_commit(home, world, session, torrent):
    session.durability.marks.mark([3])
    session.durability.marks.mark([4])
    session.durability.marks.mark([5])
    outcomes = write(session, torrent, 5)
    assert stored_marks(home) == [3]
    assert outcomes == []
    world.run(SPACING)
    assert stored_marks(home) == [3, 4, 5]
    assert outcomes[0].piece == 5


def test_a_piece_given_up_before_its_mark_is_committed_is_not_marked(home, world, session):
    session.durability.marks.mark([3])
    session.durability.marks.mark([4, 5])
    session.storage.discard([4])
    session.durability.marks.discard([4])
    world.run(SPACING)
    assert list(session.durability.marks.marked) == stored_marks(home) == [3, 5]


def test_a_piece_given_up_and_begun_again_before_its_mark_is_committed(home, world, session, torrent):
    session.durability.marks.mark([3])
    session.durability.marks.mark([4])
    session.durability.marks.discard([4])
    session.durability.marks.mark([4])
    outcomes = write(session, torrent, 4)
    world.run(SPACING)
    assert stored_marks(home) == [3, 4]
    assert outcomes[0].piece == 4


def test_marks_that_are_gathered_at_the_end_are_not_committed(home, world, session):
    session.durability.marks.mark([3])
    session.durability.marks.mark([4])
    session.leave()
    world.run(SPACING)
    assert stored_marks(home) == [3]


def test_a_piece_given_up_while_its_mark_was_being_committed_is_not_permitted(home, world, session, torrent):
    home.keeper.hangs = True
    session.durability.marks.mark([3, 4])
    session.storage.discard([3])
    session.durability.marks.discard([3])
    home.keeper.go_on()
    assert stored_marks(home) == [4]
    world.run(SPACING)
    home.keeper.hangs = True
    session.durability.marks.mark([3])  # begun again
    outcomes = write(session, torrent, 3)
    assert outcomes == []
    home.keeper.go_on()
    assert outcomes[0].piece == 3


def test_what_was_handed_to_the_disk_stays_marked(home, session, torrent):
    session.durability.marks.mark([3])
    write(session, torrent, 3)
    session.durability.marks.discard([3])
    assert stored_marks(home) == [3]


def test_what_the_disk_failed_on_stays_marked(home, session):
    """Some of it may be there."""
    session.durability.marks.mark([3])
    session.durability.marks.writing(3)
    session.durability.marks.unwritten(3)
    session.durability.marks.mark([3])  # begun again
    session.durability.marks.discard([3])
    assert stored_marks(home) == [3]


def test_a_second_copy_in_the_hands_of_the_disk_stays_marked(home, session):
    session.durability.marks.mark([3])
    session.durability.marks.writing(3)
    session.durability.marks.writing(3)
    session.durability.marks.answered([3])  # the first was wrong
    session.durability.marks.discard([3])
    assert stored_marks(home) == [3]
    session.durability.marks.answered([3])
    session.durability.marks.discard([3])
    assert stored_marks(home) == []


def test_a_flush_comes_after_its_interval_and_settles_the_marks(home, world, session, torrent):
    session.durability.marks.mark([3, 4])
    write(session, torrent, 3)
    session.durability.right([3])
    world.run(FLUSH_INTERVAL - 1)
    assert session.durability.have.count == 0
    world.run(1)
    assert list(session.durability.have) == [3]
    assert stored_marks(home) == [4]
    assert list(session.durability.marks.marked) == [4]
    assert session.facts.files[0] is not None


def test_a_piece_wanted_again_while_its_mark_is_being_removed_stays_marked(home, world, session, torrent):
    session.durability.marks.mark([3])
    write(session, torrent, 3)
    session.durability.right([3])
    home.keeper.hangs = True
    flushing = session.durability.flush()  # its record waits
    session.durability.marks.mark([3])  # the piece was lost and is fetched again
    home.keeper.go_on()
    result(flushing)
    world.run(SPACING)
    assert list(session.durability.marks.marked) == stored_marks(home) == [3]


def test_much_data_is_flushed_at_once(home, world):
    torrent = Sample("big", files={"a.bin": 72 * 1024 * 1024}, piece_size=4 * 1024 * 1024)
    session = home.add(torrent)
    size = 4 * 1024 * 1024
    data = memoryview(torrent.files["a.bin"])
    session.durability.marks.mark(list(range(18)))
    for piece in range(18):
        session.storage.store(piece, 0, [data[piece * size : (piece + 1) * size]])
        session.storage.finish(piece)
    assert session.durability.have.count >= 16


def test_what_is_verified_during_a_flush_goes_with_the_next(home, world, session, torrent):
    session.durability.marks.mark([3, 4])
    write(session, torrent, 3)
    session.durability.right([3])
    home.flusher.hangs = True
    world.run(FLUSH_INTERVAL)
    write(session, torrent, 4)
    session.durability.right([4])
    home.flusher.go_on()
    assert list(session.durability.have) == [3]
    world.run(FLUSH_INTERVAL)
    assert list(session.durability.have) == [3, 4]


def test_what_is_verified_while_something_else_is_recorded_is_flushed_in_time(home, world, session, torrent):
    session.durability.marks.mark([3, 4])
    write(session, torrent, 3)
    session.durability.right([3])
    world.run(FLUSH_INTERVAL)
    home.keeper.hangs = True
    session.durability.withdraw([3])
    write(session, torrent, 4)
    session.durability.right([4])
    home.keeper.go_on()
    world.run(FLUSH_INTERVAL)
    assert list(session.durability.have) == [4]


def test_nothing_is_committed_when_nothing_changed(home, session):
    runs = []
    real = home.keeper.run

    def run(*args, **kwargs):
        runs.append(args)
        return real(*args, **kwargs)

    home.daemon.host.state._commits._run = run
    result(session.durability.flush())
    assert runs == []


def test_a_worker_that_hangs_gives_back_in_order():
    worker, seen = Worker(), []
    worker.hangs = True
    for n in range(3):
        worker.run(lambda n=n: n).addCallback(seen.append)
    worker.go_on()
    assert seen == [0, 1, 2]
