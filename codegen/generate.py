"""Makes every generated file anew: `python codegen/generate.py`.

What is made from what:

    openapi.yaml + codegen/  ->  generated/yottalabs_api/
    overlays/yottalabs/_async/  ->  overlays/yottalabs/_sync/
    mock/yottalabs_mock/  ->  docs/reference/

Two runs give the same bytes, wherever they run. With `--check`, nothing is written: the difference between what is
there and what would be made is printed, and the exit status tells whether there is one.
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import unasync
from openapi_python_client import Project, strings
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.schema.untrusted_string import UntrustedString

from reference import make_reference
from specification import CONTRACT, ROOT, Contract, UnsupportedError
from specification.checks import checks_module
from specification.simple import parts, python_name

CODEGEN = ROOT / "codegen"
GENERATED = ROOT / "generated"
PACKAGE = "yottalabs_api"
OVERLAY = ROOT / "overlays" / "yottalabs"
REFERENCE = ROOT / "docs" / "reference"
MANUAL = ROOT / "docs" / "cli.md"

# Modules that the stock generator does not have, each from the template of the same name.
EXTRA_MODULES = ("open_enum.py", "reading.py", "views.py", "params.py")

SYNC_NAMES = {
    "AsyncYottaLabs": "YottaLabs",
    "AsyncConnections": "Connections",
    "AsyncCreating": "Creating",
    "AsyncLeasing": "Leasing",
    "AsyncLock": "Lock",
    "AsyncPods": "Pods",
    "AsyncProgress": "Progress",
    "AsyncRepeating": "Repeating",
    "AsyncRetrying": "Retrying",
    "AsyncSession": "Session",
    "AsyncSignals": "Signals",
    "AsyncSweeping": "Sweeping",
    "AsyncTemporary": "Temporary",
    "AsyncTurns": "Turns",
    "AsyncWaiting": "Waiting",
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncByteStream": "SyncByteStream",
    "AsyncHTTPTransport": "HTTPTransport",
    "acheck": "check",
    "acheck_closing": "check_closing",
    "aclose": "close",
    "aclosing": "closing",
    "adelete": "delete",
    "aend_pod": "end_pod",
    "aenforced": "enforced",
    "aexchange": "exchange",
    "ais_ending": "is_ending",
    "alist_all": "list_all",
    "alook": "look",
    "alocked": "locked",
    "ainterruptions": "interruptions",
    "arun": "run",
    "asend": "send",
    "ashielded": "shielded",
    "asleep": "sleep",
    "atell": "tell",
    "atrace": "trace",
    "aturn": "turn",
    "aiter_bytes": "iter_bytes",
    "asyncio_raw": "sync_raw",
    "handle_async_request": "handle_request",
    "_async": "_sync",
}
SYNC_NOTICE = "# Made from ../_async/{name} by `make generate`; change that file.\n"


class Package(Project):
    """The generated package: the generator's own modules, ours beside them."""

    def __init__(self, contract: Contract, config: Config) -> None:
        parsed = GeneratorData.from_dict(for_the_generator(contract), config=config)
        problems = [parsed] if not isinstance(parsed, GeneratorData) else parsed.errors
        if problems or not isinstance(parsed, GeneratorData):
            raise _from_the_generator(problems)
        super().__init__(openapi=parsed, config=config, custom_template_path=CODEGEN / "templates")
        self.contract = contract
        self.env.globals.update(contract=contract, unsupported=unsupported)
        self.env.filters.update(literal=literal, safe_for_docstring=safe_for_docstring)
        self._rename()
        self._refuse_lost_schemas()

    def _rename(self) -> None:
        """Gives the fields and parameters the names of codegen/names.yaml."""
        for model in self.openapi.models:
            owner = self.contract.schema_of_class(model.class_info.name) or ""
            for part in (*(model.required_properties or ()), *(model.optional_properties or ())):
                own = self.contract.names.own(owner, part.name.get_untrusted_value())
                if own:
                    part.set_python_name(UntrustedString(own), config=self.config, skip_snake_case=True)
        for collection in self.openapi.endpoint_collections_by_tag.values():
            for endpoint in collection.endpoints:
                self._rename_parameters(endpoint)

    def _rename_parameters(self, endpoint: Any) -> None:
        operation = next(
            operation
            for _, operation in self.contract.operations()
            if python_name(operation["operationId"]) == endpoint.name
        )
        for part in (*endpoint.path_parameters, *endpoint.query_parameters, *endpoint.header_parameters):
            name = self.contract.names.of_field(operation["operationId"], part.name.get_untrusted_value())
            path = endpoint.path.get_untrusted_value().replace(f"{{{part.python_name}}}", f"{{{name}}}")
            endpoint.path = UntrustedString(path)
            part.set_python_name(UntrustedString(name), config=self.config, skip_snake_case=True)

    def _refuse_lost_schemas(self) -> None:
        made = {str(part.class_info.name) for part in (*self.openapi.models, *self.openapi.enums)}
        for name, schema in self.contract.schemas.items():
            is_class = "enum" in schema or "properties" in schema
            if is_class and not any(self.contract.schema_of_class(class_name) == name for class_name in made):
                place = self.contract.simple.places[name]
                raise UnsupportedError(f"openapi.yaml: {place}: the generator made no class of it; say it otherwise")

    def _build_api(self) -> None:
        super()._build_api()
        for module in EXTRA_MODULES:
            self._write(module, self.env.get_template(f"{module}.jinja").render())
        self._write("checks.py", checks_module(self.contract))
        self._write("py.typed", "")
        shutil.copyfile(CONTRACT, self.package_dir / CONTRACT.name)

    def _run_post_hooks(self) -> None:
        for module in sorted(self.package_dir.rglob("*.py")):
            _refuse_bad_code(module, self.package_dir)
        tidy(self.package_dir, "F401,I,UP,F841")

    def _write(self, name: str, text: str) -> None:
        (self.package_dir / name).write_text(text, encoding="utf-8", newline="\n")


