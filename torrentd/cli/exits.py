"""How torrentctl ends: its exit codes, and the one place that turns an error into a line and a code."""

from __future__ import annotations

OK = 0
FAILED = 1
"""the daemon reported an error, or a file is not a torrent"""
USAGE = 2
NOT_FOUND = 3
"""no torrent fits, or several do"""
TIMED_OUT = 4
NO_CONNECTION = 5
DENIED = 6
INTERRUPTED = 130
"""as a shell reports a process that SIGINT ended"""
BROKEN_PIPE = 141
"""as a shell reports a process that SIGPIPE ended: whoever read our output has gone"""

_RPC_NOT_FOUND = 1
_RPC_TIMED_OUT = -32004


class Failed(Exception):
    """torrentctl's own refusal: one line for the user and an exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def code_of_rpc_error(code: int) -> int:
    """The exit code for an error code of the API."""
    return {_RPC_NOT_FOUND: NOT_FOUND, _RPC_TIMED_OUT: TIMED_OUT}.get(code, FAILED)


def explain(error: Exception) -> tuple[str, int] | None:
    """(line, exit code) for what may go wrong while a command runs; None for what only a bug can raise."""
    if isinstance(error, Failed):
        return str(error), error.code
    from torrentd.model.errors import MetainfoError  # here: only a failure pays for these imports
    from torrentd.rpc import client

    if isinstance(error, client.RpcFailed):
        return _rpc_line(error), code_of_rpc_error(error.code)
    if isinstance(error, client.ClientError):
        codes = {client.CannotConnect: NO_CONNECTION, client.Denied: DENIED, client.TimedOut: TIMED_OUT}
        return str(error), codes.get(type(error), FAILED)
    if isinstance(error, MetainfoError):
        return str(error), FAILED
    return machine(error) if isinstance(error, OSError) else None


def machine(error: OSError) -> tuple[str, int]:
    """The same for what this machine refused, such as room for what we write."""
    about = "" if error.filename is None else f"{error.filename}: "
    return f"{about}{error.strerror or error}", FAILED


def problems(error: Exception) -> list[str]:
    """What the daemon found wrong with its configuration, if this is such an error."""
    data = getattr(error, "data", None)
    found = data.get("problems") if isinstance(data, dict) else None
    return [str(problem) for problem in found] if isinstance(found, list) else []


def _rpc_line(error: Exception) -> str:
    """The daemon's message, with the path and the detail of its data where the message leaves them out. The path of
    a parameter is of no use to who gave options."""
    line = str(error)
    data = getattr(error, "data", {})
    for key in ("path", "detail"):
        value = data.get(key)
        is_parameter = key == "path" and isinstance(value, str) and not value.startswith("/")
        if isinstance(value, str) and value and value not in line and not is_parameter:
            line = f"{line}: {value}"
    return line
