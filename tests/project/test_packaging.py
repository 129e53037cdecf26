"""The wheel, installed into an empty environment with what it declares to need and nothing else, or with its extra."""

from __future__ import annotations

import os
import sys
import tarfile
import venv
import zipfile
from collections import Counter
from collections.abc import Mapping
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from .checkout import copy, edit, python, run
from .distributions import is_meant, provide
from support.contract import ROOT
from support.processes import assert_gone, started
from support.raw import VALID, post, raw, still_serves

PROGRAM = '''
"""A small program of a user, with every type spelled out."""

import inspect
from collections.abc import Sequence
from decimal import Decimal
from importlib.resources import files

import yottalabs_api.models
from yottalabs import APIError, AsyncYottaLabs, CreateParams, GpuType, Pod, PodStatus, YottaLabs, __version__
from yottalabs_api import AuthenticatedClient
from yottalabs_api.api.pods import list_pods


def prices(pods: Sequence[Pod]) -> dict[str, Decimal]:
    return {pod.id: pod.hourly_price for pod in pods if pod.id is not None and pod.hourly_price is not None}


def create(yotta: YottaLabs) -> str:
    arguments: CreateParams = {"image": "x", "gpu_type": GpuType.NVIDIA_L4_24G, "environment_vars": {"A": "b"}}
    try:
        if yotta.pods.list(status=PodStatus.RUNNING, region="us-west-1"):
            return yotta.pods.create(**arguments)
        return yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", gpu_count=1, expose=[22, (8000, "HTTP")])
    except APIError as error:
        code: int | None = error.code
        raise SystemExit(f"{code}: {error.message}") from error


async def running(yotta: AsyncYottaLabs) -> Sequence[Pod]:
    async with yotta:
        pod: Pod = await yotta.pods.wait("1", until="running", timeout=5)
        status: PodStatus | None = pod.status
        return [pod] if status == PodStatus.RUNNING else []


def generated(client: AuthenticatedClient) -> list[yottalabs_api.models.OpenapiPodDetailResponse]:
    answer = list_pods.sync(client=client)
    if isinstance(answer, yottalabs_api.models.ResultListOpenapiPodDetailResponse) and isinstance(answer.data, list):
        return answer.data
    return []


if __name__ == "__main__":
    disks = {"containerVolumeInGb": 0, "persistentVolumeInGb": 0}
    pod = Pod({"id": "1", "gpuCount": 2, "singleCardPrice": "0.65", **disks})
    contract = files("yottalabs_api").joinpath("openapi.yaml").read_text(encoding="utf-8")
    YottaLabs("k").close()
    print(__version__, prices([pod]), contract.splitlines()[0], inspect.iscoroutinefunction(running))
'''
SIMULATES = '''
"""A program of a user that simulates, with every type spelled out."""

import json
from collections.abc import Mapping
from urllib.request import Request, urlopen

from yottalabs import AsyncYottaLabs, CreateOutcomeUnknownError, Pod, YottaLabs
from yottalabs_mock import Clock, Fault, Reads, RecordedRequest, SimulatedPod, Simulator, Times

TIMES = Times(boot=(60, 120), healthy=Reads(2), pause=1, terminate=0.5, forget=3600)


def in_process(simulator: Simulator) -> list[str]:
    clock: Clock = simulator.clock
    with YottaLabs("k", transport=simulator.transport, clock=clock) as yotta:
        simulator.faults.add("create", Fault.RESET_AFTER)
        try:
            pod_id = yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", expose=[22])
        except CreateOutcomeUnknownError as error:
            token: str | None = error.create_token
            raise SystemExit(f"no pod with the token {token}") from error
        (pod,) = simulator.pods.values()
        ready: Pod = yotta.pods.wait(pod_id)
        yotta.pods.delete(ready, wait=True)
        statuses: list[str] = [pod.status, simulator.pods[pod.id].status]
    requests: list[RecordedRequest] = [request for request in simulator.requests if request.fault is not None]
    return [*statuses, *(request.method for request in requests)]


def over_a_socket(simulator: Simulator) -> str:
    with simulator.serve() as base_url, YottaLabs("k", base_url=base_url) as yotta:
        pod_id = yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G")
        with urlopen(Request(f"{base_url}/_mock/state")) as answer:
            state: Mapping[str, object] = json.load(answer)["data"]
    pod: SimulatedPod = Simulator.load(state).pods[pod_id]
    return pod.status


def other(simulator: Simulator) -> AsyncYottaLabs:
    return AsyncYottaLabs("k", transport=simulator.transport, clock=simulator.clock)


if __name__ == "__main__":
    simulator = Simulator(api_keys={"k": "mine"}, times=TIMES, dialect="later", seed=7)
    print(*in_process(simulator), over_a_socket(Simulator(clock="real")), other(simulator))
'''
TESTS = '''
"""The tests of a user, with every type spelled out."""

import asyncio

from yottalabs import AsyncYottaLabs, YottaLabs
from yottalabs_mock import Simulator


def test_a_pod_comes_and_goes(yottalabs_simulator: Simulator, yottalabs_client: YottaLabs) -> None:
    pods = yottalabs_client.pods
    pod_id = pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", expose=[22])
    assert pods.wait(pod_id).is_ready
    pods.delete(pod_id, wait=True)
    assert yottalabs_simulator.pods[pod_id].status == "TERMINATED"


def test_without_blocking(yottalabs_async_client: AsyncYottaLabs) -> None:
    assert asyncio.run(yottalabs_async_client.pods.list()) == []
'''
UNTYPED_TESTS = """
def test_with_a_client(yottalabs_client):
    pass


def test_without_the_plugin():
    pass
"""
WRONG = """
from yottalabs import PodFaildError, YottaLabs
from yottalabs_api import Clinet
from yottalabs_api.models import PodStatsu

with YottaLabs() as yotta:
    yotta.pods.create(gpu_type="NVIDIA_L4_24G")
    yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", gpu_count="1")
    yotta.pods.wait("1", until="gone")
"""
WRONGLY_SIMULATED = """
from yottalabs_mock import Simulater
from yottalabs_mock import Simulator, Times

sim = Simulator(clock="fast", dialect="slang", times=Times(boot="60"))
sim.faults.add("create")
sim.pods["1"].explode()
"""


