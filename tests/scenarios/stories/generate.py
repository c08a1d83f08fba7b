"""Stories by Hypothesis.

Everything is drawn as one of a few values, as a boolean, or as a number below 100: of other numbers Hypothesis takes
some from the source code that happens to be imported, and a seed would not give the same story everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from tests.scenarios.stories.acts import ACTS
from tests.scenarios.stories.story import Host, Step, Story
from torrentd.simulate.internet.links import Link

KIB = 1024

LINKS = st.builds(
    Link,
    up=st.sampled_from([1_000_000, 250_000, 60_000, 4_000_000, None]),
    down=st.sampled_from([None, 2_000_000, 300_000, 8_000_000]),
    latency=st.sampled_from([0.01, 0.001, 0.05, 0.2]),
    loss=st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.05]),
    queue=st.sampled_from([64 * KIB, 16 * KIB]),
    nat=st.sampled_from([False, False, False, True]),
)

HOSTS = st.builds(
    Host,
    link=LINKS,
    share=st.sampled_from([0, 0, 0, 0, 30, 60, 100]),
    joins=st.sampled_from([0.0, 0.0, 0.5, 2.0, 5.0]),
    skips=st.sampled_from([(), (), (), (0,), (1,), (0, 2)]),
    sequential=st.sampled_from([False, False, False, True]),
    connections=st.sampled_from([50, 50, 50, 3, 2]),
    slots=st.sampled_from([8, 8, 2, 1]),
    disk_queue=st.sampled_from([32 * KIB * KIB, 32 * KIB * KIB, 256 * KIB]),
)

STEPS = st.builds(
    Step,
    wait=st.sampled_from([0.5, 0.0, 0.05, 0.2, 0.5, 1.0, 2.0, 2.0, 4.0, 7.0, 30.0, 130.0]),
    act=st.sampled_from(sorted(ACTS)),
    who=st.integers(0, 9),
    amount=st.integers(0, 99),
)

SEED = st.builds(Host, link=LINKS, share=st.just(100))
"""the first host of every story: it has everything at the beginning"""

STORIES = st.builds(
    Story,
    luck=st.just(0),
    pieces=st.sampled_from([100, 20, 7, 1, 300, 200]),
    piece_size=st.sampled_from([32 * KIB, 16 * KIB, 64 * KIB]),
    files=st.sampled_from([1, 1, 3]),
    udp=st.booleans(),
    hosts=st.tuples(SEED, st.lists(HOSTS, min_size=1, max_size=6)).map(lambda hosts: (hosts[0], *hosts[1])),
    steps=st.tuples(*[st.lists(STEPS)] * 5).map(lambda lists: tuple(step for steps in lists for step in steps)),
)

SETTINGS: dict[str, Any] = {
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "verbosity": hypothesis.Verbosity.quiet,
}


def with_seed(seed: int, told: Callable[[Story], object], *phases: Phase) -> None:
    """Give `told` the simplest story of all and then the one of this seed. With Phase.shrink, if that fails, simpler
    and simpler ones that fail, too; what the last of them raised comes back."""

    def hears(story: Story) -> None:
        told(_finished(story, seed))

    given = hypothesis.given(STORIES)(hears)
    settings = hypothesis.settings(max_examples=2, phases=[Phase.generate, *phases], **SETTINGS)
    hypothesis.seed(seed)(settings(given))()


def _finished(story: Story, seed: int) -> Story:
    """With its luck. Every fourth host but the first has only the link: not drawn, so that what is drawn stays."""
    hosts = [replace(host, magnet=index > 0 and (seed + index) % 4 == 0) for index, host in enumerate(story.hosts)]
    return replace(story, luck=seed, hosts=tuple(hosts))


def story_of(seed: int) -> Story:
    """The same for the same seed, with this version of Hypothesis and of the strategies."""
    found: list[Story] = []
    with_seed(seed, found.append)
    return found[-1]
