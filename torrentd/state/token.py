"""The secret that the RPC over TCP asks for: 256 bits as 64 hex digits and a newline, in a file of mode 0600.

Whoever may read the file may use the daemon. An existing file is believed if it is one that we could have written; a
wrong one is an error and not replaced, because somebody put it there.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from random import Random

from torrentd.model.errors import StorageError
from torrentd.state.faults import translate_os

TOKEN_BYTES = 32
_TEXT_LENGTH = 2 * TOKEN_BYTES
_HEX = frozenset("0123456789abcdef")


def load_token(path: str, secret_rng: Random) -> str:
    """The token in the file `path` (usually `<state_dir>/token`), made if there is none.

    Needs the state lock. StorageError says what is wrong with the file, never what is in it.
    """
    try:
        try:
            return _read(path)
        except FileNotFoundError:
            return _make(path, secret_rng)
    except OSError as error:
        raise translate_os(error, path) from error


def _read(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StorageError(f"{path}: is not a file", path=path)
        if status.st_mode & stat.S_IRWXO:
            raise StorageError(f"{path}: everybody may read the token; chmod 600 it, or remove it", path=path)
        text = file.read(_TEXT_LENGTH + 2).decode("latin-1")
    token = text.removesuffix("\n")
    if len(token) != _TEXT_LENGTH or not set(token) <= _HEX:
        raise StorageError(
            f"{path}: is not {_TEXT_LENGTH} lower-case hex digits and a newline; remove it to get a new one", path=path
        )
    return token


def _make(path: str, secret_rng: Random) -> str:
    """Complete or not at all: written under another name, synced, renamed."""
    token = secret_rng.randbytes(TOKEN_BYTES).hex()
    draft = Path(path + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(descriptor)
    draft.rename(path)
    return token
