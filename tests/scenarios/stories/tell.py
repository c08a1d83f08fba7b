"""One story from the beginning to the end."""

from __future__ import annotations

from typing import NamedTuple

from tests.scenarios.stories import ending, invariants
from tests.scenarios.stories.acts import ACTS
from tests.scenarios.stories.stage import Stage
from tests.scenarios.stories.story import Story


class Told(NamedTuple):
    """What became of it."""

    digest: str
    took: float
    """simulated seconds from healing until everybody had what he wanted"""


def replay_of(seed: int) -> str:
    """What to call."""
    return f"make sim ARGS='--seed {seed}' (and --shrink to make it simpler)"


def tell(story: Story, replay: str = "") -> Told:
    """SimulationError if something is wrong, with the last lines of the trace, `replay`, and the story."""
    stage = Stage(story, replay or "the story below")
    try:
        for step in story.steps:
            stage.swarm.run(step.wait)
            node = stage.nodes[step.who % len(stage.nodes)]
            stage.swarm.trace.note("act", step.act, node.name, step.amount)
            with stage.swarm.watching():
                ACTS[step.act](stage, node, step.amount)
            invariants.check(stage)
        return Told(stage.swarm.digest(), ending.end(stage))
    except Exception as error:
        error.add_note(f"at {stage.swarm.now:.3f} s of\n{story}")
        raise
