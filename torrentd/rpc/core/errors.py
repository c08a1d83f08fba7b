"""The one place where what went wrong becomes a JSON-RPC error.

`CODES` is the API's table of names. `_FAMILIES` says which of our error classes mean which name; the first one that
fits wins. Everything else is a bug of ours: the caller gets -32603 and an incident id, the log gets the traceback under
the same id. A Python repr or traceback never leaves the process.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

import msgspec
from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.errors import MetainfoError, RpcError, StorageError

CODES: Final[dict[str, int]] = {
    "parse_error": -32700,
    "invalid_request": -32600,
    "method_not_found": -32601,
    "invalid_params": -32602,
    "internal_error": -32603,
    "shutting_down": -32000,
    "forbidden": -32001,
    "too_large": -32002,
    "rate_limited": -32003,
    "timeout": -32004,
    "torrent_not_found": 1,
    "invalid_torrent": 2,
    "already_exists": 3,
    "wrong_state": 4,
    "path_not_allowed": 5,
    "io_error": 6,
    "fetch_failed": 7,
    "unsupported": 8,
    "file_index": 9,
    "job_not_found": 10,
    "config_invalid": 11,
    "no_metadata": 12,
    "busy": 13,
}

INCIDENT_BYTES = 4  # 8 hex digits: enough to find one line of one log

_log = Logger()


class ErrorObject(msgspec.Struct, frozen=True):
    """The `error` member of an answer. `data` holds `name`, and `id`, `path`, `detail` where they say more; of a
    configuration all `problems`."""

    code: int
    message: str
    data: dict[str, object]


def error_object(name: str, message: str, **data: object) -> ErrorObject:
    """An error by its name in the API. KeyError for a name the API does not have."""
    return ErrorObject(CODES[name], message, {"name": name, **data})


def describe(error: BaseException, doing: str) -> ErrorObject:
    """What the caller is told. `doing` names the call for the log; it must not hold anything the caller sent."""
    for family, translate in _FAMILIES:
        if isinstance(error, family):
            try:
                return translate(error)
            except KeyError:
                break
    return _incident(error, doing)


def _incident(error: BaseException, doing: str) -> ErrorObject:
    incident = secrets.token_hex(INCIDENT_BYTES)
    failure = Failure(error, type(error), error.__traceback__)
    _log.failure("Incident {incident} in {doing}", failure=failure, incident=incident, doing=doing)
    message = f"This is a bug in torrentd. Its log tells more under incident {incident}."
    return error_object("internal_error", message, detail=incident)


def _rpc_error(error: RpcError) -> ErrorObject:
    return error_object(error.name, str(error), **error.data)


def _metainfo_error(error: MetainfoError) -> ErrorObject:
    return error_object("invalid_torrent", "This is not an acceptable torrent", detail=str(error))


def _storage_error(error: StorageError) -> ErrorObject:
    where = {"path": error.path} if error.path else {}
    return error_object("io_error", str(error), **where, detail=error.code)


def _given_up(_: CancelledError) -> ErrorObject:
    return error_object("shutting_down", "The daemon is shutting down")


_FAMILIES: Final[tuple[tuple[type[BaseException], Callable[..., ErrorObject]], ...]] = (
    (RpcError, _rpc_error),
    (MetainfoError, _metainfo_error),
    (StorageError, _storage_error),
    (CancelledError, _given_up),
)