PACKAGES = ("generated/yottalabs_api", "mock/yottalabs_mock", "overlays/yottalabs")
DATA = {"py.typed", "openapi.yaml"}
MORE_IN_SOURCES = ("CHANGELOG.md", "openapi.yaml")
STRAYS = (
    ".env",
    ".env.py",
    ".ipynb_checkpoints/client-checkpoint.py",
    "id_ed25519",
    "notebook.ipynb",
    "openapi.yaml.orig",
    "secrets.json",
    "secrets.txt",
    "state.yaml",
)
EXTRA = "simulator"
COMMAND_EXTRA = "cli"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy(tmp_path_factory.mktemp("checkout") / "a checkout of mine")


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), cwd=checkout)
    (built,) = folder.glob("*.whl")
    return built


def environment(folder: Path) -> Path:
    """An empty environment; gives its Python."""
    venv.create(folder, symlinks=True)
    return folder / "bin" / "python"


def described(wheel: Path, field: str) -> list[str]:
    """What the wheel's metadata say in a field."""
    lines = part_of(wheel, "METADATA").splitlines()
    return [line.removeprefix(f"{field}: ") for line in lines if line.startswith(f"{field}: ")]


def part_of(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (found,) = (path for path in archive.namelist() if path.endswith(f".dist-info/{name}"))
        return archive.read(found).decode()


def requirements(wheel: Path) -> list[str]:
    return described(wheel, "Requires-Dist")


def required(wheel: Path, extra: str = "") -> set[str]:
    """The names of what the wheel needs, with an extra or without one."""
    parsed = map(Requirement, requirements(wheel))
    return {requirement.name for requirement in parsed if is_meant(requirement, {"", extra})}


def install(interpreter: Path, *what: str) -> None:
    pip = (sys.executable, "-m", "pip", "--python", str(interpreter), "install", "--quiet", "--no-index", "--no-deps")
    run([*pip, *what], cwd=interpreter.parent)


def write(folder: Path, **programs: str) -> Path:
    folder.mkdir()
    for name, text in programs.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def commands_of(interpreter: Path) -> list[list[str]]:
    return [[str(interpreter.with_name("yottalabs-mock"))], [str(interpreter), "-I", "-m", "yottalabs_mock"]]


def pytest_of(interpreter: Path) -> list[str]:
    return [str(interpreter), "-I", "-m", "pytest", "-p", "no:cacheprovider", "test_mine.py"]


def assert_works(interpreter: Path, folder: Path) -> None:
    """The client works."""
    done = run([str(interpreter), "-I", str(folder / "program.py")], cwd=folder)
    assert done.stdout.startswith("0.1.0 {'1': Decimal('1.30')} openapi: 3.1.0 True"), done.stdout


def assert_simulates(interpreter: Path, folder: Path) -> None:
    """The simulator works, in process and over a socket, as a command, and as a plugin of pytest."""
    done = run([str(interpreter), "-I", "-W", "error", str(folder / "simulates.py")], cwd=folder)
    assert done.stdout.startswith("TERMINATED TERMINATED POST INITIALIZE AsyncYottaLabs"), done.stdout
    for command in commands_of(interpreter):
        with started([*command, "--port", "0"], cwd=folder) as (_, base_url):
            still_serves(base_url)
    done = run([*pytest_of(interpreter), "-W", "error"], cwd=folder)
    assert "2 passed" in done.stdout, done.stdout


def assert_has_types(interpreter: Path, folder: Path, errors: Mapping[str, int]) -> None:
    """The programs of a folder pass a strict check of their types, but for so many errors."""
    mypy = (
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        f"--python-executable={interpreter}",
        f"--cache-dir={folder}/cache",
    )
    said = python(*mypy, ".", cwd=folder, check=False).stdout
    found = Counter(line.partition(":")[0] for line in said.splitlines() if ": error: " in line)
    assert found == errors, said


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packages = {"yottalabs", "yottalabs_api", "yottalabs_mock"}
    assert {name.split("/")[0].split("-")[0] for name in names} == {*packages, "yottalabs_client"}
    for package in packages:
        assert f"{package}/py.typed" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    others = {Path(name).suffix for name in names if ".dist-info/" not in name} - {".py"}
    assert others == {".typed", ".yaml"}


@pytest.mark.parametrize("package", ["yottalabs_api", "yottalabs_mock"])
def test_the_contract_in_the_wheel_is_the_contract(wheel: Path, checkout: Path, package: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"{package}/openapi.yaml") == (checkout / "openapi.yaml").read_bytes()


def test_the_wheel_needs_little_and_its_extras_what_simulates_and_what_commands_need(wheel: Path) -> None:
    needed = {"anyio", "attrs", "httpx2", "jiter", "platformdirs", "tenacity"}
    assert described(wheel, "Provides-Extra") == [COMMAND_EXTRA, EXTRA]
    assert required(wheel) == needed
    assert required(wheel, COMMAND_EXTRA) - needed == {"click", "pyyaml", "rich", "tomlkit"}
    assert required(wheel, EXTRA) - needed == {"jsonschema-rs", "pyyaml", "uvicorn"}


def test_the_wheel_brings_two_commands_a_plugin_and_hooks(wheel: Path) -> None:
    entry_points = ConfigParser()
    entry_points.read_string(part_of(wheel, "entry_points.txt"))
    assert {name: dict(section) for name, section in entry_points.items() if section} == {
        "console_scripts": {
            "yottalabs": "yottalabs.__main__:main",
            "yottalabs-mock": "yottalabs_mock.__main__:main",
        },
        "pyinstaller40": {"hook-dirs": "yottalabs._pyinstaller:hook_dirs"},
        "pytest11": {"yottalabs": "yottalabs.pytest_plugin"},
    }


def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    interpreter = environment(tmp_path / "an environment")
    provide(interpreter, requirements(wheel))
    install(interpreter, str(wheel))
    folder = write(tmp_path / "a program of mine", program=PROGRAM, simulates=SIMULATES, test_mine=UNTYPED_TESTS)
    assert_works(interpreter, folder)
    assert_says_what_is_missing(interpreter, folder)
    assert_commands(interpreter, requirements(wheel), folder)
    provide(interpreter, ["pytest"])
    done = run([*pytest_of(interpreter), "-W", "error"], cwd=folder, check=False)
    assert "1 passed, 1 error" in done.stdout, done.stdout
    said = "the fixture yottalabs_simulator needs jsonschema_rs; install 'yottalabs-client[simulator]'"
    assert f"\n{said}\n" in done.stdout, done.stdout


def assert_says_what_is_missing(interpreter: Path, folder: Path) -> None:
    for command in commands_of(interpreter):
        done = run([*command, "--port", "0"], cwd=folder, check=False)
        message = "yottalabs-mock: uvicorn is not installed; install 'yottalabs-client[simulator]'\n"
        assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
    done = run([str(interpreter), "-I", "simulates.py"], cwd=folder, check=False)
    message = "ModuleNotFoundError: yottalabs_mock needs jsonschema_rs; install 'yottalabs-client[simulator]'"
    assert done.stderr.splitlines()[-1] == message


def assert_commands(interpreter: Path, requirements: list[str], folder: Path) -> None:
    """The command says what it is missing; with its extra it works, and says that the simulator is missing."""
    own = ([str(interpreter.with_name("yottalabs"))], [str(interpreter), "-I", "-m", "yottalabs"])
    for command in own:
        done = run([*command, "--version"], cwd=folder, check=False)
        message = "yottalabs: click is not installed; install 'yottalabs-client[cli]'\n"
        assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
    provide(interpreter, requirements, COMMAND_EXTRA)
    for command in own:
        assert run([*command, "--version"], cwd=folder).stdout == "yottalabs 0.1.0\n"
    request = ["pods", "create", "--image", "x", "--gpu", "NVIDIA_L4_24G", "--dry-run", "--output", "yaml"]
    assert run([*own[0], *request], cwd=folder).stdout == "image: x\ngpuType: NVIDIA_L4_24G\n"
    done = run([*own[0], "mock", "--port", "0"], cwd=folder, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not installed; install 'yottalabs-client[simulator]'" in done.stderr


def test_the_wheel_simulates_with_its_extra(wheel: Path, tmp_path: Path) -> None:
    interpreter = environment(tmp_path / "an environment")
    provide(interpreter, [*requirements(wheel), "pytest"], EXTRA)
    install(interpreter, str(wheel))
    programs = {"program": PROGRAM, "simulates": SIMULATES, "test_mine": TESTS}
    folder = write(tmp_path / "a program of mine", **programs, wrong=WRONG, wrongly_simulated=WRONGLY_SIMULATED)
    assert_works(interpreter, folder)
    assert_simulates(interpreter, folder)
    assert_has_types(interpreter, folder, {"wrong.py": 6, "wrongly_simulated.py": 6})
    assert "\nyottalabs_async_client -- " in run([*pytest_of(interpreter), "--fixtures"], cwd=folder).stdout
    done = run([*pytest_of(interpreter), "-p", "no:yottalabs"], cwd=folder, check=False)
    assert "fixture 'yottalabs_simulator' not found" in done.stdout


def test_an_editable_install_works(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    interpreter = environment(tmp_path / "an environment")
    provide(interpreter, [*requirements(wheel), "hatchling", "editables", "pytest"], EXTRA)
    own = copy(tmp_path / "a checkout of mine", checkout)
    install(interpreter, "--no-build-isolation", "--editable", str(own))
    folder = write(tmp_path / "a program of mine", program=PROGRAM, simulates=SIMULATES, test_mine=TESTS, wrong=WRONG)
    assert_works(interpreter, folder)
    assert_simulates(interpreter, folder)
    assert_has_types(interpreter, folder, {"wrong.py": 6})
    code = "import yottalabs, yottalabs_api, yottalabs_mock as mock; print(yottalabs, yottalabs_api, mock, sep='\\n')"
    where = run([str(interpreter), "-I", "-c", code], cwd=folder).stdout.splitlines()
    assert [str(own) in line for line in where] == [True] * 3
    assert_simulates_its_contract(own, interpreter)


def assert_simulates_its_contract(checkout: Path, interpreter: Path) -> None:
    """`make simulator` in a checkout, whatever its path, serves the contract of that checkout."""
    edit(checkout / "openapi.yaml", "- NVIDIA_L4_24G\n", "- NVIDIA_L4_24G\n        - NVIDIA_OF_MINE\n")
    (checkout / ".venv").symlink_to(interpreter.parents[1])
    for stamp in ("requirements/dev.txt", ".venv/packages", ".venv/installed", "mock/node_modules/installed"):
        (checkout / stamp).parent.mkdir(exist_ok=True)
        (checkout / stamp).touch()
    with started(["make", "simulator", "PORT=0"], cwd=checkout) as (process, base_url):
        answer = raw(base_url, post(VALID.replace(b"NVIDIA_L4_24G", b"NVIDIA_OF_MINE")))
        assert answer[2]["code"] == 10000, answer
        process.terminate()
        process.wait(10)
        assert_gone(base_url)


@pytest.fixture(scope="module")
def littered(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is built from a checkout with files that somebody has left there: a source distribution, and its wheel."""
    folder = tmp_path_factory.mktemp("littered")
    own = copy(folder / "checkout", checkout)
    for place in ["", "docs", *PACKAGES, *map(os.path.dirname, PACKAGES), "overlays/yottalabs/_cli"]:
        for stray in STRAYS:
            (own / place / stray).parent.mkdir(exist_ok=True)
            (own / place / stray).write_text("a secret", encoding="utf-8")
    for stray in ("scratch.py", "overlays/scratch.py", "overlays/scratch/__init__.py", "tests/test_of_mine.py"):
        (own / stray).parent.mkdir(exist_ok=True)
        (own / stray).write_text("", encoding="utf-8")
    python("-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), cwd=own)
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "direct"), cwd=own)
    return folder


def test_the_source_distribution_holds_what_a_build_needs_and_nothing_else(littered: Path, checkout: Path) -> None:
    (built,) = (littered / "dist").glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    sources = {
        path.relative_to(checkout).as_posix()
        for package in PACKAGES
        for path in (checkout / package).rglob("*")
        if path.suffix == ".py" or path.name in DATA
    }
    assert names == sources | {"PKG-INFO", ".gitignore", "pyproject.toml", "README.md", "LICENSE", *MORE_IN_SOURCES}


@pytest.mark.parametrize("folder", ["dist", "direct"])
def test_each_way_of_building_gives_the_same_wheel(folder: str, littered: Path, wheel: Path) -> None:
    (built,) = (littered / folder).glob("*.whl")
    with zipfile.ZipFile(built) as one, zipfile.ZipFile(wheel) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


def test_the_wheel_holds_each_file_of_the_packages_that_is_under_version_control(wheel: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    tracked = run(["git", "ls-files", "-z", *PACKAGES], cwd=ROOT).stdout.split("\0")[:-1]
    with zipfile.ZipFile(wheel) as archive:
        assert {name.partition("/")[2] for name in tracked} <= set(archive.namelist())
