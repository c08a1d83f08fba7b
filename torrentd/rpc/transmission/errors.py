"""What went wrong, in Transmission's words: a message in the legacy dialect, a code and a message in the other."""

from __future__ import annotations

from typing import Final

from torrentd.rpc.core.errors import CODES, describe

_TRANSMISSIONS: Final = {
    "invalid_torrent": 9,
    "unsupported": 9,
    "io_error": 5,
    "file_index": 6,
    "fetch_failed": 8,
    "path_not_allowed": 5,
}
"""our errors that have a code there; all others are told as JSON-RPC's own or as "system error" """

SYSTEM_ERROR: Final = 5


class TransmissionError(Exception):
    """An error that only Transmission has, by its code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


PATH_NOT_ABSOLUTE: Final = 3
SET_TRACKERS: Final = 1
INVALID_TRACKERS: Final = 2
BLOCKLIST: Final = 10
INVALID_PARAMS: Final = CODES["invalid_params"]
METHOD_NOT_FOUND: Final = CODES["method_not_found"]


def told(error: BaseException, doing: str) -> tuple[int, str]:
    """(code, message) for the caller. `doing` names the call for the log, where a bug of ours is told in full."""
    if isinstance(error, TransmissionError):
        return error.code, str(error)
    described = describe(error, doing)
    name, detail = str(described.data["name"]), described.data.get("detail")
    message = f"{described.message}: {detail}" if name == "invalid_torrent" else described.message
    if problems := described.data.get("problems"):
        message = f"{message}: {'; '.join(problems) if isinstance(problems, list) else problems}"
    if described.code < 0:
        return described.code, message
    return _TRANSMISSIONS.get(name, SYSTEM_ERROR), message
