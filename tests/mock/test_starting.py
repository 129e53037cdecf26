"""The mock starts on a contract that is one, says in a line why it does not, and ends with whoever started it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import prism as prism_module
from support import contract
from support.processes import assert_gone, interrupts, started
from support.raw import still_serves


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [["make", "mock", "PORT=0"], None], ids=["make", "node"])
def test_a_signal_ends_it_and_leaves_no_child(command: list[str] | None, stop: signal.Signals) -> None:
    with started(command or prism_module.command("--port", "0")) as (process, base_url):
        still_serves(base_url)
        process.send_signal(stop)
        process.wait(10)
        assert_gone(base_url)
        assert process.stdout is not None
        assert process.stdout.read() == ""  # one line, and no more


def test_killing_make_itself_leaves_no_child() -> None:
    with started(["make", "mock", "PORT=0"]) as (process, base_url):
        process.kill()
        process.wait(10)
        assert_gone(base_url)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5, 0.8])
def test_a_signal_to_make_ends_it_however_early_it_comes(stop: signal.Signals, seconds: float) -> None:
    with interrupts(signal.SIG_DFL):
        process = subprocess.Popen(
            ["make", "mock", "PORT=0"], cwd=contract.ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    time.sleep(seconds)  # how early is what is tested
    process.send_signal(stop)
    process.communicate(timeout=30)  # until nobody is left who could write


def test_killing_the_program_that_runs_it_leaves_no_server() -> None:
    program = (
        "import prism, time\n"
        "with prism.running_prism() as base_url: print('ready', base_url, flush=True); time.sleep(600)"
    )
    with started([sys.executable, "-c", program], cwd=contract.ROOT / "mock") as (process, base_url):
        still_serves(base_url)
        process.kill()
        process.wait(10)
        assert_gone(base_url)


def test_it_stays_when_make_ignores_interrupts_as_in_the_background_of_a_script() -> None:
    with started(["make", "mock", "PORT=0"], interrupt=signal.SIG_IGN) as (process, base_url):
        time.sleep(1)  # it looks at its parent five times a second
        still_serves(base_url)
        process.terminate()
        process.wait(10)
        assert_gone(base_url)


def failure(*arguments: str) -> str:
    done = subprocess.run(prism_module.command(*arguments), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_a_port_in_use_says_what_to_do(prism: str) -> None:
    port = urlsplit(prism).port
    assert failure("--port", str(port)) == (
        f"mock: port {port} is in use; stop what listens there, or choose another: make mock PORT=0\n"
    )


@pytest.mark.parametrize("port", ["-1", "70000", "http", "", "1'2", '1"2', "1;2", "-"])
def test_a_port_that_is_none_is_named(port: str) -> None:
    message = f"mock: port '{port}' is not a number from 0 to 65535; 0 takes a free one\n"
    assert failure(f"--port={port}") == message
    done = subprocess.run(
        ["make", "mock", f"PORT={port}"], cwd=contract.ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode != 0
    assert done.stderr.startswith(message)


def assert_no_contract(content: str | None, reason: str, folder: Path) -> None:
    file = folder / "a contract.yaml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    message = failure("--port", "0", "--contract", str(file))
    assert message.startswith(f"mock: {file} is not a contract that Prism can serve (")
    assert message.endswith("); 'make check' says what is wrong with it\n")
    assert reason in message


MINIMAL = '{"openapi": "3.1.0", "info": {"title": "a", "version": "1"}, "paths": %s}'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "ENOENT"),
        ("", "not an object"),
        ("\x00", "not an object"),
        ("a: [", "at line 1"),
        ("a: 1\n" * 2, "keys must be unique"),
        ("{}", "OpenAPI is undefined"),
        ("openapi: 4.0.0", 'OpenAPI is "4.0.0"'),
        ("openapi: 3.0.3", 'OpenAPI is "3.0.3"'),
        ("openapi: 3.1.0\npaths: 7", "'info'"),
        (MINIMAL % "7", "/paths must be object"),
        (MINIMAL % "{}", "no operations"),
        (MINIMAL % '{"/a": {"get": 5}}', "/paths/~1a/get must be object"),
        (MINIMAL % '{"/a": {"get": {"parameters": [{"name": "x", "in": "pth", "schema": {}}]}}}', "/parameters/0"),
    ],
)
def test_what_is_no_contract_is_named(content: str | None, reason: str, tmp_path: Path) -> None:
    assert_no_contract(content, reason, tmp_path)


@pytest.mark.parametrize(
    ("sound", "broken", "reason"),
    [
        ("openapi: 3.1.0\n", "openapi: 3.1.0\npaths: {}\n", "keys must be unique"),
        ("minLength: 1", "minLength: one", "/minLength must be integer"),
        ("minLength: 1", "minLenght: 1", 'unknown keyword: "minLenght"'),
        ("type: array", "type: arry", "/type must be"),
        ("format: int32", "format: int23", 'unknown format "int23"'),
        ("required: [port]", "required: port", "/required must be array"),
        ("pattern: '^(?!\\.{1,2}$)[^/]+$'", "pattern: '['", "Invalid regular expression: /[/u"),
        ("$ref: '#/components/schemas/KeyValuePairDTO'", "$ref: '#/components/schemas/Nothing'", "Nothing"),
        ("- apiKey: []", "- apiKye: []", "'apiKye'"),
    ],
)
def test_a_fault_in_the_contract_is_named(sound: str, broken: str, reason: str, tmp_path: Path) -> None:
    text = (contract.ROOT / "openapi.yaml").read_text(encoding="utf-8")
    assert sound in text
    assert_no_contract(text.replace(sound, broken, 1), reason, tmp_path)


def test_a_program_that_runs_the_mock_is_told_why_it_does_not_start(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("openapi: 9\n", encoding="utf-8")
    mock = prism_module.running_prism("--contract", str(broken))
    with pytest.raises(prism_module.NotStartedError, match=r"broken\.yaml is not a contract"), mock:
        pytest.fail("it started")
