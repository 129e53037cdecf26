"""Does a server obey the contract? schemathesis asks it, by every check, in every phase and mode.

Its command is run, not its pytest plugin: there the stateful phase follows the links, the checks know the keys of two
users, and a request that is invalid for want of a key goes out without one. The report of the command has each request
and what each check said to its answer, so that what is counted is what was asked.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemathesis.checks import CHECKS, load_all_checks, max_response_time

from .obeying import FIRST_KEY, SECOND_KEY
from support import contract

PHASES = ("examples", "coverage", "fuzzing", "stateful")
MODES = ("positive", "negative")
EXAMPLES = 100

# With a seed: without one, what hypothesis derives from the code may end the stateful phase after a few scenarios.
SETTINGS = """
seed = 1
request-timeout = 60

[generation]
deterministic = true
database = "none"

[cache]
enabled = false

[warnings]
fail-on = true

[auth.wfc]
path = "users.yaml"
user = "first"
peers = ["first", "second"]
"""
USERS = f"""
auth:
  - name: first
    fixedHeaders: [{{name: x-api-key, value: {FIRST_KEY}}}]
  - name: second
    fixedHeaders: [{{name: x-api-key, value: {SECOND_KEY}}}]
"""
LEFT_OUT = {"max_response_time": "nothing is promised of how long an answer takes"}
"""The checks that are not run, and why."""
NOTHING_TO_LOOK_AT = {
    "status_code_conformance": "each operation describes any status, as its default",
    "response_headers_conformance": "the contract describes no header of an answer",
    "ensure_resource_availability": "it looks below the path that a pod was created at, and pods are elsewhere",
    "use_after_free": "it looks at reads of what was deleted, and no single pod can be read",
    "object_level_authorization": "it looks at reads with an id, and no single pod can be read",
}
"""The checks that are run and can find nothing in this contract, and why. What the last three mean, `life.py` has."""
BREAKDOWNS = ("NonFatalError", "FatalError")  # of schemathesis itself


@dataclass(frozen=True)
class Finding:
    """What a check has against an answer.

    Attributes:
        check: The name of the check; that of the event where schemathesis itself broke down.
        where: The request, without what is in it.
        message: What is wrong.
    """

    check: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.check}: {self.where}: {self.message}"


@dataclass
class Report:
    """What was asked, and what was found.

    Attributes:
        asked: How many requests of an operation in a phase and mode were checked.
        probes: How many more a check sent by itself, without a key or with a wrong one.
        checks: How many answers each check was satisfied with.
        followed: How many times each link was followed, and the API answered with success.
        phases: The phases that came to their end, and how.
        findings: What is wrong.
    """

    asked: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    probes: int = 0
    checks: Counter[str] = field(default_factory=Counter)
    followed: Counter[tuple[str, str]] = field(default_factory=Counter)
    phases: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def __str__(self) -> str:
        operations = sorted({operation for operation, _, _ in self.asked})
        lines = [f"schemathesis: {self.asked.total()} requests checked, {self.probes} sent by checks themselves"]
        for phase in self.phases:
            counts = (
                f"{operation} {self.asked[operation, phase, 'positive']} valid "
                f"{self.asked[operation, phase, 'negative']} invalid"
                for operation in operations
            )
            lines.append(f"  {phase}: {'; '.join(counts)}")
        links = (f"{source} to {target} {count}" for (source, target), count in sorted(self.followed.items()))
        lines += [f"  links followed with success: {', '.join(links)}"] if self.followed else []
        return "\n".join([*lines, *(f"  finding: {finding}" for finding in self.findings[:20])])


def check_names() -> list[str]:
    """Every check that schemathesis has, but for those that are left out."""
    load_all_checks()
    return sorted({*CHECKS.get_all_names(), max_response_time.__name__} - LEFT_OUT.keys())


def run(base_url: str, folder: Path, phases: Iterable[str] = PHASES, examples: int = EXAMPLES) -> Report:
    """Asks a server that takes the keys of `obeying.py`.

    Args:
        base_url: Where it is.
        folder: For what the command reads and writes.
        phases: Those to run.
        examples: How many requests of an operation fuzzing makes, and how many scenarios the stateful phase has.
    """
    (folder / "schemathesis.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "users.yaml").write_text(USERS, encoding="utf-8")
    told = folder / "events.ndjson"
    arguments = [
        *("--config-file", "schemathesis.toml", "run", str(contract.ROOT / "openapi.yaml"), "--url", base_url),
        *("--mode", "all", "--phases", ",".join(phases), "--checks", ",".join(check_names())),
        *("--max-examples", str(examples), "--workers", "1", "--continue-on-failure", "--no-shrink", "--no-color"),
        *("--report", "ndjson", "--report-ndjson-path", str(told)),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("SCHEMATHESIS_")},
        capture_output=True,
        text=True,
        check=False,
    )
    said = (done.stdout + done.stderr)[-3000:]
    assert done.returncode in {0, 1}, said
    report = _read(told)
    # Warnings are no findings of a check, and fail the command all the same.
    if done.returncode and not report.findings:
        report.findings.append(Finding("the command", "at its end", said))
    return report


def _read(file: Path) -> Report:
    report = Report()
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            ((name, event),) = json.loads(line).items()
            if name == "ScenarioFinished":
                _count(report, event)
            elif name == "PhaseFinished" and event["phase"]["name"] in PHASES and event["phase"]["is_enabled"]:
                report.phases[event["phase"]["name"]] = event["status"]
            elif name in BREAKDOWNS:
                report.findings.append(Finding(name, event.get("label", ""), json.dumps(event)[:1000]))
    return report


def _count(report: Report, event: Mapping[str, Any]) -> None:
    recorder = event["recorder"]
    cases: Mapping[str, Any] = recorder.get("cases", {})
    checks: Mapping[str, Any] = recorder.get("checks", {})
    for name, case in cases.items():
        if name not in recorder["interactions"]:
            continue
        if name not in checks:
            report.probes += 1
            continue
        mode = case["value"]["meta"]["generation"]["mode"]
        report.asked[_operation(case), event["phase"], mode] += 1
        if case["is_transition_applied"] and _is_success(recorder["interactions"][name]):
            report.followed[_operation(cases[case["parent_id"]]), _operation(case)] += 1
    for name, said in checks.items():
        for check in said:
            if check["status"] == "success":
                report.checks[check["name"]] += 1
            else:
                report.findings.append(_finding(check, cases[name]["value"]))


def _finding(check: Mapping[str, Any], case: Mapping[str, Any]) -> Finding:
    failure = check["failure_info"]["failure"]
    return Finding(check["name"], f"{case['method']} {case['path']}", f"{failure['title']}: {failure['message']}")


def _operation(case: Mapping[str, Any]) -> str:
    """The operation that a request was made for; its method may be one that the path does not have."""
    path = case["value"]["path"]
    return next(operation for operation, (known, _) in contract.OPERATIONS.items() if known == path)


def _is_success(interaction: Mapping[str, Any]) -> bool:
    answer = interaction["response"]
    content = json.loads(base64.b64decode(answer["content"]["$base64"]))
    return bool(answer["status_code"] == 200 and content["code"] == 10000)
