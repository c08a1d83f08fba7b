"""What happens in the daemon, one event after the other, by long polls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from torrentd.cli.session import Session

LONG_POLL = 60.0
"""Seconds a call may wait: short enough for any proxy between us."""


def follow(session: Session, topics: Sequence[str], since: str | None = None) -> Iterator[dict[str, Any]]:
    """Each event of these topics, from a cursor or from now on. Never ends by itself."""
    while True:
        params: dict[str, Any] = {"topics": list(topics), "timeout": LONG_POLL}
        if since is not None:
            params["since"] = since
        answer = session.call("events.poll", params, wait=LONG_POLL)
        if answer["gap"]:
            session.output.remark("some events are missing here: they are not kept any more")
        yield from answer["events"]
        since = answer["cursor"]
