"""`make generate`: the same bytes anywhere, and what changes in the contract arrives everywhere, or is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from .checkout import change, change_file, contents, copy, edit, generate, import_path, python
from support.contract import ROOT

SCHEMAS = "components/schemas"
REQUEST = f"{SCHEMAS}/OpenapiPodCreateRequest"
POD = f"{SCHEMAS}/OpenapiPodDetailResponse"
CREATE = "paths/~1openapi~1v1~1pods~1create/post"
LIST = "paths/~1openapi~1v1~1pods~1list/get"
ANSWER = {"200": {"description": "Done.", "content": {"application/json": {"schema": {"type": "object"}}}}}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/{SCHEMAS}/{name}"}


def objects(**properties: str) -> dict[str, Any]:
    """A list of objects with required properties."""
    described = {name: {"type": kind} for name, kind in properties.items()}
    return {"type": "array", "items": {"type": "object", "required": list(properties), "properties": described}}


TEXTS = {"type": "array", "items": {"type": "string"}}
GPUS = {"type": "array", "items": ref("GpuType")}
MAPPING = {"type": "object", "additionalProperties": {"type": "string"}}
RESOURCES = {
    "type": "object",
    "properties": {"cpus": {"type": "integer"}, "licence": {"type": "string", "format": "password"}},
}

# Everything that must come out right, in one contract.
GROWN = {
    f"{REQUEST}/properties/shmInGb": {"type": "integer", "minimum": 1, "description": 'In GB, called "shm"'},
    f"{REQUEST}/properties/note": {"type": ["string", "null"], "default": "none"},
    f"{REQUEST}/properties/gpuHint": {"anyOf": [ref("GpuType"), {"type": "null"}]},
    f"{REQUEST}/properties/tags": TEXTS,
    f"{REQUEST}/properties/gpuTypes": GPUS,
    f"{REQUEST}/properties/labels": {"type": "array", "items": ref("KeyValuePairDTO")},
    f"{REQUEST}/properties/mounts": objects(path="string", sizeInGb="integer"),
    f"{REQUEST}/properties/annotations": MAPPING,
    f"{REQUEST}/properties/resources": RESOURCES,
    f"{REQUEST}/properties/startAt": {"type": "string", "format": "date-time"},
    f"{REQUEST}/properties/token": {"type": "string", "format": "uuid"},
    f"{REQUEST}/properties/cloud": {"allOf": [ref("CloudType")], "description": "The same again."},
    f"{SCHEMAS}/OpenapiPodExposePortRequest/properties/tls": {"type": "boolean"},
    f"{REQUEST}/properties/ports": {"type": "array", "items": ref("OpenapiPodExposePortRequest")},
    f"{REQUEST}/if": {"required": ["cloudType"], "properties": {"cloudType": {"enum": ["COMMUNITY"]}}},
    f"{REQUEST}/then": {"required": ["region"]},
    f"{POD}/properties/tags": TEXTS,
    f"{POD}/properties/sizes": {"type": "array", "items": {"type": "integer"}},
    f"{POD}/properties/gpuTypes": GPUS,
    f"{POD}/properties/annotations": MAPPING,
    f"{POD}/properties/resources": RESOURCES,
    f"{POD}/properties/events": objects(time="string", message="string"),
    f"{POD}/properties/startedAt": {"type": "string", "format": "date-time"},
    f"{POD}/properties/health": ref("Health"),
    f"{POD}/properties/raw": {"type": "string"},
    f"{SCHEMAS}/PodStatus/enum": ["RUNNING", "TERMINATING", "TERMINATED", "FAILED", "A-B", "A_B", 'say "hi"\\'],
    f"{SCHEMAS}/Health": {
        "type": "object",
        "description": "How a pod is.",
        "properties": {"ports": {"type": "array", "items": ref("OpenapiPodExposePortResponse")}},
    },
    "components/parameters": {
        "PodId": {"name": "podId", "in": "path", "required": True, "schema": {"type": "string"}},
    },
    "paths/~1v1~1pairs": {
        "get": {
            "operationId": "listPairs",
            "summary": "List pairs",
            "parameters": [
                {"name": "minVram", "in": "query", "schema": {"type": "integer", "default": 8}},
                {"name": "status", "in": "query", "schema": {"type": "array", "items": ref("PodStatus")}},
                {"name": "all", "in": "query", "schema": {"type": "boolean"}},
                {"name": "client", "in": "query", "schema": {"type": "string"}},
                {"name": "x-trace", "in": "header", "schema": {"type": "string", "default": "off"}},
            ],
            "responses": {
                "200": {
                    "description": "Pairs.",
                    "content": {
                        "application/json": {"schema": {"type": "array", "items": ref("KeyValuePairDTO")}},
                    },
                }
            },
        }
    },
    "paths/~1v1~1pods~1{podId}~1stop": {
        "parameters": [{"$ref": "#/components/parameters/PodId"}],
        "post": {"operationId": "stopPod", "summary": "Stop", "responses": ANSWER},
    },
    "paths/~1v1~1volumes~1{name}~1{number}": {
        "parameters": [
            {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[\"'$]+$"}},
            {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}},
        ],
        "delete": {"operationId": "deleteVolume", "summary": "Delete", "responses": ANSWER},
    },
}
NAMES_FOR_IT = {
    "views/Health": "HealthView",
    "fields/OpenapiPodDetailResponse.raw": "raw_text",
    "fields/listPairs.client": "client_name",
    "members/PodStatus": {"A-B": "A_DASH_B"},
}

SENT = """
import json, warnings
import httpx2
from support.scripted import Scripted
from yottalabs import InvalidArgumentError, YottaLabs

