from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from tests.rpc.asking import Asked
from tests.rpc.core.test_registry import METHODS
from tests.rpc.fake_control import FakeControl
from torrentd.rpc.core.errors import CODES

META_SCHEMA = Path(__file__).parent / "openrpc_meta_schema.json"
JSON_SCHEMA = "https://meta.json-schema.tools"
ANY_SCHEMA = {
    "type": ["object", "boolean"],
    "definitions": {"JSONSchemaObject": {"properties": {"$ref": {"type": "string"}}}},
}
"""What the meta-schema asks of JSON Schemas; the test after it looks at each."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = Asked(FakeControl()).call("rpc.discover")
    return found


def test_it_has_every_method_and_itself(document: dict[str, Any]) -> None:
    found = {method["name"]: method["x-scope"] for method in document["methods"]}
    assert found == {**METHODS, "rpc.discover": None}
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


def test_it_is_an_openrpc_document(document: dict[str, Any]) -> None:
    """By the meta-schema that the specification publishes (Apache 2.0)."""
    meta = json.loads(META_SCHEMA.read_text())
    known = Registry().with_resource(JSON_SCHEMA, Resource.from_contents(ANY_SCHEMA, DRAFT7))
    validator = Draft7Validator(meta, registry=known)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)] == []
    broken = {**document, "methods": [{**document["methods"][0], "params": [{"name": "x"}]}]}
    assert list(validator.iter_errors(broken))


def test_every_schema_is_one(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
