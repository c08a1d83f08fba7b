"""Whatever happens, no tracker hears anything out of order."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.swarm.announcing.schedules import TALLY, A, B, C
from torrentd.policy.tiers import NEVER
from torrentd.swarm.announcing.schedule import Announcing
from torrentd.swarm.commands import Announce, Scrape
from torrentd.swarm.events import Announced, AnnounceFailed
from torrentd.wire.tracker.answer import Answer


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
