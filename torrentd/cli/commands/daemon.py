"""`status`, `reload`, `shutdown`, `version`: the daemon itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torrentd import __version__
from torrentd.cli.options import command
from torrentd.cli.session import Session
from torrentd.cli.sizes import format_rate, format_size
from torrentd.cli.tables import flatten
from torrentd.cli.times import format_duration

Pairs = Iterator[tuple[str, str]]


@command("status", help="Show how the daemon is.")
def status_command(session: Session) -> None:
    _show(session, session.call("daemon.status"), _status_facts)


@command("version", help="Show the versions of torrentctl and of the daemon.")
def version_command(session: Session) -> None:
    _show(session, session.call("daemon.version"), _version_facts)


@command(
    "reload", help="Read the configuration file again. Changed keys are the data, those that need a restart a remark."
)
def reload_command(session: Session) -> None:
    report_changes(session, session.call("daemon.reload"), "changed")


def report_changes(session: Session, result: Mapping[str, Any], word: str) -> None:
    """Show which keys of the configuration are in force, and which wait for a restart. `word` has those in force."""
    output = session.output
    if output.form == "json":
        output.json(result)
        return
    if output.form == "plain":
        output.lines([kind, key] for kind in (word, "restart_required") for key in result[kind])
    else:
        output.remark(f"{word}: {', '.join(result[word]) or 'nothing'}")
    if result["restart_required"]:
        output.remark(f"needs a restart: {', '.join(result['restart_required'])}")


@command("shutdown", help="Stop the daemon cleanly.")
def shutdown_command(session: Session) -> None:
    result = session.call("daemon.shutdown")
    if session.output.form == "json":
        session.output.json(result)
    else:
        session.output.remark("the daemon is stopping")


def _show(session: Session, result: Mapping[str, Any], facts: Callable[[Mapping[str, Any]], Pairs]) -> None:
    session.output.thing(result, flatten(result), facts(result))


def _status_facts(row: Mapping[str, Any]) -> Pairs:
    yield "up", f"{format_duration(row['uptime'])} (pid {row['pid']})"
    yield "listening", ", ".join(row["listen"]) or "nowhere"
    if row["external_addresses"]:
        yield "seen as", ", ".join(row["external_addresses"])
    for mapping in row["port_mapping"]:
        yield "router", _mapping(mapping)
    states = ", ".join(f"{count} {state}" for state, count in row["torrents"]["by_state"].items() if count)
    yield "torrents", f"{row['torrents']['total']}" + (f" ({states})" if states else "")
    yield "connections", str(row["connections"])
    yield "rates", f"down {format_rate(row['rates']['down']) or '0'}, up {format_rate(row['rates']['up']) or '0'}"
    for key, title in (("session", "this run"), ("all_time", "all time")):
        totals = row["totals"][key]
        yield title, f"down {format_size(totals['downloaded'])}, up {format_size(totals['uploaded'])}"
    yield "DHT", f"{row['dht']['nodes']} nodes"
    if row["blocklist"] is not None:
        yield "blocklist", _blocklist(row["blocklist"])
    for disk in row["disk"]:
        yield "disk", _disk(disk)


def _blocklist(row: Mapping[str, Any]) -> str:
    text = f"{row['ranges']} ranges, refused {row['refused']} times"
    return f"{text}; not renewed: {row['error']}" if row["error"] else text


def _mapping(mapping: Mapping[str, Any]) -> str:
    port = f"{mapping['protocol']} {mapping['port']}"
    if mapping["external_port"] is None:
        return f"{port}: {mapping['error'] or 'asking'} ({mapping['gateway']})"
    there = mapping["external_address"] or mapping["gateway"]
    return f"{port}: {there} port {mapping['external_port']} ({mapping['method']})"


def _disk(disk: Mapping[str, Any]) -> str:
    if disk["free"] is None or disk["total"] is None:
        return f"{disk['path']} (unknown)"
    return f"{disk['path']}: {format_size(disk['free'])} free of {format_size(disk['total'])}"


def _version_facts(row: Mapping[str, Any]) -> Pairs:
    yield "torrentctl", __version__
    yield "torrentd", f"{row['version']} (API {row['api_version']})"
    yield "runs on", f"Python {row['python']}, Twisted {row['twisted']}"
