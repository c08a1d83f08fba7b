"""Who downloads and seeds at once, and who waits for his turn."""

import pytest

from tests.session.world import PIECE, Home, Sample, error, result
from torrentd.model.layout import Priority
from torrentd.session.control import AddOptions, FileChoice
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.unattended import queueing

DOWNLOADS = "[queue]\ndownloads = 2\n"


def samples(count: int, **options) -> list[Sample]:
    return [Sample(f"sample{number}", {"a.bin": 16 * PIECE}, **options) for number in range(count)]


def states(home: Home, torrents: list[Sample]) -> list[str]:
    return [home.row(torrent).state for torrent in torrents]


def short(home: Home, torrents: list[Sample]) -> str:
    """The first letters of their states: d, s, q, p."""
    return "".join(state[0] for state in states(home, torrents))


def positions(home: Home, torrents: list[Sample]) -> list[int]:
    return [home.row(torrent).queue for torrent in torrents]


def begin(home: Home, torrents: list[Sample], **options) -> None:
    for torrent in torrents:
        result(home.steering.add(torrent.metainfo, AddOptions(**options)))
    home.world.run(1)


def move(home: Home, to, *torrents: Sample) -> None:
    result(home.steering.move_in_queue([torrent.id for torrent in torrents], to))
    home.world.run(1)


def asleep(home: Home, torrents: list[Sample]) -> bool:
    return all(isinstance(home.daemon.around.torrents[bytes.fromhex(torrent.id)], Sleeper) for torrent in torrents)


@pytest.fixture
def home(make_home):
    return make_home(toml=DOWNLOADS).start()


def test_the_first_ones_run_and_the_others_wait(home):
    torrents = samples(4)
    begin(home, torrents)
    assert short(home, torrents) == "ddqq"
    assert positions(home, torrents) == [0, 1, 2, 3]
    assert home.steering.status().torrents.by_state == {"downloading": 2, "queued": 2}


def test_who_pauses_or_goes_makes_room(home, world):
    torrents = samples(4)
    begin(home, torrents)
    result(home.steering.pause(torrents[0].id))
    world.run(1)
    assert short(home, torrents) == "pddq"
    result(home.steering.remove(torrents[1].id, False))
    world.run(1)
    assert short(home, [torrents[0], *torrents[2:]]) == "pdd"
    assert positions(home, [torrents[0], *torrents[2:]]) == [0, 1, 2]
    result(home.steering.resume(torrents[0].id, False))
    world.run(1)
    assert short(home, [torrents[0], *torrents[2:]]) == "ddq"


def test_who_is_moved_to_the_top_runs_and_the_last_one_waits(home):
    torrents = samples(4)
    begin(home, torrents)
    move(home, "top", torrents[3])
    assert short(home, torrents) == "dqqd"
    assert positions(home, torrents) == [1, 2, 3, 0]
    move(home, "down", torrents[3])
    move(home, 3, torrents[0])
    assert positions(home, torrents) == [3, 1, 2, 0]
    assert short(home, torrents) == "qdqd"


def test_places_and_turns_survive_a_crash(home, world):
    torrents = samples(4)
    begin(home, torrents)
    move(home, "top", torrents[3], torrents[2])
    home.crash()
    home.start()
    world.run(1)
    assert positions(home, torrents) == [2, 3, 0, 1]
    assert short(home, torrents) == "qqdd"


def test_stalled_ones_are_not_counted_until_something_moves(make_home, world, home):
    seed = make_home(6900, "[limits]\nupload = 20000\n").start()
    torrents = samples(5)
    begin(home, torrents)
    assert short(home, torrents) == "ddqqq"
    world.run(75)
    assert short(home, torrents) == "ddddq"
    for torrent in torrents[:2]:
        seed.put(torrent)
        seed.add(torrent)
        result(home.steering.add_peers(torrent.id, [seed.address]))
    world.run(20)
    assert short(home, torrents)[:2] == "dd"
    assert short(home, torrents)[4] == "q"
    world.until(lambda: short(home, torrents) == "ssddd", 300)


def test_a_download_that_is_complete_makes_room(make_home, world, home):
    seed = make_home(6900).start()
    torrents = samples(3)
    for torrent in torrents:
        seed.put(torrent)
        seed.add(torrent)
    begin(home, torrents, peers=(seed.address,))
    world.until(lambda: short(home, torrents) == "sss", 60)
    assert positions(home, torrents) == [0, 1, 2]


def test_force_ignores_the_queue_and_takes_no_place(home, world):
    torrents = samples(4)
    begin(home, torrents)
    result(home.steering.resume(torrents[3].id, True))
    world.run(1)
    assert short(home, torrents) == "ddqd"
    home.crash()
    home.start()
    world.run(1)
    assert short(home, torrents) == "ddqd"
    result(home.steering.resume(torrents[3].id, False))
    world.run(1)
    assert short(home, torrents) == "ddqq"


def test_who_waits_sleeps_and_wakes_for_his_turn(make_home, home, world):
    seed = make_home(6900, "[limits]\nupload = 6000\n").start()
    torrents = samples(4)
    for torrent in torrents[:2]:
        seed.put(torrent)
        seed.add(torrent)
    begin(home, torrents[:2], peers=(seed.address,))
    begin(home, torrents[2:])
    world.run(55)
    assert asleep(home, torrents[2:])
    assert short(home, torrents) == "ddqq"
    result(home.steering.files(torrents[3].id))
    world.run(1)
    assert short(home, torrents) == "ddqq"
    result(home.steering.pause(torrents[0].id))
    world.run(1)
    assert short(home, torrents) == "pddq"
    result(home.steering.pause(torrents[2].id))
    world.run(1)
    assert short(home, torrents) == "pdpd"


