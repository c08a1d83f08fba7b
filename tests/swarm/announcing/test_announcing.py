"""The schedule as scripts: what is sent when, to whom, with which event."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.policy.tiers import FIRST_BACK_OFF, JITTER, NEVER
from torrentd.swarm.announcing.schedule import EARLY, NUMWANT, Announcing, Tally, scrapable
from torrentd.swarm.commands import Announce, Scrape
from torrentd.swarm.events import Announced, AnnounceFailed, Scraped
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer

A, B, C = "http://a/announce", "http://b/announce", "udp://c:80"
TALLY = Tally(uploaded=10, downloaded=20, left=30)


class World:
    """A torrent's schedule, a clock, and shorthand."""

    def __init__(self, *tiers: list[str], seed: int = 1) -> None:
        self.announcing = Announcing(list(tiers), Random(seed), key=77)
        self.now = 1000.0
        self.wanting = True
        self.starving = False

    def due(self) -> list[tuple[str, str]]:
        """`(url, event)` of what is sent now; "scrape" for a scrape."""
        commands = self.announcing.due(self.now, TALLY, self.wanting, self.starving)
        return [(c.url, c.event if isinstance(c, Announce) else "scrape") for c in commands]

    def start(self) -> list[tuple[str, str]]:
        self.announcing.start(self.now)
        return self.due()

    def stop(self) -> list[tuple[str, str]]:
        return [(c.url, c.event) for c in self.announcing.stop(self.now, TALLY)]

    def answer(self, url: str, **said: Any) -> list[tuple[str, str]]:
        said = {"interval": 1800.0, "seeders": 1, "leechers": 1} | said
        self.announcing.answered(Announced(url, Answer(**said)), self.now)
        return self.due()

    def fail(self, url: str, retry_in: float | None = None) -> list[tuple[str, str]]:
        self.announcing.failed(AnnounceFailed(url, "no route", retry_in), self.now)
        return self.due()

    def sleep(self) -> list[tuple[str, str]]:
        """Wait for the deadline."""
        deadline = self.announcing.next_deadline()
        assert self.now < deadline < NEVER
        self.now = deadline
        return self.due()

    def tracker(self, url: str) -> Any:
        return next(tracker for tracker in self.announcing.trackers if tracker.url == url)


def test_nothing_happens_before_the_start_and_without_trackers() -> None:
    world = World([A])
    assert world.due() == []
    assert world.announcing.next_deadline() == NEVER
    assert World().start() == []
    assert World().announcing.next_deadline() == NEVER


def test_one_tracker_from_start_to_stop() -> None:
    world = World([A])
    assert world.start() == [(A, "started")]
    assert world.due() == [], "one announce at a time"
    assert world.announcing.next_deadline() == NEVER
    world.now += 0.2
    assert world.answer(A, interval=900.0) == []
    assert world.announcing.next_deadline() == world.now + 900.0 == world.tracker(A).next_announce
    assert world.sleep() == [(A, "")]
    assert world.answer(A) == []
    assert world.stop() == [(A, "stopped")]
    assert world.announcing.next_deadline() == NEVER
    assert world.answer(A) == []
    assert world.stop() == []


def test_what_an_announce_says() -> None:
    announcing = Announcing([[A]], Random(1), key=77)
    announcing.start(0.0)
    assert announcing.due(0.0, TALLY, wanting_peers=True) == [Announce(A, "started", 10, 20, 30, NUMWANT, 77, b"")]
    announcing.answered(Announced(A, Answer(interval=100.0, tracker_id=b"id", seeders=1)), 0.0)
    later = Tally(11, 50, 0)
    assert announcing.due(100.0, later, wanting_peers=False) == [Announce(A, "", 11, 50, 0, 0, 77, b"id")]
    assert announcing.stop(101.0, later) == [Announce(A, "stopped", 11, 50, 0, 0, 77, b"id")]


