"""`completion`: the script that teaches a shell to complete torrentctl's words."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from torrentd.cli.main import ASKED_BY, PROGRAM, torrentctl
from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.shells import teach

SHELLS = ("bash", "zsh", "fish")


@command(
    "completion",
    help="Print the completion script of a shell.\n\n"
    '\b\n  bash: eval "$(torrentctl completion bash)" in ~/.bashrc\n  zsh:  the same with zsh, in ~/.zshrc\n'
    "  fish: torrentctl completion fish > ~/.config/fish/completions/torrentctl.fish",
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion_command(session: Session, shell: str) -> None:
    teach()
    kind = get_completion_class(shell)
    assert kind is not None
    script = ShellComplete.source(kind(torrentctl, {}, PROGRAM, ASKED_BY))
    session.output.script(script)  # click's own `source` of bash runs bash only to learn its version
