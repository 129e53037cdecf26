"""Ids are text in every output, whatever the API sends: jq and JavaScript round numbers of their size."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yottalabs import YottaLabs
from yottalabs._cli import program
from yottalabs._cli.connecting import Connecting
from yottalabs._cli.output import LARGEST_EXACT, portable

from .yottalabs import KEY
from support.scripted import VirtualClock

ID = 331864222263699999  # jq makes 331864222263700000 of it
NEXT = ID + 1
POD = {
    "id": ID,
    "orgId": ID + 2,
    "applicantId": ID + 3,
    "imageId": 7,
    "podName": "a-pod",
    "status": "RUNNING",
    "gpuType": "NVIDIA_L4_24G",
    "gpuCount": 1,
    "singleCardPrice": 0.5,
    "expose": [{"port": 22, "proxyPort": 30010, "healthy": True, "id": ID + 4}],
    "environmentVars": [{"key": "YOTTALABS_LEASE", "value": "{}"}],
    "volumes": [{"volumeIds": [ID + 5, "8", None], "quota": {"owner_id": 9, "used": 2**60, "share": 0.25}}],
    "bytes": -(2**60),
    "paid": 5,
}
AS_TEXT = {
    **POD,
    "id": str(ID),
    "orgId": str(ID + 2),
    "applicantId": str(ID + 3),
    "imageId": "7",
    "expose": [{"port": 22, "proxyPort": 30010, "healthy": True, "id": str(ID + 4)}],
    "volumes": [{"volumeIds": [str(ID + 5), "8", None], "quota": {"owner_id": "9", "used": str(2**60), "share": 0.25}}],
    "bytes": str(-(2**60)),
}
Run = Callable[..., str]


def answer(request: httpx2.Request) -> httpx2.Response:
    data: Any = ID if request.url.path.endswith("/create") else [POD]
    return httpx2.Response(200, json={"code": 10000, "message": "success", "data": data})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on an API whose ids are numbers, and gives its standard output."""

    def client(_: Connecting) -> YottaLabs:
        return YottaLabs(KEY, transport=httpx2.MockTransport(answer), clock=VirtualClock())

    monkeypatch.setattr(Connecting, "open", client)
    monkeypatch.setenv("YOTTA_API_KEY", KEY)

    def run(*words: str) -> str:
        assert program.run(words) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return run


CREATE = ("pods", "create", "--image", "x", "--gpu", "NVIDIA_L4_24G", "--expose", "22")
WHOLE: dict[str, tuple[tuple[str, ...], Callable[[Any], Any]]] = {
    "list": (("pods", "list", "--show-secrets"), lambda document: document[0]),
    "get": (("pods", "get", str(ID), "--show-secrets"), lambda document: document),
    "wait": (("pods", "wait", str(ID)), lambda document: document[0]),
    "create --wait": ((*CREATE, "--wait", "--show-secrets"), lambda document: document),
}
SOME = {
    "create": CREATE,
    "delete": ("pods", "delete", str(ID), "--yes"),
    "cost": ("pods", "cost"),
}


@pytest.mark.parametrize("command", WHOLE)
def test_json_and_yaml_of_a_pod_have_ids_as_text(command: str, run: Run) -> None:
    words, part = WHOLE[command]
    expected = AS_TEXT
    if "--show-secrets" not in words:
        expected = {**AS_TEXT, "environmentVars": [{"key": "YOTTALABS_LEASE", "value": "<hidden>"}]}
    for found in (json.loads(run(*words, "-o", "json")), yaml.safe_load(run(*words, "-o", "yaml"))):
        assert part(found) == expected
        assert json.dumps(part(found), sort_keys=True) == json.dumps(expected, sort_keys=True)


@pytest.mark.parametrize("command", [*WHOLE, *SOME])
def test_so_has_every_format_of_every_command(command: str, run: Run) -> None:
    words = WHOLE[command][0] if command in WHOLE else SOME[command]
    found = json.loads(run(*words, "-o", "json"))
    assert (found[0] if isinstance(found, list) else found)["id"] == str(ID)
    (row,) = csv.DictReader(io.StringIO(run(*words, "-o", "csv")))
    assert row["id"] == str(ID)
    assert row.get("orgId", AS_TEXT["orgId"]) == AS_TEXT["orgId"]
    assert run(*words, "-o", "id") == f"{ID}\n"
    assert f"id: '{ID}'" in run(*words, "-o", "yaml")
    assert str(ID) in run(*words, "-o", "table")


def test_no_number_that_is_printed_is_one_that_jq_rounds(run: Run) -> None:
    def exact(text: str) -> int:
        assert abs(int(text)) <= LARGEST_EXACT
        return int(text)

    json.loads(run("pods", "list", "-o", "json"), parse_int=exact)


def test_what_came_stays_as_it_came() -> None:
    with YottaLabs(KEY, transport=httpx2.MockTransport(answer), clock=VirtualClock()) as client:
        (pod,) = client.pods.list()
    before = json.dumps(pod.raw)
    portable(pod.raw)
    assert json.dumps(pod.raw) == before == json.dumps(POD)
    assert pod.id == str(ID)


def test_a_dry_run_shows_numbers_as_they_are_sent(run: Run) -> None:
    shown = json.loads(run(*CREATE, "--extra-field", f"teamId={ID}", "--dry-run", "-o", "json"))
    assert shown["teamId"] == ID


@pytest.mark.parametrize(
    ("name", "is_id"),
    [
        *(
            (name, True)
            for name in ("id", "ID", "Id", "ids", "orgId", "org_id", "ORG_ID", "podIds", "podID", "podIDs", "GPUId")
        ),
        *(
            (name, True)
            for name in ("containerRegistryAuthId", "credentialId", "taskId", "worker_ids", "v2Id", "pod-id")
        ),
        *(
            (name, False)
            for name in ("paid", "grid", "valid", "bids", "idle", "identity", "uuid2", "idCount", "port", "")
        ),
    ],
)
def test_an_id_is_known_by_its_name(name: str, is_id: bool) -> None:
    assert portable({name: 7}) == {name: "7" if is_id else 7}
    assert portable({name: [7, [7]]}) == {name: ["7", ["7"]] if is_id else [7, [7]]}
    for other in (True, None, "7", 7.5, {"a": 7}):
        assert portable({name: other}) == {name: other}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "a", "orgId", "b"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_only_numbers_become_text_and_none_is_changed(document: Any) -> None:
    def same(before: Any, after: Any) -> bool:
        if isinstance(before, dict):
            return before.keys() == after.keys() and all(same(before[name], after[name]) for name in before)
        if isinstance(before, list):
            return len(before) == len(after) and all(map(same, before, after))
        if isinstance(before, int) and not isinstance(before, bool) and isinstance(after, str):
            return str(before) == after
        return type(before) is type(after) and before == after

    found = portable(document)
    assert same(document, found)
    assert portable(found) == found
