"""What random stories found, as simple as it could be made. Each has a test of a lower tier, too."""

from __future__ import annotations

from tests.scenarios.stories.story import Host, Step, Story
from tests.scenarios.stories.tell import tell
from torrentd.simulate.internet.links import Link

LINK = Link(up=1e6)
SEED = Host(LINK, share=100)


def test_a_stop_overtakes_an_add() -> None:
    """Its record was committed during the stop, and its session left timers behind."""
    tell(Story(1, 7, 32768, (SEED, Host(LINK, joins=2.0)), steps=(Step(2.0, "stop", 1, 0),)))


def test_a_stop_overtakes_a_removal() -> None:
    """It planned a backup after the stop."""
    steps = (Step(1.0, "remove", 1, 50), Step(0.0, "stop", 1, 0), Step(1.0, "start", 1, 0))
    tell(Story(1, 7, 32768, (SEED, Host(LINK, joins=0.5)), steps=steps))


def test_a_seed_whose_reads_miss_the_cache_and_whose_sockets_are_full() -> None:
    """It took a read that was under way for a serve that was over, and counted less than it had sent."""
    leech = Host(Link(up=1e6, down=3e5), joins=0.5)
    steps = (Step(0.0, "lose_cache", 0, 0), *[Step(0.5, "lose_cache", 1, 0)] * 30)
    tell(Story(1, 100, 65536, (SEED, leech, leech), steps=steps))
