"""What the simulator makes of a document does not depend on the interpreter's recursion limit."""

from __future__ import annotations

import pytest

from support.depth import assert_the_same_under_every_limit, documents

ASKING = """
from yottalabs_mock import Simulator
from yottalabs_mock._messages import Request
sim = Simulator()
headers = {"x-api-key": "k", "content-type": "application/json"}
variable = '{"image": "x", "gpuType": "NVIDIA_L4_24G", "environmentVars": [{"key": "A", "value": %s}]}'
bodies = [
    ("/openapi/v1/pods/create", "%s"),
    ("/openapi/v1/pods/create", '{"image": %s, "gpuType": "NVIDIA_L4_24G"}'),
    ("/openapi/v1/pods/create", variable),
    ("/_mock/advance", '{"seconds": %s}'),
    ("/_mock/faults", '{"operation": "create", "fault": %s}'),
]

def outcome(text):
    found = []
    for path, body in bodies:
        answer = sim.exchange(Request("POST", path, headers, (body % text).encode())).answer
        found.append([answer.status, json.loads(answer.body)["message"], repr(sim.requests[-1].json)])
    return found
"""


def test_a_body_gets_the_same_answer_under_every_recursion_limit() -> None:
    found = [asked for outcome in assert_the_same_under_every_limit(ASKING, documents()) for asked in outcome]
    assert {status for status, _, _ in found} == {400, 422}
    assert {message for _, message, _ in found} >= {
        "the body is not JSON: it is nested too deeply, in more than 1000 levels",
        "the body: the value is nested too deeply, in more than 100 levels",
    }


LOADING = """
import pathlib, tempfile
from yottalabs_mock import Simulator
folder = tempfile.TemporaryDirectory()
file = pathlib.Path(folder.name) / "state.json"
state = Simulator().to_json()

def outcome(text):
    try:
        file.write_text(%s)
        Simulator.load(file)
        return "loaded"
    except ValueError as error:
        return str(error).replace(str(file), "")[:200]
"""


@pytest.mark.parametrize("form", ["text", """json.dumps({**state, "notice": "HERE"}).replace('"HERE"', text)"""])
def test_a_state_is_loaded_or_refused_alike_under_every_recursion_limit(form: str) -> None:
    found = assert_the_same_under_every_limit(LOADING % form, documents())
    assert any("nested too deeply" in message for message in found)


OBJECTS = """
from yottalabs_mock import Simulator
state = Simulator().to_json()

def outcome(text):
    value = None
    for _ in range(len(text)):
        value = [value] if len(text) % 2 else {"a": value}
    try:
        Simulator.load({**state, "notice": value})
        return "loaded"
    except ValueError as error:
        return str(error)
"""


def test_a_state_of_objects_is_loaded_or_refused_alike_under_every_recursion_limit() -> None:
    found = assert_the_same_under_every_limit(OBJECTS, ["x" * depth for depth in range(95, 300)])
    assert found[0] == "loaded"
    assert "nested too deeply" in found[-1]
    assert found == sorted(found)
