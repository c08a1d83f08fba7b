"""`python -m torrentd.manual DIRECTORY`: writes the manual pages, such as into ~/.local/share/man."""

from __future__ import annotations

import sys
from pathlib import Path

from torrentd.manual import client, daemon, settings

PAGES = (client.page, settings.page, daemon.page)


def write(directory: Path) -> list[Path]:
    """Write all pages where `man` looks for them below a directory of its path. OSError."""
    written = []
    for make in PAGES:
        page = make()
        path = directory / f"man{page.section}" / f"{page.name}.{page.section}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(page), encoding="utf-8")
        written.append(path)
    return written


def main(arguments: list[str]) -> int:
    """The exit status."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m torrentd.manual DIRECTORY", file=sys.stderr)  # noqa: T201  # a command's answer
        return 2
    try:
        for path in write(Path(arguments[0])):
            print(path)  # noqa: T201  # a command's answer
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)  # noqa: T201  # a command's answer
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
