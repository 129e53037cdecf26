"""Files of variables and of requests: what they say arrives as it stands, or is refused with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yottalabs._cli.documents import DEEPEST, DocumentError, read_document, read_yaml
from yottalabs._cli.failures import CommandError
from yottalabs._cli.request_files import as_mapping, request_in, variables_in
from yottalabs_api.params import CREATE_PARAMS

from .staging import CREATE, Stage

SECRET = "a-secret-that-nobody-may-see"  # it opens nothing


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents") / "file"


def variables(text: str | bytes, file: Path) -> dict[str, str]:
    """What a file of variables says."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return dict(variables_in((str(file),)))


def refused(error: CommandError) -> str:
    """What is said of a refused file, which is no secret."""
    assert error.status == 2
    said = " ".join(error.lines)
    assert SECRET not in said
    return said


# --- Variables --------------------------------------------------------------------------------------------------------

NAMES = st.one_of(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
)
VALUES = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]), st.sampled_from("\"'`=# \t\r\n\\$\x0b\x0c\x1c\x85\u2028\u2029\ufeff")
    ),
    max_size=10,
)


def can_be_written(name: str, value: str) -> bool:
    """Whether a line may say a variable, by the documentation."""
    is_name = bool(name) and name.isprintable() and " " not in name and not name.startswith("#") and "=" not in name
    return is_name and not re.search("[\r\n\0]", value) and not value.startswith(("'", '"'))


@settings(max_examples=60)
@given(wanted=st.dictionaries(NAMES, VALUES, max_size=5), end=st.sampled_from(["\n", "\r\n"]), has_mark=st.booleans())
@example(wanted={"A": "x\u2028B=y\x85z\x0b\x0c\x1c"}, end="\n", has_mark=False)
@example(wanted={"A": " spaces \t"}, end="\r\n", has_mark=True)
@example(wanted={"export": "1"}, end="\n", has_mark=False)
def test_variables_are_read_as_they_were_written_or_refused(
    wanted: dict[str, str], end: str, has_mark: bool, file: Path
) -> None:
    text = "".join(f"{name}={value}{end}" for name, value in wanted.items())
    content = ("\ufeff" if has_mark else "").encode() + text.encode()
    if all(can_be_written(name, value) for name, value in wanted.items()):
        assert variables(content, file) == wanted
        return
    try:
        found = variables(content, file)
    except CommandError as error:
        refused(error)
    else:  # a line that cannot say this variable may say another one, but never this one with another value
        lines = [line.removesuffix("\r").lstrip() for line in content.decode("utf-8-sig").split("\n")]
        assert all(f"{name}={value}" in lines for name, value in found.items())


