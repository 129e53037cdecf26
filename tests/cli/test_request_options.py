"""The options of `pods create` and `run`: every field of the contract has one, and arrives as it was meant."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from yottalabs._cli.pods.creating import command as create
from yottalabs._cli.request import Asked, describes_pod
from yottalabs._cli.run import command as run_command

from .staging import CREATE, POD, Stage
from support import contract

PROPERTIES: dict[str, Any] = contract.schema("OpenapiPodCreateRequest")["properties"]
OWN_NAMES = {"podName": "name"}
SOURCES = ("-file", "-env")  # of a secret, which is never an argument itself
NOT_FIELDS = {"--env-file", "--from-file", "--extra-field"}
MINIMAL = {"image": "ubuntu", "gpuType": "NVIDIA_L4_24G"}
TOKEN = "a-token-that-nobody-may-see"  # it opens nothing


def option_for(json_name: str) -> str:
    """The long option for a field, by the contract's name alone."""
    snake = re.sub(r"(?<!^)([A-Z])", r"-\1", OWN_NAMES.get(json_name, json_name)).lower()
    return f"--{snake}"


def options_for(json_name: str) -> set[str]:
    """The long options for a field; a secret has one for each of its sources, and none for itself."""
    is_secret = PROPERTIES[json_name].get("format") == "password"
    return {option_for(json_name) + source for source in (SOURCES if is_secret else ("",))}


def words_for(json_name: str, value: Any) -> list[str]:
    """The arguments that say a field's value, and the one that is in the environment."""
    if PROPERTIES[json_name].get("format") == "password":
        return [f"{option_for(json_name)}-env", "REGISTRY"]
    if not isinstance(value, list):
        return [f"{option_for(json_name)}={value}"]
    separator, names = ("=", ("key", "value")) if json_name == "environmentVars" else ("/", ("port", "protocol"))
    return [
        f"{option_for(json_name)}={separator.join(str(item[name]) for name in names if name in item)}" for item in value
    ]


def without_own_variables(body: dict[str, Any]) -> dict[str, Any]:
    """A body without the variables that the client writes itself."""
    variables = [each for each in body.get("environmentVars", []) if not each["key"].startswith("YOTTALABS_")]
    rest = {name: value for name, value in body.items() if name != "environmentVars"}
    return rest | ({"environmentVars": variables} if variables else {})


def sent(stage: Stage) -> dict[str, Any]:
    """The one body that the simulator has received."""
    (body,) = stage.simulator.bodies
    return without_own_variables(body)


# --- Each field of the contract ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [create, run_command], ids=["pods create", "run"])
def test_every_field_of_the_contract_has_an_option(command: click.Command) -> None:
    there = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    for json_name in PROPERTIES:
        assert options_for(json_name) <= there, json_name


def test_no_option_is_for_a_field_that_the_contract_does_not_have() -> None:
    of_fields = [set(parameter.opts) for parameter in probe.params if not NOT_FIELDS & set(parameter.opts)]
    known = set().union(*map(options_for, PROPERTIES))
    assert all(known & names for names in of_fields), of_fields


def test_the_example_of_every_field_has_every_field() -> None:
    assert contract.request_examples()["everyField"].keys() == PROPERTIES.keys()


@pytest.mark.parametrize("command", ["pods create", "run"])
def test_every_field_arrives_as_it_was_given(stage: Stage, command: str, tmp_path: Path) -> None:
    (tmp_path / "ssh").symlink_to("/bin/false")  # `run` wants one before it creates anything
    wanted = contract.request_examples()["everyField"]
    words = [word for json_name, value in wanted.items() for word in words_for(json_name, value)]
    rest = ["--", "true"] if command == "run" else []
    stage.simulator.faults.add("create", "no_capacity")
    variables = stage.variables(REGISTRY=TOKEN, PATH=f"{tmp_path}:{stage.variables()['PATH']}")
    done = stage(*command.split(), *words, *rest, **variables)
    assert (done.status, done.output) == (125 if rest else 1, "")
    assert sent(stage) == {**wanted, "imageRegistryToken": TOKEN}
    assert TOKEN not in done.errors


