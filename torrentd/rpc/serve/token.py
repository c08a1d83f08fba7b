"""The token file: made at the first start, kept for ever, readable by its owner only."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

from torrentd.model.errors import TorrentdError

TOKEN_BITS = 256
OWNER_ONLY = 0o600
_TOKEN = re.compile(r"[0-9a-fA-F]{64}")


class TokenError(TorrentdError):
    """The text names the file and what is wrong with it."""


def load_token(path: str, secret_rng: random.Random) -> str:
    """The token in the file; a new one is written if there is no file."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            token = file.read(256).strip()
    except FileNotFoundError:
        return _create(path, f"{secret_rng.getrandbits(TOKEN_BITS):064x}")
    except OSError as error:
        raise TokenError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    if not _TOKEN.fullmatch(token):
        raise TokenError(f"{path}: a token is 64 hex digits; remove the file to get a new one")
    return token


def _create(path: str, token: str) -> str:
    """Written aside and renamed, so that a file that exists is whole."""
    aside = Path(path + ".new")
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY), "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), OWNER_ONLY)
            file.write(token + "\n")
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
    except OSError as error:
        raise TokenError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
    return token
