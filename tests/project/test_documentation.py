"""What the documentation shows works: its Python runs, and its files are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from yottalabs import YottaLabs
from yottalabs_mock import Simulator, Times

from . import documents
from .checkout import python, run
from support.contract import ROOT


def blocks(name: str, language: str = "python") -> list[str]:
    return [block.code for block in documents.blocks(ROOT / name, language)]


def run_block(code: str, base_url: str, folder: Path) -> str:
    code = code.replace("http://127.0.0.1:4010", base_url)
    environment = {"YOTTA_API_KEY": "a-key", "YOTTA_BASE_URL": base_url}
    return python("-W", "error", "-c", code, cwd=folder, environment=environment).stdout


def run_as_tests(code: str, folder: Path) -> str:
    """A block that is a test module, as somebody else's project has it."""
    (folder / "test_of_a_stranger.py").write_text(code, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    return python("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:schemathesis", cwd=folder).stdout


def quick() -> Simulator:
    """A simulator whose pods boot at once, for examples in real time."""
    return Simulator(clock="real", times=Times(boot=0.1, healthy=0.1, terminate=0.1))


def test_the_readme_has_a_pod_for_the_length_of_a_block(tmp_path: Path) -> None:
    simulator = quick()
    with simulator.serve() as base_url:
        printed = run_block(blocks("README.md")[0], base_url, tmp_path)
    assert printed == "ssh user@203.0.113.26 -p 30000 -i <private key file> http://203.0.113.26:30001 0.61260\n"
    (pod,) = simulator.pods.values()
    assert not pod.is_live


def test_the_readme_takes_a_pod_from_create_to_gone_in_steps(tmp_path: Path) -> None:
    simulator = quick()
    with simulator.serve() as base_url:
        printed = run_block(blocks("README.md")[1], base_url, tmp_path)
    assert printed == "True 0.61260\n"
    (pod,) = simulator.pods.values()
    assert pod.status == "TERMINATED"


def test_the_readme_lists_without_blocking(tmp_path: Path) -> None:
    simulator = quick()
    with simulator.serve() as base_url, YottaLabs("a-key", base_url=base_url) as client:
        pod_id = client.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", name="mine")
        simulator.advance(1)
        printed = run_block(blocks("README.md")[2], base_url, tmp_path)
    assert re.fullmatch(rf"{pod_id} mine NVIDIA_L4_24G 20\d\d-.*\+00:00\n", printed)


def test_the_readme_shows_what_an_error_says(tmp_path: Path) -> None:
    printed = run_block(blocks("README.md")[3], "http://127.0.0.1:9", tmp_path)
    assert printed == "expose[0].port is 70000; it must be at most 65535\n"
    assert printed.strip() in blocks("README.md")[3]


@pytest.mark.parametrize(
    ("document", "number", "printed"),
    [
        ("docs/usage.md", 0, ""),
        ("docs/usage.md", 1, ""),
        ("docs/usage.md", 2, ""),
        ("docs/generated-client.md", 0, "200 10000 43264375788654\n331864222263676928 TERMINATED\n"),
        ("docs/generated-client.md", 1, "200 ResultListOpenapiPodDetailResponse(message='success', code=10000, "),
    ],
)
def test_the_examples_of_the_guides_run(document: str, number: int, printed: str, prism: str, tmp_path: Path) -> None:
    assert run_block(blocks(document)[number], prism, tmp_path).startswith(printed)


@pytest.mark.parametrize(
    ("document", "number", "tests"), [("README.md", 4, 1), ("docs/simulator.md", 0, 1), ("docs/simulator.md", 1, 2)]
)
def test_the_tests_that_are_shown_pass(document: str, number: int, tests: int, tmp_path: Path) -> None:
    assert f"{tests} passed" in run_as_tests(blocks(document)[number], tmp_path)


def test_the_simulator_is_used_without_pytest_as_its_guide_shows(tmp_path: Path) -> None:
    assert run_block(blocks("docs/simulator.md")[2], "http://127.0.0.1:9", tmp_path) == "PAUSED\n"


def test_no_example_is_left_out() -> None:
    known = {"README.md": 5, "docs/usage.md": 3, "docs/generated-client.md": 2, "docs/simulator.md": 3}
    assert {name: len(blocks(name)) for name in known} == known
    assert {documents.name(path) for path in documents.DOCUMENTS if documents.blocks(path, "python")} == known.keys()


def test_the_profiles_that_are_shown_are_read(tmp_path: Path) -> None:
    (profiles,) = blocks("docs/usage.md", "toml")
    (tmp_path / "config.toml").write_text(profiles.replace("…", "a.example"), encoding="utf-8")
    code = """
from yottalabs import YottaLabs
for client in YottaLabs(), YottaLabs(profile="work"), YottaLabs(profile="staging"):
    client.close()
"""
    python("-c", code, cwd=tmp_path, environment={"YOTTA_CONFIG_FILE": str(tmp_path / "config.toml")})


def test_the_guide_names_every_point_of_the_gate() -> None:
    from contract.points import POINTS

    guide = (ROOT / "docs" / "contract-testing.md").read_text(encoding="utf-8")
    assert [line.split(" | ")[0].removeprefix("| ") for line in guide.splitlines() if line.startswith("| ")][
        1 : len(POINTS) + 1
    ] == list(POINTS)


def test_the_demo_does_the_main_job() -> None:
    printed = run(["make", "demo"], cwd=ROOT).stdout
    for said in (
        "created pod 43264375788654",
        "331864222263676928  (Test_from_SDK)",
        "0.61260 an hour",
        "deleted pod 331864222263676928",
        "expose[0].port is 70000; it must be at most 65535",
        "10 lists at once, 10 pods",
        "Prism is stopped.",
        "0 s  INITIALIZE",
        "s  RUNNING, SSH answers",
        "ssh user@203.0.113.26 -p 30000 -i <private key file>",
        "s  TERMINATED",
        "and there it is: 331864222263676933",
        "Everything worked",
    ):
        assert said in printed


def test_the_changelog_names_the_version() -> None:
    from yottalabs import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
