"""What the client makes of a document does not depend on the interpreter's recursion limit."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from yottalabs_api.types import MOST_LEVELS, MOST_LEVELS_READ, encode_json, nests_deeper, parse_json, text_nests_deeper

from support.depth import USUAL_LIMITS, assert_the_same_under_every_limit, documents, nested

PARSING = """
from yottalabs_api.types import decode_json, parse_json

def outcome(text):
    try:
        value = parse_json(text.encode(errors="surrogatepass"))
    except ValueError as error:
        return [type(error).__name__, str(error)[:100], repr(decode_json(text.encode()))]
    depth = 0
    while isinstance(value, (dict, list)) and value:
        depth, value = depth + 1, (value["a"] if isinstance(value, dict) else value[-1])
    return [depth, repr(value)[:50]]
"""


def test_json_is_parsed_alike() -> None:
    texts = documents()
    found = assert_the_same_under_every_limit(PARSING, texts, USUAL_LIMITS)
    for text, outcome in zip(texts, found, strict=True):
        try:
            json.loads(text)
        except json.JSONDecodeError:
            assert outcome[0] == "JSONDecodeError"
        except (ValueError, RecursionError):
            """A number that is too long for Python, or more levels than it takes."""
        else:
            assert (outcome[0] == "JSONDecodeError") == text_nests_deeper(text, MOST_LEVELS_READ)


ANSWERS = """
import logging
import httpx2
from yottalabs import YottaLabs, YottaLabsError
lines = []
class Lines(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())
logging.getLogger("yottalabs.wire").setLevel(logging.DEBUG)
logging.getLogger("yottalabs.wire").addHandler(Lines())
answers = []
transport = httpx2.MockTransport(lambda _: httpx2.Response(200, content=answers[-1]))
yotta = YottaLabs("key-of-tests", transport=transport, max_retries=0)

def outcome(text):
    found = []
    for form in ("%s", '{"code": 10000, "message": "success", "data": %s}',
                 '{"code": 10000, "message": "success", "data": [{"id": "1", "x": %s, "environmentVars": %s}]}'):
        answers.append(form.replace("%s", text).encode(errors="surrogatepass"))
        lines.clear()
        for call in (yotta.pods.list, lambda: yotta.request("GET", "/openapi/v1/x")):
            try:
                call()
                found.append("answered")
            except YottaLabsError as error:
                found.append([type(error).__name__, str(error)[:200]])
        found.append([line.partition("ms,")[2][:300] for line in lines])
    return found
"""


def test_an_answer_is_read_and_told_alike() -> None:
    found = assert_the_same_under_every_limit(ANSWERS, documents()[::3], USUAL_LIMITS)
    assert any(outcome[-2] == "answered" for outcome in found)
    assert any("nested too deeply" in str(outcome) for outcome in found)


ARGUMENTS = """
import httpx2
from yottalabs import YottaLabs, YottaLabsError
from yottalabs_api.types import write
answer = {"code": 10000, "message": "", "data": "1"}
transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=answer))
yotta = YottaLabs("key-of-tests", transport=transport, max_retries=0)
REQUIRED = {"image": "x", "gpu_type": "NVIDIA_L4_24G"}

def value_of(text):
    value, depth = 1, len(text)
    for level in range(depth):
        value = [value] if level % 3 else {"a": value} if level % 2 else (value,)
    return value

def outcome(text):
    value = value_of(text)
    calls = {
        "json": lambda: yotta.request("POST", "/x", json=value),
        "extra": lambda: yotta.pods.create(**REQUIRED, extra_fields={"x": value}),
        **{
            name: lambda name=name: yotta.pods.create(**{**REQUIRED, name: value})
            for name in ("image", "gpu_type", "expose", "environment_vars", "name", "gpu_count", "region")
        },
        "expose item": lambda: yotta.pods.create(**REQUIRED, expose=[value]),
        "port": lambda: yotta.pods.create(**REQUIRED, expose=[{"port": value}]),
        "variable": lambda: yotta.pods.create(**REQUIRED, environment_vars={"A": value}),
        "params": lambda: yotta.request("GET", "/x", params={"a": value}),
        "all params": lambda: yotta.request("GET", "/x", params=value),
        "pod": lambda: yotta.pods.get(value),
        "status": lambda: yotta.pods.list(status=value),
        "write": lambda: write([value]),
    }
    found = {}
    for name, call in calls.items():
        try:
            call()
            found[name] = "done"
        except YottaLabsError as error:
            found[name] = [type(error).__name__, str(error)[:300]]
    return found
