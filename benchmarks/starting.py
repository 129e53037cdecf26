"""How long it takes to begin: an import, the command, a mock; and what `make generate` takes."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .measuring import Contender, Experiment, Goal, Measure, Row
from .pods import ROOT
from .processes import FailedError, running, script, wall_seconds
from .scale import Scale
from prism import running_prism

IMPORT = "from yottalabs import YottaLabs, Pod, PodStatus, APIError"
LATE = ("httpx2", "attr", "attrs")
FIRST_ANSWER = """
from yottalabs_mock import Simulator
from yottalabs_mock._messages import Request

answer = Simulator().exchange(Request("GET", "/openapi/v1/pods/list", {"x-api-key": "any-key"}, b"")).answer
assert answer.status == 200
"""
FIRST_ANSWER_TO_A_CLIENT = """
from yottalabs import YottaLabs
from yottalabs_mock import Simulator

simulator = Simulator()
with YottaLabs("a", base_url="http://127.0.0.1", transport=simulator.transport, clock=simulator.clock) as client:
    assert client.pods.list() == []
"""
# What make would otherwise look after: whether something has to be installed first.
INSTALLED = ("--old-file=.venv/installed", "--old-file=mock/node_modules/installed")


def experiments(scale: Scale) -> Iterator[Experiment]:
    """Each in processes of their own, from their start on."""
    check_that_nothing_is_loaded()
    yield Experiment(
        [
            Contender("ours", _process(_python(IMPORT))),
            Contender("import httpx2", _process(_python("import httpx2"))),
            Contender("python -c pass", _process(_python("pass"))),
        ],
        [
            Row(
                "import of the names that most programs need, net of the interpreter's own start",
                "import httpx2",
                Goal("at most", 0.5),
                baseline="python -c pass",
            )
        ],
        scale.starts,
    )
    ours, theirs = [script("yottalabs"), "--help"], [script("yotta"), "--help"]
    for command in (ours, theirs):
        if "Usage:" not in wall_seconds(command)[1]:
            raise FailedError(f"{' '.join(command)} prints no help")
    yield Experiment(
        [
            Contender("ours", _process(ours)),
            Contender("yotta of yottaml", _process(theirs)),
            Contender("python -c pass", _process(_python("pass"))),
        ],
        [Row("yottalabs --help, the whole process", "yotta of yottaml", Goal("at most", 0.5))],
        scale.starts,
    )
    yield Experiment(
        [
            Contender("ours", _process(_python(FIRST_ANSWER))),
            Contender("Prism ready", _prism_ready),
            # It loads httpx2, which loads trio and its own command line where they are installed, as they are here.
            Contender("ours, through the client", _process(_python(FIRST_ANSWER_TO_A_CLIENT))),
        ],
        [Row("simulator in process: import and first answer", "Prism ready", Goal("at most", 0.2))],
        scale.few_rounds,
    )
    yield _reported("make mock, from its start until it is ready", _make_mock_ready, scale.few_rounds)
    if scale.is_full:
        with tempfile.TemporaryDirectory() as folder:
            generate = _make_generate(_copy(Path(folder) / "checkout"))
            generate()  # warm: the caches of Python and of the operating system are filled
            yield _reported("make generate, warm", generate, scale.few_rounds)


def _reported(name: str, measure: Measure, rounds: int) -> Experiment:
    """What is reported by itself; the time of an empty interpreter says how fast the machine is."""
    return Experiment(
        [Contender("ours", measure), Contender("python -c pass", _process(_python("pass")))],
        [Row(name, "python -c pass")],
        rounds,
    )


def check_that_nothing_is_loaded() -> None:
    """Stops if the import loads what it is not to load.

    Raises:
        FailedError: It does.
    """
    code = f"import sys; {IMPORT}; print(*[name for name in {LATE!r} if name in sys.modules])"
    loaded = wall_seconds(_python(code))[1].split()
    if loaded:
        raise FailedError(f"{IMPORT!r} loads {' and '.join(loaded)}")


def _python(code: str) -> list[str]:
    """A fresh interpreter, which no variable changes."""
    return [sys.executable, "-I", "-c", code]


def _process(command: Sequence[str]) -> Measure:
    wall_seconds(command)  # the first run writes the byte code
    return lambda: wall_seconds(command)[0]


def _prism_ready() -> float:
    started = time.perf_counter()
    with running_prism():
        return time.perf_counter() - started


def _make_mock_ready() -> float:
    started = time.perf_counter()
    with running(["make", *INSTALLED, "mock", "PORT=0"]):
        return time.perf_counter() - started


def _copy(checkout: Path) -> Path:
    """What code is generated from and to, so that the checkout itself stays as it is; what is installed is linked."""
    checkout.mkdir()
    ignore = shutil.ignore_patterns("node_modules", "__pycache__")
    for name in ("codegen", "generated", "overlays", "mock", "docs"):
        shutil.copytree(ROOT / name, checkout / name, ignore=ignore)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, checkout / path.name)
    for name in (".venv", "mock/node_modules"):
        (checkout / name).symlink_to(ROOT / name)
    return checkout


def _make_generate(checkout: Path) -> Measure:
    return lambda: wall_seconds(["make", "--directory", str(checkout), *INSTALLED, "generate"])[0]
