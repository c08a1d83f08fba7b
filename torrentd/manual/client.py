"""torrentctl(1), from the commands that run."""

from __future__ import annotations

import click

from torrentd import __version__
from torrentd.cli.main import EPILOG, PROGRAM, torrentctl
from torrentd.cli.options import global_options
from torrentd.manual.roff import Page

ENVIRONMENT = {
    "TORRENTCTL_SOCKET": "The same as --socket.",
    "TORRENTCTL_URL": "The same as --url.",
    "TORRENTCTL_TOKEN_FILE": "The same as --token-file.",
    "NO_COLOR": "If it is set, tables have no colours.",
    "COLUMNS": "The width of tables, instead of the terminal's own.",
}
FILES = {
    "$XDG_RUNTIME_DIR/torrentd/rpc.sock, the state directory, /run/torrentd/rpc.sock": "Where the daemon is looked for "
    "if neither --socket nor --url says it.",
}
EXAMPLES = (
    "torrentctl add ubuntu.torrent --wait",
    "torrentctl list downloading --sort -rate_down",
    "torrentctl priority ubuntu '*.nfo' skip",
    "torrentctl move ubuntu /srv/isos --wait",
    "torrentctl list | awk -F'\\t' '{ print $1 }'",
    'torrentctl rpc torrent.list fields=\'["name","progress"]\'',
)


def page() -> Page:
    """The whole page."""
    made = Page(PROGRAM, 1, __version__, "control torrentd, the BitTorrent daemon")
    made.heading("SYNOPSIS")
    made.synopsis(PROGRAM, "[OPTION]... COMMAND [ARGUMENT]...")
    made.heading("DESCRIPTION")
    made.text(torrentctl.help or "")
    made.text("Options may stand before or after the command.")
    _options(made, global_options())
    made.heading("COMMANDS")
    with click.Context(torrentctl, info_name=PROGRAM) as context:
        for name in torrentctl.list_commands(context):
            command = torrentctl.get_command(context, name)
            assert command is not None
            _command(made, context, command, name)
    _ending(made)
    return made


def _command(made: Page, context: click.Context, command: click.Command, name: str) -> None:
    """A command, or each command of a group."""
    if isinstance(command, click.Group):
        inner = click.Context(command, info_name=name, parent=context)
        for word in command.list_commands(inner):
            found = command.get_command(inner, word)
            assert found is not None
            _command(made, inner, found, f"{name} {word}")
        return
    usage = click.Context(command, info_name=command.name, parent=context)
    made.subheading(" ".join((name, *command.collect_usage_pieces(usage))))
    made.text(command.help or "")
    _options(made, command.params)


def _options(made: Page, parameters: list[click.Parameter]) -> None:
    for parameter in parameters:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            flags = ", ".join((*parameter.opts, *parameter.secondary_opts))
            label = flags if parameter.is_flag else f"{flags} {_value(parameter)}"
            made.item(label, parameter.help or "")


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice) and not option.metavar:
        return "|".join(map(str, option.type.choices))
    return option.metavar or option.type.name.upper()


def _ending(made: Page) -> None:
    naming, codes = EPILOG.split("\n\n")
    made.heading("NAMING TORRENTS")
    made.text(naming)
    made.heading("EXIT STATUS")
    made.text(codes)
    for title, entries in (("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        made.heading(title)
        for label, text in entries.items():
            made.item(label, text)
    made.heading("EXAMPLES")
    made.example(EXAMPLES)
    made.heading("SEE ALSO")
    made.text("torrentd(8), torrentd.toml(5)")