def test_seeds_have_a_line_of_their_own(make_home, world):
    home = make_home(toml="[queue]\nseeds = 1\n").start()
    torrents = samples(3)
    for torrent in torrents[1:]:
        home.put(torrent)
    begin(home, torrents)
    assert short(home, torrents) == "dsq"
    assert positions(home, torrents) == [0, 0, 1]
    move(home, "top", torrents[0], torrents[2])
    assert short(home, torrents) == "dqs"
    world.run(75)
    assert short(home, torrents) == "dss"  # nobody wants the one, so the next one may


def test_what_is_wanted_after_all_stands_with_the_downloads(home):
    torrents = samples(3)
    whole = Sample("whole")
    home.put(whole, "a.bin")
    home.add(whole, files=(FileChoice(Priority.SKIP, 1),))
    begin(home, torrents)
    assert (short(home, torrents), home.row(whole).state) == ("ddq", "seeding")
    result(home.steering.set_files(whole.id, [FileChoice(Priority.NORMAL, 1)]))
    home.world.run(1)
    assert (short(home, torrents), home.row(whole).state) == ("dqq", "downloading")
    assert home.row(whole).queue == 0


def test_a_reload_counts_at_once(home, world):
    torrents = samples(4)
    begin(home, torrents)
    for limit, wanted in ((1, "dqqq"), (3, "dddq"), (0, "dddd"), (2, "ddqq")):
        home.toml(f"[queue]\ndownloads = {limit}\n")
        home.daemon.use(home.configuration())
        home.daemon.apply_limits()
        world.run(1)
        assert short(home, torrents) == wanted


def test_rows_whose_position_changed_count_as_changed(home, world):
    torrents = samples(4)
    begin(home, torrents)
    since = home.steering.changes(None).revision
    move(home, "top", torrents[3])
    changed = {row.id: row.queue for row in home.steering.changes(since).rows}
    assert changed == {torrent.id: place for torrent, place in zip(torrents, [1, 2, 3, 0], strict=True)}


def test_many_positions_that_change_all_the_time_are_told_now_and_then(home, world, monkeypatch):
    monkeypatch.setattr(queueing, "MANY", 3)
    monkeypatch.setattr(queueing, "PER_SECOND", 1)
    torrents = samples(5)
    begin(home, torrents, paused=True)
    since = home.steering.changes(None).revision
    result(home.steering.remove(torrents[0].id, False))  # four have another position, and the pause is four seconds
    world.run(5)
    assert len(home.steering.changes(since).rows) == 4
    since = home.steering.revision()
    result(home.steering.remove(torrents[1].id, False))
    world.run(3.9)
    assert home.steering.changes(since).rows == []
    world.run(0.2)
    assert {row.queue for row in home.steering.changes(since).rows} == {0, 1, 2}
    since = home.steering.revision()
    result(home.steering.remove(torrents[2].id, False))
    assert [row.queue for row in home.steering.changes(None).rows] == [0, 1]  # who asks for all gets it
    move(home, "top", torrents[4])
    assert {row.queue for row in home.steering.changes(since).rows} == {0, 1}


def test_who_shows_no_positions_is_not_told_of_those_that_changed(home):
    torrents, columns = samples(4), {"id", "state"}
    begin(home, torrents, paused=True)
    home.steering.changes(None)
    since = home.steering.changes(None, columns).revision
    result(home.steering.remove(torrents[0].id, False))
    answer = home.steering.changes(since, columns)
    assert (answer.rows, answer.removed) == ([], [torrents[0].id])
    told = {row.id: row.queue for row in home.steering.changes(since, {"id", "queue"}).rows}
    assert told == {torrents[1].id: 0, torrents[2].id: 1, torrents[3].id: 2}
    assert home.steering.changes(answer.revision, columns).rows == []


def test_rows_of_those_who_sleep_stay_while_nothing_moves_and_tell_where_they_stand(make_home, world):
    home = make_home().start()
    torrents = samples(4)
    for torrent in torrents:
        home.put(torrent)
    begin(home, torrents)
    world.until(lambda: asleep(home, torrents), 60)
    first = home.steering.changes(None, {"id", "queue"})
    assert [row.queue for row in first.rows] == [0, 1, 2, 3]
    world.run(5)
    again = home.steering.changes(None, {"id", "queue"})
    assert all(one is other for one, other in zip(first.rows, again.rows, strict=True))
    result(home.steering.remove(torrents[1].id, False))
    assert home.row(torrents[3]).queue == 2
    told = {row.id: row.queue for row in home.steering.changes(again.revision).rows}
    assert told == {torrents[2].id: 1, torrents[3].id: 2}


def test_a_magnet_stands_in_line_and_does_not_wait(make_home, world, home):
    seed = make_home(6900).start()
    torrents, magnet = samples(2), Sample("magnet")
    seed.put(magnet)
    seed.add(magnet)
    begin(home, torrents)
    result(home.steering.add_magnet(f"magnet:?xt=urn:btih:{magnet.id}", AddOptions(peers=(seed.address,))))
    assert (home.row(magnet).state, home.row(magnet).queue) == ("metadata", 2)
    world.until(lambda: home.row(magnet).state == "queued", 10)
    move(home, "top", magnet)
    world.until(lambda: home.row(magnet).state == "seeding", 60)


def test_without_limits_nobody_waits_and_nothing_is_timed(make_home, world):
    home = make_home().start()
    torrents = samples(3)
    begin(home, torrents)
    assert short(home, torrents) == "ddd"
    assert home.daemon.around.queueing._timer is None


def test_an_unknown_id_is_an_error(home):
    assert error(lambda: home.steering.find("f" * 40)).name == "torrent_not_found"
