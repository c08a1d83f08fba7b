"""`limits`: the rate limits of the whole daemon, the usual ones and the alternative ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from torrentd.cli.options import command, parsed
from torrentd.cli.session import Session
from torrentd.cli.sizes import INHERIT, format_limit, parse_override
from torrentd.cli.tables import flatten


@command(
    "limits",
    help="Show or set the rate limits of the whole daemon. What is set beats the configuration file, also after a "
    "restart, until it is set to 'inherit'. RATE is such as 500k, 2M, 1.5MiB, unlimited, inherit.\n\n"
    "The alternative limits are in force instead while the schedule says so, or when they are switched on; what is "
    "switched holds until the schedule switches the next time.",
)
@click.option(
    "--down", metavar="RATE", callback=parsed(parse_override), help="Download at most this many bytes per second."
)
@click.option(
    "--up", metavar="RATE", callback=parsed(parse_override), help="Upload at most this many bytes per second."
)
@click.option(
    "--alternative-down", metavar="RATE", callback=parsed(parse_override), help="The same of the alternative limits."
)
@click.option(
    "--alternative-up", metavar="RATE", callback=parsed(parse_override), help="The same of the alternative limits."
)
@click.option("--alternative/--no-alternative", "enabled", default=None, help="Switch them on or off.")
@click.option(
    "--schedule",
    metavar="WINDOW",
    multiple=True,
    help="When they are in force, in local time, such as 'mon-fri 08:00-18:00'; may be repeated. '' is never, "
    "'inherit' is what the file says.",
)
def limits_command(
    session: Session,
    down: int | str | None,
    up: int | str | None,
    alternative_down: int | str | None,
    alternative_up: int | str | None,
    enabled: bool | None,
    schedule: Sequence[str],
) -> None:
    given = _given(down=down, up=up)
    others = _given(down=alternative_down, up=alternative_up, enabled=enabled)
    if schedule:
        others["schedule"] = None if INHERIT in schedule else [window for window in schedule if window]
    if others:
        given["alternative"] = others
    result = session.call("limits.set", given) if given else session.call("limits.get")
    session.output.thing(result, flatten(result), _facts(result))


def _given(**values: int | str | None) -> dict[str, Any]:
    return {key: None if value == INHERIT else value for key, value in values.items() if value is not None}


def _facts(limits: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    others = limits["alternative"]
    rates = ", ".join(f"{way} {format_limit(others[way])}" for way in ("down", "up"))
    return [
        *((way, format_limit(limits[way])) for way in ("down", "up")),
        ("alternative", f"{rates} ({'in force' if others['enabled'] else 'not in force'})"),
        *(("schedule", window) for window in others["schedule"]),
    ]
