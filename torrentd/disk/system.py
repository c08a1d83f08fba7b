"""The system calls on content files, in one place, and what their errors mean to a user.

They are methods of an object, not plain functions, for one reason: a test can hand in a `System` whose disk is full,
whose writes are short or whose fsync fails. EINTR is retried by Python itself (PEP 475).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from torrentd.model.errors import StorageError

Buffer = bytes | bytearray | memoryview


class System:
    """The real thing. Every method raises OSError."""

    def preadv(self, fd: int, buffers: Sequence[bytearray | memoryview], offset: int, flags: int = 0) -> int:
        return os.preadv(fd, buffers, offset, flags)

    def pwritev(self, fd: int, buffers: Sequence[Buffer], offset: int) -> int:
        """At least one byte; a file system that takes none, and calls that no error, would be asked for ever."""
        count = os.pwritev(fd, buffers, offset)
        if not count:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return count

    def fallocate(self, fd: int, size: int) -> None:
        """Give the file its blocks on the disk, up to `size`."""
        os.posix_fallocate(fd, 0, size)

    def fdatasync(self, fd: int) -> None:
        os.fdatasync(fd)

    def fsync(self, fd: int) -> None:
        os.fsync(fd)

    def free(self, fd: int) -> int | None:
        """Bytes a user without privileges may still write to the file system of `fd`; None if it does not tell."""
        answer = os.fstatvfs(fd)
        return answer.f_bavail * answer.f_frsize if answer.f_blocks else None


_CODES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.ENOENT: "files_missing",
    errno.EROFS: "read_only",
    errno.EMFILE: "no_descriptors",
    errno.ENFILE: "no_descriptors",
    # What stands where our file or folder should be is something else, a planted symbolic link for example.
    errno.ELOOP: "permission",
    errno.ENOTDIR: "permission",
    errno.EISDIR: "permission",
}
_WORDS = {
    errno.ELOOP: "a symbolic link is in the way and is not followed",
    errno.ENOTDIR: "something that is not a folder is in the way",
    errno.EISDIR: "a folder is in the way",
}


def storage_error(error: OSError, path: str) -> StorageError:
    """The error in the user's terms: what happened, the path, and the code of the API."""
    number = error.errno or 0
    words = _WORDS.get(number) or (os.strerror(number) if number else str(error))
    return StorageError(f"{path}: {words}", _CODES.get(number, "io_error"), path)