def test_nothing_is_sent_that_was_not_given(stage: Stage) -> None:
    done = stage(*CREATE)
    assert (done.status, done.errors) == (0, "")
    assert sent(stage) == MINIMAL
    (pod_id,) = stage.simulator.pods
    assert done.output == f"{pod_id}\n"


# --- From options to a body, whatever they say ------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True).filter(
    lambda name: not name.startswith("YOTTALABS")
)
PORT = st.integers(1, 65535)
PROTOCOL = st.sampled_from(["SSH", "HTTP", "TCP"])


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Bodies that the contract allows."""
    optional = {
        "podName": TEXT,
        "region": TEXT,
        "initializationCommand": TEXT,
        "gpuCount": st.integers(1, 2**31 - 1),
        "containerVolumeInGb": st.integers(0, 2**31 - 1),
        "cloudType": st.sampled_from(["SECURE", "COMMUNITY"]),
        "environmentVars": st.lists(
            st.fixed_dictionaries({"key": NAME, "value": TEXT}), min_size=1, unique_by=lambda pair: pair["key"]
        ),
        "expose": st.lists(
            st.fixed_dictionaries({"port": PORT}, optional={"protocol": PROTOCOL}),
            min_size=1,
            unique_by=lambda entry: entry["port"],
        ),
    }
    required = {"image": TEXT.filter(bool), "gpuType": st.just("NVIDIA_L4_24G")}
    return draw(st.fixed_dictionaries(required, optional=optional))


@click.command()
@describes_pod
def probe(asked: Asked) -> Asked:
    """Gives what its options ask for."""
    return asked


def read_here(words: list[str]) -> Any:
    """The body that options ask for."""
    return without_own_variables(json.loads(probe.main(words, standalone_mode=False).request.body))


def as_sent(body: dict[str, Any]) -> dict[str, Any]:
    """A body with what a bare port means: 22 is SSH."""
    expose = [{"protocol": "SSH", **entry} if entry["port"] == 22 else entry for entry in body.get("expose", [])]
    return {**body, "expose": expose} if expose else body


@settings(max_examples=60)
@given(bodies())
def test_options_say_a_body_and_nothing_else(body: dict[str, Any]) -> None:
    words = [word for json_name, value in body.items() for word in words_for(json_name, value)]
    assert read_here(words) == as_sent(body)


@settings(max_examples=60)
@given(bodies(), st.sampled_from(["json", "yaml"]))
def test_a_file_says_a_body_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, body: dict[str, Any], form: str
) -> None:
    file = tmp_path_factory.getbasetemp() / f"pod.{form}"
    file.write_text(json.dumps(body) if form == "json" else yaml.safe_dump(body), encoding="utf-8")
    assert read_here(["--from-file", str(file)]) == body


# --- The forms --------------------------------------------------------------------------------------------------------


def test_variables_come_from_the_line_a_file_and_the_environment(stage: Stage, tmp_path: Path) -> None:
    request, variables, later = tmp_path / "pod.yaml", tmp_path / "variables", tmp_path / "later"
    request.write_text("environmentVars: {ONLY: request, A: request, B: request}", encoding="utf-8")
    variables.write_text(
        "\n# a comment\n  A=file\nB=in quotes # and more\nC=x=y\nFROM_HERE\nEMPTY=\nL=file\n",
        encoding="utf-8",
    )
    later.write_text("L=later", encoding="utf-8")
    files = ["--env-file", str(variables), "--env-file", str(later)]
    done = stage(
        *("pods", "create", *POD, "--from-file", str(request), *files),
        *("--env", "A=line", "--env", "HERE", "--env", "D=a=b", "--env", "E="),
        HERE="environment",
        FROM_HERE="environment, too",
    )
    assert done.status == 0, done.errors
    assert {each["key"]: each["value"] for each in sent(stage)["environmentVars"]} == {
        "ONLY": "request",
        "A": "line",
        "B": "in quotes # and more",
        "C": "x=y",
        "FROM_HERE": "environment, too",
        "EMPTY": "",
        "L": "later",
        "HERE": "environment",
        "D": "a=b",
        "E": "",
    }


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{image: from-file, gpuType: NVIDIA_L4_24G, podName: n, environmentVars: {A: b}}", [["A", "b"]]),
        ("{image: from-file, gpu_type: NVIDIA_L4_24G, name: n, environment_vars: [{key: A, value: b}]}", [["A", "b"]]),
        ('{"image": "from-file", "gpuType": "NVIDIA_L4_24G", "podName": "n", "region": null}', []),
    ],
    ids=["documented names", "names of the library", "JSON"],
)
def test_options_come_before_a_file(stage: Stage, tmp_path: Path, text: str, variables: list[list[str]]) -> None:
    file = tmp_path / "pod.yaml"
    file.write_text(text, encoding="utf-8")
    words = ("pods", "create", "--from-file", str(file), "--image", "from-option", "--gpus", "2")
    assert stage(*words).status == 0
    body = sent(stage)
    assert [[each["key"], each["value"]] for each in body.pop("environmentVars", [])] == variables
    assert body == {"image": "from-option", "gpuType": "NVIDIA_L4_24G", "podName": "n", "gpuCount": 2}


def test_a_file_may_be_standard_input(stage: Stage) -> None:
    done = stage("pods", "create", "--from-file", "-", given="{image: ubuntu, gpuType: NVIDIA_L4_24G, podName: piped}")
    assert done.status == 0, done.errors
    assert sent(stage) == {**MINIMAL, "podName": "piped"}


def test_ports_have_four_forms(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "pod.yaml"
    file.write_text("expose: [22, 80/HTTP, {port: 9, protocol: TCP}]", encoding="utf-8")
    assert stage(*CREATE, "--from-file", str(file)).status == 0
    assert sent(stage)["expose"] == [
        {"port": 22, "protocol": "SSH"},
        {"port": 80, "protocol": "HTTP"},
        {"port": 9, "protocol": "TCP"},
    ]
    stage.clear()
    assert stage(*CREATE, "--expose", "22", "--expose", "8888/HTTP", "--expose", "9").status == 0
    assert sent(stage)["expose"] == [{"port": 22, "protocol": "SSH"}, {"port": 8888, "protocol": "HTTP"}, {"port": 9}]


def test_a_field_that_nobody_documents_is_sent_as_json(stage: Stage) -> None:
    done = stage(*CREATE, "--extra-field", 'teamId="7"', "--extra-field", 'limits={"a": [1, null]}')
    assert stage.simulator.bodies[0].items() >= {"teamId": "7"}.items()
    assert stage.simulator.bodies[0]["limits"] == {"a": [1, None]}
    assert done.status == 1  # the simulator knows the contract alone


@pytest.mark.parametrize("source", ["file", "standard input", "environment"])
def test_the_registrys_token_comes_from_anywhere_but_the_command_line(
    stage: Stage, tmp_path: Path, source: str
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    words = {
        "file": ("--image-registry-token-file", str(tmp_path / "token")),
        "standard input": ("--image-registry-token-file", "-"),
        "environment": ("--image-registry-token-env", "REGISTRY"),
    }[source]
    private = ("--image-public-type", "PRIVATE", "--image-registry-username", "me")
    done = stage(*CREATE, *private, *words, "--debug", given=f"{TOKEN}\n", REGISTRY=TOKEN)
    assert done.status == 0, done.errors
    assert sent(stage)["imageRegistryToken"] == TOKEN
    assert TOKEN not in done.output + done.errors


WRONG = {
    "a token among the arguments": (["--image-registry-token", TOKEN], "--image-registry-token"),
    "two sources of a token": (
        ["--image-registry-token-file", "-", "--image-registry-token-env", "REGISTRY"],
        "two sources",
    ),
    "a token of a variable there is not": (["--image-registry-token-env", "NOBODY"], "NOBODY"),
    "a token of a file there is not": (["--image-registry-token-file", "nobody.txt"], "nobody.txt"),
    "an empty token": (["--image-registry-token-file", "-"], "standard input is empty"),
    "a variable without a name": (["--env", "=value"], "--env"),
    "a variable that is not here": (["--env", "NOBODY"], "NOBODY"),
    "a variable of the client's own": (["--env", "YOTTALABS_CREATE_TOKEN=x"], "YOTTALABS_CREATE_TOKEN"),
    "a port that is no number": (["--expose", "ssh"], "'ssh' is no number"),
    "a port with too much": (["--expose", "22/SSH/x"], "'22/SSH/x'"),
    "a port that is none": (["--expose", "65536"], "65536"),
    "no GPU": (["--gpus", "0"], "--gpus: 0"),
    "a number that is none": (["--gpus", "two"], "'two'"),
    "a field without a value": (["--extra-field", "a"], "'a'"),
    "a field that is no JSON": (["--extra-field", "a=text"], "--extra-field a: that is no JSON"),
    "a token as another field": (
        ["--extra-field", f'imageRegistryToken="{TOKEN}"'],
        "--image-registry-token-file",
    ),
    "a file there is not": (["--from-file", "nobody.yaml"], "nobody.yaml"),
    "a file of variables there is not": (["--env-file", "nobody.env"], "nobody.env"),
}


@pytest.mark.parametrize(("words", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_right_is_a_usage_error_and_sends_nothing(stage: Stage, words: list[str], said: str) -> None:
    done = stage(*CREATE, *words)
    assert (done.status, done.output) == (2, "")
    assert said in done.errors
    assert TOKEN not in done.errors
    assert 1 <= len(done.errors.splitlines()) <= 3
    assert not stage.simulator.requests


WRONG_FILES = {
    "a text": ("just text", "no mapping"),
    "a list": ("[1]", "no mapping"),
    "no YAML": ("a: [", "line 1"),
    "an object of Python": ("!!python/object/apply:os.system ['true']", "line 1 of"),
    "an unknown field": ("gpuTyp: x", "did you mean gpuType?"),
    "variables that are none": ("environmentVars: 7", "environmentVars"),
    "a port that is none": ("expose: [ssh]", "'ssh' is no number"),
    "a name that is a number": ("1: 2", "the field '1', which is not documented"),
}


@pytest.mark.parametrize(("text", "said"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_file_that_cannot_be_right_is_a_usage_error_and_sends_nothing(
    stage: Stage, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "pod.yaml"
    file.write_text(text, encoding="utf-8")
    done = stage(*CREATE, "--from-file", str(file), "--env", "A=b")
    assert (done.status, done.output) == (2, "")
    assert said in done.errors
    assert 1 <= len(done.errors.splitlines()) <= 3
    assert not stage.simulator.requests


def test_a_secret_in_a_file_that_is_wrong_is_not_said(stage: Stage, tmp_path: Path) -> None:
    file, variables = tmp_path / "pod.yaml", tmp_path / "variables"
    file.write_text(f'imageRegistryToken: "{TOKEN}" {TOKEN}\n', encoding="utf-8")
    variables.write_text(f"A=b\n{TOKEN}\n", encoding="utf-8")
    for words in (["--from-file", str(file)], ["--env-file", str(variables)]):
        done = stage(*CREATE, *words)
        assert done.status == 2
        assert TOKEN not in done.errors
        assert re.search(r"line [12]\b", done.errors)


@pytest.mark.parametrize("form", ["id", "json", "yaml", "table", "csv"])
def test_a_dry_run_shows_the_request_without_its_secrets_and_needs_neither_key_nor_api(stage: Stage, form: str) -> None:
    words = ("--env", f"A={TOKEN}", "--expose", "22", "--image-registry-token-env", "REGISTRY")
    done = stage(*CREATE, *words, "--dry-run", "-o", form, REGISTRY=TOKEN, YOTTA_API_KEY=None)
    assert (done.status, done.errors) == (0, "")
    assert TOKEN not in done.output
    assert not stage.simulator.requests
    shown = {
        **MINIMAL,
        "imageRegistryToken": "<hidden>",
        "environmentVars": [{"key": "A", "value": "<hidden>"}],
        "expose": [{"port": 22, "protocol": "SSH"}],
    }
    if form in {"id", "json"}:
        assert done.document == shown
    elif form in {"yaml", "table"}:
        assert yaml.safe_load(done.output) == shown
    else:
        assert done.output.splitlines()[0].split(",") == list(shown)


@pytest.mark.parametrize("command", [create, run_command], ids=lambda command: str(command.name))
def test_no_field_has_the_option_of_another_thing(command: click.Command) -> None:
    options = [option for parameter in command.params for option in parameter.opts if option.startswith("-")]
    assert len(options) == len(set(options))
    names = [parameter.name for parameter in command.params]
    assert len(names) == len(set(names))
