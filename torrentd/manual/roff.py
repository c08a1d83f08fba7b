"""Manual pages in the macros of man(7), which every system's `man` can show.

Text is given plainly and escaped here. Nothing in it becomes a request: a line that begins with a dot or an apostrophe
is shielded, and so is every backslash.
"""

from __future__ import annotations

from collections.abc import Iterable

_AS_IT_IS = "\b"
"""How click marks a paragraph whose line breaks are to stay."""


def escape(text: str) -> str:
    """Text that is shown as it stands; hyphens are the ASCII ones, so that options can be copied."""
    text = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha")
    )
    return text.replace("~", "\\(ti")


def bold(text: str) -> str:
    """Escaped text in bold."""
    return f"\\fB{escape(text)}\\fR"


class Page:
    """One page, built from top to bottom."""

    def __init__(self, name: str, section: int, version: str, summary: str) -> None:
        self.name, self.section = name, section
        manual = {1: "User Commands", 5: "File Formats", 8: "System Administration"}[section]
        self._lines = [f'.TH {_word(name.upper())} {section} "" {_word(f"torrentd {version}")} {_word(manual)}']
        self._lines += [".nh", ".ad l"]  # a name that is hyphenated or stretched cannot be copied
        self.heading("NAME")
        self._lines.append(f"{escape(name)} \\- {escape(summary)}")

    def heading(self, title: str) -> None:
        """A section; by custom its title is in capitals."""
        self._lines.append(f".SH {_word(title)}")

    def subheading(self, title: str) -> None:
        """A part of a section."""
        self._lines.append(f".SS {_word(title)}")

    def synopsis(self, program: str, rest: str) -> None:
        """How it is called."""
        self._lines += [f"{bold(program)} {escape(rest)}", ".br"]

    def text(self, text: str) -> None:
        """Paragraphs, divided by empty lines, as click's help has them."""
        for paragraph in text.strip().split("\n\n"):
            self._lines.append(".PP")
            self._body(paragraph)

    def item(self, label: str, text: str, *more_labels: str) -> None:
        """A labelled paragraph, such as an option; `more_labels` share it."""
        self._lines += [".TP", bold(label)]
        for another in more_labels:
            self._lines += [".TQ", bold(another)]
        first, *more = text.strip().split("\n\n")
        self._body(first)
        for paragraph in more:
            self._lines.append(".IP")
            self._body(paragraph)

    def example(self, lines: Iterable[str]) -> None:
        """Lines as they are typed."""
        self._lines += [".PP", ".RS 4", ".nf", *map(_line, lines), ".fi", ".RE"]

    def __str__(self) -> str:
        return "\n".join(self._lines) + "\n"

    def _body(self, paragraph: str) -> None:
        if paragraph.startswith(_AS_IT_IS):
            lines = paragraph.removeprefix(_AS_IT_IS).strip("\n").split("\n")
            self._lines += [".nf", *map(_line, lines), ".fi"]
        else:
            self._lines.append(_line(" ".join(paragraph.split()) or "\\&"))


def _line(text: str) -> str:
    escaped = escape(text)
    return f"\\&{escaped}" if escaped[:1] in (".", "\\") else escaped


def _word(text: str) -> str:
    """An argument of a macro."""
    return '"' + escape(text).replace('"', "\\(dq") + '"'
