"""Makes every generated file anew: `python codegen/generate.py`.

What is made from what:

    openapi.yaml + codegen/  ->  generated/yottalabs_api/
    overlays/yottalabs/_async/  ->  overlays/yottalabs/_sync/

Two runs give the same bytes, wherever they run. With `--check`, nothing is written: the difference between what is
there and what would be made is printed, and the exit status tells whether there is one.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import fastjsonschema
import unasync
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.strings import snake_case

from specification import CONTRACT, ROOT, Contract, constant_name, unsupported

CODEGEN = ROOT / "codegen"
GENERATED = ROOT / "generated" / "yottalabs_api"
OVERLAY = ROOT / "overlays" / "yottalabs"

# Modules that the stock generator does not have, each from the template of the same name.
EXTRA_MODULES = ("open_enum.py", "reading.py", "views.py", "params.py")

# What a request is checked for before it is sent. Not among them: `enum` and `additionalProperties`.
CERTAIN_KEYWORDS = (
    *("type", "const", "required", "items", "allOf", "anyOf", "oneOf", "not", "if", "then", "else"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("pattern", "minLength", "maxLength", "minItems", "maxItems"),
)

SYNC_NAMES = {
    "AsyncYottaLabs": "YottaLabs",
    "AsyncPods": "Pods",
    "AsyncProgress": "Progress",
    "AsyncSession": "Session",
    "AsyncClient": "Client",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncHTTPTransport": "HTTPTransport",
    "acheck": "check",
    "aclose": "close",
    "aenforced": "enforced",
    "aexchange": "exchange",
    "asleep": "sleep",
    "atell": "tell",
    "atrace": "trace",
    "aiter_bytes": "iter_bytes",
    "asyncio_raw": "sync_raw",
    "handle_async_request": "handle_request",
    "_async": "_sync",
}
SYNC_NOTICE = "# Made from ../_async/{name} by `make generate`; change that file.\n"


class Package(Project):
    """The generated package: the generator's own modules, ours beside them."""

    def __init__(self, contract: Contract, config: Config) -> None:
        parsed = GeneratorData.from_dict(dict(contract.document), config=config)
        if not isinstance(parsed, GeneratorData):
            raise SystemExit(f"codegen: {parsed.header}: {parsed.detail}")
        super().__init__(openapi=parsed, config=config, custom_template_path=CODEGEN / "templates")
        self.contract = contract
        self.env.globals.update(contract=contract, constant_name=constant_name, unsupported=unsupported)

    def _build_api(self) -> None:
        super()._build_api()
        for module in EXTRA_MODULES:
            self._write(module, self.env.get_template(f"{module}.jinja").render())
        self._write("checks.py", checks_module(self.contract))
        self._write("py.typed", "")
        shutil.copyfile(CONTRACT, self.package_dir / CONTRACT.name)

    def _write(self, name: str, text: str) -> None:
        (self.package_dir / name).write_text(text, encoding="utf-8", newline="\n")


def checks_module(contract: Contract) -> str:
    """A module with one function for each kind of arguments; it raises where the contract certainly forbids them.

    Enumerations and unknown fields are not checked: the real API may know more of them than its documentation.
    """
    code = [
        "# mypy: ignore-errors",
        '"""What the contract certainly forbids in a request: straight-line checks, compiled from its schemas."""',
        "from typing import Any",
        "from .errors import ContractViolation",
    ]
    for schema_name, params_name in contract.names["params"].items():
        schema = {**_certain(contract.named(schema_name)), "$schema": "http://json-schema.org/draft-07/schema#"}
        module = ast.parse(fastjsonschema.compile_to_code(schema, use_default=False, use_formats=False))
        code.append(ast.unparse(_OwnErrors(f"check_{snake_case(params_name)}").visit(module)))
    return "\n\n".join([*code, ""])


class _OwnErrors(ast.NodeTransformer):
    """Frees compiled checks from the library that compiled them: another name, our exception, no imports of it."""

    def __init__(self, function_name: str) -> None:
        self.function_name = function_name

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        typed = ast.parse(f"def {self.function_name}(data: Any, name_prefix: Any = None) -> Any: pass").body[0]
        assert isinstance(typed, ast.FunctionDef)
        node.name, node.args, node.returns = typed.name, typed.args, typed.returns
        self.generic_visit(node)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        return None if node.module == "fastjsonschema" else node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        self.generic_visit(node)
        return None if ast.unparse(node.targets[0]) == "VERSION" else node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id in {"JsonSchemaValueException", "JsonSchemaValuesException"}:
            node.id = "ContractViolation"
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        # JSON Schema takes 1.0 for an integer; where a Python argument is to be an int, a float is a mistake.
        node.values = [value for value in node.values if not _lets_floats_in(value)]
        self.generic_visit(node)
        return node if len(node.values) > 1 else node.values[0]

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "ContractViolation":
            # Of a whole schema, only the keyword that is violated is of use.
            arguments = {keyword.arg: keyword for keyword in node.keywords}
            rule, definition = (ast.literal_eval(arguments[name].value) for name in ("rule", "definition"))
            arguments["definition"].value = ast.parse(repr({rule: definition.get(rule)}), mode="eval").body
        return node