def test_a_failing_started_is_tried_as_started_at_the_next_tracker_at_once() -> None:
    world = World([A], [B], [C])
    assert world.start() == [(A, "started")]
    assert world.fail(A) == [(B, "started")]
    assert world.fail(B) == [(C, "started")]
    assert world.answer(C, interval=1800.0) == []
    assert (world.tracker(A).status, world.tracker(A).message) == ("failed", "no route")
    assert world.sleep() == [(A, "started")], "the first tier is tried again when the next announce is due"
    assert world.answer(A) == []
    assert world.stop() == [(A, "stopped"), (C, "stopped")]


def test_when_all_fail_the_first_whose_back_off_ends_is_asked() -> None:
    world = World([A], [B])
    world.start()
    world.fail(A)
    world.now += 5.0
    assert world.fail(B) == []
    ends = {url: world.tracker(url).retry_at for url in (A, B)}
    assert world.announcing.next_deadline() == min(ends.values())
    assert world.sleep() == [(min(ends, key=lambda url: ends[url]), "started")]


def test_back_off_grows() -> None:
    world = World([A])
    world.start()
    for failures in range(1, 6):
        assert world.fail(A) == []
        wait = world.announcing.next_deadline() - world.now
        nominal = FIRST_BACK_OFF * 2 ** (failures - 1)
        assert nominal * (1 - JITTER) <= wait <= nominal * (1 + JITTER)
        assert world.sleep() == [(A, "started")]


def test_the_tracker_that_works_moves_to_the_front_of_its_tier() -> None:
    world = World([A, B])
    ((first, _),) = world.start()
    second = B if first == A else A
    assert world.fail(first) == [(second, "started")]
    world.answer(second)
    assert [tracker.url for tracker in world.announcing.trackers] == [second, first]
    assert world.sleep() == [(second, "")]


def test_never_again_means_never_again() -> None:
    world = World([A])
    world.start()
    assert world.fail(A, retry_in=NEVER) == []
    assert world.announcing.next_deadline() == NEVER
    world.announcing.announce_now(world.now)
    assert world.due() == []
    assert world.announcing.next_deadline() == NEVER
    world.stop()
    assert world.start() == []


def test_retry_in_is_honoured() -> None:
    world = World([A])
    world.start()
    world.fail(A, retry_in=600.0)
    assert world.announcing.next_deadline() == world.now + 600.0


@pytest.mark.parametrize(("said", "meant"), [(None, 1800.0), (0.0, 60.0), (-1.0, 60.0), (2.0**63, 86400.0)])
def test_the_interval_is_clamped(said: float | None, meant: float) -> None:
    world = World([A])
    world.start()
    world.answer(A, interval=said)
    assert world.announcing.next_deadline() == world.now + meant


def test_completed_is_told_at_once_and_once() -> None:
    world = World([A], [B])
    world.start()
    world.answer(A, min_interval=1000.0)
    world.now += 1.0
    world.announcing.completed(world.now)
    assert world.announcing.next_deadline() == world.now
    assert world.due() == [(A, "completed")]
    assert world.due() == []
    assert world.answer(A) == []
    assert world.sleep() == [(A, "")]


def test_completed_waits_for_started_to_be_accepted() -> None:
    world = World([A])
    world.start()
    world.announcing.completed(world.now)
    assert world.due() == []
    assert world.answer(A) == [(A, "completed")]
    assert world.answer(A) == []


def test_a_completed_that_fails_is_owed_to_the_next_tracker() -> None:
    world = World([A], [B])
    world.start()
    world.answer(A)
    world.announcing.completed(world.now)
    assert world.due() == [(A, "completed")]
    assert world.fail(A) == [(B, "started")]
    assert world.answer(B) == [(B, "completed")]
    assert world.answer(B) == []
    assert world.sleep() == [(A, "")], "it is owed to nobody any more"


def test_a_stop_while_started_is_under_way_is_told_too() -> None:
    world = World([A])
    world.start()
    assert world.stop() == [(A, "stopped")]
    world.answer(A)
    world.answer(A)
    assert world.tracker(A).status == "stopped"
    assert world.start() == [(A, "started")]


