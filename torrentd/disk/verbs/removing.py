"""Taking a torrent's files away: its own regular files (and the links it made), then the folders that got empty.

Whatever else lies in those folders stays, and so do they. What is in the place of a file but is not one is not ours.
"""

from __future__ import annotations

import os
import stat

from torrentd.disk.files import Files
from torrentd.disk.folders import Components, Folders
from torrentd.disk.system import storage_error
from torrentd.model.layout import FileEntry


def remove(files: Files) -> None:
    """The job. What is gone already is fine. StorageError when something cannot be removed."""
    entries = files.place.layout.files
    for entry in entries:
        if not entry.padding:
            _remove_file(files.folders, entry)
    for components in folders_of(entries):
        remove_folder(files.folders, components)


def _remove_file(folders: Folders, entry: FileEntry) -> None:
    try:
        mode = folders.stat(entry.path).st_mode
        if stat.S_ISREG(mode) or (entry.symlink is not None and stat.S_ISLNK(mode)):
            os.unlink(entry.path[-1], dir_fd=folders.enter(entry.path[:-1]))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise storage_error(error, "/".join((folders.root, *entry.path))) from error


def folders_of(entries: tuple[FileEntry, ...]) -> list[Components]:
    """Every folder of the torrent, the deepest first."""
    found = {entry.path[:depth] for entry in entries for depth in range(1, len(entry.path))}
    return sorted(found, key=lambda components: (-len(components), components))


def remove_folder(folders: Folders, components: Components) -> None:
    try:
        os.rmdir(components[-1], dir_fd=folders.enter(components[:-1]))
    except OSError:
        return  # not empty, gone, a link, or not ours to remove: an empty folder left behind does no harm
