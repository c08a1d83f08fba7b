"""The state directory: ours alone."""

from __future__ import annotations

import os
from pathlib import Path

from torrentd.model.errors import StorageError
from torrentd.state.faults import translate_os

PRIVATE = 0o700
_KEY = "paths.state_dir"
"""said in front of what is wrong: the path alone may be a parent of it that nobody ever named"""


def prepare(path: str) -> None:
    """Make the directory if it is missing, and take everybody else's rights away. StorageError names the path.

    Parents are made as usual (the umask decides). A directory that belongs to another user is left as it is: whether
    we may use it shows when we do.
    """
    directory = Path(path)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=PRIVATE, exist_ok=True)
        if directory.stat().st_uid == os.geteuid():
            directory.chmod(PRIVATE)
    except (FileExistsError, NotADirectoryError) as error:
        where = str(error.filename or path)
        raise StorageError(f"{_KEY}: {where}: is not a directory", path=where) from error
    except OSError as error:
        problem = translate_os(error, path)
        raise StorageError(f"{_KEY}: {problem}", code=problem.code, path=problem.path) from error