def for_the_generator(contract: Contract) -> dict[str, Any]:
    """The contract without what the generator would make something of that the templates do not want."""
    document = {
        **{key: contract.document[key] for key in ("openapi", "info")},
        "paths": contract.simple.paths,
        "components": {"schemas": contract.schemas},
    }
    made: dict[str, Any] = copy.deepcopy(document)
    schemas = [schema for _, schema in _schemas_in(made)]
    for schema in schemas:
        for keyword in ("default", "format", "additionalProperties"):
            schema.pop(keyword, None)
        if "enum" in schema:
            # The names are ours (Contract.members); the generator's own would have to be unique.
            schema["x-enum-varnames"] = [f"VALUE_{index}" for index, _ in enumerate(schema["enum"])]
    return made


def _schemas_in(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in document["components"]["schemas"].values():
        yield from parts("", schema)
    for item in document["paths"].values():
        for operation in item.values():
            holders = [*operation["parameters"], operation.get("requestBody", {}), *operation["responses"].values()]
            for holder in holders:
                for carrier in (holder, *holder.get("content", {}).values()):
                    yield from parts("", carrier.get("schema", {}))


def unsupported(what: str, where: object) -> None:
    """Stops the generation: a template meets what it does not know."""
    name = where.get_untrusted_value() if isinstance(where, UntrustedString) else where
    raise UnsupportedError(
        f"openapi.yaml: {name}: {what} has no template; say it otherwise, or add one to codegen/templates"
    )


def literal(value: object) -> str:
    """A value as Python code."""
    return repr(value.get_untrusted_value() if isinstance(value, UntrustedString) else value)


def safe_for_docstring(value: object) -> str:
    """A text within a docstring, also at its very end."""
    text = strings.safe_for_docstring(value)
    return f'{text[:-1]}\\"' if text.endswith('"') and not text.endswith('\\"') else text


def _from_the_generator(problems: Iterable[Any]) -> UnsupportedError:
    details = "; ".join(" ".join(f"{problem.header}: {problem.detail}".split()) for problem in problems)
    return UnsupportedError(f"openapi.yaml: the generator cannot read it: {details}")


def _refuse_bad_code(module: Path, root: Path) -> None:
    """Stops at a module that is no Python, or in which one name stands for two things."""
    place = module.relative_to(root).as_posix()
    try:
        statements = ast.parse(module.read_text(encoding="utf-8")).body
    except SyntaxError as error:
        problem = f"it makes code that is none, {place}, line {error.lineno}: {error.msg}; say it otherwise"
        raise UnsupportedError(f"openapi.yaml: {problem}") from None
    origins: dict[str, str] = {}
    for name, origin in (found for statement in statements for found in _bound(statement)):
        if origins.setdefault(name, origin) != origin:
            problem = f"{name!r} would stand for two things in {place}; give the schema or field of that name another"
            raise UnsupportedError(f"openapi.yaml: {problem}")


def _bound(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """The names that a statement of a module binds, and what to."""
    if isinstance(statement, ast.ImportFrom):
        yield from ((part.asname or part.name, f"{statement.level} {statement.module}") for part in statement.names)
    elif isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield statement.name, f"line {statement.lineno}"
    elif isinstance(statement, ast.AnnAssign):
        yield ast.unparse(statement.target), f"line {statement.lineno}"


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
    contract = Contract.load(members_of_subclasses(OVERLAY))
    with _quiet():
        problems = Package(contract, config).build()
    if problems:
        raise _from_the_generator(problems)


def members_of_subclasses(folder: Path) -> dict[str, dict[str, str]]:
    """What the classes of the overlay have by themselves, by the name of the class that each extends."""
    found: dict[str, dict[str, str]] = {}
    for module in sorted(folder.glob("*.py")):
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                members = {
                    part.name: f"{module.name}: {node.name}"
                    for part in node.body
                    if isinstance(part, ast.FunctionDef) and not _extends_its_own(part)
                }
                for base in node.bases:
                    found.setdefault(ast.unparse(base), {}).update(members)
    return found


def _extends_its_own(method: ast.FunctionDef) -> bool:
    """Whether a member is there to say more than that of the class that it extends, and so must not have a new name."""
    return any(ast.unparse(node) == f"super().{method.name}" for node in ast.walk(method))


def make_sync(target: Path) -> None:
    """Writes the synchronous half of the overlay into a folder that does not exist yet."""
    source = OVERLAY / "_async"
    shutil.copytree(source, target / "_async", ignore=shutil.ignore_patterns("__pycache__"))
    modules = sorted((target / "_async").glob("*.py"))
    rule = unasync.Rule(f"{target}/_async/", f"{target}/_sync/", additional_replacements=SYNC_NAMES)
    for module in modules:
        _refuse_in_f_strings(module, rule)
    unasync.unasync_files([str(module) for module in modules], [rule])
    for module in modules:
        made = target / "_sync" / module.name
        made.write_text(SYNC_NOTICE.format(name=module.name) + made.read_text(encoding="utf-8"), encoding="utf-8")
    tidy(target / "_sync", "F401,I")
    shutil.rmtree(target / "_async")


def _refuse_in_f_strings(module: Path, rule: unasync.Rule) -> None:
    """Stops at a name in an f-string that the synchronous half calls otherwise.

    unasync replaces tokens, and Python before 3.12 has none there: what is made would depend on the interpreter.
    """
    strings = (each for each in ast.walk(ast.parse(module.read_bytes())) if isinstance(each, ast.JoinedStr))
    for part in (part for string in strings for part in ast.walk(string)):
        if isinstance(part, ast.Name | ast.Attribute | ast.Await):
            word = "await" if isinstance(part, ast.Await) else part.id if isinstance(part, ast.Name) else part.attr
            if word == "await" or rule._unasync_name(word) != word:  # noqa: SLF001  # the rule as it is applied
                raise UnsupportedError(
                    f"overlays/yottalabs/_async/{module.name}, line {part.lineno}: {word} stands in an f-string, where "
                    "the synchronous half cannot have another name; assign it to a variable before"
                )


def make_manual(page: Path, generated: Path) -> str:
    """Writes the manual of the command, over what has just been generated; gives the reason if that cannot be."""
    folders = (generated, OVERLAY.parent, ROOT / "mock", ROOT / "codegen")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(ROOT / "codegen" / "manual.py"), str(page)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]


def tidy(folder: Path, rules: str) -> None:
    """Mends and formats the code in a folder; no configuration above it, and no variable, changes a byte."""
    options = ("--isolated", "--no-cache", "--target-version", "py311", "--line-length", "120", "--quiet")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RUFF_")}
    for command in (("check", "--select", rules, "--fix-only"), ("format",)):
        subprocess.run([sys.executable, "-m", "ruff", *command, *options, str(folder)], check=True, env=environment)


@contextmanager
def everything() -> Iterator[tuple[list[tuple[Path, Path]], str]]:
    """Everything generated, in a temporary folder: pairs of what is made and where it belongs.

    And why the manual is not among them, if it is not: the command has to be changed by hand to fit a new contract,
    which must not keep the rest from being made.
    """
    with tempfile.TemporaryDirectory() as folder:
        generated, sync, reference = (Path(folder, name) for name in (GENERATED.name, "overlay", REFERENCE.name))
        make_package(generated / PACKAGE)
        make_sync(sync)
        make_reference(reference)
        pairs = [(generated, GENERATED), (sync / "_sync", OVERLAY / "_sync"), (reference, REFERENCE)]
        manual = Path(folder, MANUAL.name)
        problem = make_manual(manual, generated)
        yield (pairs if problem else [*pairs, (manual, MANUAL)]), problem


def differences(made: Path, present: Path) -> Iterator[str]:
    """The lines that tell how what is there differs, by its bytes, from what would be made."""
    names = {path.relative_to(root) for root in (made, present) for path in _files(root)}
    for name in sorted(names):
        label = (present / name).relative_to(ROOT).as_posix()
        if not (made / name).is_file():
            yield f"{label}: not made any more"
        elif not (present / name).is_file():
            yield f"{label}: missing"
            yield from _diff("", (made / name).read_text(encoding="utf-8"), label)
        elif (made / name).read_bytes() != (present / name).read_bytes():
            yield f"{label}: other bytes"
            yield from _diff(_for_show(present / name), _for_show(made / name), label)


def _diff(old: str, new: str, label: str) -> Iterator[str]:
    return difflib.unified_diff(old.split("\n"), new.split("\n"), label, f"{label} (made now)", lineterm="")


def _for_show(file: Path) -> str:
    return file.read_bytes().decode(errors="backslashreplace").replace("\r", "\\r")


def put(made: Path, present: Path) -> None:
    """Puts a folder or a file in the place of another: copied beside it first, so that one of them is always whole."""
    if made.is_file():
        new = present.with_name(f".{present.name}.new")
        shutil.copyfile(made, new)
        new.replace(present)
        return
    new, old = (present.with_name(f".{present.name}.{name}") for name in ("new", "old"))
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(made, new)
    if present.exists():
        present.rename(old)
    new.rename(present)
    shutil.rmtree(old, ignore_errors=True)


def main() -> int:
    """Writes everything generated, or compares it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; print what would change")
    try:
        return run(check=parser.parse_args().check)
    except UnsupportedError as error:
        print(error, file=sys.stderr)
        return 1


def run(*, check: bool) -> int:
    """The exit status: whether a check found a difference, or the manual could not be made."""
    changed = False
    with everything() as (pairs, problem):
        for made, present in pairs:
            lines = list(differences(made, present))
            changed |= bool(lines)
            if check:
                print(*lines, sep="\n", end="\n" if lines else "")
            elif lines:
                put(made, present)
    if check and changed:
        print("\nWhat is generated is not what the sources give: run `make generate`.")
    elif not check:
        print("generated: changed" if changed else "generated: nothing to change")
    if problem:
        label = MANUAL.relative_to(ROOT).as_posix()
        print(f"{label} cannot be made: the command does not fit what is generated: {problem}", file=sys.stderr)
    return int((check and changed) or bool(problem))


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        return iter([root])
    return (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


@contextmanager
def _quiet() -> Iterator[None]:
    """The generator prints the folder that it writes to, a temporary one here."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


if __name__ == "__main__":
    sys.exit(main())
