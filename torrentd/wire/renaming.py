"""Other names for the files and folders of a torrent, by the rule that its own names pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torrentd.model.layout import Layout
from torrentd.wire.metainfo import Metainfo
from torrentd.wire.names import Path, clean_component


@dataclass(frozen=True, slots=True)
class Renamed:
    """What a new name for a file or folder leads to: the paths of the files that change, by their number, afterwards
    and before, and the metainfo with them."""

    names: dict[int, Path]
    old_names: dict[int, Path]
    metainfo: Metainfo


def rename(metainfo: Metainfo, path: Path, name: str) -> Renamed:
    """What comes of calling the file or folder at `path` `name`. Errors as in `new_names`. It takes a while where there
    are thousands of files."""
    names, files = new_names(metainfo.layout, path, name), metainfo.layout.files
    return Renamed(names, {number: files[number].path for number in names}, renamed(metainfo, names))


def new_names(layout: Layout, path: Path, name: str) -> dict[int, Path]:
    """What the files are called once the file or folder at `path` is called `name`: number -> path, of those that
    change. LookupError if nothing is there; ValueError, in words, for a name that cannot be."""
    depth = len(path)
    inside = {index: entry.path for index, entry in enumerate(layout.files) if entry.path[:depth] == path}
    if not path or not inside:
        raise LookupError("the torrent has no such file or folder")
    if not name or clean_component(name.encode("utf-8", "surrogatepass")) != name:
        raise ValueError("a name is one component, at most 255 bytes, without control characters, '/' and '\\'")
    new = (*path[:-1], name)
    if new == path:
        return {}
    if any(_lies_at(entry.path, new) for index, entry in enumerate(layout.files) if index not in inside):
        raise ValueError("another file or folder of the torrent has that name")
    return {index: (*new, *old[depth:]) for index, old in inside.items()}


def renamed(metainfo: Metainfo, names: Mapping[int, Path]) -> Metainfo:
    """With other paths for some files, and called as what lies in the download directory is called then. ValueError if
    there are no such files."""
    if not names:
        return metainfo
    layout = metainfo.layout
    if max(names) >= len(layout.files) or min(names) < 0:
        raise ValueError("there are names for files that the torrent does not have")
    files = tuple(
        entry._replace(path=names[index]) if index in names else entry for index, entry in enumerate(layout.files)
    )
    return replace(metainfo, layout=replace(layout, files=files), name=files[0].path[0])


def _lies_at(path: Path, other: Path) -> bool:
    """Whether a path is the other, or inside it, where case does not matter."""
    last = len(other) - 1
    is_near = len(path) > last and path[last].casefold() == other[last].casefold()  # mostly it is not
    return is_near and _folded(path[:last]) == _folded(other[:last])


def _folded(path: Path) -> Path:
    return tuple(component.casefold() for component in path)
