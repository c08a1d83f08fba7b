"""One file or folder of a torrent gets another name, in the folder in which it lies."""

from __future__ import annotations

import os
from contextlib import suppress

from torrentd.disk.files import Files
from torrentd.disk.folders import Components, Folders, sync_folder
from torrentd.disk.system import storage_error
from torrentd.model.errors import StorageError


def rename(files: Files, old: Components, new: Components, fresh: bool) -> None:
    """The job. What is not there yet needs no renaming; unless it is `fresh`, what has the new name already is done.
    StorageError: it has its old name; also if something else has the new one."""
    folders, path = files.folders, "/".join((files.place.root, *new))
    try:
        is_there = _is_there(folders, old)
        if (is_there or fresh) and _is_there(folders, new):
            raise StorageError(f"{path}: is there already, and is not replaced", "io_error", path)
        if is_there:
            _rename(files, old, new)
    except OSError as error:
        raise storage_error(error, path) from error


def _rename(files: Files, old: Components, new: Components) -> None:
    folder = files.folders.enter(old[:-1])
    os.rename(old[-1], new[-1], src_dir_fd=folder, dst_dir_fd=folder)
    try:
        sync_folder(folder, files.place.system.fsync)
    except OSError:
        with suppress(OSError):
            os.rename(new[-1], old[-1], src_dir_fd=folder, dst_dir_fd=folder)
        raise


def _is_there(folders: Folders, path: Components) -> bool:
    try:
        folders.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
