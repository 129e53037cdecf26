"""The wheel, installed into an empty environment with what it declares to need and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from .checkout import copy, python, run
from support.contract import ROOT

PROGRAM = '''
"""A small program of a user, with every type spelled out."""

import asyncio
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
    print(__version__, prices([pod]), contract.splitlines()[0], asyncio.iscoroutinefunction(running))
'''
WRONG = """
from yottalabs import PodFaildError, YottaLabs
from yottalabs_api import Clinet
from yottalabs_api.models import PodStatsu

with YottaLabs() as yotta:
    yotta.pods.create(gpu_type="NVIDIA_L4_24G")
    yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", gpu_count="1")
    yotta.pods.wait("1", until="gone")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    checkout = copy(folder / "a checkout")
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), cwd=checkout)
    (built,) = folder.glob("*.whl")
    return built


def environment(folder: Path, requirements: list[str]) -> Path:
    """An empty environment with the distributions that are required, and what those require; gives its Python."""
    venv.create(folder, symlinks=True)
    interpreter = folder / "bin" / "python"
    (site_packages,) = (folder / "lib").glob("python*/site-packages")
    wanted, installed = [Requirement(text) for text in requirements], set[str]()
    while wanted:
        requirement = wanted.pop()
        if requirement.name in installed or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        distribution = metadata.distribution(requirement.name)
        assert requirement.specifier.contains(distribution.version), requirement
        for file in distribution.files or []:
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = site_packages / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), target)
        installed.add(requirement.name)
        wanted += [Requirement(text) for text in distribution.requires or []]
    return interpreter


def requirements(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    return [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]


def install(interpreter: Path, *what: str) -> None:
    pip = (sys.executable, "-m", "pip", "--python", str(interpreter), "install", "--quiet", "--no-index", "--no-deps")
    run([*pip, *what], cwd=interpreter.parent)


def assert_works(interpreter: Path, folder: Path) -> None:
    program = folder / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    done = run([str(interpreter), "-I", str(program)], cwd=folder)
    assert done.stdout.startswith("0.1.0 {'1': Decimal('1.30')} openapi: 3.1.0 True"), done.stdout
    (folder / "wrong.py").write_text(WRONG, encoding="utf-8")
    mypy = (
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        f"--python-executable={interpreter}",
        f"--cache-dir={folder}/cache",
    )
    assert python(*mypy, str(program), cwd=folder).stdout.startswith("Success")
    assert python(*mypy, str(folder / "wrong.py"), cwd=folder, check=False).stdout.count("error:") == 6


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"yottalabs", "yottalabs_api", "yottalabs_client"}
    for needed in ("yottalabs/py.typed", "yottalabs_api/py.typed", "yottalabs_api/openapi.yaml"):
        assert needed in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert {Requirement(text).name for text in requirements(wheel)} == {"anyio", "attrs", "httpx"}


def test_the_contract_in_the_wheel_is_the_contract(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("yottalabs_api/openapi.yaml") == (ROOT / "openapi.yaml").read_bytes()


def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    interpreter = environment(tmp_path / "an environment", requirements(wheel))
    install(interpreter, str(wheel))
    folder = tmp_path / "a program of mine"
    folder.mkdir()
    assert_works(interpreter, folder)


def test_an_editable_install_works(wheel: Path, tmp_path: Path) -> None:
    checkout = copy(tmp_path / "a checkout of mine")
    interpreter = environment(
        tmp_path / "an environment",
        [*requirements(wheel), "hatchling", "editables"],
    )
    install(interpreter, "--no-build-isolation", "--editable", str(checkout))
    folder = tmp_path / "a program of mine"
    folder.mkdir()
    assert_works(interpreter, folder)
    where = subprocess.run(
        [str(interpreter), "-I", "-c", "import yottalabs_api; print(yottalabs_api.__file__)"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(checkout))


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    checkout = copy(tmp_path / "checkout")
    python("-m", "build", "--no-isolation", "--outdir", str(tmp_path / "dist"), cwd=checkout)
    (built,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(built) as one, zipfile.ZipFile(wheel) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }
