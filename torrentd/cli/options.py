"""The global options, and command classes that take them before or after the command's name.

`torrentctl --json list` and `torrentctl list --json` are the same. A command that has an option of the same name keeps
its own: the `--timeout` after `wait` is how long to wait, not how long an answer may take.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal

import click

from torrentd.cli.completing import files

ANSWER_TIMEOUT = 30.0
"""Seconds for which the daemon may be silent before torrentctl gives up on a call."""

Color = Literal["auto", "always", "never"]


LONGEST = 365 * 86_400.0
"""Seconds. Nobody waits longer, and the machine's clock could not."""


class Seconds(click.FloatRange):
    """A number of seconds within a range; what is longer than LONGEST is LONGEST."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = float(super().convert(value, param, ctx))
        if seconds != seconds:
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return min(seconds, LONGEST)


class Options:
    """What was given on the command line; None where nothing was. (Making a data class takes half a millisecond.)"""

    socket: str | None = None
    url: str | None = None
    token_file: str | None = None
    json: bool = False
    plain: bool = False
    quiet: bool = False
    color: Color = "auto"
    timeout: float = ANSWER_TIMEOUT


def global_options() -> list[click.Parameter]:
    """Fresh parameters that write into the Options of the running context."""
    seconds = Seconds(min=0, min_open=True)
    return [
        _option(
            "--socket", metavar="PATH", shell_complete=files, help="The daemon's unix socket.  [env: TORRENTCTL_SOCKET]"
        ),
        _option("--url", metavar="URL", help="Talk http or https instead.  [env: TORRENTCTL_URL]"),
        _option(
            "--token-file",
            metavar="FILE",
            shell_complete=files,
            help="Holds the token for --url.  [env: TORRENTCTL_TOKEN_FILE]",
        ),
        _option("--json", is_flag=True, help="Print the daemon's answer, unchanged."),
        _option("--plain", is_flag=True, help="Print tab-separated exact values, also on a terminal."),
        _option("--quiet", is_flag=True, help="No progress and no remarks; errors are still told."),
        _option("--color", type=click.Choice(("auto", "always", "never")), help="Colours in tables (default: auto)."),
        _option(
            "--timeout", type=seconds, metavar="S", help=f"Wait for an answer this long (default: {ANSWER_TIMEOUT:g})."
        ),
    ]


def _option(flag: str, **attributes: Any) -> click.Option:
    return click.Option([flag], expose_value=False, callback=_remember, **attributes)


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None and value is not False:
        options = context.find_root().obj.options
        setattr(options, str(parameter.name), value)


def parsed(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that reads an option's value, or each of them, with `parse`; its ValueError is the user's answer."""

    def read(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        try:
            if isinstance(value, tuple):
                return [parse(each) for each in value]
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error), context, parameter) from None

    return read


class Command(click.Command):
    """A command after which the global options are understood, too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = {parameter.name for parameter in self.params}
        for option in global_options():
            if option.name not in taken:
                assert isinstance(option, click.Option)
                option.hidden = True  # `torrentctl --help` tells them once
                self.params.append(option)


def command(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], Command]:
    """`click.command` with our class; the function gets the Session as its first argument."""
    return lambda function: click.command(name, cls=Command, **attributes)(click.pass_obj(function))


class LazyGroup(click.Group):
    """Imports a command's module when that command is asked for: `list` does not pay for `add`."""

    def __init__(self, *args: Any, modules: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.no_args_is_help = False  # a missing command is a usage error like any other
        self.modules = modules
        """Command name -> module that has an attribute `NAME_command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = self.modules.get(cmd_name)
        if module is None:
            return None
        found = getattr(import_module(f"torrentd.cli.commands.{module}"), f"{cmd_name}_command")
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches  # only who mistypes pays for it

            close = get_close_matches(args[0], self.modules, 1)
            if not close:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{close[0]}'?", ctx) from None
