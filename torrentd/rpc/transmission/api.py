"""From the bytes of a request to the bytes of its answer, in the dialect of the request; no transport is known here."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred, FirstError, gatherResults, succeed

from torrentd.model.errors import RpcError
from torrentd.rpc.core import envelope
from torrentd.rpc.core.context import Context, Scope
from torrentd.rpc.core.errors import describe
from torrentd.rpc.transmission.acting import Acting
from torrentd.rpc.transmission.adding import Adding
from torrentd.rpc.transmission.choosing import Choosing
from torrentd.rpc.transmission.dialects import Call, Legacy, read
from torrentd.rpc.transmission.errors import METHOD_NOT_FOUND, TransmissionError, told
from torrentd.rpc.transmission.handshake import SessionIds
from torrentd.rpc.transmission.kept import Kept
from torrentd.rpc.transmission.reading import Reading
from torrentd.rpc.transmission.session import Sessions
from torrentd.rpc.transmission.setting import Setting
from torrentd.rpc.transmission.settings import Settings
from torrentd.rpc.transmission.view import Session
from torrentd.session.control import Control

Method = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

_SETTINGS: Final = frozenset({"session_set", "session_close", "group_set", "blocklist_update"})
"""methods that change the daemon itself"""
_READING: Final = frozenset({"free_space", "group_get", "port_test", "session_get", "session_stats", "torrent_get"})
"""methods that change nothing"""


class Transmission:
    """All methods over one daemon. `seconds` is monotonic, `wall_clock` tells Unix seconds."""

    def __init__(
        self,
        control: Control,
        seconds: Callable[[], float],
        wall_clock: Callable[[], float],
        secret_rng: random.Random,
    ) -> None:
        self.session_ids = SessionIds(seconds, secret_rng)
        self._methods = _methods(control, seconds, wall_clock, lambda: self.session_ids.current)

    def handle(self, body: bytes, context: Context) -> Deferred[bytes | None]:
        """Answer one request body. None means there is nothing to say."""
        try:
            value = envelope.read(body)
            if isinstance(value, list):
                return self._batch(value, context)
            call = read(value)
        except RpcError as error:
            return succeed(self._refused(body, error))
        return self._answer(call, context)

    def _batch(self, values: list[object], context: Context) -> Deferred[bytes | None]:
        if not 1 <= len(values) <= envelope.MAX_BATCH:
            raise RpcError("invalid_request", f"A batch holds 1 to {envelope.MAX_BATCH} calls")
        answers = [self._one(value, context) for value in values]
        return gatherResults(answers, consumeErrors=True).addCallback(envelope.batch_answer)

    def _one(self, value: object, context: Context) -> Deferred[bytes | None]:
        try:
            call = read(value if isinstance(value, dict) and "jsonrpc" in value else {"jsonrpc": None})
        except RpcError as error:
            return succeed(envelope.error_answer(envelope.id_of(value), describe(error, "a request")))
        return self._answer(call, context)

    def _answer(self, call: Call, context: Context) -> Deferred[bytes | None]:
        return Deferred.fromCoroutine(self._answered(call, context))

    async def _answered(self, call: Call, context: Context) -> bytes | None:
        method = self._methods.get(call.method)
        try:
            if method is None:
                raise TransmissionError(METHOD_NOT_FOUND, "no method name")
            context.require(scope_of(call.method), call.method)
            return call.dialect.result(await method(call.params))
        except Exception as raised:
            error = (isinstance(raised, FirstError) and raised.subFailure.value) or raised
            return call.dialect.error(*told(error, call.method if method else "a request"))

    def _refused(self, body: bytes, error: RpcError) -> bytes:
        """What cannot be read is answered in the dialect that it seems to be of."""
        code, message = told(error, "a request")
        if body.lstrip().startswith(b"[") or b'"jsonrpc"' in body:
            return envelope.error_answer(None, describe(error, "a request"))
        return Legacy("").error(code, message)


def scope_of(method: str) -> Scope:
    """What the caller's credential must be good for."""
    return "settings" if method in _SETTINGS else "read" if method in _READING else "control"


def _methods(
    control: Control, seconds: Callable[[], float], wall_clock: Callable[[], float], session_id: Callable[[], str]
) -> Mapping[str, Method]:
    choosing, kept = Choosing(control, seconds), Kept(control)
    sessions, configured = Sessions(control, kept), Settings(control, kept, session_id)
    acting, adding, setting = (
        Acting(control, choosing),
        Adding(control, choosing, kept),
        Setting(control, choosing, kept),
    )

    def shared() -> Session:
        settings = configured.all()
        return Session(wall_clock(), settings, f"{settings['config_dir']}/torrentd.db")

    reading = Reading(control, choosing, kept, shared)
    return {
        "blocklist_update": sessions.blocklist_update,
        "free_space": sessions.free_space,
        "group_get": sessions.group_get,
        "group_set": sessions.group_set,
        "port_test": sessions.port_test,
        "queue_move_bottom": acting.to("bottom"),
        "queue_move_down": acting.to("down"),
        "queue_move_top": acting.to("top"),
        "queue_move_up": acting.to("up"),
        "session_close": sessions.close,
        "session_get": configured.get,
        "session_set": configured.set,
        "session_stats": sessions.stats,
        "torrent_add": adding.add,
        "torrent_get": reading.get,
        "torrent_reannounce": acting.reannounce,
        "torrent_remove": acting.remove,
        "torrent_rename_path": acting.rename_path,
        "torrent_set": setting.set,
        "torrent_set_location": acting.set_location,
        "torrent_start": acting.start,
        "torrent_start_now": acting.start_now,
        "torrent_stop": acting.stop,
        "torrent_verify": acting.verify,
    }