def test_stopped_is_not_told_where_started_never_arrived() -> None:
    world = World([A], [B])
    world.start()
    world.fail(A)
    world.answer(B)
    assert world.stop() == [(B, "stopped")]


def test_a_restart_waits_for_stopped_to_be_answered() -> None:
    for outcome in ("answer", "fail"):
        world = World([A])
        world.start()
        world.answer(A)
        world.stop()
        assert world.start() == []
        assert getattr(world, outcome)(A) == [(A, "started")]


def test_a_stopped_that_fails_is_not_tried_again() -> None:
    world = World([A])
    world.start()
    world.answer(A)
    world.stop()
    assert world.fail(A) == []
    assert world.announcing.next_deadline() == NEVER
    assert world.tracker(A).message == "no route"


def test_a_silent_stop_says_nothing() -> None:
    world = World([A])
    world.start()
    world.answer(A)
    assert world.announcing.stop(world.now, TALLY, silent=True) == []
    assert world.start() == [(A, "started")]


def test_a_start_forgives_back_off() -> None:
    world = World([A])
    world.start()
    world.fail(A)
    assert world.stop() == []
    assert world.start() == [(A, "started")]


def test_a_starving_torrent_asks_early_but_not_before_the_min_interval() -> None:
    world = World([A])
    world.start()
    world.answer(A, interval=7200.0, min_interval=600.0)
    answered = world.now
    assert world.announcing.next_deadline() == answered + 7200.0
    world.now += EARLY + 1.0
    world.starving = True
    assert world.due() == []
    assert world.announcing.next_deadline() == answered + 600.0
    assert world.sleep() == [(A, "")]
    world.answer(A, interval=7200.0)
    assert world.announcing.next_deadline() == world.now + EARLY
    world.starving = False
    world.due()
    assert world.announcing.next_deadline() == world.now + 7200.0


def test_the_user_asks_one_tracker_of_each_tier() -> None:
    world = World([A], [B], [C])
    world.start()
    world.answer(A, min_interval=120.0)
    world.announcing.announce_now(world.now)
    assert world.due() == [(B, "started"), (C, "started")], "A's min interval is not over"
    world.answer(B)
    world.answer(C)
    assert world.announcing.next_deadline() == world.now + 120.0
    assert world.sleep() == [(A, "")]
    world.answer(A)
    assert sorted(world.stop()) == [(A, "stopped"), (B, "stopped"), (C, "stopped")]


def test_the_user_ends_a_back_off() -> None:
    world = World([A])
    world.start()
    world.fail(A)
    world.announcing.announce_now(world.now)
    assert world.announcing.next_deadline() == world.now
    assert world.due() == [(A, "started")]


def test_an_extra_tracker_that_fails_does_not_disturb_the_turn() -> None:
    world = World([A], [B])
    world.start()
    world.answer(A, interval=1800.0)
    due = world.announcing.next_deadline()
    world.now += 100.0
    world.announcing.announce_now(world.now)
    assert world.due() == [(A, ""), (B, "started")]
    assert world.fail(B) == []
    world.answer(A, interval=1800.0)
    assert world.announcing.next_deadline() == world.now + 1800.0 > due


def test_a_port_that_changed_is_told_to_who_knows_of_us_and_to_nobody_else() -> None:
    """After its min interval; other tiers hear it when their turn comes."""
    world = World([A], [B])
    world.start()
    world.answer(A, min_interval=60.0)
    world.now += 8
    world.announcing.port_changed(world.now)
    assert world.due() == []
    world.now += 52
    assert world.due() == [(A, "")]


def test_a_port_that_changed_ends_no_back_off() -> None:
    world = World([A], [B])
    world.start()
    world.announcing.port_changed(world.now)
    assert world.fail(A) == [(B, "started")]
    assert world.fail(B) == []
    deadline = world.announcing.next_deadline()
    world.announcing.port_changed(world.now)
    assert world.due() == []
    assert world.announcing.next_deadline() == deadline


