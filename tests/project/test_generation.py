"""`make generate`: the same bytes anywhere, and a new field in the contract arrives everywhere by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from .checkout import contents, copy, edit, generate, import_path, python
from support.contract import ROOT

NEW_FIELD = """\
        initializationCommand:
          type: string
          description: A shell command that runs in the container when it starts.
        shmInGb:
          type: integer
          minimum: 1
          description: The size of the shared memory in GB.
"""
WITH_NEW_FIELD = """
from support.scripted import Scripted
from yottalabs import InvalidArgumentError, YottaLabs
from yottalabs_api.models import OpenapiPodCreateRequest

transport = Scripted("1")
with YottaLabs("k", transport=transport) as yotta:
    yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", shm_in_gb=8)
    try:
        yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", shm_in_gb=0)
    except InvalidArgumentError as error:
        print(error)
print(transport.requests[0].content.decode())
request = OpenapiPodCreateRequest.from_dict({"image": "x", "gpuType": "NVIDIA_L4_24G"})
request.shm_in_gb = 16
print(request.to_dict())
"""
TYPED = """
from yottalabs import YottaLabs
from yottalabs_api.models import GpuType, OpenapiPodCreateRequest

def use(yotta: YottaLabs) -> str:
    OpenapiPodCreateRequest(image="x", gpu_type=GpuType.NVIDIA_L4_24G, shm_in_gb={value})
    return yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", shm_in_gb={value})
"""


def test_two_runs_anywhere_give_identical_bytes(tmp_path: Path) -> None:
    first, second = copy(tmp_path / "one"), copy(tmp_path / "two of them" / "deeper")
    # A configuration above the second one, another order of sets, another locale: none of it may matter.
    (tmp_path / "two of them" / "ruff.toml").write_text("line-length = 60\n", encoding="utf-8")
    generate(first, {"PYTHONHASHSEED": "1"})
    generate(second, {"PYTHONHASHSEED": "2", "LC_ALL": "C", "TZ": "Asia/Tokyo"})
    assert generate(second).strip() == "generated: nothing to change"
    for folder in ("generated", "overlays"):
        assert contents(first / folder) == contents(second / folder) == contents(ROOT / folder)


def test_a_new_request_field_needs_the_contract_and_make_generate_alone(tmp_path: Path) -> None:
    checkout = copy(tmp_path / "a checkout")
    *before, _, _, _, _ = NEW_FIELD.splitlines(keepends=True)
    edit(checkout / "openapi.yaml", "".join(before), NEW_FIELD)
    assert generate(checkout).strip() == "generated: changed"

    paths = import_path(checkout)
    sent = python("-c", WITH_NEW_FIELD, cwd=ROOT / "tests", environment=paths).stdout.splitlines()
    assert sent[0] == "shm_in_gb is 0; it must be at least 1"
    assert sent[1] == '{"image":"x","gpuType":"NVIDIA_L4_24G","shmInGb":8}'
    assert sent[2] == "{'image': 'x', 'gpuType': 'NVIDIA_L4_24G', 'shmInGb': 16}"

    program = tmp_path / "program.py"
    for value, errors in (("8", 0), ("'8'", 2)):
        program.write_text(TYPED.format(value=value), encoding="utf-8")
        mypy = ("-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}", str(program))
        done = python(*mypy, cwd=tmp_path, check=False, environment={"MYPYPATH": paths["PYTHONPATH"]})
        assert done.stdout.count("program.py:") == errors, done.stdout


def test_make_check_shows_the_difference(tmp_path: Path) -> None:
    checkout = copy(tmp_path / "checkout")
    edit(checkout / "generated" / "yottalabs_api" / "client.py", '"x-api-key"', '"x-api-kee"')
    (checkout / "generated" / "yottalabs_api" / "stray.py").write_text("", encoding="utf-8")
    (checkout / "overlays" / "yottalabs" / "_sync" / "client.py").unlink()
    done = python("codegen/generate.py", "--check", cwd=checkout, check=False)
    assert done.returncode == 1
    assert '-API_KEY_HEADER = "x-api-kee"\n+API_KEY_HEADER = "x-api-key"' in done.stdout
    assert "stray.py: not made any more" in done.stdout
    assert "+class YottaLabs:" in done.stdout
    assert not (checkout / "overlays" / "yottalabs" / "_sync" / "client.py").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "        sshCmd:\n          type: string\n",
            "        sshCmd:\n          type: string\n          format: date-time\n",
            "sshCmd",
        ),
        ("        sshCmd:\n          type: string\n", "        sshCmd:\n          enum: [1, 2]\n", "integers"),
        ("in: header\n      name: x-api-key", "in: query\n      name: key", "security scheme"),
    ],
)
def test_what_the_templates_do_not_know_stops_the_generation(old: str, new: str, message: str, tmp_path: Path) -> None:
    checkout = copy(tmp_path / "checkout")
    edit(checkout / "openapi.yaml", old, new)
    done = python("codegen/generate.py", cwd=checkout, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "has no template yet" in done.stderr
    assert contents(checkout / "generated") == contents(ROOT / "generated")
