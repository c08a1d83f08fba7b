"""Group commit: one order for everything, one transaction for all that waits.

A commit costs a sync of the disk, whatever it holds. So while one is under way, further changes queue up, and all of
them become the next transaction; each caller's Deferred fires when the commit that holds *its* change is on the disk.
Queries stand in the same queue, so that a caller sees what it wrote before; a query runs alone, outside a
transaction, and does not fail because the disk is full.

When a transaction fails it is rolled back and each of its changes is tried once more by itself: a change that breaks
a rule, or that is too large for what is left of the disk, fails alone. The queue has no cap of its own: its callers
wait for their Deferreds, and there are no more of them than torrents and RPC calls.

Rejected: a SAVEPOINT around each change (two more statements for each of the thousands that go well), and a timer
that collects changes for some milliseconds (it delays the lone change, which is the usual one).
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

Run: TypeAlias = Callable[..., "Deferred[Any]"]
"""`run(f, *args)`: call f on the one thread that owns the connection."""

Statement: TypeAlias = Callable[[sqlite3.Connection], Any]


class Commits:
    """The queue in front of the connection. Lives on the reactor thread; statements run where `run` runs them."""

    def __init__(self, run: Run, connection: sqlite3.Connection) -> None:
        self._run = run
        self._connection = connection
        self._queue: deque[tuple[bool, Statement, Deferred[Any]]] = deque()
        self._busy = False

    def write(self, change: Statement) -> Deferred[Any]:
        """Run `change` inside the next transaction; fires with its result after the commit. It may run twice."""
        return self._put(True, change)

    def query(self, query: Statement) -> Deferred[Any]:
        """Run `query` by itself, after everything that was asked before it."""
        return self._put(False, query)

    def _put(self, is_change: bool, statement: Statement) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self._queue.append((is_change, statement, done))
        if not self._busy:
            self._next()
        return done

    def _next(self) -> None:
        self._busy = bool(self._queue)
        if not self._queue:
            return
        is_change, statement, done = self._queue.popleft()
        statements, waiting = [statement], [done]
        while is_change and self._queue and self._queue[0][0]:
            _, statement, done = self._queue.popleft()
            statements.append(statement)
            waiting.append(done)
        finished = self._run(commit if is_change else ask, self._connection, statements)
        finished.addCallbacks(self._finished, self._failed, callbackArgs=(waiting,), errbackArgs=(waiting,))

    def _finished(self, outcomes: list[Any], waiting: list[Deferred[Any]]) -> None:
        for outcome, done in zip(outcomes, waiting, strict=True):
            if isinstance(outcome, Exception):
                done.errback(outcome)
            else:
                done.callback(outcome)
        self._next()

    def _failed(self, failure: Failure, waiting: list[Deferred[Any]]) -> None:
        """The thread itself is gone: nothing that was asked will happen."""
        for done in waiting:
            done.errback(failure)
        self._next()


def ask(connection: sqlite3.Connection, statements: list[Statement]) -> list[Any]:
    """Run one query; its result, or the exception it raised."""
    try:
        return [statements[0](connection)]
    except Exception as error:
        return [error]


def commit(connection: sqlite3.Connection, changes: list[Statement]) -> list[Any]:
    """Run all changes in one transaction; per change its result, or the exception that undid it."""
    try:
        return _transaction(connection, changes)
    except Exception as error:
        if len(changes) == 1:
            return [error]
    return [outcome for change in changes for outcome in commit(connection, [change])]


def _transaction(connection: sqlite3.Connection, changes: list[Statement]) -> list[Any]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [change(connection) for change in changes]
        connection.execute("COMMIT")
    except BaseException:
        # SQLite may have rolled back by itself (a full disk does that)
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return results
