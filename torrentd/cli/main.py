"""torrentctl: the command line of torrentd.

Start-up is what a script pays on every call, so each command's module is imported when that command runs, the HTTP
client when a connection is made, and rich for a terminal only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

import click
from click.shell_completion import shell_complete

from torrentd import __version__
from torrentd.cli import exits
from torrentd.cli.options import LazyGroup, global_options
from torrentd.cli.session import Session
from torrentd.wire.escape import escape

PROGRAM = "torrentctl"
ASKED_BY = "_TORRENTCTL_COMPLETE"
"""the variable through which a shell's completion asks for words"""

COMMANDS = {
    "add": "add",
    "list": "listing",
    "show": "details",
    "files": "details",
    "peers": "details",
    "trackers": "details",
    "pieces": "pieces",
    "pause": "acts",
    "resume": "acts",
    "verify": "acts",
    "announce": "acts",
    "remove": "acts",
    "set": "settings",
    "priority": "priority",
    "queue": "queue",
    "move": "places",
    "rename": "places",
    "tracker": "tracker",
    "ban": "bans",
    "unban": "bans",
    "bans": "bans",
    "wait": "wait",
    "status": "daemon",
    "events": "events",
    "log": "events",
    "limits": "limits",
    "config": "config",
    "token": "tokens",
    "whoami": "tokens",
    "reload": "daemon",
    "shutdown": "daemon",
    "inspect": "inspect",
    "check": "check",
    "magnet": "magnet",
    "rpc": "rpc",
    "completion": "completion",
    "version": "daemon",
}
"""Command -> module in `torrentd.cli.commands`, in the order in which `--help` tells them."""

EPILOG = """T is an info hash, a unique prefix of 6 or more digits, or a part of a name that fits exactly one torrent.

Exit codes: 0 ok, 1 the daemon reported an error, 2 usage, 3 not found or ambiguous, 4 time-out, 5 cannot connect,
6 denied, 130 interrupted."""

torrentctl = LazyGroup(
    PROGRAM,
    modules=COMMANDS,
    params=global_options(),
    help="Control torrentd. Data goes to stdout: a table on a terminal, tab-separated exact values in a pipe.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
torrentctl = click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")(torrentctl)


def main() -> None:
    """The entry point of the installed program."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 still gets every name
    session = Session()
    instruction = os.environ.get(ASKED_BY)
    if instruction:
        from torrentd.cli.shells import teach

        teach()
        sys.exit(shell_complete(torrentctl, {"obj": session}, PROGRAM, ASKED_BY, instruction))
    _leave(run(sys.argv[1:], session))


def _open_what_is_closed() -> None:
    """A stream that was closed before we began refuses all that is written to stdout, and swallows the rest."""
    if sys.stdout is None:
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w")  # noqa: SIM115  it stays open
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _leave(code: int) -> None:
    """End the process now: to take the interpreter down in good order is a tenth of a run, for nothing."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = exits.BROKEN_PIPE
    except OSError as error:  # a full disk
        code = code or _complain(*exits.machine(error))
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def run(arguments: Sequence[str], session: Session) -> int:
    """Run one command line; the exit code. What goes wrong is one line on stderr."""
    try:
        with torrentctl.make_context(PROGRAM, list(arguments), obj=session) as context:
            result = torrentctl.invoke(context)  # click's own `main` has other exit codes and more lines
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        return _complain(_usage_line(error), exits.USAGE)
    except (KeyboardInterrupt, click.Abort):
        return exits.INTERRUPTED
    except BrokenPipeError:
        _abandon(sys.stdout)
        return exits.BROKEN_PIPE
    except Exception as error:
        explained = exits.explain(error)
        if explained is None:
            raise
        for problem in exits.problems(error):
            _complain(problem, exits.FAILED)
        return _complain(*explained)
    finally:
        session.close()
    return result if isinstance(result, int) else exits.OK


def _complain(line: str, code: int) -> int:
    with suppress(OSError):  # the code counts, also where nobody can read why
        click.echo(escape(f"{PROGRAM}: {line}"), err=True)
    return code


def _usage_line(error: click.ClickException) -> str:
    """One line, naming the command and where to read more."""
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    if context is None:
        return message
    return f"{message} (see '{context.command_path} --help')"


def _abandon(stream: TextIO) -> None:
    """Nobody reads any more: keep the interpreter from flushing into the closed pipe when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
