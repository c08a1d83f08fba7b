"""Which methods there are. Typed functions become entries of one table, once; a call costs one look-up.

`txjsonrpc_ng` gives the look-up by `noun.verb` and the introspection: every noun is a `BaseSubhandler` whose methods
are named `jsonrpc_verb`. Only its `jsonrpc` module is used, which does not import the reactor. The walk over its tree
is done when the table is built, not per call.

A method takes one argument, a `Params` type, and says what it returns and, with `needs`, who may call it; `async def`
if it must wait. Its first docstring line is its summary in the OpenRPC document.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from txjsonrpc_ng.jsonrpc import BaseSubhandler, Introspection

from torrentd.rpc.core import schema
from torrentd.rpc.core.context import Scope
from torrentd.session.control import Control

F = TypeVar("F", bound=Callable[..., object])


class Noun(BaseSubhandler):  # type: ignore[misc]  # the library has no types
    """What comes before the dot: a group of methods over the daemon."""

    def __init__(self, control: Control) -> None:
        super().__init__()
        self.control = control


class Method(Struct, frozen=True):
    """One method: its function and everything that is known about it before a call."""

    name: str
    function: Callable[..., Any]
    params: type[schema.Params]
    result: Any
    waits: bool
    """the function is a coroutine function"""
    scope: Scope | None
    """what the caller's credential must be good for; None: every credential will do"""
    long_poll: bool
    """it may be silent for minutes; it is counted, and given up with its connection"""
    of_caller: bool = False
    """what it does depends on who calls: it takes the Context as a second argument"""

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.function) or "").split("\n")[0]


def needs(scope: Scope | None) -> Callable[[F], F]:
    """Say what the caller's credential must be good for; every method says it."""

    def mark(function: F) -> F:
        function.scope = scope  # type: ignore[attr-defined]
        return function

    return mark


def long_poll(function: F) -> F:
    """Mark a method that waits for something to happen."""
    function.long_poll = True  # type: ignore[attr-defined]
    return function


def of_caller(function: F) -> F:
    """Mark a method that takes the caller's Context after its parameters."""
    function.of_caller = True  # type: ignore[attr-defined]
    return function


def build(nouns: Mapping[str, BaseSubhandler]) -> dict[str, Method]:
    """The table of all methods of these nouns, by full name, in alphabetical order. TypeError for one that does not say
    who may call it."""
    root = BaseSubhandler()
    for prefix, noun in nouns.items():
        root.putSubHandler(prefix, noun)
    names = Introspection(root).jsonrpc_listMethods()
    return {name: _describe(name, root._getFunction(name)) for name in names}


def _describe(name: str, function: Callable[[Any], Any]) -> Method:
    if not hasattr(function, "scope"):
        raise TypeError(f"{name}: say with `needs` who may call it")
    hints = typing.get_type_hints(function, include_extras=True)
    return Method(
        name=name,
        function=function,
        params=hints["params"],
        result=hints["return"],
        waits=inspect.iscoroutinefunction(function),
        scope=function.scope,
        long_poll=getattr(function, "long_poll", False),
        of_caller=getattr(function, "of_caller", False),
    )
