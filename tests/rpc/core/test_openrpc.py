from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rpc.asking import Asked
from tests.rpc.core.test_registry import METHODS
from tests.rpc.fake_control import FakeControl
from torrentd.rpc.core.errors import CODES


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = Asked(FakeControl()).call("rpc.discover")
    return found


def test_it_has_every_method_and_itself(document: dict[str, Any]) -> None:
    assert {method["name"] for method in document["methods"]} == METHODS | {"rpc.discover"}
    assert document["openrpc"].startswith("1.3")
    assert document["info"]["title"] == "torrentd"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    references = set(_references(document))
    assert references
    assert {reference.removeprefix("#/components/schemas/") for reference in references} <= schemas.keys()


def test_parameters_are_in_the_order_of_by_position_calls(document: dict[str, Any]) -> None:
    (method,) = [method for method in document["methods"] if method["name"] == "torrent.files"]
    assert [(one["name"], one["required"]) for one in method["params"]] == [
        ("id", True),
        ("offset", False),
        ("limit", False),
    ]
    assert method["params"][0]["schema"]["type"] == "string"
    assert method["result"]["schema"] == {"$ref": "#/components/schemas/Files"}


def test_metainfo_is_documented_as_base64(document: dict[str, Any]) -> None:
    (method,) = [method for method in document["methods"] if method["name"] == "torrent.add"]
    assert {"type": "string", "contentEncoding": "base64"} in method["params"][0]["schema"]["anyOf"]


def test_errors_are_listed(document: dict[str, Any]) -> None:
    assert {error["code"] for error in document["components"]["errors"].values()} == set(CODES.values())


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for child in value.values():
            yield from _references(child)
    elif isinstance(value, list):
        for child in value:
            yield from _references(child)
