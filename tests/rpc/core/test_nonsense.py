"""Every method with what its schema allows, and with anything at all: never an internal error."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rpc.asking import Asked, request
from tests.rpc.core.test_registry import METHODS
from tests.rpc.fake_control import ONE, TWO, UNKNOWN, FakeControl

CONTROL = FakeControl()
ASKED = Asked(CONTROL)
DOCUMENT = ASKED.call("rpc.discover")
SCHEMAS = DOCUMENT["components"]["schemas"]
PARAMETERS = {method["name"]: method["params"] for method in DOCUMENT["methods"]}

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
    "array": lambda schema: st.lists(allowed(schema["items"]), max_size=4),
    "object": allowed_object,
}


def parameters_of(method: str) -> st.SearchStrategy[Any]:
    schema = {
        "properties": {one["name"]: one["schema"] for one in PARAMETERS[method]},
        "required": [one["name"] for one in PARAMETERS[method] if one["required"]],
    }
    return allowed_object(schema)


Method = st.sampled_from(sorted(METHODS))  # drawn, not parametrized: pytest-twisted wraps a Hypothesis test only once
EACH_METHOD = settings(max_examples=20 * len(METHODS), deadline=None)


@EACH_METHOD
@given(Method, st.data())
def test_what_the_schema_allows(method: str, data: st.DataObject) -> None:
    check(method, data.draw(parameters_of(method)))


@EACH_METHOD
@given(Method, st.data())
def test_one_parameter_is_nonsense(method: str, data: st.DataObject) -> None:
    parameters = data.draw(parameters_of(method))
    name = data.draw(st.sampled_from([one["name"] for one in PARAMETERS[method]] or ["extra"]) | Text)
    check(method, {**parameters, name: data.draw(Anything)})


@EACH_METHOD
@given(Method, st.lists(Anything, max_size=5) | st.dictionaries(Text, Anything, max_size=3))
def test_all_is_nonsense(method: str, parameters: object) -> None:
    check(method, parameters)


@given(Anything)
def test_no_body_surprises_it(body: object) -> None:
    answer = ASKED.say([body] if not isinstance(body, list) else body)
    assert isinstance(answer, list | dict)


def check(method: str, parameters: object) -> None:
    said: list[bytes | None] = []
    answer = ASKED.begin({**request(method), "params": parameters}).addCallback(said.append)
    if CONTROL.waiting:
        CONTROL.waiting.pop()
        answer.cancel()
    assert said and said[0] is not None
    assert b'"code":-32603' not in said[0]
