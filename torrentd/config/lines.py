"""Which line of the file a key stands on.

tomllib does not tell, so the text is scanned for the ways in which a key is usually written: below its `[section]`,
or dotted. A key that is written in another way (inside an inline table) has no line; nothing depends on it.
"""

from __future__ import annotations

import re

_HEADER = re.compile(r"""\s*\[\[?\s*["']?([^\]"'\[]+?)["']?\s*\]""")
_KEY = re.compile(r"""\s*["']?([A-Za-z0-9_-]+)["']?(?:\s*\.\s*["']?([A-Za-z0-9_-]+)["']?)?\s*=""")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def key_lines(text: str) -> dict[str, int]:
    """Dotted key, or section name -> line, counted from 1; the first place wins."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            section = header[1]
            lines.setdefault(section, number)
        elif key := _KEY.match(line):
            parts = [part for part in (section, key[1], key[2]) if part]
            lines.setdefault(".".join(parts), number)
    return lines


def syntax_error_line(message: str, text: str) -> int | None:
    """The line that a message of tomllib names."""
    if "(at end of document)" in message:
        return len(text.splitlines()) or None
    found = _AT_LINE.search(message)
    return int(found[1]) if found else None
