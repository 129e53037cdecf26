"""Seeded faults: each is a small patch of shipped code that a good test must notice, and name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import fidelity
from support.contract import ROOT

RANDOM_CASES = 4
API = "generated/yottalabs_api"
REQUEST_MODEL = f"{API}/models/openapi_pod_create_request.py"
ARGUMENTS = "overlays/yottalabs/_arguments.py"
APPENDED = "[*body.get(_VARIABLES.json_name, ()), *own]"


@dataclass(frozen=True)
class Mutant:
    """A patch: in a file, one text for another; and what a finding must begin with to be the right one."""

    name: str
    file: str
    old: str
    new: str
    named: str
    """What the finding names, after the speaker and the operation."""
    needs_memory: bool = False
    """Whether only one who remembers what was created can show it: the simulator, where created pods are listed."""

    def __str__(self) -> str:
        return self.name


MUTANTS = (
    Mutant(
        "an optional field is dropped",
        REQUEST_MODEL,
        'json_object["region"] = self.region',
        "pass",
        "body.region: missing",
    ),
    Mutant(
        "a key is renamed in the generated model",
        REQUEST_MODEL,
        'json_object["podName"]',
        'json_object["name"]',
        "body.podName: missing",
    ),
    Mutant(
        "a key is renamed in the overlay's arguments",
        f"{API}/params.py",
        'RequestField("podName",',
        'RequestField("name",',
        "body.podName: missing",
    ),
    Mutant(
        "a default is sent for an unset field",
        REQUEST_MODEL,
        "_ABSENT = dict.fromkeys(_NAMES, UNSET)",
        '_ABSENT = {**dict.fromkeys(_NAMES, UNSET), "cloudType": CloudType.SECURE}',
        "body.cloudType: not expected",
    ),
    Mutant(
        "the overlay sends a default",
        ARGUMENTS,
        "    body = HiddenDict()\n    for name",
        '    body = HiddenDict({"resourceType": "GPU"})\n    for name',
        "body.resourceType: not expected",
    ),
    Mutant(
        "an integer is sent as a string",
        REQUEST_MODEL,
        'json_object["gpuCount"] = self.gpu_count',
        'json_object["gpuCount"] = str(self.gpu_count)',
        "body.gpuCount: expected",
    ),
    Mutant(
        "zero is taken for unset",
        REQUEST_MODEL,
        "if self.persistent_volume_in_gb is not UNSET:",
        "if self.persistent_volume_in_gb:",
        "body.persistentVolumeInGb: missing",
    ),
    Mutant(
        "an empty string is taken for unset",
        REQUEST_MODEL,
        "if self.initialization_command is not UNSET:",
        "if self.initialization_command:",
        "body.initializationCommand: missing",
    ),
    Mutant(
        "an empty list is taken for unset",
        REQUEST_MODEL,
        "if self.expose is not UNSET:",
        "if self.expose:",
        "body.expose: missing",
    ),
    Mutant(
        "an enumeration is sent in another case",
        ARGUMENTS,
        "    return str(found)",
        "    return str(found).lower()",
        "body.gpuType: expected",
    ),
    Mutant(
        "every port 22 becomes SSH",
        ARGUMENTS,
        "if part.required or each.value is not None\n",
        "if part.required or each.value is not None\n        } | (_SSH if item.value[0] == SSH_PORT else {}) | {\n",
        "body.expose[0].protocol: not expected",
    ),
    Mutant(
        "environment variables of one name are merged",
        ARGUMENTS,
        "    for index, item in enumerate(map(Hidden, _entries(given))):",
        "    entries = dict(_entries(given)).items() if field.is_mapping else _entries(given)\n"
        "    for index, item in enumerate(map(Hidden, entries)):",
        "body.environmentVars: expected",
    ),
    Mutant(
        "text is sent in another encoding",
        f"{API}/types.py",
        "return _json_text(value).encode()",
        'return _json_text(value).encode("ascii", "replace")',
        "body.",
    ),
    Mutant(
        "the key's header is renamed",
        f"{API}/client.py",
        'API_KEY_HEADER = "x-api-key"',
        'API_KEY_HEADER = "x-api-token"',
        "header.x-api-key: missing",
    ),
    Mutant(
        "the overlay forgets the key",
        "overlays/yottalabs/_sync/connections.py",
        "                API_KEY_HEADER: settings.api_key,\n",
        "",
        "header.x-api-key: missing",
    ),
    Mutant(
        "only the asynchronous overlay forgets the content type",
        "overlays/yottalabs/_async/connections.py",
        "{**self._headers, **{name.lower(): each for name, each in request.headers.items()}}",
        "{**self._headers}",
        "header.content-type: missing",
    ),
    Mutant(
        "the path is not escaped",
        f"{API}/api/pods/delete_pod.py",
        'pod_id=quote(pod_id, safe="")',
        "pod_id=pod_id",
        "path.podId: expected",
    ),
    Mutant(
        "the path is escaped twice",
        f"{API}/api/pods/delete_pod.py",
        'pod_id=quote(pod_id, safe="")',
        'pod_id=quote(quote(pod_id, safe=""), safe="")',
        "path.podId: expected",
    ),
    Mutant(
        "the method is another",
        f"{API}/api/pods/list_pods.py",
        'method="GET"',
        'method="POST"',
        "method: expected GET",
    ),
    Mutant(
        "a query is sent that nobody asked for",
        f"{API}/api/pods/list_pods.py",
        'path="/openapi/v1/pods/list"',
        'path="/openapi/v1/pods/list?page=1"',
        "query: expected none",
    ),
    Mutant(
        "a field of the answer is lost",
        f"{API}/models/openapi_pod_detail_response.py",
        'json_object["sshCmd"] = self.ssh_cmd',
        "pass",
        "answer.data[0].sshCmd: missing",
    ),
    Mutant(
        "the overlay leaves out what is null",
        "overlays/yottalabs/_answer.py",
        "[Pod(item) for item in self._objects]",
        "[Pod({k: v for k, v in item.items() if v is not None}) for item in self._objects]",
        "answer.data[0].imageRegistryUsername: missing",
    ),
    # --- What the overlay adds to a create ---
    Mutant(
        "the token is not appended",
        "overlays/yottalabs/_creation.py",
        "own = {TOKEN_VARIABLE: self.token, LEASE_VARIABLE: self.lease}",
        "own = {LEASE_VARIABLE: self.lease}",
        "own variables: YOTTALABS_CREATE_TOKEN expected 1 times, was 0 times",
    ),
    Mutant(
        "the token is appended twice",
        ARGUMENTS,
        APPENDED,
        "[*body.get(_VARIABLES.json_name, ()), *own, *own]",
        "own variables: YOTTALABS_CREATE_TOKEN expected 1 times, was 2 times",
    ),
    Mutant(
        "the token is put first instead of last",
        ARGUMENTS,
        APPENDED,
        "[*own, *body.get(_VARIABLES.json_name, ())]",
        "own variables: YOTTALABS_CREATE_TOKEN expected behind the others, was at 0",
    ),
    Mutant(
        "the last of the caller's variables is lost to the token",
        ARGUMENTS,
        APPENDED,
        "[*body.get(_VARIABLES.json_name, ())[:-1], *own]",
        "body.environmentVars: expected",
    ),
    Mutant(
        "all of the caller's variables are lost to the token",
        ARGUMENTS,
        APPENDED,
        "own",
        "body.environmentVars: expected",
    ),
    Mutant(
        "a lease is appended where there is none",
        "overlays/yottalabs/_creation.py",
        "LEASE_VARIABLE: self.lease}",
        'LEASE_VARIABLE: self.lease or "{}"}',
        "own variables: YOTTALABS_LEASE not expected",
    ),
    Mutant(
        "the token is appended although the caller leaves it out",
        "overlays/yottalabs/_creation.py",
        "token=new_token() if is_fresh else _checked(token),",
        "token=new_token() if is_fresh or token is None else _checked(token),",
        "own variables: YOTTALABS_CREATE_TOKEN expected 0 times, was 1 times",
    ),
    Mutant(
        "every create has the same token",
        "overlays/yottalabs/_creation.py",
        "return str(uuid.uuid4())",
        "return str(uuid.UUID(int=1))",
        "own variables: a token was sent twice",
    ),
    Mutant(
        "the token is no UUID",
        "overlays/yottalabs/_creation.py",
        "return str(uuid.uuid4())",
        "return uuid.uuid4().hex",
        'body.environmentVars[0].value: expected "a UUID"',
    ),
    Mutant(
        "the token is shown among the pod's variables",
        "overlays/yottalabs/_pod.py",
        "            variables.pop(name, None)\n",
        "            pass\n",
        "AssertionError: environment_vars: expected",
        needs_memory=True,
    ),
    Mutant(
        "a pod does not tell its token",
        "overlays/yottalabs/_pod.py",
        "return super().environment_vars.get(TOKEN_VARIABLE)",
        "return self.environment_vars.get(TOKEN_VARIABLE)",
        "AssertionError: create_token: expected",
        needs_memory=True,
    ),
    Mutant(
        "the last variable is taken out of what came",
        "overlays/yottalabs/_answer.py",
        "[Pod(item) for item in self._objects]",
        '[Pod({**item, "environmentVars": (item["environmentVars"] or [])[:-1]}) for item in self._objects]',
        "answer.data[3].environmentVars: expected",
        needs_memory=True,
    ),
)
BASELINES = (
    Mutant("nothing is changed", f"{API}/types.py", "", "", ""),
    Mutant("nothing is changed, and pods are remembered", f"{API}/types.py", "", "", "", needs_memory=True),
)


def run(mutant: Mutant, folder: Path, base_url: str) -> dict[str, Any]:
    """The fidelity run on a copy of the shipped code with the patch, in a process of its own: its report.

    It ends when the mutant is caught: no later finding could change that. A baseline runs to the end.
    """
    for part in ("generated", "overlays"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / mutant.file
    text = file.read_text(encoding="utf-8")
    if mutant.old:
        assert text.count(mutant.old) == 1, f"{mutant.name}: the text to patch stands {text.count(mutant.old)} times"
        file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    path = os.pathsep.join(str(part) for part in (folder / "generated", folder / "overlays", ROOT / "tests"))
    options = [*(["--follow"] if mutant.needs_memory else []), *([f"--until={mutant.named}"] if mutant.named else [])]
    done = subprocess.run(
        [sys.executable, "-m", "contract.fidelity", base_url, str(RANDOM_CASES), *options],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{mutant.name}: the run itself failed, which is no catch:\n{done.stderr[-2000:]}"
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def caught_by(mutant: Mutant, report: dict[str, Any]) -> list[str]:
    """The findings that name what the mutant broke."""
    return [line for line in report["findings"] if fidelity.is_named(line, mutant.named)]
