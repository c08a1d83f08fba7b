"""What the tool prints: a table for people, or JSON whose every number comes from the simulated world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from statistics import median

from torrentd.simulate.crowd import Crowd, Moment

WIDTH = 40
"""Characters of the timeline's bars."""

DIGITS = 6
"""Decimals of seconds in JSON: microseconds."""


def as_json(crowd: Crowd) -> str:
    """`{ratio, limit, completions, copies_sent, digest}`; the same bytes for the same seed."""
    return json.dumps(
        {
            "ratio": round(crowd.ratio, DIGITS),
            "limit": round(crowd.plan.limit, DIGITS),
            "completions": [round(seconds, DIGITS) for seconds in crowd.completions],
            "copies_sent": round(crowd.copies_sent or 0.0, DIGITS),
            "digest": crowd.swarm.digest(),
        }
    )


def as_text(crowd: Crowd) -> str:
    """For people."""
    return "\n".join([*_timeline(crowd), "", *_summary(crowd)])


def _timeline(crowd: Crowd) -> Iterator[str]:
    leeches = len(crowd.leeches)
    done = "done".rjust(2 * len(str(leeches)) + 1)
    yield f"{'seconds':>9}  {'progress of all leeches':{WIDTH + 7}}  {done}  copies sent by seeds"
    for moment in crowd.moments:
        yield _line(moment, leeches)


def _line(moment: Moment, leeches: int) -> str:
    bar = "#" * int(moment.progress * WIDTH)
    done = f"{moment.done:>{len(str(leeches))}}/{leeches}"
    return f"{moment.time:9.1f}  {bar:{WIDTH}} {moment.progress:6.1%}  {done}  {moment.copies:.2f}"


def _summary(crowd: Crowd) -> Iterator[str]:
    times = sorted(crowd.completions)
    yield f"completed   first {times[0]:.1f} s, median {median(times):.1f} s, last {times[-1]:.1f} s"
    yield f"limit       {crowd.plan.limit:.1f} s, if bytes were water; the last leech needed {crowd.ratio:.2f} of that"
    yield f"seeds       had sent {crowd.copies_sent or 0.0:.2f} copies when the leeches together had a whole one"
    yield f"digest      {crowd.swarm.digest()}, the same for every run with --seed {crowd.swarm.seed}"
