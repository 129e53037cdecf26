"""What the documentation shows works: its Python runs, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .checkout import python, run
from support.contract import ROOT
from support.lifelike import lifelike_api

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)


def run_block(code: str, base_url: str, folder: Path) -> str:
    code = code.replace("http://127.0.0.1:4010", base_url)
    environment = {"YOTTA_API_KEY": "a-key", "YOTTA_BASE_URL": base_url}
    return python("-W", "error", "-c", code, cwd=folder, environment=environment).stdout


def test_the_readme_takes_a_pod_from_create_to_ready_and_gone(tmp_path: Path) -> None:
    with lifelike_api() as (base_url, pods):
        printed = run_block(blocks("README.md")[0], base_url, tmp_path)
        assert printed == "ssh pods.example -p 32000 -i <private key file> http://pods.example:32001 0.61260\n"
        (pod,) = pods
        assert pod["status"] == "TERMINATED"


def test_the_readme_lists_without_blocking(tmp_path: Path) -> None:
    with lifelike_api() as (base_url, pods):
        pods.append({"id": "7", "podName": "mine", "gpuType": "NVIDIA_L4_24G", "expose": [], "looks": 5})
        assert run_block(blocks("README.md")[1], base_url, tmp_path) == "7 mine NVIDIA_L4_24G None\n"


def test_the_readme_shows_what_an_error_says(tmp_path: Path) -> None:
    printed = run_block(blocks("README.md")[2], "http://127.0.0.1:9", tmp_path)
    assert printed == "expose[0].port is 70000; it must be at most 65535\n"
    assert printed.strip() in blocks("README.md")[2]


@pytest.mark.parametrize(
    ("document", "number", "printed"),
    [
        ("docs/usage.md", 0, ""),
        ("docs/usage.md", 1, ""),
        ("docs/generated-client.md", 0, "200 10000 43264375788654\n331864222263676928 TERMINATED\n"),
        ("docs/generated-client.md", 1, "200 ResultListOpenapiPodDetailResponse(message='success', code=10000, "),
    ],
)
def test_the_examples_of_the_guides_run(document: str, number: int, printed: str, prism: str, tmp_path: Path) -> None:
    assert run_block(blocks(document)[number], prism, tmp_path).startswith(printed)


def test_no_example_is_left_out() -> None:
    assert [len(blocks(name)) for name in ("README.md", "docs/usage.md", "docs/generated-client.md")] == [3, 2, 2]
    others = {path.name for path in DOCUMENTS if "```python" in path.read_text(encoding="utf-8")}
    assert others == {"README.md", "usage.md", "generated-client.md"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_inside_the_repository_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_every_command_that_is_documented_exists() -> None:
    help_text = run(["make", "help"], cwd=ROOT).stdout
    targets = set(re.findall(r"^  make (\S+)", help_text, re.MULTILINE))
    assert {"setup", "demo", "test", "generate", "check", "mock", "lock", "clean"} <= targets
    for document in DOCUMENTS:
        named = set(
            re.findall(r"`make ([a-z]+)|^    make ([a-z]+)", document.read_text(encoding="utf-8"), re.MULTILINE)
        )
        assert {one or other for one, other in named} <= targets | {"alone"}, document


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
