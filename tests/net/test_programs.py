"""Real programs, run by Twisted as ours are."""

from __future__ import annotations

import os

import pytest
import pytest_twisted
from twisted.internet import reactor

from torrentd.net.programs import run

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TOLD": "a b"}


async def _run(*argv: str, limit: float = 30.0) -> tuple[int, list[str]]:
    lines: list[str] = []
    status = await run(reactor, argv, ENVIRONMENT, limit, lines.append).ended
    return status, lines


@pytest_twisted.ensureDeferred
async def test_it_gets_its_arguments_and_its_environment_as_they_are():
    assert await _run("printf", "%s\\n", "$(pwd) ;", "", "'") == (0, ["$(pwd) ;", "", "'"])
    assert await _run("/bin/sh", "-c", 'pwd; echo "$TOLD"; echo oh >&2; exit 3') == (3, ["/", "a b", "oh"])


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("program", "status"), [("/no/such", 127), ("no-such-program", 127), ("/etc/passwd", 126)])
async def test_one_that_cannot_be_run_says_why_and_not_its_arguments(program, status):
    ended, lines = await _run(program, "secret")
    assert ended == status
    assert program in lines[0]
    assert "secret" not in "".join(lines)


@pytest_twisted.ensureDeferred
async def test_a_script_that_does_not_say_by_what_it_is_run(tmp_path):
    script = tmp_path / "hook"
    script.write_text('echo "$1 $TOLD"\n')
    script.chmod(0o700)
    assert await _run(str(script), "$(pwd)") == (0, ["$(pwd) a b"])


@pytest_twisted.ensureDeferred
async def test_none_of_our_code_runs_in_the_child(monkeypatch):
    """What is wrong with it would be told with all arguments."""
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("a fork"))
    assert await _run("true") == (0, [])


def test_what_no_process_can_be_told_is_an_error_and_leaves_nothing_behind():
    with pytest.raises(OSError, match="too long"):
        run(reactor, ["true"], {"TOLD": "x" * 200_000}, 60.0, print)
    assert not [call for call in reactor.getDelayedCalls() if "Program" in str(call)]


@pytest_twisted.ensureDeferred
async def test_nothing_is_in_its_environment_that_was_not_given():
    status, lines = await _run("/usr/bin/env")
    told = {line.partition("=")[0] for line in lines}
    assert (status, told) == (0, set(ENVIRONMENT))


@pytest_twisted.ensureDeferred
async def test_one_that_takes_too_long():
    assert await _run("sleep", "60", limit=0.0) == (-15, [])
