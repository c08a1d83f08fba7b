"""How the log looks."""

import io
import json
import os

import pytest
from twisted.logger import Logger as TwistedLogger
from twisted.logger import LogLevel, LogPublisher
from twisted.logger._legacy import publishToNewObserver
from twisted.python.failure import Failure
from twisted.python.log import textFromEventDict

from torrentd.model.errors import RpcError
from torrentd.session.logs import Levels, LogOutput, leads_to_journal


class Log:
    """A logger of ours and what it wrote."""

    def __init__(self, level="info", format="text", journal=False, namespace="torrentd.session.daemon"):
        self.stream = io.StringIO()
        self.output = LogOutput(self.stream, level, format, journal)
        publisher = LogPublisher(self.output.observer)
        self.logger = TwistedLogger(namespace, observer=publisher)

    @property
    def lines(self):
        return self.stream.getvalue().splitlines()


def test_a_line_of_text():
    log = Log()
    log.logger.info("{name}: added", name="x")
    (line,) = log.lines
    assert line.endswith(" info  session.daemon: x: added")
    assert line[:4].isdigit()


@pytest.mark.parametrize("format", ["text", "json"])
def test_nothing_reaches_a_terminal_unescaped(format):
    log = Log(format=format)
    log.logger.info("{name}", name="a\x1b[2Jb\nc\u202ed\x9be")
    assert len(log.lines) == 1
    assert all(character.isprintable() for character in log.lines[0])


def test_json_holds_the_parts():
    log = Log(format="json")
    log.logger.warn("{path}: full", path="/x")
    row = json.loads(log.lines[0])
    assert row["time"] > 1_600_000_000
    assert {key: row[key] for key in ("level", "namespace", "message")} == {
        "level": "warn",
        "namespace": "torrentd.session.daemon",
        "message": "/x: full",
    }


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_traceback_is_told_in_full(format):
    log = Log(format=format)
    try:
        raise ValueError("a\x1bb")
    except ValueError:
        log.logger.failure("a bug", Failure())
    text = log.stream.getvalue()
    assert "ValueError" in text
    assert "test_logs.py" in text
    assert "\x1b" not in text


def test_a_traceback_of_twisted_s_older_log_has_lines_of_its_own():
    log = Log()
    failure = Failure(ValueError("x"))
    event = {"failure": failure, "isError": True, "message": (), "time": 0.0, "system": "-"}
    publishToNewObserver(log.output.observer, {**event, "why": None}, textFromEventDict)
    assert log.lines[0].endswith(" critical log_legacy: Unhandled error")
    assert log.lines[1:] == [f"    {line}" for line in failure.getTraceback().splitlines()]


def test_the_mistakes_of_others_in_a_handshake_are_no_errors_of_ours():
    log = Log(namespace="twisted.web._websocket_impl")
    log.logger.error("{request} failed", request=object())
    assert log.lines == []


def test_a_journal_gets_priorities_on_each_line():
    log = Log(journal=True)
    log.logger.error("bad")
    try:
        raise ValueError
    except ValueError:
        log.logger.failure("a bug")
    assert log.lines[0] == "<3>session.daemon: bad"
    assert all(line.startswith("<2>") for line in log.lines[1:])


def test_a_journal_is_what_systemd_opened_for_us(tmp_path):
    with open(tmp_path / "journal", "w") as ours, open(tmp_path / "terminal", "w") as other:
        status = os.fstat(ours.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert leads_to_journal(ours, environ)
        assert not leads_to_journal(other, environ)
        assert not leads_to_journal(ours, {})
        assert not leads_to_journal(io.StringIO(), environ)


def test_levels_and_formats_change_while_it_runs():
    log = Log(level="warn")
    log.logger.info("one")
    assert log.lines == []
    log.output.set("debug", "json")
    log.logger.debug("two")
    assert json.loads(log.lines[0])["message"] == "two"


def test_of_twisted_itself_only_warnings_are_told():
    log = Log(level="debug", namespace="twisted.internet.protocol.Factory")
    log.logger.emit(LogLevel.info, "Starting factory")
    assert log.lines == []
    log.logger.warn("odd")
    assert len(log.lines) == 1


def test_a_namespace_has_a_level_of_its_own() -> None:
    levels, stream = Levels(), io.StringIO()
    output = LogOutput(stream, "info", "text", levels=levels)
    assert levels.set("debug", "swarm.peers") == "info"
    assert levels.set("error", "torrentd.swarm") == "info"
    for namespace in ("torrentd.swarm.peers.pex", "torrentd.swarm.storing", "torrentd.net"):
        for level in (LogLevel.debug, LogLevel.warn):
            event = {"log_level": level, "log_namespace": namespace, "log_time": 0.0, "log_format": "x"}
            output.observer(event)
    lines = [" ".join(line.split()[2:4]) for line in stream.getvalue().splitlines()]
    assert lines == ["debug swarm.peers.pex:", "warn swarm.peers.pex:", "warn net:"]
    for nonsense in ("os", "torrentd.nothing", "torrentdx", "..", ""):
        with pytest.raises(RpcError, match="nothing is called"):
            levels.set("debug", nonsense)
