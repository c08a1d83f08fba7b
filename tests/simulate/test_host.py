"""The simulator replaces the seams and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from torrentd import composition
from torrentd.config import Configuration, load
from torrentd.session.daemon import Daemon
from torrentd.session.host import Host
from torrentd.simulate.swarm import Swarm

NOT_OURS = ("builtins", "collections", "functools", "itertools", "random", "twisted", "zope", "msgspec", "pathlib")


def real(tmp_path: Path) -> Daemon:
    """As `makeService` builds it."""
    overrides = {"paths.state_dir": str(tmp_path / "state"), "paths.download_dir": str(tmp_path)}
    configuration: Configuration = load(None, {"HOME": str(tmp_path)}, overrides)
    host, _ = composition.make_host(configuration)
    return Daemon(host, configuration)


def parts(thing: Any, path: str, seams: set[int], seen: set[int]) -> Iterator[tuple[str, str]]:
    """(path, type) of every object of ours that is reached from `thing` without passing a seam."""
    if id(thing) in seen or id(thing) in seams or isinstance(thing, Configuration):
        return
    yield path, f"{type(thing).__module__}.{type(thing).__qualname__}"
    if type(thing).__module__.split(".")[0] in NOT_OURS:
        return
    seen.add(id(thing))
    names = [*getattr(thing, "__dict__", {}), *getattr(type(thing), "__slots__", ())]
    for name in sorted(names):
        yield from parts(getattr(thing, name, None), f"{path}.{name}", seams, seen)


def seams_of(host: Host) -> set[int]:
    """The host's fields, and what of theirs others are handed."""
    found = {id(getattr(host, field.name)) for field in fields(host)}
    return found | {id(host.network.buffers)}


def test_only_the_seams_differ(tmp_path: Path) -> None:
    ours = real(tmp_path)
    simulated = Swarm(1).node("node").daemon
    told = [dict(parts(daemon, "daemon", seams_of(daemon.host), set())) for daemon in (ours, simulated)]
    assert len(told[0]) > 50
    assert told[0] == told[1]


def test_every_seam_is_replaced(tmp_path: Path) -> None:
    ours, simulated = real(tmp_path).host, Swarm(1).node("node").daemon.host
    for name in ("reactor", "network", "disk", "state", "workers", "secret_rng", "wall_clock"):
        one, other = getattr(ours, name), getattr(simulated, name)
        assert (type(one), one) != (type(other), other), name


def test_the_simulated_seams_offer_what_the_real_ones_do(tmp_path: Path) -> None:
    ours, simulated = real(tmp_path).host, Swarm(1).node("node").daemon.host
    for name in ("network", "disk", "state", "workers"):
        offered = {word for word in dir(getattr(ours, name)) if not word.startswith("_")}
        there = {word for word in dir(getattr(simulated, name)) if not word.startswith("_")}
        assert offered - there - {"descriptors", "min_free"} == set(), name
