"""Imported by the daemon's Python at its start (it is found on PYTHONPATH): makes parts of the world fail.

The environment variable FAULTS holds a JSON object:

    hang    names whose resolution never ends
    clock   a file with the seconds by which the wall clock is wrong; it may change at any time
    values  "module:NAME" -> a value in place of a constant
    raising "module:function" or "module:Class.method" -> [n, ...]: these calls, counted from 1, raise an exception
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any

FAULTS: dict[str, Any] = json.loads(os.environ.get("FAULTS", "{}"))


class Injected(Exception):
    """A bug that a test planted."""


def hang_on(names: Sequence[str]) -> None:
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host in names:
            threading.Event().wait()
        return real(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def step_clock(path: str) -> None:
    real = time.time

    def shifted() -> float:
        try:
            return real() + float(Path(path).read_text() or 0)
        except FileNotFoundError:
            return real()

    time.time = shifted


def raise_on(function: Callable[..., Any], calls: Sequence[int]) -> Callable[..., Any]:
    count = 0

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if count in calls:
            raise Injected(f"call {count} of {function.__name__}")
        return function(*args, **kwargs)

    return wrapper


class Changes(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Changes modules as soon as they are executed, before whoever imports them sees them."""

    def __init__(self) -> None:
        self._wanted: dict[str, list[Callable[[ModuleType], None]]] = {}
        self._loaders: dict[str, Any] = {}

    def add(self, place: str, change: Callable[[Any], Any]) -> None:
        """`place`: "module:NAME" or "module:Class.NAME"; `change` gets the old value and returns the new one."""
        module, _, dotted = place.partition(":")
        *owners, name = dotted.split(".")

        def apply(imported: ModuleType) -> None:
            owner = reduce(getattr, owners, imported)
            setattr(owner, name, change(getattr(owner, name)))

        self._wanted.setdefault(module, []).append(apply)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._wanted:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            self._loaders[fullname] = spec.loader
            spec.loader = self
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        self._loaders[module.__name__].exec_module(module)
        for apply in self._wanted[module.__name__]:
            apply(module)


changes = Changes()
for place, value in FAULTS.get("values", {}).items():
    changes.add(place, lambda _, value=value: value)
for place, calls in FAULTS.get("raising", {}).items():
    changes.add(place, lambda function, calls=calls: raise_on(function, calls))
sys.meta_path.insert(0, changes)
if "hang" in FAULTS:
    hang_on(FAULTS["hang"])
if "clock" in FAULTS:
    step_clock(FAULTS["clock"])
