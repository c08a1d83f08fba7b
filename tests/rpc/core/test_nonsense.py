"""Every method of the OpenRPC document with what its schema allows, with what it forbids, and with anything at all.

The methods are those that the document names, so a new one is tried without being told here.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.rpc.asking import Asked, request
from tests.rpc.fake_control import ONE, TWO, UNKNOWN, FakeControl

CONTROL = FakeControl()
ASKED = Asked(CONTROL)
DOCUMENT = ASKED.call("rpc.discover")
SCHEMAS = DOCUMENT["components"]["schemas"]
PARAMETERS = {method["name"]: method["params"] for method in DOCUMENT["methods"]}
RESULTS = {method["name"]: method["result"]["schema"] for method in DOCUMENT["methods"]}

Text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
Anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | Text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(Text, inner, max_size=4),
    max_leaves=12,
)
Hash = st.sampled_from([ONE, TWO, TWO.upper(), UNKNOWN, "c" * 64])


def allowed(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a JSON Schema of ours allows."""
    if "$ref" in schema:
        return allowed(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of([allowed(one) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return BY_TYPE[schema["type"]](schema)


def allowed_text(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if schema.get("contentEncoding") == "base64":
        return st.sampled_from(["", "ZGU=", "eHl6"])
    if "pattern" in schema:
        return Hash if "info hash" in schema.get("description", "") else st.just("udp://t.example:1/announce")
    return Text.filter(lambda text: len(text) >= schema.get("minLength", 0))


def allowed_object(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        return st.dictionaries(Text, Anything, max_size=4)
    required = schema.get("required", [])
    members = {name: allowed(one) for name, one in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: one for name, one in members.items() if name in required},
        optional={name: one for name, one in members.items() if name not in required},
    )


BY_TYPE = {
    "null": lambda _: st.none(),
    "boolean": lambda _: st.booleans(),
    "integer": lambda schema: st.integers(schema.get("minimum"), schema.get("maximum")),
    "number": lambda schema: st.floats(
        schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False
    ),
    "string": allowed_text,
    "array": lambda schema: st.lists(allowed(schema["items"]), min_size=schema.get("minItems", 0), max_size=4),
    "object": allowed_object,
}


def parameters_of(method: str) -> st.SearchStrategy[Any]:
    schema = {
        "properties": {one["name"]: one["schema"] for one in PARAMETERS[method]},
        "required": [one["name"] for one in PARAMETERS[method] if one["required"]],
    }
    return allowed_object(schema)


EACH = pytest.mark.parametrize("method", sorted(PARAMETERS))
FEW = settings(max_examples=12, deadline=None)
WRONG: list[Any] = [
    *(None, True, -1, 0, 5, 0.5, 1e300, 2**70, "", "nonsense", "\0", "x" * 70_000),
    *([], [None], [[]], ["nonsense"], {}, {"x": 1}),
]


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Of one schema of the document, with those that it refers to."""
    return Draft202012Validator({**schema, "components": {"schemas": SCHEMAS}})


@EACH
def test_what_the_schema_allows(method: str) -> None:
    """What is answered is what the document says of the result."""
    result = validator(RESULTS[method])

    @FEW
    @given(parameters_of(method))
    def called(parameters: Any) -> None:
        said = answer(method, parameters)
        if "result" in said and parameters.get("fields") is None:  # which narrow it
            assert [error.message for error in result.iter_errors(said["result"])] == []

    called()


def forbidden(method: str) -> list[tuple[str, dict[str, Any], str]]:
    """(parameter, what it is instead, the path in the error)."""
    found = [("nonsense", {"nonsense": 1}, "nonsense")]
    for one in PARAMETERS[method]:
        name, allows = one["name"], validator(one["schema"])
        found += [(name, {name: wrong}, name) for wrong in WRONG if not allows.is_valid(wrong)]
        if one["required"]:
            found.append((name, {}, name))
    return found


@EACH
def test_what_the_schema_forbids(method: str) -> None:
    @settings(max_examples=1, deadline=None, phases=[Phase.generate])
    @given(parameters_of(method))
    def called(good: Any) -> None:
        for name, instead, path in forbidden(method):
            others = {other: value for other, value in good.items() if other != name}
            error = answer(method, {**others, **instead})["error"]
            assert (error["code"], error["data"]["path"].startswith(path)) == (-32602, True), (name, instead, error)

    called()


@EACH
def test_one_parameter_is_nonsense(method: str) -> None:
    names = [one["name"] for one in PARAMETERS[method]] or ["extra"]

    @FEW
    @given(parameters_of(method), st.sampled_from(names) | Text, Anything)
    def called(parameters: Any, name: str, value: Any) -> None:
        answer(method, {**parameters, name: value})

    called()


@EACH
def test_all_is_nonsense(method: str) -> None:
    @FEW
    @given(st.lists(Anything, max_size=5) | st.dictionaries(Text, Anything, max_size=3))
    def called(parameters: Any) -> None:
        answer(method, parameters)

    called()


@given(Anything)
def test_no_body_surprises_it(body: object) -> None:
    answer = ASKED.say([body] if not isinstance(body, list) else body)
    assert isinstance(answer, list | dict)


def answer(method: str, parameters: object) -> Any:
    """What is said, which is never an internal error."""
    said: list[bytes | None] = []
    running = ASKED.begin({**request(method), "params": parameters}).addCallback(said.append)
    if CONTROL.waiting:
        CONTROL.waiting.pop()
        running.cancel()
    assert said and said[0] is not None
    found = json.loads(said[0])
    assert found.get("error", {}).get("code") != -32603
    return found
