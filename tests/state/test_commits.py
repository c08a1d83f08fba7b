"""One order, one transaction for all that waits, and failures that stay alone."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from twisted.internet.defer import Deferred, execute, fail

from tests.state.samples import HeldRun, result
from torrentd.state.commits import Commits


@pytest.fixture
def connection() -> sqlite3.Connection:
    found = sqlite3.connect(":memory:", isolation_level=None)
    found.execute("CREATE TABLE number (n INTEGER CHECK (n >= 0))")
    return found


def insert(n: int) -> Any:
    return lambda connection: connection.execute("INSERT INTO number VALUES (?)", (n,)).rowcount


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [n for (n,) in connection.execute("SELECT n FROM number ORDER BY rowid")]


def watch(deferreds: list[Deferred[Any]]) -> list[tuple[int, Any]]:
    """(which, with what) in the order of firing."""
    fired: list[tuple[int, Any]] = []
    for index, deferred in enumerate(deferreds):
        deferred.addBoth(lambda value, index=index: fired.append((index, value)))
    return fired


def transactions(connection: sqlite3.Connection) -> list[str]:
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    return statements


def test_a_lone_change_is_committed_at_once(connection: sqlite3.Connection) -> None:
    assert result(Commits(execute, connection).write(insert(1))) == 1
    assert numbers(connection) == [1]


def test_what_waits_for_a_commit_becomes_the_next_one(connection: sqlite3.Connection) -> None:
    run, statements = HeldRun(), transactions(connection)
    commits = Commits(run, connection)
    fired = watch([commits.write(insert(n)) for n in range(4)])
    assert len(run.calls) == 1
    run.step()
    assert fired == [(0, 1)]
    assert statements.count("COMMIT") == 1
    run.step()
    assert [index for index, _ in fired] == [0, 1, 2, 3]
    assert statements.count("COMMIT") == 2
    assert not run.calls


def test_no_caller_hears_before_its_commit(connection: sqlite3.Connection) -> None:
    run = HeldRun()
    commits = Commits(run, connection)
    first, second = commits.write(insert(1)), commits.write(insert(2))
    seen: list[list[int]] = []
    for deferred in (first, second):
        deferred.addCallback(lambda _: seen.append(numbers(connection)))
    run.step()
    assert seen == [[1]]
    run.step()
    assert seen == [[1], [1, 2]]


def test_what_a_callback_asks_for_is_batched_with_what_waits(connection: sqlite3.Connection) -> None:
    run = HeldRun()
    commits = Commits(run, connection)
    first = commits.write(insert(1))
    late: list[Deferred[Any]] = []
    first.addCallback(lambda _: late.append(commits.write(insert(3))))
    waiting = commits.write(insert(2))
    run.step()
    run.step()
    assert result(waiting) == result(late[0]) == 1
    assert numbers(connection) == [1, 2, 3]


def test_a_query_sees_what_was_written_before_it_and_nothing_after(connection: sqlite3.Connection) -> None:
    run = HeldRun()
    commits = Commits(run, connection)
    commits.write(insert(1))
    commits.write(insert(2))
    asked = commits.query(numbers)
    commits.write(insert(3))
    for _ in range(4):
        run.step()
    assert result(asked) == [1, 2]
    assert numbers(connection) == [1, 2, 3]


def test_a_query_is_outside_of_transactions(connection: sqlite3.Connection) -> None:
    commits = Commits(execute, connection)
    assert result(commits.query(lambda found: found.in_transaction)) is False


def test_a_change_that_fails_fails_alone(connection: sqlite3.Connection) -> None:
    run = HeldRun()
    commits = Commits(run, connection)
    asked = [commits.write(insert(n)) for n in (1, 2, -1, 3)]
    run.step()
    run.step()
    assert result(asked[0]) == result(asked[1]) == result(asked[3]) == 1
    with pytest.raises(sqlite3.IntegrityError):
        result(asked[2])
    assert numbers(connection) == [1, 2, 3]


def test_half_of_a_failed_change_is_undone(connection: sqlite3.Connection) -> None:
    def half(found: sqlite3.Connection) -> None:
        insert(7)(found)
        raise LookupError("no")

    commits = Commits(execute, connection)
    with pytest.raises(LookupError):
        result(commits.write(half))
    assert numbers(connection) == []
    assert result(commits.write(insert(1))) == 1


def test_a_query_that_fails_does_not_stop_the_queue(connection: sqlite3.Connection) -> None:
    commits = Commits(execute, connection)
    with pytest.raises(sqlite3.OperationalError):
        result(commits.query(lambda found: found.execute("SELECT * FROM nothing")))
    assert result(commits.write(insert(1))) == 1


def test_a_full_database_fails_the_change_and_takes_the_next_that_fits(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE data (d BLOB)")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    run = HeldRun()
    commits = Commits(run, connection)
    first = commits.write(insert(1))
    large = commits.write(lambda found: found.execute("INSERT INTO data VALUES (zeroblob(100000))"))
    small = commits.write(insert(2))
    run.step()
    run.step()
    with pytest.raises(sqlite3.OperationalError, match="full"):
        result(large)
    assert result(first) == result(small) == 1
    assert not connection.in_transaction


def test_when_the_thread_is_gone_everybody_hears_it(connection: sqlite3.Connection) -> None:
    commits = Commits(lambda f, *args: fail(RuntimeError("stopped")), connection)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            result(commits.write(insert(1)))
