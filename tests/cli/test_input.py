"""What options read: one rule for the text of every file, standard input included, and secrets that nobody sees."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .forking import Forks
from .staging import CREATE, Stage
from .yottalabs import COMMAND, KEY, SECONDS, Done, environment

SECRET = "a-secret-that-nobody-may-see"  # it opens nothing
PRIVATE = ("--image-public-type", "PRIVATE", "--image-registry-username", "me")


def token_of(stage: Stage) -> str:
    """The registry's token in the one body that was received."""
    (body,) = stage.simulator.bodies
    token: str = body["imageRegistryToken"]
    return token


def variables_of(stage: Stage) -> dict[str, str]:
    """The variables in the one body that was received, without those of the client's own."""
    (body,) = stage.simulator.bodies
    found = {each["key"]: each["value"] for each in body.get("environmentVars", [])}
    return {name: value for name, value in found.items() if not name.startswith("YOTTALABS_")}


# --- Each reader ------------------------------------------------------------------------------------------------------

READERS: dict[str, tuple[tuple[str, ...], str, Callable[[Stage], object], object]] = {
    "variables": ((*CREATE, "--env-file"), "A=b\n", variables_of, {"A": "b"}),
    "a request": (
        ("pods", "create", *CREATE[2:], "--from-file"),
        "environmentVars: {A: b}\n",
        variables_of,
        {"A": "b"},
    ),
    "a token": ((*CREATE, *PRIVATE, "--image-registry-token-file"), f"{SECRET}\n", token_of, SECRET),
    "a key": ((*CREATE, "--api-key-file"), f"{KEY}\n", variables_of, {}),
}
"""Commands that create a pod and read a file, what is in it, and what must come of it."""
FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "with a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "as on Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "with a mark, as on Windows": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    "without a line break at the end": lambda text: text.rstrip("\n").encode(),
}
WRONG: dict[str, tuple[Callable[[str], bytes], str]] = {
    "UTF-16": (lambda text: text.encode("utf-16"), "UTF-16"),
    "Latin-1": (lambda text: text.encode() + b"\xe4\n", "UTF-8 (line "),
    "a NUL": (lambda text: text.encode() + b"\0", "NUL"),
    "too much": (lambda text: text.encode() + b"#" * 1_000_001, "too long"),
}
WAYS = ("file", "-", "/dev/stdin", "a pipe by its name")


def read(reader: str, way: str, content: bytes, stage: Stage, folder: Path) -> Done:
    """Runs the command of a reader, which gets a content in some way."""
    words, *_ = READERS[reader]
    variables = stage.variables(**({"YOTTA_API_KEY": None} if reader == "a key" else {}))
    file = folder / "file"
    if way == "file":
        file.write_bytes(content)
        return stage(*words, str(file), **variables)
    if way == "a pipe by its name":  # as `<(…)` is
        source = folder / "source"
        source.write_bytes(content)
        script = f"exec {shlex.join([COMMAND, *words])} <(cat {shlex.quote(str(source))})"
        command, content = ["bash", "-c", script], b""
    else:
        command = [COMMAND, *words, way]
    done = subprocess.run(command, input=content, env=variables, capture_output=True, timeout=SECONDS, check=False)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reader", READERS)
def test_each_reader_takes_each_form_of_text(reader: str, form: str, stage: Stage, tmp_path: Path) -> None:
    _, text, found, expected = READERS[reader]
    done = read(reader, "file", FORMS[form](text), stage, tmp_path)
    assert (done.status, done.errors) == (0, "")
    assert found(stage) == expected


@pytest.mark.parametrize("way", WAYS[1:])
@pytest.mark.parametrize("reader", READERS)
def test_each_reader_takes_each_source(reader: str, way: str, stage: Stage, tmp_path: Path) -> None:
    _, text, found, expected = READERS[reader]
    done = read(reader, way, FORMS["with a mark, as on Windows"](text), stage, tmp_path)
    assert (done.status, done.errors) == (0, "")
    assert found(stage) == expected


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("reader", READERS)
def test_each_reader_refuses_what_is_no_text(reader: str, wrong: str, stage: Stage, tmp_path: Path) -> None:
    make, said = WRONG[wrong]
    done = read(reader, "file", make(READERS[reader][1]), stage, tmp_path)
    assert (done.status, done.output) == (2, "")
    assert f"{tmp_path}/file cannot be read: it " in done.errors
    assert said in done.errors
    assert SECRET not in done.errors
    assert len(done.errors.splitlines()) == 1
    assert not stage.simulator.requests


