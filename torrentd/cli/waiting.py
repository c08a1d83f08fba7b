"""Waiting for torrents: long polls, joined into one answer, with progress for whoever watches.

The daemon answers `torrent.wait` within 300 s at most, so a long wait is several calls. Only torrents that are still
pending are asked for again; one that disappears in between is a failure of that torrent, as it is within one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from torrentd.cli.columns import SHORT_ID
from torrentd.cli.exits import FAILED, OK, TIMED_OUT
from torrentd.cli.session import Session
from torrentd.cli.torrents import EVERY_ROW

LONG_POLL = 60.0
"""seconds a call may wait when nobody watches: short enough for any proxy between us"""
GLANCE = 0.5
"""seconds between two pictures of the progress"""

_NOT_FOUND = 1


def wait_for(session: Session, ids: Sequence[str], until: str, seconds: float | None) -> dict[str, Any]:
    """`{done, pending, failed}` as `torrent.wait` answers; `seconds` None waits for as long as it takes."""
    deadline = float("inf") if seconds is None else session.clock() + seconds
    with ExitStack() as stack:
        draw = _drawing(session, stack)
        longest = LONG_POLL if draw is None else GLANCE
        result = _ask(session, list(ids), until, _slice(session, deadline, longest))
        while result["pending"] and session.clock() < deadline:
            if draw is not None:
                draw(result["pending"])
            more = _ask_again(session, result["pending"], until, _slice(session, deadline, longest))
            result = {
                "done": result["done"] + more["done"],
                "pending": more["pending"],
                "failed": result["failed"] + more["failed"],
            }
    return result


def _slice(session: Session, deadline: float, longest: float) -> float:
    return max(0.0, min(longest, deadline - session.clock()))


def _ask(session: Session, ids: list[str], until: str, seconds: float) -> dict[str, Any]:
    params = {"ids": ids, "until": until, "timeout": seconds}
    answer: dict[str, Any] = session.call("torrent.wait", params, wait=seconds)
    return answer


def _ask_again(session: Session, ids: list[str], until: str, seconds: float) -> dict[str, Any]:
    from torrentd.rpc.client import RpcFailed

    try:
        return _ask(session, ids, until, seconds)
    except RpcFailed as error:
        lost = error.data.get("id")
        if error.code != _NOT_FOUND or lost not in ids:
            raise
        failure = {"id": lost, "code": error.code, "message": error.message}
        return {"done": [], "pending": [id for id in ids if id != lost], "failed": [failure]}


def _drawing(session: Session, stack: ExitStack) -> Callable[[list[str]], None] | None:
    """What draws the progress of some torrents; None when nobody watches."""
    if not session.output.shows_progress:
        return None
    from torrentd.cli.progress import FIELDS, Bars

    bars = stack.enter_context(Bars(session.output.console(on_stderr=True)))

    def draw(ids: list[str]) -> None:
        params = {"filter": {"ids": ids}, "fields": FIELDS, "limit": EVERY_ROW}
        bars.show(session.call("torrent.list", params)["torrents"])

    return draw


def conclude(session: Session, result: dict[str, Any]) -> int:
    """Complain about what failed or is pending; the exit code."""
    output = session.output
    for failure in result["failed"]:
        output.complain(f"{failure['id'][:SHORT_ID]}: {failure['message']}")
    if result["failed"]:
        return FAILED
    if result["pending"]:
        output.complain(f"still waiting for {', '.join(id[:SHORT_ID] for id in result['pending'])}")
        return TIMED_OUT
    return OK
