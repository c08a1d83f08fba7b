"""Random stories: five that stay, and one that nobody has seen before."""

from __future__ import annotations

from random import SystemRandom

import pytest
from hypothesis import Phase

from tests.scenarios.stories.acts import ACTS
from tests.scenarios.stories.generate import story_of, with_seed
from tests.scenarios.stories.story import Host, Step, Story
from tests.scenarios.stories.tell import replay_of, tell
from torrentd.simulate.internet.links import Link

FIXED = (6, 15, 84, 96, 104)
"""large ones: five to seven hosts, 25 to 48 steps, 6 to 18 MiB"""
FRESH = SystemRandom().randrange(10**9)


@pytest.mark.parametrize("seed", FIXED)
def test_a_random_story_ends_well(seed: int) -> None:
    tell(story_of(seed), replay_of(seed))


def test_a_fresh_story_ends_well() -> None:
    tell(story_of(FRESH), replay_of(FRESH))


def test_the_same_seed_gives_the_same_story_and_the_same_digest() -> None:
    first, second = story_of(FIXED[0]), story_of(FIXED[0])
    assert first == second
    assert tell(first).digest == tell(second).digest


def test_different_seeds_give_different_stories() -> None:
    stories = [story_of(seed) for seed in range(20)]
    assert len(set(map(str, stories))) == 20
    assert {step.act for story in stories for step in story.steps} == set(ACTS)


def test_a_story_that_fails_is_made_simpler() -> None:
    told: list[Story] = []

    def tells(story: Story) -> Story:
        told.append(story)
        assert len(story.hosts) < 4
        return story

    with pytest.raises(AssertionError):
        with_seed(FIXED[0], tells, Phase.shrink)
    assert (len(told[-1].hosts), told[-1].steps) == (4, ())


def test_a_story_is_shown_as_the_python_that_makes_it() -> None:
    story = story_of(FIXED[0])
    assert eval(str(story), {"Host": Host, "Step": Step, "Story": Story, "Link": Link}) == story
