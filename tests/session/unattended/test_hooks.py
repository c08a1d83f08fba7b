"""Programs that are run when something happens: what they are told, how many, and how they end."""

from __future__ import annotations

import pytest
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.python.failure import Failure

from tests.session.world import Sample, result
from torrentd.net.programs import BECOME, GRACE, LONGEST_LINE, MOST_LINES
from torrentd.session.telling.rows import ErrorRow
from torrentd.session.unattended.hooks import AT_ONCE, MOST_WAITING

HOOKS = '[hooks]\non_added = ["/bin/hook", "$(rm) ; {name}"]\non_removed = ["/bin/other"]\ntime_limit = 9\n'


class Spawned:
    """A process that does what the test says."""

    def __init__(self, protocol, executable, argv, env):
        assert tuple(argv[: len(BECOME)]) == BECOME
        self.protocol = protocol
        self.argv = [word.decode() for word in argv[len(BECOME) :]]
        self.env = {name.decode(): value.decode() for name, value in env.items()}
        self.signals = []
        self.over = False
        protocol.makeConnection(self)

    def closeStdin(self): ...

    def signalProcess(self, name):
        if self.over:
            raise ProcessExitedAlready
        self.signals.append(name)

    def end(self, status=0):
        self.over = True
        reason = ProcessTerminated(exitCode=status) if status else ProcessDone(0)
        self.protocol.processEnded(Failure(reason))


@pytest.fixture
def spawned(world):
    found = []
    world.reactor.spawnProcess = lambda *args, **named: found.append(Spawned(*args, **named))
    yield found
    for each in found:
        if not each.over:
            each.end()


@pytest.fixture
def home(make_home, spawned):
    return make_home(6881, toml=HOOKS).start()


@pytest.fixture
def torrent():
    return Sample('x"; rm -rf $HOME `id`\n')


def test_what_they_are_told(home, spawned, torrent):
    home.add(torrent, labels=("a", "b"))
    (hook,) = spawned
    assert hook.argv == ["/bin/hook", "$(rm) ; {name}"]
    told = {name: value for name, value in hook.env.items() if name not in ("TORRENTD_TIME", "TORRENTD_STATE")}
    assert told == {
        "PATH": hook.env["PATH"],
        "LANG": "C.UTF-8",
        "TORRENTD_EVENT": "on_added",
        "TORRENTD_ID": torrent.id,
        "TORRENTD_NAME": home.row(torrent).name,
        "TORRENTD_DIR": str(home.downloads),
        "TORRENTD_LABELS": "a,b",
        "TORRENTD_SIZE": str(torrent.size),
    }


def test_of_what_is_removed_its_name_is_told(home, spawned, torrent):
    home.add(torrent)
    result(home.steering.remove(torrent.id, False))
    assert spawned[-1].argv == ["/bin/other"]
    assert spawned[-1].env["TORRENTD_ID"] == torrent.id
    assert spawned[-1].env["TORRENTD_NAME"]


def test_some_at_a_time(home, spawned):
    for number in range(AT_ONCE + 2):
        home.add(Sample(str(number)))
    assert len(spawned) == AT_ONCE
    spawned[0].end()
    assert len(spawned) == AT_ONCE + 1


def test_too_many_are_left_out(home, spawned, logged):
    for number in range(AT_ONCE + MOST_WAITING + 5):
        home.daemon.around.tell("torrent.added", id=f"{number:040x}", name="one")
    assert len(home.daemon.hooks._waiting) == MOST_WAITING
    assert sum("hooks: more than" in line for line in logged()) == 1


def test_output_and_status_are_in_the_log(home, spawned, torrent, logged):
    home.add(torrent)
    (hook,) = spawned
    hook.protocol.childDataReceived(1, b"out\n\x1b[31mred")
    hook.protocol.childDataReceived(2, b" rest\r\n" + b"y" * 9 * LONGEST_LINE + b"\n" + b"more\n" * 2 * MOST_LINES)
    hook.end(3)
    lines = [line for line in logged() if line.startswith("hook on_added")]
    assert lines[0] == "hook on_added: out"
    assert "\x1b" not in "".join(lines)
    assert lines[-1] == "hook on_added: /bin/hook ended with 3"
    assert len(lines) == MOST_LINES + 1
    assert max(map(len, lines)) < LONGEST_LINE + 100


def test_whatever_one_prints_are_its_own_words(home, spawned, torrent, logged):
    home.add(torrent)
    spawned[0].protocol.childDataReceived(2, b"before\nUpon execvpe was what I looked for\nafter\n")
    spawned[0].end(1)
    lines = [line for line in logged() if line.startswith("hook on_added")]
    said = [f"hook on_added: {line}" for line in ("before", "Upon execvpe was what I looked for", "after")]
    assert lines == [*said, "hook on_added: /bin/hook ended with 1"]


def test_one_that_takes_too_long(home, world, spawned, torrent):
    home.add(torrent)
    (hook,) = spawned
    world.run(8)
    assert hook.signals == []
    world.run(1)
    assert hook.signals == ["TERM"]
    world.run(GRACE)
    assert hook.signals == ["TERM", "KILL"]


def test_a_stop_ends_them(home, spawned, torrent):
    home.add(torrent)
    for number in range(AT_ONCE + 2):
        home.add(Sample(str(number)))
    home.stop()
    assert len(spawned) == AT_ONCE
    assert all(hook.signals[0] == "TERM" and hook.signals[-1] == "KILL" for hook in spawned)


def test_an_error(make_home, spawned, torrent):
    home = make_home(6881, toml='[hooks]\non_error = ["/bin/hook"]\n').start()
    home.add(torrent).fail(ErrorRow("files_missing", "a.bin: the file is missing", "storage"))
    home.world.run()
    (hook,) = spawned
    assert hook.env["TORRENTD_ERROR_CODE"] == "files_missing"
    assert hook.env["TORRENTD_ERROR"] == "a.bin: the file is missing"