def create(**fields):
    transport = Scripted("1")
    with YottaLabs("k", transport=transport) as yotta, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", **fields, create_token=None)
        except InvalidArgumentError as error:
            return {"refused": str(error)}
    body = {name: value for name, value in json.loads(transport.requests[0].content).items()
            if name not in ("image", "gpuType")}
    return body | {"warned": [str(one.message)[:30] for one in caught]} if caught else body

fields = json.loads(input())
print(json.dumps([create(**each) for each in fields] + [
    create(mounts=[("/a", 1), {"path": "/b", "sizeInGb": 2}], labels={"a": "b"}),
    create(ports=[22, 80, (8000, "http"), (8001, None, True), (22, "TCP", False)]),
    create(ports=[(1, "TCP", True, 2)]),
    create(tags=(tag for tag in ("a", "b"))),
]))
"""
GENERATED = """
import json, pickle
import httpx2
from support.scripted import Scripted
from yottalabs import Pod
from yottalabs_api import AuthenticatedClient
from yottalabs_api.api.default import delete_volume, list_pairs, stop_pod
from yottalabs_api.errors import ContractViolation
from yottalabs_api.models import (
    OpenapiPodCreateRequest, OpenapiPodDetailResponse, OpenapiPodCreateRequestResources, PodStatus)

transport = Scripted(httpx2.Response(200, json=[{"key": "a", "value": "b"}]))
client = AuthenticatedClient(token="k", httpx_args={"transport": transport})
pairs = list_pairs.sync(client=client)
list_pairs.sync(client=client, min_vram=8, status=[PodStatus.RUNNING, PodStatus.A_DASH_B], all_=True, client_name="é",
                x_trace="on")
delete_volume.sync("'$", 7, client=client)
stop_pod.sync("a/b", client=client)
refused = []
for call in (lambda: stop_pod.sync("..", client=client), lambda: stop_pod.sync("", client=client),
             lambda: delete_volume.sync("..", 7, client=client), lambda: delete_volume.sync("a", 7, client=client)):
    try:
        call()
    except ContractViolation as error:
        refused.append(str(error))
request = OpenapiPodCreateRequest(image="x", gpu_type="y", resources=OpenapiPodCreateRequestResources(
    cpus=1, licence="hunter2"), start_at="2026", tags=["a"])
raw = json.loads(input())
views = [Pod(one) for one in raw]
names = ("tags", "sizes", "gpu_types", "annotations", "resources", "events", "started_at", "raw_text")
print(json.dumps({
    "pairs": [pair.value for pair in pairs],
    "urls": [str(one.url.raw_path, "ascii") if not isinstance(one.url.raw_path, str) else 0
             for one in transport.requests],
    "trace": [one.headers.get("x-trace") for one in transport.requests],
    "refused": refused,
    "request": request.to_dict(),
    "shown": "hunter2" in repr(request) or "hunter2" in repr(views[0]),
    "views": [[getattr(view, name) for name in names] for view in views],
    "ports": [[port.port for port in view.health.ports] if view.health else None for view in views],
    "models": [OpenapiPodDetailResponse.from_dict(one).to_dict() == one for one in raw],
    "member": PodStatus("say \\"hi\\"\\\\").is_known,
}))
"""
TYPED = """
from yottalabs import YottaLabs
from yottalabs_api import AuthenticatedClient
from yottalabs_api.api.default import list_pairs
from yottalabs_api.models import GpuType, KeyValuePairDTO, OpenapiPodCreateRequest

