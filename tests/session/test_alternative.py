"""Alternative rate limits, and the schedule that puts them in force."""

from datetime import datetime

import pytest

from tests.session.events.test_events import Ear
from tests.session.world import Sample, result
from torrentd.session.alternative import Alternative, AlternativeChanges
from torrentd.session.telling.rows import AlternativeRow

HOUR = 3600


def window(home, begin: float, end: float) -> str:
    """From so many hours from now to so many, full minutes."""
    now = home.daemon.host.wall_clock()
    times = [datetime.fromtimestamp(now + hours * HOUR).strftime("%H:%M") for hours in (begin, end)]
    return "-".join(times)


def change(home, **changes):
    result(home.steering.set_limits(alternative=AlternativeChanges(**changes)))


def rates(home):
    fleet = home.daemon.connections.fleet
    return fleet.down.rate, fleet.up.rate


@pytest.fixture
def home(make_home):
    return make_home(toml="[limits]\ndownload = 1000\nalternative_download = 100\nalternative_upload = 50\n").start()


def test_switched_on_and_off_by_hand(home, world):
    assert rates(home) == (1000, None)
    change(home, enabled=True)
    assert rates(home) == (100, 50)
    assert home.steering.alternative_limits().enabled
    assert home.steering.limits() == (1000, None)
    home.crash()
    home.start()
    assert rates(home) == (100, 50)
    change(home, enabled=False)
    assert rates(home) == (1000, None)
    change(home, enabled=True)
    change(home, enabled=None)
    assert rates(home) == (1000, None)


def test_each_beats_the_file_until_it_is_taken_back(home):
    change(home, enabled=True, down=7, up="unlimited")
    assert rates(home) == (7, None)
    sources = home.steering.config_sources()
    assert sources["limits.alternative_download"] == "runtime"
    assert home.steering.config_values()["limits.alternative_upload"] == 0
    change(home, down=None)
    assert rates(home) == (100, None)
    result(home.steering.set_limits(down=5))
    assert rates(home) == (100, None)
    change(home, enabled=False)
    assert rates(home) == (5, None)


def test_the_schedule_switches(home, world):
    change(home, schedule=[window(home, 1, 3)])
    assert rates(home) == (1000, None)
    world.run(HOUR + 61)
    assert rates(home) == (100, 50)
    home.crash()
    home.start()
    assert rates(home) == (100, 50)
    world.run(2 * HOUR)
    assert rates(home) == (1000, None)
    world.run(22 * HOUR)
    assert rates(home) == (100, 50)


def test_the_users_word_holds_until_the_schedule_switches(home, world):
    change(home, schedule=[window(home, 1, 3)], enabled=True)
    assert rates(home) == (100, 50)
    world.run(HOUR + 61)
    change(home, enabled=False)
    assert rates(home) == (1000, None)
    world.run(HOUR)
    assert rates(home) == (1000, None)
    world.run(23 * HOUR)
    assert rates(home) == (100, 50)


def test_a_clock_that_is_set_is_noticed_within_a_minute(home, world):
    change(home, schedule=[window(home, 5, 6)])
    host, wall = home.daemon.host, home.daemon.host.wall_clock
    world.run(120)
    object.__setattr__(host, "wall_clock", lambda: wall() + 5.5 * HOUR)
    world.run(61)
    assert rates(home) == (100, 50)
    object.__setattr__(host, "wall_clock", wall)
    world.run(61)
    assert rates(home) == (1000, None)


def test_who_listens_is_told_when_they_are_switched(home, world):
    ear = Ear(home, "config")
    change(home, schedule=[window(home, 1, 2)])
    change(home, down=5)
    change(home, down=5)
    result(home.steering.set_limits(up=7))
    world.run(HOUR + 61)
    change(home, enabled=False)
    told = [event.data for event in ear.heard()]
    assert [(data["changed"], data.get("alternative_limits")) for data in told] == [
        (["limits.alternative_schedule"], None),
        (["limits.alternative_download"], None),
        (["limits.upload"], None),
        ([], True),
        ([], False),
    ]


def test_keys_of_the_file_are_set_as_by_limits_set(home):
    change(home, down=5)
    result(home.steering.set_config({"limits.alternative_download": "1 KiB", "limits.alternative_upload": 0}))
    result(home.steering.set_config({"limits.alternative_schedule": ["00:00-24:00"]}))
    assert home.steering.alternative_limits() == AlternativeRow(1024, "unlimited", True, ["00:00-24:00"])
    names = ("download", "upload", "schedule")
    result(home.steering.set_config({f"limits.alternative_{name}": None for name in names}))
    assert home.steering.alternative_limits() == AlternativeRow(100, 50, False, [])
    assert home.steering.config_sources()["limits.alternative_download"] == "file"


def test_a_schedule_in_the_file(make_home, world):
    home = make_home(toml='[limits]\nalternative_download = 9\nalternative_schedule = ["00:00-24:00"]\n').start()
    assert rates(home) == (9, None)
    change(home, schedule=[])
    assert rates(home) == (None, None)
    change(home, schedule=None)
    assert rates(home) == (9, None)


def test_a_limit_that_begins_counts_in_the_middle_of_a_download(make_home, world):
    torrent = Sample(files={"a.bin": 64 * 32768})
    seed, leech = make_home(6900, "[limits]\nupload = 20000\n").start(), make_home(6901).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent, peers=(seed.address,))
    world.run(10)
    change(leech, enabled=True, down=0)
    world.run(10)  # what was asked for before comes
    before = leech.row(torrent).downloaded
    world.run(20)
    assert leech.row(torrent).downloaded == before > 0
    change(leech, enabled=False)
    world.run(20)
    assert leech.row(torrent).downloaded > before


def test_without_a_schedule_nobody_looks_at_the_clock(home):
    assert home.daemon.switch._timer is None


def test_a_schedule_that_is_none(home):
    with pytest.raises(ValueError, match="is not like"):
        change(home, down=5, schedule=["x"])
    assert home.steering.alternative_limits() == AlternativeRow(100, 50, False, [])


@pytest.mark.parametrize(
    "stored",
    [None, 5, {"down": -1, "enabled": 1}, {"schedule": ["x"]}, {"schedule": "00:00-01:00"}, {"schedule": [5]}],
)
def test_what_we_would_not_have_written_counts_for_nothing(stored):
    assert Alternative.read(stored) == Alternative()


def test_stored_and_read():
    whole = Alternative(5, "unlimited", ("00:00-01:00",), False, True)
    assert Alternative.read(whole.stored()) == whole
