"""Why a connection ended, in words for `torrent.peers` and the log. Nothing in them comes from the network."""

from __future__ import annotations

from twisted.internet import error
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure

OUR_FAULT = "an internal error (see the log)"


def connect_failed(failure: Failure, timeout: float) -> str:
    """The words for a connect that came to nothing."""
    problem = failure.value
    if isinstance(problem, error.TimeoutError):
        return f"connect timed out after {timeout:g} s"
    if isinstance(problem, CancelledError):
        return "connect was given up"
    if isinstance(problem, error.ConnectError):
        return f"connect failed: {str(problem.args[0] if problem.args else '') or 'no reason given'}"
    return f"connect failed: {problem}"


def connection_lost(failure: Failure) -> str:
    """The words for a connection that ended without our doing."""
    problem = failure.value
    if isinstance(problem, error.ConnectionDone):
        return "the peer closed the connection"
    words = ", ".join(str(word) for word in getattr(problem, "args", ()))
    return f"connection lost: {words}" if words else "connection lost"
