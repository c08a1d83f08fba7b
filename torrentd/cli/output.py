"""What goes where: data to stdout, everything else to stderr.

Three forms of the same data. On a terminal a table for people; in a pipe (or with --plain) lines of tab-separated
exact values without a header; with --json the daemon's answer as it came. Nothing reaches a stream unescaped: a
torrent's name is a stranger's text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TextIO

from torrentd.cli.exits import USAGE, Failed
from torrentd.cli.options import Options
from torrentd.cli.tables import Column, exact_text
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Form = Literal["json", "table", "plain"]
Pair = tuple[str, str]

_DEFAULT_WIDTH = 80


class Output:
    """The streams of one run. Raises Failed when the options contradict each other."""

    def __init__(self, options: Options, out: TextIO, err: TextIO, environment: Mapping[str, str]) -> None:
        if options.json and options.plain:
            raise Failed("--json and --plain exclude each other", USAGE)
        self.form: Form = _form(options, out)
        self.quiet = options.quiet
        self._color = options.color
        self._out = out
        self._err = err
        self._environment = environment

    @property
    def shows_progress(self) -> bool:
        """Whether somebody is watching stderr."""
        return self._err.isatty() and not self.quiet

    def json(self, value: Any) -> None:
        """One document on one line. ASCII only, so that no character of it can play tricks on a terminal."""
        self._write(json.dumps(value, separators=(",", ":")).replace("\x7f", "\\u007f"))
        self._out.flush()  # who reads JSON lines wants each when it happens

    def table(self, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows, in the form for people or for pipes."""
        if self.form == "plain":
            self.lines([exact_text(column.value(row)) for column in columns] for row in rows)
        else:
            self.rich(self.renderable(columns, rows))

    def renderable(self, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> RenderableType:
        """A table for people, as wide as the terminal at most."""
        from torrentd.cli.layout import table  # rich costs as much as all the rest: only a terminal pays

        return table(columns, rows, self.width)

    def record(self, pairs: Iterable[Pair]) -> None:
        """One thing's facts for people: a column of names and a column of values. Values may hold strangers' text."""
        from torrentd.cli.layout import record

        self.rich(record(list(pairs)))

    def thing(self, answer: Any, lines: Iterable[Sequence[str]], facts: Iterable[Pair]) -> None:
        """One thing in the form that is wanted; `lines` are for pipes, `facts` for people."""
        if self.form == "json":
            self.json(answer)
        elif self.form == "plain":
            self.lines(lines)
        else:
            self.record(facts)

    def lines(self, rows: Iterable[Sequence[str]]) -> None:
        """Tab-separated, for pipes; every cell is escaped, so a name with a tab in it does not add a column."""
        for row in rows:
            self._write("\t".join(map(escape, row)))
        self._out.flush()

    def script(self, text: str) -> None:
        """Text of our own, as it is."""
        self._write(text)

    def rich(self, renderable: RenderableType) -> None:
        self.console().print(renderable)

    def console(self, *, on_stderr: bool = False) -> Console:
        """A console of rich that adds nothing of its own: no markup, no emoji, no highlighting of numbers."""
        from rich.console import Console

        stream = self._err if on_stderr else self._out
        return Console(
            file=stream,
            force_terminal=True,
            color_system="standard" if self._colorful(stream) else None,
            no_color=not self._colorful(stream),
            width=self.width,
            markup=False,
            emoji=False,
            highlight=False,
            legacy_windows=False,
        )

    @property
    def width(self) -> int:
        """Columns of the terminal; the variable COLUMNS beats what it says of itself."""
        columns = self._environment.get("COLUMNS", "")
        if columns.isdecimal() and int(columns):
            return int(columns)
        try:
            return os.get_terminal_size(self._out.fileno()).columns or _DEFAULT_WIDTH
        except (OSError, ValueError):
            return _DEFAULT_WIDTH

    def remark(self, text: str) -> None:
        """A word to the person, on stderr, unless --quiet."""
        if not self.quiet:
            self._tell(text)

    def complain(self, text: str) -> None:
        """One line on stderr about something that went wrong."""
        self._tell(f"torrentctl: {text}")

    def _tell(self, text: str) -> None:
        with suppress(OSError):  # that nobody can read it changes nothing
            print(escape(text), file=self._err, flush=True)

    def _write(self, line: str) -> None:
        print(line, file=self._out)

    def _colorful(self, stream: TextIO) -> bool:
        """NO_COLOR (no-color.org) and dumb terminals are respected, an explicit --color beats both."""
        if self._color != "auto":
            return self._color == "always"
        return stream.isatty() and not self._environment.get("NO_COLOR") and self._environment.get("TERM") != "dumb"


def _form(options: Options, out: TextIO) -> Form:
    if options.json:
        return "json"
    return "table" if out.isatty() and not options.plain else "plain"
