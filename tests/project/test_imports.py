"""Programs that put a package into one file find its modules by the import statements: each module is in one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from support.contract import ROOT

FOLDERS = {"yottalabs": "overlays", "yottalabs_api": "generated", "yottalabs_mock": "mock"}
STARTS = ("yottalabs", "yottalabs.__main__", "yottalabs.pytest_plugin", "yottalabs_api", "yottalabs_api.api.pods")
ALSO = ("yottalabs_mock", "yottalabs_mock.__main__", "yottalabs._pyinstaller")  # the last is for PyInstaller alone
# The stand-alone use of the generated client names these itself.
OPERATIONS = "yottalabs_api.api."


def modules() -> dict[str, Path]:
    """Every module of ours, by its name."""
    found: dict[str, Path] = {}
    for package, folder in FOLDERS.items():
        for path in (ROOT / folder / package).rglob("*.py"):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            if not path.name.startswith("hook-"):
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: Path) -> Iterator[str]:
    """The modules, and perhaps names in them, that the statements of a module import when it runs."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            levels = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*levels, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        waiting += ast.iter_child_nodes(node)


def test_every_module_is_imported_by_a_statement() -> None:
    known = modules()
    reached: set[str] = set()
    waiting = [*STARTS, *ALSO]
    while waiting:
        name = waiting.pop()
        if name in known and name not in reached:
            reached.add(name)
            waiting += [name.rpartition(".")[0], *imported(name, known[name])]
    assert {name for name in known.keys() - reached if not name.startswith(OPERATIONS)} == set()
