"""From the bytes of a request to the bytes of its answer; no transport is known here.

A call that is answered at once costs no Deferred of its own until the end. Calls of a batch run concurrently and are
answered in request order. When the returned Deferred is cancelled, because the caller has gone, long polls are given
up; any other call goes on to its end, since half of an `add` or a `remove` is worse than an answer nobody reads.
"""

from __future__ import annotations

from typing import Any

from msgspec import UnsetType
from twisted.internet.defer import Deferred, gatherResults, succeed

from torrentd.model.errors import RpcError
from torrentd.rpc.core import envelope
from torrentd.rpc.core.context import Context
from torrentd.rpc.core.converting import convert
from torrentd.rpc.core.errors import describe
from torrentd.rpc.core.methods import nouns
from torrentd.rpc.core.openrpc import Discovery
from torrentd.rpc.core.registry import Method, build
from torrentd.rpc.core.tokens import Tokens
from torrentd.session.control import Control

MAX_LONG_POLLS = 256  # each holds a connection, a timer and a place in the daemon's list of watchers

Outcome = bytes | None


class Api:
    """All methods over one daemon."""

    def __init__(self, control: Control, tokens: Tokens) -> None:
        discovery = Discovery()
        self._methods = build({**nouns(control, tokens), "rpc": discovery})
        discovery.methods = list(self._methods.values())
        self._long_polls: dict[Deferred[Any], None] = {}
        self._closed = False

    def handle(self, body: bytes, context: Context) -> Deferred[bytes | None]:
        """Answer one request body: a call, a notification or a batch. None means there is nothing to say."""
        try:
            value = envelope.read(body)
            if isinstance(value, list):
                return self._batch(value, context)
        except RpcError as error:
            return succeed(envelope.error_answer(None, describe(error, "a request")))
        outcome = self._call(value, context)
        return outcome if isinstance(outcome, Deferred) else succeed(outcome)

    def close(self) -> None:
        """From now on every call is answered "shutting_down", also the long polls that are waiting."""
        self._closed = True
        for poll in list(self._long_polls):
            poll.cancel()

    def _batch(self, values: list[object], context: Context) -> Deferred[bytes | None]:
        if not 1 <= len(values) <= envelope.MAX_BATCH:
            raise RpcError("invalid_request", f"A batch holds 1 to {envelope.MAX_BATCH} calls")
        outcomes = [self._call(value, context) for value in values]
        deferreds = [outcome if isinstance(outcome, Deferred) else succeed(outcome) for outcome in outcomes]
        return gatherResults(deferreds, consumeErrors=True).addCallback(envelope.batch_answer)

    def _call(self, value: object, context: Context) -> Outcome | Deferred[Outcome]:
        try:
            call = envelope.read_call(value)
        except RpcError as error:
            return envelope.error_answer(envelope.id_of(value), describe(error, "a request"))
        answer = _Answer(call)
        try:
            method = self._permitted(call.method, context)
            answer.doing = method.name
            params = convert(call.params, method.params)
            outcome = method.function(params, context) if method.of_caller else method.function(params)
            if not method.waits:
                return answer.result(outcome)
        except Exception as error:
            return answer.error(error)
        return self._wait(method, Deferred.fromCoroutine(outcome), answer)

    def _permitted(self, name: str, context: Context) -> Method:
        if self._closed:
            raise RpcError("shutting_down", "The daemon is shutting down")
        method = self._methods.get(name)
        if method is None:
            raise RpcError("method_not_found", "There is no such method")
        context.require(method.scope, name)
        if method.long_poll and len(self._long_polls) >= MAX_LONG_POLLS:
            raise RpcError("rate_limited", f"{MAX_LONG_POLLS} calls are waiting already")
        return method

    def _wait(self, method: Method, running: Deferred[Any], answer: _Answer) -> Deferred[Outcome]:
        if method.long_poll:
            self._long_polls[running] = None
            running.addBoth(self._forget, running)
        said = running.addCallbacks(answer.result, lambda failure: answer.error(failure.value))
        return said if method.long_poll or said.called else _shielded(said)

    def _forget(self, result: object, poll: Deferred[Any]) -> object:
        del self._long_polls[poll]
        return result


class _Answer:
    """How one call is answered: not at all if it is a notification."""

    __slots__ = ("_id", "_silent", "doing")

    def __init__(self, call: envelope.Call) -> None:
        self._silent = isinstance(call.id, UnsetType)
        self._id = None if isinstance(call.id, UnsetType) else call.id
        self.doing = "a request"

    def result(self, result: object) -> Outcome:
        if self._silent:
            return None
        try:
            return envelope.result_answer(self._id, result)
        except Exception as error:
            return self.error(error)

    def error(self, error: BaseException) -> Outcome:
        described = describe(error, self.doing)  # also for a notification: a bug of ours belongs in the log
        return None if self._silent else envelope.error_answer(self._id, described)


def _shielded(work: Deferred[Outcome]) -> Deferred[Outcome]:
    """A Deferred that can be cancelled without cancelling the work; what comes later is dropped."""
    outer: Deferred[Outcome] = Deferred()
    work.addCallbacks(outer.callback, outer.errback)
    return outer