def _lets_floats_in(condition: ast.expr) -> bool:
    """Whether it is `not (isinstance(x, float) and x.is_integer())`."""
    is_negated = isinstance(condition, ast.UnaryOp) and isinstance(condition.operand, ast.BoolOp)
    return is_negated and ast.unparse(condition).endswith(".is_integer())")


def _certain(schema: Any) -> Any:
    """A schema without annotations, and without what may become wrong when the API grows."""
    if isinstance(schema, list):
        return [_certain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    certain = {keyword: _certain(schema[keyword]) for keyword in CERTAIN_KEYWORDS if keyword in schema}
    if "properties" in schema:
        certain["properties"] = {name: _certain(value) for name, value in schema["properties"].items()}
    return certain


def make_package(target: Path) -> None:
    """Writes the generated package into a folder that does not exist yet."""
    config = Config.from_sources(
        ConfigFile.load_from_path(CODEGEN / "config.yaml"),
        meta_type=MetaType.NONE,
        document_source=CONTRACT,
        file_encoding="utf-8",
        overwrite=False,
        output_path=target,
    )
    with _scripts_on_path(), _quiet():
        problems = Package(Contract.load(), config).build()
    if problems:
        details = "\n".join(f"{problem.header}: {problem.detail}" for problem in problems)
        raise SystemExit(f"codegen: openapi.yaml cannot be generated from:\n{details}")
    _remove_caches(target)


def make_sync(target: Path) -> None:
    """Writes the synchronous half of the overlay into a folder that does not exist yet."""
    source = OVERLAY / "_async"
    shutil.copytree(source, target / "_async", ignore=shutil.ignore_patterns("__pycache__"))
    modules = sorted((target / "_async").glob("*.py"))
    rule = unasync.Rule(f"{target}/_async/", f"{target}/_sync/", additional_replacements=SYNC_NAMES)
    unasync.unasync_files([str(module) for module in modules], [rule])
    for module in modules:
        made = target / "_sync" / module.name
        made.write_text(SYNC_NOTICE.format(name=module.name) + made.read_text(encoding="utf-8"), encoding="utf-8")
    options = ("--isolated", "--target-version", "py311", "--line-length", "120", "--quiet")
    for command in (("check", "--select", "F401,I", "--fix-only"), ("format",)):
        subprocess.run([sys.executable, "-m", "ruff", *command, *options, str(target / "_sync")], check=True)
    shutil.rmtree(target / "_async")


@contextmanager
def everything() -> Iterator[list[tuple[Path, Path]]]:
    """Everything generated, in a temporary folder: pairs of what is made and where it belongs."""
    with tempfile.TemporaryDirectory() as folder:
        package, sync = Path(folder, GENERATED.name), Path(folder, "overlay")
        make_package(package)
        make_sync(sync)
        yield [(package, GENERATED), (sync / "_sync", OVERLAY / "_sync")]


def differences(made: Path, present: Path) -> Iterator[str]:
    """The lines of a unified diff from what is there to what would be made."""
    names = {path.relative_to(root) for root in (made, present) for path in _files(root)}
    for name in sorted(names):
        old, new = (
            (root / name).read_text(encoding="utf-8") if (root / name).is_file() else "" for root in (present, made)
        )
        label = (present / name).relative_to(ROOT).as_posix()
        yield from difflib.unified_diff(old.splitlines(), new.splitlines(), label, f"{label} (made now)", lineterm="")
        if old == new and (made / name).is_file() != (present / name).is_file():
            yield f"{label}: {'missing' if (made / name).is_file() else 'not made any more'}"


def main() -> int:
    """Writes everything generated, or compares it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; print what would change")
    check = parser.parse_args().check
    changed = False
    with everything() as pairs:
        for made, present in pairs:
            lines = list(differences(made, present))
            changed |= bool(lines)
            if check:
                print(*lines, sep="\n", end="\n" if lines else "")
            else:
                shutil.rmtree(present, ignore_errors=True)
                shutil.copytree(made, present)
    if check and changed:
        print("\nWhat is generated is not what the sources give: run `make generate`.")
    elif not check:
        print("generated: changed" if changed else "generated: nothing to change")
    return int(check and changed)


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _remove_caches(root: Path) -> None:
    for cache in (".ruff_cache", "__pycache__"):
        for path in list(root.rglob(cache)):
            shutil.rmtree(path)


@contextmanager
def _scripts_on_path() -> Iterator[None]:
    """The generator runs the formatter by its name."""
    before = os.environ["PATH"]
    os.environ["PATH"] = os.pathsep.join((sysconfig.get_path("scripts"), before))
    try:
        yield
    finally:
        os.environ["PATH"] = before


@contextmanager
def _quiet() -> Iterator[None]:
    """The generator prints the folder that it writes to, a temporary one here."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


if __name__ == "__main__":
    sys.exit(main())