def test_standard_input_is_not_read_by_the_locale(stage: Stage) -> None:
    text = "A=\u00e9\u2028\U0001f4e6\n".encode()
    variables = stage.variables(LANG="C", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="latin-1")
    command = [COMMAND, *CREATE, "--env-file", "-"]
    done = subprocess.run(command, input=text, env=variables, capture_output=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    assert variables_of(stage) == {"A": "\u00e9\u2028\U0001f4e6"}


@pytest.mark.parametrize(
    ("content", "token"),
    [
        (f"{SECRET}\n", SECRET),
        (f"{SECRET}\r\n", SECRET),
        (SECRET, SECRET),
        (f"  {SECRET}\t\n", f"  {SECRET}\t"),
        (f"{SECRET}\n\n", f"{SECRET}\n"),
        (f'{{\n  "private_key": "{SECRET}"\n}}\n', f'{{\n  "private_key": "{SECRET}"\n}}'),
        (f"\ufeff\ufeff{SECRET}", f"\ufeff{SECRET}"),
    ],
    ids=["a line", "a line as on Windows", "no line break", "spaces", "an empty line", "several lines", "two marks"],
)
def test_a_secret_is_the_whole_file_but_for_one_line_break(
    content: str, token: str, stage: Stage, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_bytes(content.encode())
    assert stage(*CREATE, *PRIVATE, "--image-registry-token-file", str(file)).status == 0
    assert token_of(stage) == token


@pytest.mark.parametrize(
    "words",
    [
        ["--env-file", "-", "--env-file", "-"],
        ["--env-file", "-", "--env-file", "/dev/stdin"],
        ["--env-file", "/dev/stdin", "--image-registry-token-file", "-"],
        ["--env-file", "-", "--api-key-file", "/dev/fd/0"],
    ],
    ids=" ".join,
)
def test_one_option_alone_reads_standard_input(words: list[str], stage: Stage) -> None:
    command = [COMMAND, *CREATE, *words]
    done = subprocess.run(
        command, input=b"A=b\n", env=stage.variables(), capture_output=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 2
    assert b"cannot both read standard input; give one a file" in done.stderr
    assert not stage.simulator.requests


def test_standard_input_that_is_closed_is_empty(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "variables").write_text("A=b", encoding="utf-8")
    with stage.begun(*CREATE, "--env-file", str(tmp_path / "variables"), script='exec "$@" <&-') as process:
        assert process.wait(SECONDS) == 0
    assert variables_of(stage) == {"A": "b"}


@pytest.mark.parametrize(
    ("name", "said"),
    [("there-is-none", "No such file"), (".", "Is a directory"), ("~nobody-there/key", "No such file")],
)
@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_cannot_be_read_is_named_with_its_option(reader: str, name: str, said: str, stage: Stage) -> None:
    words, *_ = READERS[reader]
    done = stage(*words, name)
    assert (done.status, done.output) == (2, "")
    assert f"{words[-1]}: {name} cannot be read: {said}" in done.errors
    assert not stage.simulator.requests


# --- What is typed ----------------------------------------------------------------------------------------------------

SOURCES = ("-", "/dev/stdin", "/dev/tty")


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """An environment with a profile `work` in its file."""
    (tmp_path / "config.toml").write_text('[profiles.work]\napi_key = "an-old-key"\n', encoding="utf-8")
    (tmp_path / "config.toml").chmod(0o600)
    return environment(None, tmp_path, YOTTA_API_KEY=None)


@pytest.mark.parametrize("source", SOURCES)
def test_the_question_comes_before_the_key_and_neither_is_seen(
    source: str, forked: Forks, place: dict[str, str], tmp_path: Path
) -> None:
    with forked.terminal(["config", "add", "work", "--api-key-file", source], place) as shown:
        shown.wait_for("Replace it? [y/N]")
        assert not shown.echoes
        shown.type("y\n")
        shown.wait_for("API key:")
        shown.type(f"{SECRET}\n")
        assert shown.wait() == 0
        assert shown.echoes
    assert SECRET.encode() not in shown.written
    assert f'api_key = "{SECRET}"' in (tmp_path / "config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [[], ["--api-key-file", "-"]], ids=["asked for", "standard input"])
def test_a_key_that_is_typed_in_place_of_the_answer_is_not_seen(
    words: list[str], forked: Forks, place: dict[str, str], tmp_path: Path
) -> None:
    with forked.terminal(["config", "add", "work", *words], place) as shown:
        shown.wait_for("Replace it? [y/N]")
        shown.type(f"{SECRET}\n{SECRET}\n")
        assert shown.wait() == 1
        assert shown.echoes
    assert SECRET.encode() not in shown.written
    assert "an-old-key" in (tmp_path / "config.toml").read_text(encoding="utf-8")


def test_what_is_typed_ahead_after_the_question_counts(forked: Forks, place: dict[str, str], tmp_path: Path) -> None:
    with forked.terminal(["config", "add", "work", "--api-key-file", "-"], place) as shown:
        shown.wait_for("[y/N]")
        shown.type(f"y\n{SECRET}\n")
        assert shown.wait() == 0
    assert SECRET.encode() not in shown.written
    assert SECRET in (tmp_path / "config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", ["-", "/dev/stdin"])
def test_a_key_in_a_pipe_is_not_taken_for_an_answer(source: str, place: dict[str, str], tmp_path: Path) -> None:
    command = [COMMAND, "config", "add", "work", "--api-key-file", source]
    for words, status, kept in (([], 2, "an-old-key"), (["--yes"], 0, SECRET)):
        done = subprocess.run(
            [*command, *words],
            input=f"{SECRET}\n".encode(),
            env=place,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == status
        assert (b"--yes" in done.stderr) is (status == 2)
        assert kept in (tmp_path / "config.toml").read_text(encoding="utf-8")


TYPED: dict[str, tuple[list[str], str, str, Callable[[Stage], Any], Any]] = {
    "a token": (
        [*CREATE, *PRIVATE, "--image-registry-token-file"],
        "The token for the image's registry:",
        f"{SECRET}\n",
        token_of,
        SECRET,
    ),
    "a key": ([*CREATE, "--api-key-file"], "API key:", f"{KEY}\n", variables_of, {}),
    "variables": (
        [*CREATE, "--env-file"],
        "Ctrl-D ends it:",
        f"A={SECRET}\n\nB=c\n\x04",
        variables_of,
        {"A": SECRET, "B": "c"},
    ),
    "a request": (
        [*CREATE, "--from-file"],
        "Ctrl-D ends it:",
        f"environmentVars:\n  A: {SECRET}\n\x04",
        variables_of,
        {"A": SECRET},
    ),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("what", TYPED)
def test_nothing_that_is_typed_for_an_option_is_seen(what: str, source: str, forked: Forks, stage: Stage) -> None:
    words, prompt, typed, found, expected = TYPED[what]
    variables = stage.variables(**({"YOTTA_API_KEY": None} if what == "a key" else {}))
    with forked.terminal([*words, source], variables) as shown:
        shown.wait_for(prompt)
        shown.wait_until(lambda: not shown.echoes)
        shown.type(typed)
        assert shown.wait() == 0
        assert shown.echoes
    assert SECRET.encode() not in shown.written
    assert KEY.encode() not in shown.written
    assert found(stage) == expected


@pytest.mark.parametrize("what", TYPED)
@pytest.mark.parametrize(("typed", "status"), [("\x03", 130), ("\x1c", -signal.SIGQUIT)], ids=["Ctrl-C", "Ctrl-\\"])
def test_an_interruption_ends_it_and_nothing_is_created(
    what: str, typed: str, status: int, forked: Forks, stage: Stage
) -> None:
    words, prompt, *_ = TYPED[what]
    with forked.terminal([*words, "-"], stage.variables()) as shown:
        shown.wait_for(prompt)
        shown.wait_until(lambda: not shown.echoes)
        shown.type(f"{SECRET}{typed}")
        assert shown.wait() == status
        if status > 0:  # a core is dumped at once for the other
            assert shown.echoes
    assert SECRET.encode() not in shown.written
    assert not stage.simulator.requests


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_a_terminal_that_shows_what_is_typed(
    number: signal.Signals, forked: Forks, stage: Stage
) -> None:
    with forked.terminal([*CREATE, "--api-key-file", "-"], stage.variables()) as shown:
        shown.wait_for("API key:")
        shown.wait_until(lambda: not shown.echoes)
        shown.signal(number)
        assert shown.wait() == 128 + number
        assert shown.echoes


@pytest.mark.parametrize(("what", "status"), [("a token", 130), ("a key", 130), ("variables", 0), ("a request", 2)])
def test_ctrl_d_is_no_secret_and_an_empty_document(what: str, status: int, forked: Forks, stage: Stage) -> None:
    words, prompt, *_ = TYPED[what]
    with forked.terminal([*words, "-"], stage.variables()) as shown:
        shown.wait_for(prompt)
        shown.wait_until(lambda: not shown.echoes)
        shown.type("\x04")
        assert shown.wait() == status
    assert bool(stage.simulator.bodies) is (status == 0)


def test_a_terminal_that_cannot_hide_what_is_typed_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    import termios

    from yottalabs._cli.failures import CommandError
    from yottalabs._cli.input import unseen

    master, slave = os.openpty()

    def refuse(*_: object) -> None:
        raise termios.error(25, "Inappropriate ioctl for device")

    monkeypatch.setattr(termios, "tcsetattr", refuse)
    try:
        with pytest.raises(CommandError, match="cannot hide what is typed"), unseen(slave):
            pytest.fail("it is read")
    finally:
        os.close(master)
        os.close(slave)
