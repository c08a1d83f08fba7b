"""The blocklist on the disk: the user's file is read, and what came of it, or of a URL, is kept for the next start."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from torrentd.model.errors import StorageError
from torrentd.model.ranges import Ranges
from torrentd.state.faults import translate_os
from torrentd.wire.blocklist import BlocklistError, Parser, pack, unpack

AT_ONCE = 1024 * 1024


def read(path: str) -> tuple[Ranges, int]:
    """The ranges of a list that somebody published, and how many lines were none. StorageError, BlocklistError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise StorageError(f"{path}: is not a file", path=path)
            parser = Parser()
            while data := file.read(AT_ONCE):
                parser.feed(data)
    except OSError as error:
        raise translate_os(error, path) from error
    return parser.finish(), parser.ignored


def parse(data: bytes) -> tuple[Ranges, int]:
    """The same of a list that was fetched. BlocklistError."""
    parser = Parser()
    parser.feed(data)
    return parser.finish(), parser.ignored


def keep(path: str, ranges: Ranges) -> None:
    """Complete or not at all. StorageError."""
    draft = Path(path + ".new")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(pack(ranges))
            file.flush()
            os.fsync(descriptor)
        draft.rename(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise translate_os(error, path) from error


def kept(path: str) -> Ranges | None:
    """What `keep` wrote; None if there is none. StorageError, also for one that is damaged."""
    try:
        return unpack(Path(path).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise translate_os(error, path) from error
    except BlocklistError as error:
        raise StorageError(f"{path}: {error}", path=path) from None


def forget(path: str) -> None:
    """Keep none. StorageError."""
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise translate_os(error, path) from error
