"""The words for how a connection ended."""

from __future__ import annotations

import pytest
from twisted.internet import error
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure

from torrentd.net.reasons import connect_failed, connection_lost


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (error.TimeoutError(), "connect timed out after 10 s"),
        (CancelledError(), "connect was given up"),
        (error.ConnectionRefusedError(111, "Connection refused"), "connect failed: Connection refused"),
        (error.ConnectError(), "connect failed: no reason given"),
        (OSError("odd"), "connect failed: odd"),
    ],
)
def test_connects(problem: Exception, words: str) -> None:
    assert connect_failed(Failure(problem), 10.0) == words


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (error.ConnectionDone(), "the peer closed the connection"),
        (error.ConnectionLost("Connection reset by peer"), "connection lost: Connection reset by peer"),
        (error.ConnectionLost(), "connection lost"),
    ],
)
def test_connections(problem: Exception, words: str) -> None:
    assert connection_lost(Failure(problem)) == words