"""


def test_arguments_are_sent_or_refused_alike() -> None:
    depths = (1, 50, 90, 95, 97, 98, 99, 100, 101, 105, 200, 990, 5000, 100_000)
    found = assert_the_same_under_every_limit(ARGUMENTS, ["x" * depth for depth in depths])
    assert found[0]["json"] == found[0]["extra"] == "done"
    for deep in found[-4:]:
        refused = {name: outcome for name, outcome in deep.items() if name != "write"}
        assert {outcome[0] for outcome in refused.values()} == {"InvalidArgumentError"}
        for name in ("json", "extra", "image", "expose", "variable"):
            assert "nested" in refused[name][1], name


FILES = """
import os, pathlib, tempfile
from yottalabs import YottaLabs, YottaLabsError
from yottalabs._cli.failures import CommandError
from yottalabs._cli.options import json_of
from yottalabs._cli.request_files import request_in
folder = tempfile.TemporaryDirectory()
file = pathlib.Path(folder.name) / "file"
os.environ["YOTTA_CONFIG_FILE"] = str(file)

def outcome(text):
    found = []
    def note(call):
        try:
            found.append(repr(call())[:50])
        except (CommandError, YottaLabsError) as error:
            found.append(str(error).replace(str(file), "")[:200])
    note(lambda: json_of(text, "--extra-field"))
    for form in ("%s", '{"image": %s}', "image: %s", "a = %s", '[profiles.a]\\napi_key = %s', 'a = "%s" # [[['):
        file.write_text(form.replace("%s", text), errors="surrogatepass")
        note(lambda: YottaLabs(profile="a") if "=" in form else request_in(str(file)))
    blocks = "".join("  " * level + "a:\\n" for level in range(min(text.count("["), 150)))
    file.write_text(blocks or "a: 1")
    note(lambda: request_in(str(file)))
    return found
"""


def test_files_and_options_are_read_or_refused_alike() -> None:
    texts = [text for text in documents() if len(text) < 5000][::4]
    found = assert_the_same_under_every_limit(FILES, texts)
    assert any("no JSON" in outcome[0] for outcome in found)
    assert any("neither YAML nor JSON" in outcome[1] for outcome in found)
    assert any("no TOML" in outcome[4] for outcome in found)


# --- In this process --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [MOST_LEVELS + 1, 150, 199, 201, 300, MOST_LEVELS_READ])
def test_deep_json_is_parsed_as_json_parses_it(depth: int) -> None:
    rng = random.Random(depth)
    for inside in (
        "1",
        "-0.5e3",
        "true",
        '"\\ud800"',
        '"]}"',
        '{"a": [1, {}, []], "b": "\\u00e4"}',
        "[]",
        "",
        "[1, 2]",
    ):
        for _ in range(5):
            text = nested(rng, depth - 3, inside).replace(",", " ,\n ").replace(":", " :\t")
            content = f" {text}\r\n".encode()
            try:
                expected = json.loads(content)
            except ValueError:
                with pytest.raises(ValueError, match=r"."):
                    parse_json(content)
            else:
                assert parse_json(content) == expected


BROKEN = (
    "1 2",
    ",",
    "1,",
    ",1",
    "]",
    "}",
    "[}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{1:2}",
    "{,}",
    "[,]",
    '"',
    "nul",
    ":",
    "[1 2]",
)


@pytest.mark.parametrize("inside", BROKEN)
def test_deep_json_that_is_broken_is_refused(inside: str) -> None:
    for depth in (150, 300):
        for text in ("[" * depth + inside + "]" * depth, '{"a":' * depth + inside + "}" * depth):
            with pytest.raises(json.JSONDecodeError):
                parse_json(text.encode())


@pytest.mark.parametrize("end", ["]", "}", "[", ",", "1", "x", "\x00"])
def test_what_follows_deep_json_is_refused(end: str) -> None:
    for text in ("[" * 300 + "]" * 300 + end, "[" * 300 + "]" * 299 + end[:0]):
        with pytest.raises(json.JSONDecodeError):
            parse_json(text.encode())


def test_a_value_that_is_in_itself_or_in_many_places_is_measured_in_no_time() -> None:
    own: list[Any] = []
    own.append(own)
    assert nests_deeper(own)
    shared: Any = []
    for _ in range(MOST_LEVELS - 1):
        shared = [shared, shared]
    assert not nests_deeper(shared)
    assert nests_deeper([shared])
    mapping: dict[str, Any] = {}
    mapping["a"] = [{"b": mapping}]
    with pytest.raises(ValueError, match="nested too deeply"):
        encode_json(mapping)


def test_brackets_in_texts_are_no_levels() -> None:
    text = json.dumps(["[[[" * 1000, '"{[' * 1000, "\\[" * 1000])
    assert not text_nests_deeper(text)
    assert parse_json(text.encode()) == json.loads(text)
