"""Faults seeded into the simulator: each a small patch that the check which is there for it must notice, and name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import obedience
from support.contract import ROOT

PACKAGE = Path("mock") / "yottalabs_mock"
SCHEMATHESIS, MODEL = JUDGES = "schemathesis", "the model"
MODEL_EXAMPLES = "5"
SAID = "said.txt"


@dataclass(frozen=True)
class Fault:
    """A patch: in a module of the simulator, one text for another; and the finding that it must lead to.

    Attributes:
        name: What is wrong.
        module: The module.
        old: A text of it.
        new: The text in its place.
        judge: Who must find it.
        check: The check of that judge that must find it.
        named: What the finding must say.
    """

    name: str
    module: str
    old: str
    new: str
    judge: str
    check: str
    named: str

    def __str__(self) -> str:
        return self.name


VALIDATED = '"components": self.document["components"], **schema}'


def unvalidated(keyword: str) -> str:
    """The schemas without a keyword."""
    return (
        f"{VALIDATED}\n        document = json.loads(json.dumps(document).replace('\"{keyword}\"', '\"x-{keyword}\"'))"
    )


FAULTS = (
    # --- What single requests and answers show: schemathesis's to find ---
    Fault(
        "a number in a pod is text",
        "_minting.py",
        '"singleCardVcpu": row.vcpu,',
        '"singleCardVcpu": str(row.vcpu),',
        SCHEMATHESIS,
        "response_schema_conformance",
        '"3" is not of type "integer"',
    ),
    Fault(
        "a required field of a pod is missing",
        "_minting.py",
        '            "imagePublicType": asked["imagePublicType"],\n',
        "",
        SCHEMATHESIS,
        "response_schema_conformance",
        '"imagePublicType" is a required property',
    ),
    Fault(
        "the code is text",
        "_messages.py",
        '"code": code, "data"',
        '"code": str(code), "data"',
        SCHEMATHESIS,
        "response_schema_conformance",
        '"10000"',
    ),
    Fault(
        "an answer is called text",
        "_messages.py",
        '{"content-type": JSON, ',
        '{"content-type": "text/plain", ',
        SCHEMATHESIS,
        "content_type_conformance",
        "Received: text/plain",
    ),
    Fault(
        "a success has the status of a failure",
        "_api.py",
        'json_answer(200, style.envelope("success"',
        'json_answer(422, style.envelope("success"',
        SCHEMATHESIS,
        "positive_data_acceptance",
        "Valid data should have been accepted",
    ),
    Fault(
        "a violation is a failure of the server",
        "_contract.py",
        'raise Refusal(422, "; ".join(shown))',
        'raise Refusal(500, "; ".join(shown))',
        SCHEMATHESIS,
        "not_a_server_error",
        "Server error",
    ),
    Fault(
        "any value of an enumeration is taken",
        "_contract.py",
        VALIDATED,
        unvalidated("enum"),
        SCHEMATHESIS,
        "negative_data_rejection",
        "gpuType: Invalid enum value",
    ),
    Fault(
        "a field that there is not is taken",
        "_contract.py",
        VALIDATED,
        unvalidated("additionalProperties"),
        SCHEMATHESIS,
        "negative_data_rejection",
        "object with unexpected properties",
    ),
    Fault(
        "a port may be any number",
        "_contract.py",
        VALIDATED,
        unvalidated("maximum"),
        SCHEMATHESIS,
        "negative_data_rejection",
        "port: Value greater than maximum",
    ),
    Fault(
        "no key is needed",
        "_organisations.py",
        'raise Refusal(401, "the header x-api-key is missing or empty")',
        "return str(_FIRST_ID)",
        SCHEMATHESIS,
        "missing_required_header",
        "x-api-key",
    ),
    Fault(
        "any key will do",
        "_organisations.py",
        "name = _name(key) if self._names is None else self._names.get(_digest(key))",
        "name = _name(key)",
        SCHEMATHESIS,
        "ignored_auth",
        "API accepts invalid authentication",
    ),
    Fault(
        "405 comes without Allow",
        "_contract.py",
        'raise Refusal(405, message, {"allow": allowed})',
        "raise Refusal(405, message)",
        SCHEMATHESIS,
        "unsupported_method",
        "without required `Allow` header",
    ),
    Fault(
        "a method that a path has not is said to be a path that there is not",
        "_contract.py",
        'raise Refusal(405, message, {"allow": allowed})',
        "raise Refusal(404, message)",
        SCHEMATHESIS,
        "unsupported_method",
        "returned 404, expected 405",
    ),
    Fault(
        "Allow names a method too many",
        "_contract.py",
        'raise Refusal(405, message, {"allow": allowed})',
        'raise Refusal(405, message, {"allow": f"{allowed}, PUT"})',
        SCHEMATHESIS,
        "allow_header_conformance",
        "Undocumented methods advertised: PUT",
    ),
    # --- What only the life of pods shows: the model's to find ---
    Fault(
        "the list is always empty",
        "_api.py",
        "for pod in self.pods.of(call.owner):",
        'for pod in self.pods.of(""):',
        MODEL,
        "listed",
        "is missing from the list",
    ),
    Fault(
        "any key sees every pod",
        "_api.py",
        "for pod in self.pods.of(call.owner):",
        "for pod in self.pods.values():",
        MODEL,
        "listed",
        "pod of one is in the list of other",
    ),
    Fault(
        "a deleted pod is in no list",
        "_api.py",
        "if pod.hidden.at <= now:",
        'if pod.hidden.at <= now and pod.status != "TERMINATED":',
        MODEL,
        "listed",
        "a TERMINATED pod",
    ),
    Fault(
        "a deleted pod never goes",
        "_lifecycle.py",
        '    Transition(Status.TERMINATED, None, "is forgotten", "forget"),\n',
        "",
        MODEL,
        "listed",
        "a gone from the list pod",
    ),
    Fault(
        "a pod that has ended runs again a day later",
        "_lifecycle.py",
        'Transition(Status.TERMINATED, None, "is forgotten", "forget")',
        'Transition(Status.TERMINATED, Status.RUNNING, "is forgotten", "forget")',
        MODEL,
        "listed",
        "a gone from the list pod",
    ),
    Fault(
        "a pod that is ending runs again",
        "_lifecycle.py",
        'Transition(Status.TERMINATING, Status.TERMINATED, "has ended", "terminate")',
        'Transition(Status.TERMINATING, Status.RUNNING, "has ended", "terminate")',
        MODEL,
        "status",
        "RUNNING, where it must be TERMINATED",
    ),
    Fault(
        "a pod boots for ever",
        "_lifecycle.py",
        'Transition(Status.INITIALIZE, Status.RUNNING, "boots", "boot")',
        'Transition(Status.INITIALIZE, Status.RUNNING, "boots")',
        MODEL,
        "status",
        "INITIALIZE, where it must be RUNNING",
    ),
    Fault(
        "a delete does nothing",
        "_api.py",
        "            pod.delete()\n",
        "            pass\n",
        MODEL,
        "status",
        "where it must be TERMINATING",
    ),
    Fault(
        "a foreign pod can be deleted",
        "_api.py",
        'self.pods.find(call.owner, call.parameters["podId"])',
        'self.pods.get(call.parameters["podId"])',
        MODEL,
        "deleting",
        "a pod of another organisation was deleted",
    ),
    Fault(
        "a business failure is said to be a success",
        "_api.py",
        "style.envelope(failure.message, failure.code, None)",
        "style.envelope(failure.message, SUCCESS, None)",
        MODEL,
        "deleting",
        "a pod that there is not was deleted",
    ),
    Fault(
        "a pod that has ended can be deleted",
        "_api.py",
        "raise BusinessFailure(WRONG_STATE, message) from None",
        "return call.style.deleted_data()",
        MODEL,
        "deleting",
        "a TERMINATED pod was deleted",
    ),
    Fault(
        "a business failure is told by HTTP's status",
        "_api.py",
        "json_answer(200, style.envelope(failure.message",
        "json_answer(404, style.envelope(failure.message",
        MODEL,
        "answered",
        "DELETE was answered with HTTP 404",
    ),
    Fault(
        "what the contract wants on conditions is not wanted",
        "_contract.py",
        VALIDATED,
        unvalidated("allOf"),
        MODEL,
        "refused",
        "a private image without its registry's token: HTTP 200",
    ),
    Fault(
        "ids are used again",
        "_minting.py",
        "self.minted += 1",
        "self.minted = self.minted % 4 + 1",
        MODEL,
        "ids",
        "came twice",
    ),
    Fault(
        "the environment is not told",
        "_minting.py",
        'for item in asked.get("environmentVars", [])',
        "for item in []",
        MODEL,
        "told",
        "pod.environmentVars: expected",
    ),
    Fault(
        "a default beats what was asked for",
        "_minting.py",
        "{**defaults, **body}",
        "{**body, **defaults}",
        MODEL,
        "told",
        "pod.podName: expected",
    ),
    Fault(
        "the registry's token is told",
        "_minting.py",
        '"sshCmd": "",',
        '"sshCmd": asked.get("imageRegistryToken", ""),',
        MODEL,
        "secrecy",
        "the registry's token",
    ),
    Fault(
        "ports are healthy from the beginning",
        "_pods.py",
        '"healthy": life.healthy,',
        '"healthy": True,',
        MODEL,
        "health",
        "INITIALIZE for 0 s, and healthy is True",
    ),
    Fault(
        "ports are healthy although the pod is paused",
        "_lifecycle.py",
        "        self.healthy = False\n        transition",
        "        transition",
        MODEL,
        "health",
        "and healthy is True",
    ),
    Fault(
        "a change that nobody looked at happens when somebody does",
        "_lifecycle.py",
        "at, transition = self._timer.at,",
        "at, transition = now,",
        MODEL,
        "times",
        "updatedAt is",
    ),
    Fault(
        "a pod that boots can be resumed",
        "_pods.py",
        "life.command(target",
        "life.move(target",
        MODEL,
        "moves",
        "resume of a INITIALIZE pod is possible",
    ),
    Fault(
        "a key that nobody knows belongs to somebody",
        "_organisations.py",
        "self._names.get(_digest(key))",
        'self._names.get(_digest(key), "one")',
        MODEL,
        "keys",
        "with the key 'a-key-that-nobody-knows': HTTP 200",
    ),
)
BASELINES = tuple(Fault(f"none: {judge}", "_api.py", "", "", judge, "", "") for judge in JUDGES)


def run(fault: Fault, folder: Path) -> dict[str, Any]:
    """What the judge finds in a copy of the simulator with the patch, which runs in a process of its own."""
    shutil.copytree(ROOT / PACKAGE, folder / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "openapi.yaml", folder)
    file = folder / PACKAGE / fault.module
    text = file.read_text(encoding="utf-8")
    if fault.old:
        assert text.count(fault.old) == 1, f"{fault}: the text to patch stands {text.count(fault.old)} times"
        file.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    report = _by_schemathesis(folder) if fault.judge == SCHEMATHESIS else _by_the_model(fault, folder)
    assert Path(report["module"]).is_relative_to(folder), f"{report['module']} was looked at, and not the copy"
    return report


def _by_schemathesis(folder: Path) -> dict[str, Any]:
    """Its own process has nothing to do with the copy, which is only served."""
    with _started(folder, "contract.obeying") as copy:
        assert copy.stdout is not None
        line = copy.stdout.readline()
        assert line, f"the copy is not served:\n{_said(folder)}"
        served = json.loads(line)
        report = obedience.run(served["base_url"], folder, ["coverage"], 1)
        copy.communicate()  # its input ends, and so does it
    return {**served, "findings": list(map(str, report.findings)), "count": report.asked.total()}


def _by_the_model(fault: Fault, folder: Path) -> dict[str, Any]:
    """It ends when the fault is caught: no later finding could change that."""
    sought = [fault.check, fault.named] if fault.check else []
    with _started(folder, "contract.life", MODEL_EXAMPLES, *sought) as judge:
        told, _ = judge.communicate()
    assert judge.returncode == 0, f"{fault}: the run itself failed, which is no catch:\n{_said(folder)}"
    report: dict[str, Any] = json.loads(told.splitlines()[-1])
    return report


def _started(folder: Path, module: str, *arguments: str) -> subprocess.Popen[str]:
    """A module of the tests, run with the copy. Its input ends when the process is left, and so does it."""
    path = os.pathsep.join(str(part) for part in (folder / PACKAGE.parent, ROOT / "tests"))
    with (folder / SAID).open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )


def _said(folder: Path) -> str:
    """The end of what a process wrote to its error output."""
    return (folder / SAID).read_text(encoding="utf-8")[-2000:]


def caught_by(fault: Fault, report: dict[str, Any]) -> list[str]:
    """What the check that is there for the fault found, if it says what is wrong: the lines that do."""
    found = [finding for finding in report["findings"] if finding.startswith(f"{fault.check}: ")]
    lines = (line.removeprefix(f"{fault.check}: ") for finding in found for line in finding.splitlines())
    return [f"{fault.check}: {line}" for line in lines if fault.named in line]
