"""Profiles: what the files say, which of it counts, and that no key goes where a file has another key for."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yottalabs import ConfigurationError, YottaLabs
from yottalabs._profiles import config_file, read_profiles, vendor_file
from yottalabs._settings import Connection, find_connection

from .test_imports import loaded_after
from .test_secrecy import KEY, Told, call
from support.scripted import Scripted

Write = Callable[[str], Path]
CONTRACT = "https://contract.example"
OURS = """
default = "work"

[profiles.work]
api_key = "key-of-work"
base_url = "https://work.example"
ssh_key = "~/.ssh/work"

[profiles.home]
api_key = "key-of-home"

[profiles.anyone]
base_url = "https://anyone.example"
"""
VENDORS = """
[default]
api_key = vendor-key
base_url = https://vendor.example
what_we_know_nothing_of = 1

[lab]
api_key = lab%key
"""


def connect(
    api_key: Any = None, base_url: Any = None, profile: Any = None, *, allow_insecure_http: Any = False
) -> Connection:
    return find_connection(api_key, base_url, profile, CONTRACT, allow_insecure_http=allow_insecure_http)


def refusal(**arguments: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        connect(**arguments)
    return str(caught.value)


def kept(file: Path, text: str | bytes) -> Path:
    """A file of somebody who is careful."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(0o600)
    return file


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], Path]:
    """Writes the file that YOTTA_CONFIG_FILE names."""
    file = tmp_path / "of the test.toml"
    monkeypatch.setenv("YOTTA_CONFIG_FILE", str(file))
    return lambda text: kept(file, text)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, where both files are found."""
    monkeypatch.delenv("YOTTA_CONFIG_FILE")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    assert our_file().is_relative_to(tmp_path)
    return tmp_path


def our_file() -> Path:
    """Our file, for which there is a place."""
    file = config_file()
    assert file is not None
    return file


def both(ours: str | None, vendors: str | None) -> None:
    """Writes the files at home."""
    vendor = vendor_file()
    assert vendor is not None
    for file, text in ((our_file(), ours), (vendor, vendors)):
        if text is not None:
            kept(file, text)


# --- What counts ------------------------------------------------------------------------------------------------------


def test_a_client_uses_the_profile_that_is_named(make: Any, ours: Write) -> None:
    ours(OURS)
    for options, key, host in (
        ({}, "key-of-work", "work.example"),
        ({"profile": "home"}, "key-of-home", "api.yottalabs.ai"),
    ):
        transport = Scripted([])
        make(transport=transport, **options).pods.list()
        (request,) = transport.requests
        assert (request.headers["x-api-key"], request.url.host) == (key, host)


ARGUMENTS = {"api_key": "given", "base_url": "https://given.example"}
ENVIRONMENT = {"YOTTA_API_KEY": "env", "YOTTA_BASE_URL": "https://env.example"}


@pytest.mark.parametrize(
    ("arguments", "environment", "key", "url"),
    [
        ({}, {}, "key-of-work: work", "work: work"),
        ({"profile": "home"}, {}, "key-of-home: home", "contract: the contract"),
        ({"profile": "work"}, ENVIRONMENT, "key-of-work: work", "work: work"),
        ({"profile": "home"}, ENVIRONMENT, "key-of-home: home", "env: YOTTA_BASE_URL"),
        ({"profile": "anyone"}, ENVIRONMENT, "env: YOTTA_API_KEY", "anyone: anyone"),
        ({"profile": "home", "api_key": "given"}, {}, "given: the argument", "contract: the contract"),
        ({"profile": "anyone", "api_key": "given"}, {}, "given: the argument", "anyone: anyone"),
        ({"profile": "work", "api_key": " key-of-work\n"}, {}, "key-of-work: the argument", "work: work"),
        ({"profile": "work", **ARGUMENTS}, ENVIRONMENT, "given: the argument", "given: the argument"),
        ({"profile": "home"}, {"YOTTA_PROFILE": "work"}, "key-of-home: home", "contract: the contract"),
        ({}, {"YOTTA_PROFILE": "home"}, "key-of-home: home", "contract: the contract"),
        ({}, {"YOTTA_PROFILE": "work"} | ENVIRONMENT, "env: YOTTA_API_KEY", "env: YOTTA_BASE_URL"),
        ({}, {"YOTTA_PROFILE": " home\n", "YOTTA_API_KEY": "env"}, "env: YOTTA_API_KEY", "contract: the contract"),
        ({}, {"YOTTA_PROFILE": "anyone", "YOTTA_API_KEY": "env"}, "env: YOTTA_API_KEY", "anyone: anyone"),
        ({}, {"YOTTA_BASE_URL": "https://env.example"}, "key-of-work: work", "env: YOTTA_BASE_URL"),
        ({}, {"YOTTA_API_KEY": "env"}, "env: YOTTA_API_KEY", "contract: the contract"),
        ({}, {"YOTTA_API_KEY": "key-of-work"}, "key-of-work: YOTTA_API_KEY", "work: work"),
        ({"api_key": "given"}, {}, "given: the argument", "contract: the contract"),
        ({"base_url": "https://given.example"}, {}, "key-of-work: work", "given: the argument"),
        (ARGUMENTS, ENVIRONMENT, "given: the argument", "given: the argument"),
        ({}, dict.fromkeys((*ENVIRONMENT, "YOTTA_PROFILE"), ""), "key-of-work: work", "work: work"),
    ],
)
def test_each_setting_comes_from_the_first_place_that_counts(
    arguments: dict[str, str],
    environment: dict[str, str],
    key: str,
    url: str,
    ours: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = ours(OURS)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def source(text: str) -> tuple[str, str]:
        value, name = text.split(": ")
        is_profile = name in {"work", "home", "anyone"}
        return value, f"the profile {name!r} in {file}" if is_profile else name

    found = connect(**arguments)
    assert (found.api_key, found.api_key_source) == source(key)
    host, where = source(url)
    assert (found.base_url, found.base_url_source) == (f"https://{host}.example", where)


def test_a_key_and_a_profile_that_is_for_another_key_contradict_each_other(
    ours: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours(OURS)
    for variable in ("", "https://env.example"):
        monkeypatch.setenv("YOTTA_BASE_URL", variable)
        said = refusal(api_key="given", profile="work")
        assert "not the one of the profile 'work'" in said
        assert "leave out api_key or profile, or pass base_url=… too" in said


names = st.sampled_from(["a", "b", "default"])
key_or_none = st.sampled_from([None, "key-1", "key-2"])
has = st.booleans()


@given(
    files=st.lists(st.dictionaries(names, st.tuples(key_or_none, has)), min_size=2, max_size=2),
    default=st.none() | names,
    argument=st.tuples(key_or_none, has, st.none() | names),
    variables=st.tuples(key_or_none, has, st.none() | names),
)
def test_no_key_goes_to_a_base_url_that_a_file_has_for_another_key(
    files: list[dict[str, tuple[str | None, bool]]],
    default: str | None,
    argument: tuple[str | None, bool, str | None],
    variables: tuple[str | None, bool, str | None],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.getbasetemp() / "generated"
    mine, theirs = files
    owners: dict[str, str | None] = {}  # to each base URL in a file, the key that it is for

    def lines(profile: str, file: str, quote: str) -> str:
        key, has_url = (mine if file == "ours" else theirs)[profile]
        url = f"https://{profile}.{file}.example"
        said = [("api_key", key), ("base_url", url if has_url else None)]
        owners[url] = key
        return "".join(f"{name} = {quote}{value}{quote}\n" for name, value in said if value)

    toml = "".join(f"[profiles.{profile}]\n{lines(profile, 'ours', chr(34))}" for profile in mine)
    ini = "".join(f"[{profile}]\n{lines(profile, 'vendors', '')}" for profile in theirs)
    key, has_url, profile = argument
    environment = {
        "HOME": str(folder),
        "USERPROFILE": str(folder),
        "XDG_CONFIG_HOME": str(folder / "settings"),
        "YOTTA_API_KEY": variables[0] or "",
        "YOTTA_BASE_URL": "https://variable.example" if variables[1] else "",
        "YOTTA_PROFILE": variables[2] or "",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("YOTTA_CONFIG_FILE")
        for name, value in environment.items():
            patch.setenv(name, value)
        assert our_file().is_relative_to(folder)
        both((f'default = "{default}"\n' if default else "") + toml, ini)
        try:
            found = connect(key, "https://argument.example" if has_url else None, profile)
        except ConfigurationError as error:
            allowed = ("there is no profile", "there is no API key", "the key that was given is not the one")
            assert str(error).startswith(allowed)  # most combinations are no error
            return
    assert owners.get(found.base_url) in {None, found.api_key}
    if key or has_url:
        assert found.api_key == (key or found.api_key)
        assert found.base_url == ("https://argument.example" if has_url else found.base_url)


# --- Where the files are ----------------------------------------------------------------------------------------------


def test_our_file_is_where_the_platform_keeps_such_files(home: Path) -> None:
    assert our_file().name == "config.toml"
    assert our_file().parent.name == "yottalabs"
    assert vendor_file() == home / ".yotta" / "config"


def test_a_file_that_is_named_is_read_instead_of_both(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both(OURS, VENDORS)
    monkeypatch.setenv("YOTTA_CONFIG_FILE", "~/other.toml")
    assert config_file() == home / "other.toml"
    assert vendor_file() is None
    assert read_profiles().profiles == {}
    kept(home / "other.toml", '[profiles.other]\napi_key = "k"')
    assert list(read_profiles().profiles) == ["other"]
    monkeypatch.setenv("YOTTA_CONFIG_FILE", "")
    assert set(read_profiles().profiles) == {"work", "home", "anyone", "default", "lab"}


@pytest.mark.usefixtures("home")
def test_who_has_no_home_has_no_vendor_s_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    assert vendor_file() is None
    assert read_profiles().profiles == {}


# --- Two files --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("home")
def test_the_profiles_of_both_files_are_there() -> None:
    both(OURS + '[profiles.lab]\napi_key = "our-lab"\n', VENDORS)
    known = read_profiles()
    assert (known.default, known.file) == ("work", config_file())
    keys = {name: profile.api_key for name, profile in known.profiles.items()}
    work = {"work": "key-of-work", "home": "key-of-home", "anyone": None}
    assert keys == {**work, "lab": "our-lab", "default": "vendor-key"}
    assert known.profiles["work"].ssh_key == "~/.ssh/work"
    assert known.profiles["default"].file == vendor_file()
    assert connect(profile="default").base_url == "https://vendor.example"


@pytest.mark.usefixtures("home")
def test_a_key_of_the_vendor_s_file_is_taken_as_it_stands() -> None:
    both(None, VENDORS)
    assert connect(profile="lab").api_key == "lab%key"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("mine", "default", "key"),
    [
        (None, "default", "vendor-key"),
        ('[profiles.anyone]\nbase_url = "https://anyone.example"', "default", "vendor-key"),
        ('[profiles.home]\napi_key = "key-of-home"', None, None),
        ('default = "home"\n[profiles.home]\napi_key = "key-of-home"', "home", "key-of-home"),
        ('default = "lab"', "lab", "lab%key"),
        ('[profiles.default]\napi_key = "our-default"', "default", "our-default"),
        ('[profiles.default]\nbase_url = "https://anyone.example"', "default", None),
        ('default = ""\n[profiles.home]', "default", "vendor-key"),
    ],
)
def test_the_default_is_ours_else_the_vendor_s(mine: str | None, default: str | None, key: str | None) -> None:
    both(mine, VENDORS)
    assert read_profiles().default == default
    if key is None:
        assert "there is no API key" in refusal()
    else:
        assert connect().api_key == key


@pytest.mark.usefixtures("home")
def test_the_vendor_s_file_is_not_looked_at_where_ours_settles_it() -> None:
    both(OURS, "neither a section nor a name")
    assert connect().api_key == "key-of-work"
    assert connect(profile="home").api_key == "key-of-home"
    assert "config, line 1" in refusal(profile="lab")


# --- What is not there ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("home")
def test_a_profile_that_is_not_there_is_named_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    both(OURS, VENDORS)
    files = f"{config_file()} or {vendor_file()}"
    assert refusal(profile="wrok") == (
        f"there is no profile 'wrok' (profile=…) in {files}, but 'anyone', 'default', 'home', 'lab', 'work'; "
        "did you mean 'work'? `yottalabs config add wrok` makes it"
    )
    monkeypatch.setenv("YOTTA_PROFILE", "x y")
    assert "there is no profile 'x y' (YOTTA_PROFILE) in" in refusal()
    assert refusal().endswith("'work'; `yottalabs config add 'x y'` makes it")
    assert "there is no profile ''" in refusal(profile="")


def test_a_default_that_is_not_there_is_named_with_its_file(ours: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    file = ours('default = "gone"')
    assert refusal() == (
        f"there is no profile 'gone' (the default of {file}) in {file}, nor any other; "
        "`yottalabs config add gone` makes it"
    )
    assert read_profiles().default == "gone"  # whoever repairs it must be able to read it
    monkeypatch.setenv("YOTTA_PROFILE", "gone")
    assert "(YOTTA_PROFILE)" in refusal(**ARGUMENTS | {"api_key": None})


def test_a_base_url_that_is_empty_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOTTA_BASE_URL", "https://env.example")
    with pytest.raises(ConfigurationError, match="the base URL that was given is empty"):
        YottaLabs("a-key", base_url="")


def test_a_profile_is_named_by_a_text() -> None:
    assert refusal(profile=5) == "profile must be a string, not int"


def test_a_missing_key_says_what_the_file_has_instead(ours: Write) -> None:
    assert refusal().startswith(
        "there is no API key; set YOTTA_API_KEY, keep it in a profile (`yottalabs config add NAME`)"
    )
    file = ours(OURS)
    assert f"nor has the profile 'anyone' in {file} one; set YOTTA_API_KEY" in refusal(profile="anyone")
    assert refusal(api_key=" ").startswith("the API key that was given is empty; set")
    ours(OURS.replace('default = "work"', ""))
    assert (
        "none of the profiles 'anyone', 'home', 'work' is the default: name one with profile=… or YOTTA_P" in refusal()
    )


# --- What cannot be used ----------------------------------------------------------------------------------------------

BROKEN: dict[str, tuple[str | bytes, str]] = {
    "a text without quotes": ("[profiles.work]\n\napi_key = KEY", ", line 3: it is no TOML"),
    "a text that does not end": ('[profiles.work]\napi_key = "KEY', ", line 2: it is no TOML"),
    "a profile that is there twice": ('[profiles.a]\napi_key="KEY"\n[profiles.a]', ", line 3: it is no TOML"),
    "a document that is too deep": ("a = " + "[" * 100_000, ": it is no TOML"),
    "a number that is too long": ("a = " + "9" * 5_000, ": it is no TOML"),
    "no text": (b'[profiles.work]\napi_key = "KEY\xff"', ", line 2: it is no text in UTF-8"),
    "a key above the profiles": ('api_key = "KEY"', ": 'api_key' is not known; it belongs to a profile, as below ["),
    "an unknown name": (
        '[profiles.work]\napikey = "KEY"',
        ": 'apikey' of the profile 'work' is not known; what is known there: api_key, base_url, ssh_key",
    ),
    "a key in place of a name": ('[profiles.work]\n"KEY" = "api_key"', ": a name of the profile 'work' is not known"),
    "a key among keys": ('[profiles.work]\napi_key = ["KEY"]', ": api_key of the profile 'work' is of the type list"),
    "a URL that is no text": ("[profiles.work]\nbase_url = 5", ": base_url of the profile 'work' is of the type int"),
    "a default that is no text": ("default = 5", ": default is of the type int; it must be a text, in quotes"),
    "profiles that are none": ('profiles = "KEY"', ": profiles is of the type str; it must be tables"),
    "a profile that is none": ('[profiles]\nwork = "KEY"', ": the profile 'work' is of the type str; it must be a ta"),
}
BROKEN_VENDORS: dict[str, tuple[str | bytes, str]] = {
    "no section": ("api_key = KEY", ", line 1: it is no INI file"),
    "no name": ("[default]\n= KEY\n", ", line 2: it is no INI file"),
    "no value": ("[default]\nbase_url = x\nKEY\n", ", line 3: it is no INI file"),
    "a section that is there twice": ("[a]\napi_key = KEY\n[a]\n", ", line 3: it is no INI file"),
    "a name that is there twice": ("[a]\napi_key = KEY\napi_key = KEY", ", line 3: it is no INI file"),
    "no text": (b"[default]\n\n\napi_key = KEY\xff", ", line 4: it is no text in UTF-8"),
}


def tells_nothing(text: str | bytes, write: Callable[[Any], Path], expected: str) -> None:
    file = write(text.replace(b"KEY", KEY.encode()) if isinstance(text, bytes) else text.replace("KEY", KEY))
    for function in (connect, read_profiles):
        told = Told()
        error = call(told, function)
        assert isinstance(error, ConfigurationError)
        assert str(error).startswith(f"{file}{expected}")
        told.assert_no_secret()


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_told_of_by_its_place_and_never_by_its_text(name: str, ours: Write) -> None:
    text, expected = BROKEN[name]
    tells_nothing(text, ours, expected)


@pytest.mark.parametrize("name", BROKEN_VENDORS)
def test_so_is_the_vendor_s(name: str, home: Path) -> None:
    text, expected = BROKEN_VENDORS[name]
    tells_nothing(text, lambda written: kept(home / ".yotta" / "config", written), expected)


def test_a_client_of_a_broken_file_tells_nothing(make: Any, ours: Write) -> None:
    told = Told()
    ours(f"[profiles.work]\napi_key = {KEY}")
    assert isinstance(call(told, make), ConfigurationError)
    ours(f'default = "work"\n[profiles.work]\napi_key = "{KEY}"\nbase_url = "https://me:{KEY}@work.example"')
    assert isinstance(call(told, make), ConfigurationError)
    assert isinstance(call(told, lambda: make("another", base_url="https://x.example", timeout=-1)), ConfigurationError)
    told.show("profiles", read_profiles())
    ours(f'default = "work"\n[profiles.work]\napi_key = "{KEY}"')
    assert isinstance(call(told, lambda: make(timeout=-1)), ConfigurationError)
    told.show("connection", connect())
    told.add("key", repr(read_profiles().profiles["work"].api_key))
    told.assert_no_secret()


@pytest.mark.usefixtures("ours")
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "of the test.toml"
    folder.mkdir()
    assert refusal(api_key="k") == f"{folder} cannot be read: Is a directory"


@pytest.mark.usefixtures("home")
def test_a_file_may_begin_with_a_mark_and_have_lines_as_on_windows() -> None:
    both(f"\ufeff{OURS}".replace("\n", "\r\n"), f"\ufeff{VENDORS.strip()}".replace("\n", "\r\n"))
    assert connect().api_key == "key-of-work"
    assert connect(profile="default").base_url == "https://vendor.example"


def test_what_cannot_be_used_is_told_with_the_place_that_it_comes_from(
    ours: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ours('[profiles.default]\napi_key = "two words"\nbase_url = "http://elsewhere.example"')
    place = f"(the profile 'default' in {file})"
    assert refusal().startswith(f"the API key {place} holds a space")
    assert refusal(api_key="two words").startswith("the API key holds a space")
    monkeypatch.setenv("YOTTA_API_KEY", "two words")
    monkeypatch.setenv("YOTTA_BASE_URL", "ftp://elsewhere.example")
    assert refusal().startswith("the API key (YOTTA_API_KEY) holds a space")
    assert refusal(api_key="k").startswith("the base URL 'ftp://elsewhere.example' (YOTTA_BASE_URL) is not an http(s)")
    ours('[profiles.default]\nbase_url = "http://elsewhere.example"')
    monkeypatch.setenv("YOTTA_BASE_URL", "")
    assert refusal(api_key="k").startswith(f"the base URL 'http://elsewhere.example' {place} would send the key")
    assert connect("k", allow_insecure_http=True).base_url == "http://elsewhere.example"


# --- What is left alone -----------------------------------------------------------------------------------------------


def test_no_file_is_read_where_none_can_matter(ours: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    ours("broken")
    assert connect(**ARGUMENTS).profile is None
    assert "it is no TOML" in refusal(api_key="given")
    assert "it is no TOML" in refusal(base_url="https://given.example")
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert connect().api_key == "env"
    monkeypatch.setenv("YOTTA_PROFILE", "work")
    assert "it is no TOML" in refusal()
    assert connect(**ARGUMENTS).api_key == "given"  # nothing of the environment matters then


def test_what_reads_files_is_not_loaded_before_it_is_needed() -> None:
    readers = {"configparser", "platformdirs", "tomllib", "yottalabs._profiles"}
    code = "from yottalabs import YottaLabs; YottaLabs('k', base_url='https://given.example')"
    assert loaded_after(code).isdisjoint(readers)


# --- Who may read a file ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602])
def test_a_file_with_a_key_that_others_may_read_is_told_of_once(
    mode: int, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    both(OURS, VENDORS)
    read_profiles()
    assert caplog.messages == []
    files = [our_file(), home / ".yotta" / "config"]
    for file in files:
        file.chmod(mode)
    for _ in range(2):
        read_profiles()
    said = [f"others on this machine may read the keys in {file} (mode {mode:o}): chmod 600 {file}" for file in files]
    assert [record.getMessage() for record in caplog.records] == said
    assert {(record.name, record.levelno) for record in caplog.records} == {("yottalabs", logging.WARNING)}


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_a_file_without_a_key_is_for_everyone(ours: Write, caplog: pytest.LogCaptureFixture) -> None:
    file = ours('[profiles.anyone]\nbase_url = "https://anyone.example"')
    file.chmod(0o644)
    read_profiles()
    assert caplog.messages == []
    ours(OURS).chmod(0o644)
    read_profiles()
    assert caplog.messages[0].endswith(f"chmod 600 '{file}'")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644  # it is told of, and left as it is