def test_announce_now_while_stopped_does_nothing() -> None:
    world = World([A])
    world.announcing.announce_now(world.now)
    assert world.due() == []
    assert world.announcing.next_deadline() == NEVER


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


def test_other_trackers_keep_what_remains_and_take_leave_of_the_removed() -> None:
    world = World([A], [B])
    world.start()
    world.answer(A)
    kept = world.tracker(A)
    assert world.announcing.replace([[A], [C]], world.now, TALLY) == []
    assert world.tracker(A) is kept
    assert world.due() == []
    commands = world.announcing.replace([[C]], world.now, TALLY)
    assert [(command.url, command.event) for command in commands] == [(A, "stopped")]
    assert world.due() == [(C, "started")]
    assert world.answer(A) == [], "an answer of a removed tracker"
    assert world.fail(B) == []


def test_trackers_that_come_while_stopped_wait_for_the_start() -> None:
    world = World()
    assert world.announcing.replace([[A]], world.now, TALLY) == []
    assert world.due() == []
    assert world.start() == [(A, "started")]


def test_unasked_answers_change_nothing() -> None:
    world = World([A])
    assert world.answer(A) == []
    assert world.fail(A) == []
    assert world.tracker(A).status == "new"


class Books:
    """What a tracker saw of us, kept strictly."""

    def __init__(self) -> None:
        self.started: dict[str, bool] = {}
        self.completions = 0
        self.pending: list[tuple[str, str]] = []

    def sent(self, command: Announce | Scrape) -> None:
        if isinstance(command, Scrape):
            return
        urls = [url for url, _ in self.pending]
        if command.event != "stopped":
            assert command.url not in urls, "one announce outstanding per tracker"
        if command.event == "completed":
            assert self.started.get(command.url), "completed before started"
        if command.event == "":
            assert self.started.get(command.url), "a plain announce before started"
        self.pending.append((command.url, command.event))

    def accepted(self, url: str, event: str) -> None:
        if event in ("started", "stopped"):
            self.started[url] = event == "started"
        self.completions += event == "completed"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["answer", "fail", "wait", "now", "complete", "stop", "start"]),
            st.integers(0, 5),
            st.booleans(),
        ),
        max_size=80,
    ),
    st.integers(0, 9),
)
def test_no_tracker_ever_hears_anything_out_of_order(steps: list[tuple[str, int, bool]], seed: int) -> None:
    announcing, books = Announcing([[A, B], [C]], Random(seed), 1), Books()
    now, completions, running, last_plain = 0.0, 0, False, dict.fromkeys((A, B, C), -1e9)
    for verb, number, starving in steps:
        if verb in ("answer", "fail") and books.pending:
            index = number % len(books.pending)
            url = books.pending[index][0]
            index = next(i for i, (other, _) in enumerate(books.pending) if other == url)  # in order, per tracker
            _, event = books.pending.pop(index)
            if verb == "answer":
                books.accepted(url, event)
                last_plain[url] = now
                announcing.answered(Announced(url, Answer(interval=300.0, min_interval=200.0)), now)
            else:
                announcing.failed(AnnounceFailed(url, "no", NEVER if number == 5 else None), now)
        elif verb == "wait":
            now = max(now, min(announcing.next_deadline(), now + 1000.0))
        elif verb == "now":
            announcing.announce_now(now)
        elif verb == "complete" and running and not completions:
            completions = 1
            announcing.completed(now)
        elif verb == "stop" and running:
            running = False
            for command in announcing.stop(now, TALLY):
                books.sent(command)
        elif verb == "start" and not running:
            running = True
            announcing.start(now)
        for command in announcing.due(now, TALLY, True, starving):
            assert running
            books.sent(command)
            if isinstance(command, Announce) and command.event == "":
                assert now >= last_plain[command.url] + 200.0, "before its min interval"
        assert books.completions <= completions
        assert announcing.due(now, TALLY, True, starving) == [], "all that is due is said at once"
        assert announcing.next_deadline() > now