SAID: dict[str, tuple[str, dict[str, str]]] = {
    "comments and empty lines": ("# A=1\n\n  # B=2\n \t \nC=3\n", {"C": "3"}),
    "a comment at the end": ("A=b # c\n", {"A": "b # c"}),
    "a quote within": ('A=it\'s "so"\n', {"A": 'it\'s "so"'}),
    "JSON": ('A={"b": "c"}\n', {"A": '{"b": "c"}'}),
    "references": ("A=$HOME ${HOME} `id` $(id) \\n\n", {"A": "$HOME ${HOME} `id` $(id) \\n"}),
    "spaces": ("  A= b \n", {"A": " b "}),
    "no value": ("A=\n", {"A": ""}),
    "an equals sign in the value": ("A=b=c==\n", {"A": "b=c=="}),
    "a name with dots": ("a.b-c=1\n", {"a.b-c": "1"}),
    "a mark": ("\ufeffA=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
    "a backslash at the end": ("A=b\\\nC=d\n", {"A": "b\\", "C": "d"}),
    "a name of this environment": ("A\n", {"A": "of the environment"}),
}


@pytest.mark.parametrize("case", SAID)
def test_a_file_of_variables_means_what_it_does_to_docker(
    case: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "of the environment")
    text, expected = SAID[case]
    assert variables(text, file) == expected


REFUSED: dict[str, tuple[str, int, str]] = {
    "double quotes": (f'B=1\nA="{SECRET}"\n', 2, "quotes"),
    "single quotes": (f"A='{SECRET}'\n", 1, "quotes"),
    "quotes and a comment": (f'A="{SECRET}" # c\n', 1, "quotes"),
    "a value over several lines": (f'A="{SECRET}\n{SECRET}"\n', 1, "quotes"),
    "a value that goes on": (f"A={SECRET}\n{SECRET}\n", 2, "NAME=VALUE"),
    "export": (f"export A={SECRET}\n", 1, "export"),
    "export with a tab": ("\n\nexport\tB\n", 3, "export"),
    "export without a value": ("export HOME\n", 1, "export"),
    "a space before the sign": (f"A ={SECRET}\n", 1, "NAME=VALUE"),
    "a space in the name": (f"A B={SECRET}\n", 1, "NAME=VALUE"),
    "no name": (f"={SECRET}\n", 1, "NAME=VALUE"),
    "a colon": (f"A: {SECRET}\n", 1, "NAME=VALUE"),
    "a name that is not here": (f"{SECRET}\n", 1, "NAME=VALUE"),
    "a control character in the name": (f"A\x1b={SECRET}\n", 1, "NAME=VALUE"),
    "a mark in the middle": (f"A=1\n\ufeffB={SECRET}\n", 2, "NAME=VALUE"),
    "a carriage return": (f"A={SECRET}\rB=2\n", 1, "carriage return"),
    "a name twice": (f"A=1\nB=2\n\nA={SECRET}\n", 4, "in line 1 already"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_others_read_in_another_way_is_refused_with_its_line(case: str, file: Path) -> None:
    text, line, said = REFUSED[case]
    with pytest.raises(CommandError) as caught:
        variables(text, file)
    told = refused(caught.value)
    assert f"--env-file: line {line} of {file} " in told
    assert said in told


# --- Requests ---------------------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
TEXT_AS_IT_STANDS = (
    *(
        "22:22",
        "1:30:00",
        "010",
        "00",
        "0o10",
        "0x10",
        "0b1",
        "1_000",
        "+1",
        "1e3",
        ".5",
        "5.",
        "1.5.0",
        "1,000",
        "\u0661",
    ),
    *(".inf", "-.inf", ".NaN", "nan", "Infinity", "no", "No", "NO", "off", "OFF", "yes", "Yes", "on", "On", "y", "n"),
    *(
        "True",
        "TRUE",
        "False",
        "FALSE",
        "Null",
        "NULL",
        "None",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "=",
        "a:b",
        "-1-",
        "~a",
    ),
)
LOOKS_LIKE_MORE = st.sampled_from(
    (
        *TEXT_AS_IT_STANDS,
        "",
        "~",
        "null",
        "true",
        "7",
        "1.5",
        "-",
        "<<",
        "!!int 1",
        "&a",
        "*a",
        "# c",
        "a: b",
        "[1]",
        "\x85",
    )
)


def documents(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Documents of such values."""
    names = TEXTS | LOOKS_LIKE_MORE
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=8,
    )


@settings(max_examples=60)
@given(documents(SCALARS | TEXTS | LOOKS_LIKE_MORE))
def test_json_is_read_as_it_was_written(document: Any) -> None:
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False, indent=1)):
        found = read_document(text)
        assert found == document
        assert json.dumps(found) == json.dumps(document)  # 1 is not 1.0, nor true


@settings(max_examples=60)
@given(documents(TEXTS | LOOKS_LIKE_MORE))
def test_yaml_in_quotes_is_read_as_it_was_written(document: Any) -> None:
    assert read_yaml(yaml.safe_dump(document, default_style='"')) == document


@settings(max_examples=60)
@given(st.dictionaries(TEXTS | LOOKS_LIKE_MORE, TEXTS | LOOKS_LIKE_MORE, max_size=4))
def test_yaml_of_others_means_text_where_text_was_meant_or_is_refused(document: dict[str, str]) -> None:
    """What PyYAML writes without quotes is text to it. It is to us, or is refused."""
    try:
        found = read_yaml(yaml.safe_dump(document, allow_unicode=True))
    except DocumentError:
        return
    assert found == document


def plain(text: str) -> Any:
    """What a plain value in YAML is."""
    return read_yaml(f"a: {text}\n")["a"]


@pytest.mark.parametrize("text", TEXT_AS_IT_STANDS)
def test_what_is_no_number_in_decimal_digits_is_text_as_it_stands(text: str) -> None:
    assert plain(text) == text
    assert read_yaml(f"{text}: 1\n") == {text: 1}
    assert read_yaml(f"[{text}]" if "," not in text else f"- {text}") == [text]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(
            ("0", 0),
            ("7", 7),
            ("-7", -7),
            ("18446744073709551616", 2**64),
            ("1.5", 1.5),
            ("-0.25", -0.25),
            ("1.5e3", 1500.0),
        ),
        *(("true", True), ("false", False), ("null", None), ("", None), ("'7'", "7"), ('"no"', "no"), ("'~'", "~")),
    ],
)
def test_the_few_words_and_numbers_mean_what_they_look_like(text: str, value: Any) -> None:
    found = plain(text)
    assert (found, type(found)) == (value, type(value))


BOMB = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [*{last}, *{last}]\n" for last, name in zip("abcdefgh", "bcdefghi", strict=True)
)
REFUSED_REQUESTS: dict[str, tuple[str, int, str]] = {
    "a name twice": ("image: a\ngpuType: b\n\nimage: c\n", 4, "'image' twice, in line 1 and in line 4"),
    "a name twice further in": ("environmentVars:\n  A: b\n  'A': c\n", 3, "'A' twice, in line 2 and in line 3"),
    "a name twice in a line": ("environmentVars: {A: b, A: c}\n", 1, "'A' twice, in line 1 and in line 1"),
    "a name twice in JSON": ('{\n "image": "a",\n "image": "b"\n}\n', 3, "'image' twice, in line 2 and in line 3"),
    "a tilde": ("image: a\nregion: ~\n", 2, "~ may be null or text"),
    "a tag": ("gpuCount: !!int '1'\n", 1, "tag"),
    "a tag of text": ("image: !!str 1\n", 1, "tag"),
    "a tag of a mapping": ("environmentVars: !!map {A: b}\n", 1, "tag"),
    "a tag of a list": ("expose: !!set {22}\n", 1, "tag"),
    "a tag of a name": ("!!str image: a\n", 1, "tag"),
    "a tag without a name": ("image: ! a\n", 1, "tag"),
    "bytes": ("image: !!binary aGVsbG8=\n", 1, "tag"),
    "an object of Python": ("image: !!python/object/apply:os.system ['true']\n", 1, "tag"),
    "a merge key": ("a: {b: c}\n<<: {image: d}\n", 2, "merge key"),
    "an anchor": ("image: &a b\n", 1, "anchor"),
    "an anchor of a name": ("&a image: b\n", 1, "name"),
    "an alias": ("image: *a\n", 1, "alias"),
    "a bomb": (BOMB, 1, "anchor"),
    "a second document": ("image: a\n---\nimage: b\n", 2, "second document"),
    "a name that is a list": ("? [a]\n: b\n", 1, "name"),
    "too deep": ("image: " + "[" * 1000 + "]" * 1000, 1, f"nested more than {DEEPEST} levels deep"),
    "a line separator": ("image: a\nregion: 'b\u2028c'\n", 2, "U+2028"),
    "a next line": ("image: 'b\x85c'\n", 1, "U+0085"),
    "no YAML": ("image: [\n", 2, "neither YAML nor JSON"),
    "a tab": ("image: a\n\tregion: b\n", 2, "neither YAML nor JSON"),
}


@pytest.mark.parametrize("case", REFUSED_REQUESTS)
def test_what_could_be_read_in_two_ways_is_refused_with_its_line(case: str, file: Path) -> None:
    text, line, said = REFUSED_REQUESTS[case]
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError) as caught:
        request_in(str(file))
    told = refused(caught.value)
    assert f"--from-file: line {line} of {file}: " in told
    assert said in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image: a\x1bb\n", "neither YAML nor JSON"),
        ('{"image": "a\\ud800", "image": "b"}', "'image' twice"),
        ('{"image":\t"a", "image": "b"}', "'image' twice"),
        ("{image: a, gpuType: b, gpu_type: c}", "'gpuType' and 'gpu_type', which are one field"),
        ("{name: a, podName: b}", "'podName' and 'name', which are one field"),
        ("- image\n", "no mapping"),
        ("", "no mapping"),
    ],
    ids=[
        "a control character",
        "JSON with half a character",
        "JSON with a tab",
        "two names of a field",
        "two names of another",
        "a list",
        "nothing",
    ],
)
def test_so_is_the_rest(text: str, said: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError) as caught:
        request_in(str(file))
    assert said in refused(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        [{"key": "A", "value": "b"}, {"key": "A", "value": "c"}],
        [{"key": "A", "value": "b", "isSecret": True}],
        [{"key": "A"}],
        [["A", "b"]],
        [{"key": [], "value": "b"}],
        ["A=b"],
        7,
    ],
    ids=str,
)
def test_no_variable_of_a_list_is_lost(value: Any) -> None:
    with pytest.raises(CommandError, match="each once"):
        as_mapping(value, CREATE_PARAMS["environment_vars"])


# --- The options ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--gpus", "1_000"], "'1_000' is not a valid integer"),
        (["--gpus", "0x10"], "'0x10'"),
        (["--gpus", "\u0661"], "valid integer"),
        (["--gpus", " 1"], "' 1'"),
        (["--extra-field", 'a={"b": 1, "b": 2}'], "'b' is there twice"),
        (["--expose", '{"port": 1, "port": 2}'], "'port' is there twice"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_is_as_strict_as_a_file(words: list[str], said: str, stage: Stage) -> None:
    done = stage(*CREATE, *words)
    assert (done.status, done.output) == (2, "")
    assert said in done.errors
    assert not stage.simulator.requests


def test_a_value_of_the_command_line_arrives_as_it_stands(stage: Stage) -> None:
    values = {"A": ' "b" # c ', "B": "'d'\n\te\r", "C": "=\u2028", "D": "no", "E": "010"}
    words = [word for name, value in values.items() for word in ("--env", f"{name}={value}")]
    assert stage(*CREATE, *words).status == 0
    (body,) = stage.simulator.bodies
    found = {each["key"]: each["value"] for each in body["environmentVars"]}
    assert found.items() >= values.items()


def test_numbers_in_place_of_text_are_refused_by_the_contract(stage: Stage, file: Path) -> None:
    for text in (
        "podName: 7",
        "environmentVars: {A: 1.10}",
        "environmentVars: {A: true}",
        "gpuCount: 010",
        "gpuCount: 1_0",
    ):
        file.write_text(text, encoding="utf-8")
        done = stage(*CREATE, "--from-file", str(file))
        assert done.status == 2, (text, done.errors)
    assert not stage.simulator.requests
