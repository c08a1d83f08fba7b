"""torrentd.toml(5), from config.example.toml: what is said there of each key is said here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from torrentd import __version__
from torrentd.manual.roff import Page

EXAMPLE = "config.example.toml"
"""Inside the package once it is installed, at the top of a checkout."""

_SECTION = re.compile(r"\[(\w+)\]$")


@dataclass(slots=True)
class Group:
    """Keys that share a comment: `lines` are as they stand in the file."""

    section: str
    lines: list[str] = field(default_factory=list)
    comment: list[str] = field(default_factory=list)


def page() -> Page:
    """The whole page."""
    introduction, groups = read(example())
    made = Page("torrentd.toml", 5, __version__, "configuration of torrentd")
    made.heading("DESCRIPTION")
    for paragraph in introduction:
        made.text(paragraph)
    section = ""
    for group in groups:
        if group.section != section:
            section = group.section
            made.heading(f"[{section}]")
        first, *more = group.lines
        made.item(first, " ".join(group.comment), *more)
    made.heading("SEE ALSO")
    made.text("torrentd(8), torrentctl(1)")
    return made


def example() -> str:
    """The text of config.example.toml."""
    here = Path(__file__).parent
    places = (here / EXAMPLE, here.parents[1] / EXAMPLE)
    return next(place for place in places if place.exists()).read_text(encoding="utf-8")


def read(text: str) -> tuple[list[str], list[Group]]:
    """The paragraphs at the top, and the keys of each section with the comment above them."""
    head, *rest = re.split(r"\n(?=\[)", text)
    paragraphs = [" ".join(part.replace("#", "").split()) for part in re.split(r"\n#?\n", head)]
    return [part for part in paragraphs if part], [group for part in rest for group in _groups(part)]


def _groups(part: str) -> Iterator[Group]:
    """A section's keys. A value over several lines belongs to the line where it began."""
    title, *lines = part.strip().split("\n")
    found = _SECTION.match(title)
    assert found is not None, title
    group = Group(found[1])
    for line in lines:
        if line.startswith("#"):
            if group.lines:
                yield group
                group = Group(found[1])
            group.comment.append(line.lstrip("# "))
        elif line:
            group.lines.append(line)
    if group.lines:
        yield group