def use(yotta: YottaLabs) -> str:
    OpenapiPodCreateRequest(image="x", gpu_type=GpuType.NVIDIA_L4_24G, shm_in_gb=8)
    return yotta.pods.create(
        image="x", gpu_type="NVIDIA_L4_24G", shm_in_gb=8, note=None, gpu_hint=None, tags=["a"], labels={"a": "b"},
        gpu_types=[GpuType.NVIDIA_L4_24G, "new"], mounts=[("/a", 1)], annotations={"a": "b"}, resources={"cpus": 1},
        ports=[22, (8000, "HTTP"), (8001, None, True)])

def see(client: AuthenticatedClient) -> list[KeyValuePairDTO] | None:
    return list_pairs.sync(client=client, min_vram=8)
"""
WRONG = """
from yottalabs import YottaLabs
from yottalabs_api.models import GpuType, OpenapiPodCreateRequest

def use(yotta: YottaLabs) -> None:
    OpenapiPodCreateRequest(image="x", gpu_type=GpuType.NVIDIA_L4_24G, shm_in_gb="8")
    yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", shm_in_gb="8")
    yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", shm_in_gb=None)
    yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", tags=[1])
    yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", annotations={"a": 1})
    yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", mounts=["/a"])
    yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", ports=[(8000, "HTTP", "tls")])
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose contract has grown, generated anew."""
    checkout = copy(tmp_path_factory.mktemp("grown") / "a checkout")
    change_file(checkout / "openapi.yaml", GROWN)
    change_file(checkout / "codegen" / "names.yaml", NAMES_FOR_IT)
    assert generate(checkout).strip() == "generated: changed"
    return checkout


def run_in(checkout: Path, program: str, given: object) -> Any:
    """What a program prints, as JSON."""
    paths = import_path(checkout)
    done = python("-c", program, cwd=ROOT / "tests", environment=paths, given=json.dumps(given))
    return json.loads(done.stdout)


@pytest.mark.xdist_group("grown")
def test_what_is_new_in_a_request_is_sent(grown: Path) -> None:
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"shm_in_gb": 8}, {"shmInGb": 8}),
        ({"shm_in_gb": 0}, {"refused": "shm_in_gb is 0; it must be at least 1"}),
        ({"note": None, "gpu_hint": None}, {"note": None, "gpuHint": None}),
        ({"note": 5}, {"refused": "note is 5; it must be a str or None"}),
        ({"tags": ["a", "b"]}, {"tags": ["a", "b"]}),
        ({"tags": "ab"}, {"refused": "tags is 'ab'; it must be a list"}),
        ({"tags": None}, {"refused": "tags is None; it must be a list"}),
        ({"tags": [1]}, {"refused": "tags[0] is 1; it must be a str"}),
        ({"gpu_types": ["nvidia_l4_24g"]}, {"gpuTypes": ["NVIDIA_L4_24G"]}),
        ({"gpu_types": ["new"]}, {"gpuTypes": ["new"], "warned": ["gpu_types[0] 'new' is not amon"]}),
        ({"annotations": {"a": "b"}}, {"annotations": {"a": "b"}}),
        ({"annotations": {"a": 1}}, {"refused": "annotations.a is 1; it must be a str"}),
        ({"resources": {"cpus": 1}}, {"resources": {"cpus": 1}}),
        (
            {"resources": {"licence": 12345}},
            {"refused": "resources.licence is of type int (not shown); it must be a str"},
        ),
        ({"start_at": "2026", "token": "t"}, {"startAt": "2026", "token": "t"}),
        ({"cloud": "secure"}, {"cloud": "SECURE"}),
        # A condition on an enumeration holds for its values, and for no others.
        ({"cloud_type": "SECURE"}, {"cloudType": "SECURE"}),
        ({"cloud_type": "COMMUNITY"}, {"refused": "region is missing, which the other arguments ask for"}),
    ]
    *sent, mounts, ports, too_many, generator = run_in(grown, SENT, [given for given, _ in cases])
    assert sent == [expected for _, expected in cases]
    assert mounts == {
        "mounts": [{"path": "/a", "sizeInGb": 1}, {"path": "/b", "sizeInGb": 2}],
        "labels": [{"key": "a", "value": "b"}],
    }
    assert ports["ports"] == [
        {"port": 22, "protocol": "SSH"},
        {"port": 80},
        {"port": 8000, "protocol": "HTTP"},
        {"port": 8001, "tls": True},
        {"port": 22, "protocol": "TCP", "tls": False},
    ]
    assert too_many == {
        "refused": "ports[0] is (1, 'TCP', True, 2); it must be a port, or a tuple of (port, protocol, tls)"
    }
    assert generator == {"tags": ["a", "b"]}


@pytest.mark.xdist_group("grown")
def test_what_is_new_is_an_option_of_the_command_and_in_its_manual(grown: Path) -> None:
    options = {
        "shm-in-gb": "8",
        "note": "hi",
        "gpu-hint": "NVIDIA_L4_24G",
        "tags": "t",
        "gpu-types": "NVIDIA_L4_24G",
        "labels": "a=b",
        "mounts": '{"path": "/a", "sizeInGb": 1}',
        "annotations": '{"a": "b"}',
        "start-at": "2026",
        "token": "t",
        "cloud": "SECURE",
        "ports": "22/TCP",
        "resources-env": "LICENCE",
    }
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    command = ("-m", "yottalabs", "pods", "create", "--image", "x", "--gpu", "NVIDIA_L4_24G", *given, "--dry-run")
    environment = {**import_path(grown), "LICENCE": '{"cpus": 1, "licence": "hunter2"}'}
    done = python(*command, "--show-secrets", cwd=ROOT / "tests", environment=environment)
    assert json.loads(done.stdout) == {
        "image": "x",
        "gpuType": "NVIDIA_L4_24G",
        "shmInGb": 8,
        "note": "hi",
        "gpuHint": "NVIDIA_L4_24G",
        "tags": ["t"],
        "gpuTypes": ["NVIDIA_L4_24G"],
        "labels": [{"key": "a", "value": "b"}],
        "mounts": [{"path": "/a", "sizeInGb": 1}],
        "annotations": {"a": "b"},
        "startAt": "2026",
        "token": "t",
        "cloud": "SECURE",
        "ports": [{"port": 22, "protocol": "TCP"}],
        "resources": {"cpus": 1, "licence": "hunter2"},
    }
    assert "hunter2" not in python(*command, cwd=ROOT / "tests", environment=environment).stdout
    manual = (grown / "docs" / "cli.md").read_text(encoding="utf-8")
    assert all(manual.count(f" --{name} ") == 2 for name in options)  # of `create`, and of `run`


def test_a_command_that_does_not_fit_the_contract_keeps_nothing_else_from_being_made(tmp_path: Path) -> None:
    checkout = copy(tmp_path / "checkout")
    change_file(checkout / "openapi.yaml", {f"{SCHEMAS}/PodStatus/enum": ["RUNNING"]})
    done = python("codegen/generate.py", cwd=checkout, check=False)
    assert done.returncode == 1
    assert done.stdout == "generated: changed\n"
    assert done.stderr.startswith("docs/cli.md cannot be made: the command does not fit what is generated: ")
    assert "TERMINAT" in done.stderr  # a status that the client relies on
    statuses = (checkout / "generated" / "yottalabs_api" / "models" / "pod_status.py").read_text(encoding="utf-8")
    assert "TERMINATED" not in statuses


@pytest.mark.xdist_group("grown")
def test_what_is_new_is_read_and_called(grown: Path) -> None:
    events = [{"time": "1", "message": "a"}, {"time": "1", "message": "b"}]
    full = {
        "tags": ["a", None, "b"],
        "sizes": [1, "2", "x"],
        "gpuTypes": ["nvidia_l4_24g", "NEW", 5],
        "annotations": {"a": "b", "c": []},
        "resources": {"cpus": 1, "licence": "hunter2"},
        "events": events,
        "startedAt": "2026-01-01T00:00:00Z",
        "health": {"ports": [{"port": 22}]},
        "raw": "text",
    }
    strange: dict[str, Any] = dict.fromkeys(full, 5) | {"startedAt": [], "raw": {}, "tags": {}, "annotations": []}
    found = run_in(grown, GENERATED, [full, strange, {}])
    assert found["pairs"] == ["b"]
    assert found["urls"] == [
        "/v1/pairs",
        "/v1/pairs?minVram=8&status=RUNNING&status=A-B&all=true&client=%C3%A9",
        "/v1/volumes/%27%24/7",
        "/v1/pods/a%2Fb/stop",
    ]
    assert found["trace"] == [None, "on", None, None]
    assert [message.split(" must ")[0] for message in found["refused"]] == ["podId", "podId", "name", "name"]
    assert found["request"]["resources"] == {"cpus": 1, "licence": "hunter2"}
    assert not found["shown"]
    resources = {"cpus": 1, "licence": "hunter2"}
    started = "2026-01-01T00:00:00Z"
    assert found["views"] == [
        [["a", "b"], [1, 2], ["NVIDIA_L4_24G", "NEW"], {"a": "b"}, resources, events, started, "text"],
        [[], [], [], {}, {}, [], None, None],
        [[], [], [], {}, {}, [], None, None],
    ]
    assert found["ports"] == [[22], None, None]
    assert all(found["models"])
    assert found["member"]


@pytest.mark.xdist_group("grown")
def test_what_is_new_is_typed(grown: Path, tmp_path: Path) -> None:
    programs = [tmp_path / "right.py", tmp_path / "wrong.py"]
    for program, text in zip(programs, (TYPED, WRONG), strict=True):
        program.write_text(text, encoding="utf-8")
    arguments = ("--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}", *map(str, programs))
    paths = {"MYPYPATH": import_path(grown)["PYTHONPATH"]}
    api = str(grown / "generated" / "yottalabs_api" / "api")
    done = python("-m", "mypy", *arguments, api, cwd=tmp_path, check=False, environment=paths)
    lines = [line for line in done.stdout.splitlines() if ": error:" in line]
    wrong = [int(line.split(":")[1]) for line in lines if "wrong.py" in line]
    assert sorted(set(wrong)) == [6, 7, 8, 9, 10, 11, 12], done.stdout
    assert len(lines) == len(wrong), done.stdout


def test_two_runs_anywhere_give_identical_bytes(tmp_path: Path) -> None:
    first, second = copy(tmp_path / "one"), copy(tmp_path / "two of them" / "deeper")
    # A configuration above the second one, another order of sets, another locale: none of it may matter.
    (tmp_path / "two of them" / "ruff.toml").write_text("line-length = 60\n", encoding="utf-8")
    generate(first, {"PYTHONHASHSEED": "1"})
    generate(
        second,
        {"PYTHONHASHSEED": "2", "LC_ALL": "C", "TZ": "Asia/Tokyo", "RUFF_PREVIEW": "1", "RUFF_OUTPUT_FORMAT": "x"},
    )
    for folder in ("generated", "overlays"):
        assert contents(first / folder) == contents(second / folder) == contents(ROOT / folder)


def test_make_check_shows_every_byte_that_differs(tmp_path: Path) -> None:
    checkout = copy(tmp_path / "checkout")
    package = checkout / "generated" / "yottalabs_api"
    edit(package / "client.py", '"x-api-key"', '"x-api-kee"')
    for name, old, new in (
        ("types.py", b"\n", b"\r\n"),
        ("errors.py", b'"]\n', b'"]'),
        ("params.py", b"image", b"\xff"),
    ):
        (package / name).write_bytes((package / name).read_bytes().replace(old, new))
    (package / "stray.py").write_text("", encoding="utf-8")
    (checkout / "generated" / "stray.py").write_text("", encoding="utf-8")
    (checkout / "generated" / "other_api").mkdir()
    (checkout / "generated" / "other_api" / "__init__.py").write_text("", encoding="utf-8")
    (checkout / "overlays" / "yottalabs" / "_sync" / "client.py").unlink()
    done = python("codegen/generate.py", "--check", cwd=checkout, check=False)
    assert done.returncode == 1
    assert '-API_KEY_HEADER = "x-api-kee"\n+API_KEY_HEADER = "x-api-key"' in done.stdout
    for name in ("types.py", "errors.py", "params.py"):
        assert f"generated/yottalabs_api/{name}: other bytes" in done.stdout
    for name in ("yottalabs_api/stray.py", "stray.py", "other_api/__init__.py"):
        assert f"generated/{name}: not made any more" in done.stdout
    assert "+class YottaLabs:" in done.stdout
    assert not (checkout / "overlays" / "yottalabs" / "_sync" / "client.py").exists()
    generate(checkout)
    assert contents(checkout / "generated") == contents(ROOT / "generated")
    assert generate(checkout).strip() == "generated: nothing to change"


@pytest.mark.parametrize("expression", ["AsyncPods", "self.aclose", "await x", "{1: alook}[1]:>5"])
def test_a_name_in_an_f_string_that_the_synchronous_half_calls_otherwise_stops(expression: str, tmp_path: Path) -> None:
    """Python before 3.12 has no tokens inside an f-string, so that the name would stay as it is there."""
    checkout = copy(tmp_path / "checkout")
    module = checkout / "overlays" / "yottalabs" / "_async" / "listing.py"
    code = f"\n\nasync def _show(self: object, x: object) -> str:\n    return f'shown: {{ {expression} }}'\n"
    module.write_text(module.read_text(encoding="utf-8") + code, encoding="utf-8")
    done = python("codegen/generate.py", cwd=checkout, check=False)
    assert done.returncode == 1
    line = module.read_text(encoding="utf-8").count("\n")
    assert f"overlays/yottalabs/_async/listing.py, line {line}: " in done.stdout + done.stderr
    assert "f-string" in done.stdout + done.stderr


Changes = Mapping[str, Any]


def query(**changes: Any) -> Changes:
    """The list of pods with a query parameter."""
    return {f"{LIST}/parameters": [{"name": "x", "in": "query", "schema": {"type": "string"}, **changes}]}


REFUSED: list[tuple[Changes, str, str]] = [
    # What is meant, the place that is named, what the message says.
    (
        {f"{REQUEST}/properties/x": {"type": "string", "enum": ["A"]}},
        f"{REQUEST}/properties/x",
        "name this enumeration",
    ),
    ({f"{POD}/properties/x": {"enum": [1, 2]}}, f"{POD}/properties/x", "make its values texts"),
    ({f"{POD}/properties/x": {"type": "string", "nullable": True}}, f"{POD}/properties/x", "'nullable'"),
    ({f"{POD}/properties/x": {"type": "array", "items": TEXTS}}, f"{POD}/properties/x", "a list in a list"),
    ({f"{POD}/properties/x": {"anyOf": [ref("Int32"), ref("GpuType")]}}, f"{POD}/properties/x", "one type"),
    ({f"{POD}/properties/x": {"anyOf": [MAPPING, TEXTS]}}, f"{POD}/properties/x", "several structures"),
    ({f"{REQUEST}/allOf": [ref("KeyValuePairDTO")]}, f"{REQUEST}/allOf/0", "write the properties out"),
    ({f"{REQUEST}/properties/name": {"type": "string"}}, f"{REQUEST}/properties/name", "properties/podName"),
    ({f"{REQUEST}/properties/extraFields": {"type": "string"}}, f"{REQUEST}/properties/extraFields", "create itself"),
    ({f"{REQUEST}/properties/a.b": {"type": "string"}}, f"{REQUEST}/properties/a.b", "other characters"),
    ({f"{REQUEST}/properties/image/pattern": "(?<a>x)"}, f"{REQUEST}/properties/image", "Python cannot read"),
    ({f"{REQUEST}/not": {"propertyNames": {}}}, f"{REQUEST}/not/propertyNames", "within a condition"),
    *(
        (
            {f"{POD}/properties/{name}": {"type": "string"}},
            f"{POD}/properties/{name}",
            "under fields in codegen/names.yaml",
        )
        for name in ("raw", "has", "jsonNames", "read", "toDict", "fromDict", "additionalProperties", "secrets")
    ),
    *(
        ({f"{SCHEMAS}/PodStatus/enum": values}, f"{SCHEMAS}/PodStatus/enum", "under members/PodStatus")
        for values in (["A", ""], ["{x}"], ["_missing_"], ["A-B", "A_B"])
    ),
    (
        {f"{SCHEMAS}/KeyValuePairDTO/properties/x": ref("KeyValuePairDTO")},
        f"{SCHEMAS}/KeyValuePairDTO",
        "leave the inner",
    ),
    (query(name="client"), "paths/openapi/v1/pods/list/get/parameters/client", "under fields"),
    (query(name="body"), "paths/openapi/v1/pods/list/get/parameters/body", "under fields"),
    (query(style="deepObject"), "list/get/parameters/x", "`style`"),
    (query(explode=False), "list/get/parameters/x", "`explode`"),
    (query(schema={"type": ["string", "null"]}), "list/get/parameters/x/schema", "null has no form"),
    (query(schema=MAPPING), "list/get/parameters/x/schema", "make it one of"),
    ({**query(**{"in": "cookie"})}, "list/get/parameters/x", "a cookie parameter"),
    ({**query(**{"in": "header", "name": "X-API-Key"})}, "list/get/parameters/X-API-Key", "sent by the client itself"),
    ({f"{LIST}/operationId": None}, "paths/openapi/v1/pods/list/get", "give it one"),
    ({f"{CREATE}/requestBody/required": False}, "create/post/requestBody", "`required: true`"),
    ({f"{CREATE}/requestBody/content/application~1json/schema": TEXTS}, "create/post/requestBody", "not an object"),
    ({"components/securitySchemes/two": {"type": "http"}}, "components/securitySchemes", "must be one"),
    ({"components/securitySchemes/apiKey/in": "query"}, "components/securitySchemes", "a key in a header"),
    ({"servers": None}, "servers", "is missing"),
    ({f"{POD}/description": None}, "OpenapiPodDetailResponse", "a description"),
    ({f"{SCHEMAS}/KeyValuePairDTO/properties/x": {"type": "string"}}, "mappings/KeyValuePairDTO", "no other"),
    ({"names/secrets/Renamed": ["value"]}, "secrets/Renamed", "no such schema"),
    ({"names/secrets/KeyValuePairDTO": ["content"]}, "secrets/KeyValuePairDTO", "no such field"),
    ({"names/views/Renamed": "View"}, "views/Renamed", "no such schema"),
    ({"names/fields/renamed": "x"}, "fields/renamed", "no such field"),
    ({"names/wievs": {}}, "wievs", "is not known"),
]


def test_what_would_become_wrong_code_is_refused_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "codegen"))
    specification = import_module("specification")
    checks_module = import_module("specification.checks").checks_module
    document, names = (specification.read_yaml(path) for path in (specification.CONTRACT, specification.NAMES))

    for changes, place, message in REFUSED:
        whole = change(deepcopy({"names": names, **document}), changes)
        with pytest.raises(specification.UnsupportedError) as caught:
            checks_module(specification.Contract(whole, whole.pop("names")))
        line = str(caught.value)
        assert f"{place}: " in line, (place, line)
        assert message in line, (place, line)
        assert "\n" not in line


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {f"{POD}/properties/isReady": {"type": "boolean"}},
            "OpenapiPodDetailResponse/properties/isReady: its Python name",
        ),
        ({f"{SCHEMAS}/pod_status": {"enum": ["A"]}}, "the generator cannot read it"),
        (
            {f"{SCHEMAS}/Mapping": {"enum": ["A"]}, f"{REQUEST}/properties/x": ref("Mapping")},
            "'Mapping' would stand for two things in models/openapi_pod_create_request.py",
        ),
        ({f"{SCHEMAS}/protocol": {"enum": ["SSH", "HTTP", "TCP"]}}, f"{SCHEMAS}/Protocol: the generator made no class"),
    ],
)
def test_the_message_is_one_line_and_nothing_is_written(changes: Changes, message: str, tmp_path: Path) -> None:
    checkout = copy(tmp_path / "checkout")
    change_file(checkout / "openapi.yaml", changes)
    done = python("codegen/generate.py", cwd=checkout, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert contents(checkout / "generated") == contents(ROOT / "generated")


def test_an_interrupted_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "codegen"))
    generator = import_module("generate")

    (tmp_path / "made").mkdir()
    (tmp_path / "present").mkdir()
    (tmp_path / "present" / "old").touch()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copytree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            generator.put(tmp_path / "made", tmp_path / "present")
    assert list(contents(tmp_path / "present")) == ["old"]
    (tmp_path / "made" / "new").touch()
    generator.put(tmp_path / "made", tmp_path / "present")
    assert list(contents(tmp_path)) == ["made/new", "present/new"]
