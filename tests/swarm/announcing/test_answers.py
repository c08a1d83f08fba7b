"""What trackers say: intervals, numbers, warnings."""

from __future__ import annotations

import pytest

from tests.swarm.announcing.schedules import A, B, World
from torrentd.swarm.announcing.schedule import scrapable
from torrentd.swarm.events import Scraped
from torrentd.wire.tracker.answer import ScrapeAnswer


@pytest.mark.parametrize(("said", "meant"), [(None, 1800.0), (0.0, 60.0), (-1.0, 60.0), (2.0**63, 86400.0)])
def test_the_interval_is_clamped(said: float | None, meant: float) -> None:
    world = World([A])
    world.start()
    world.answer(A, interval=said)
    assert world.announcing.next_deadline() == world.now + meant


def test_scrape_only_where_numbers_are_missing() -> None:
    world = World([A])
    world.start()
    assert world.answer(A, seeders=None, leechers=None) == [(A, "scrape")]
    world.announcing.scraped(Scraped(A, ScrapeAnswer(seeders=4, leechers=5, downloads=6)), world.now)
    assert (world.tracker(A).seeders, world.tracker(A).leechers, world.tracker(A).downloads) == (4, 5, 6)
    world.sleep()
    assert world.answer(A, seeders=0, leechers=None) == []
    assert (world.tracker(A).seeders, world.tracker(A).leechers) == (0, 5)
    world.announcing.scraped(Scraped(B, ScrapeAnswer()), world.now)


@pytest.mark.parametrize(
    ("url", "can"),
    [
        ("http://t/announce", True),
        ("http://t/x/announce.php?passkey=1", True),
        ("https://t/a", False),
        ("http://t/announce/x", False),
        ("udp://t:80", True),
    ],
)
def test_which_trackers_can_be_scraped(url: str, can: bool) -> None:
    assert scrapable(url) is can


def test_a_tracker_that_cannot_be_scraped_is_not() -> None:
    world = World(["http://t/a"])
    world.start()
    assert world.answer("http://t/a", seeders=None, leechers=None) == []


def test_warnings_are_shown_until_the_next_answer() -> None:
    world = World([A])
    world.start()
    world.answer(A, warning="be gentle")
    assert world.tracker(A).warning == "be gentle"
    world.sleep()
    world.answer(A)
    assert world.tracker(A).warning == ""


def test_unasked_answers_change_nothing() -> None:
    world = World([A])
    assert world.answer(A) == []
    assert world.fail(A) == []
    assert world.tracker(A).status == "new"
