"""The pytest plugin, in the test runs of somebody else."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable

import pytest
from yottalabs import pytest_plugin

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest with the plugin and no other, on a test module, and with whatever is a warning as an error."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def runs(module: str, *arguments: str, plugins: tuple[str, ...] = (pytest_plugin.__name__,)) -> pytest.RunResult:
        pytester.makepyfile(module)
        named = [argument for plugin in plugins for argument in ("-p", plugin)]
        return pytester.runpytest_subprocess("-W", "error", *named, *arguments)

    return runs


EXAMPLE = re.search(r"\n\n((?:    .*\n)+)", inspect.getdoc(pytest_plugin) or "")


def test_the_example_of_its_documentation_passes(run: Run) -> None:
    assert EXAMPLE is not None
    run(textwrap.dedent(EXAMPLE[1])).assert_outcomes(passed=1)


EACH_BEGINS_ANEW = """
    import pytest

    ids = set()

    @pytest.mark.parametrize("number", range(4))
    def test_nothing_is_left_of_another(number, yottalabs_simulator, yottalabs_client):
        assert (len(yottalabs_simulator.pods), yottalabs_client.pods.list()) == (0, [])
        assert [request.operation for request in yottalabs_simulator.requests] == ["listPods"]
        assert yottalabs_simulator.clock.monotonic() == 0
        yottalabs_simulator.faults.add("list", "status_500_before", times=9)
        pod_id = yottalabs_client.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G")
        yottalabs_client.pods.wait(pod_id, until="running", timeout=600)
        assert yottalabs_simulator.clock.monotonic() >= 60
        ids.add(pod_id)
        assert len(ids) == 1  # in a process of its own, too
"""


def test_each_test_begins_anew(run: Run) -> None:
    run(EACH_BEGINS_ANEW).assert_outcomes(passed=4)


def test_each_test_begins_anew_in_parallel_too(run: Run) -> None:
    run(EACH_BEGINS_ANEW, "-n2", plugins=(pytest_plugin.__name__, "xdist.plugin")).assert_outcomes(passed=4)


def test_asynchronous_tests_need_no_plugin_of_their_own(run: Run) -> None:
    module = """
        import asyncio

        def test_both_clients_are_on_one_simulator(yottalabs_client, yottalabs_async_client, yottalabs_simulator):
            async def lives():
                pods = yottalabs_async_client.pods
                pod_id = await pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", expose=[22])
                assert (await pods.wait(pod_id)).is_ready
                await pods.delete(pod_id, wait=True)
                return pod_id

            pod_id = asyncio.run(lives())
            assert yottalabs_client.pods.get(pod_id).status == "TERMINATED"
            assert list(yottalabs_simulator.pods) == [pod_id]
    """
    run(module).assert_outcomes(passed=1)


def test_nothing_in_the_environment_matters(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("YOTTA_BASE_URL", "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://elsewhere.invalid:1")
    monkeypatch.setenv("YOTTA_API_KEY", "a key that no header can carry\n")
    monkeypatch.setenv("YOTTALABS_MOCK_API_KEYS", "another-key")
    module = """
        import asyncio

        def test_a_client_is_on_the_simulator(yottalabs_client, yottalabs_async_client, yottalabs_simulator):
            assert yottalabs_client.pods.list() == asyncio.run(yottalabs_async_client.pods.list()) == []
            assert len(yottalabs_simulator.requests) == 2
            assert {request.headers["host"] for request in yottalabs_simulator.requests} == {"127.0.0.1"}
    """
    run(module).assert_outcomes(passed=1)


def test_a_fixture_of_ones_own_takes_the_place_of_the_simulator(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeconftest("""
        import pytest
        from yottalabs_mock import Reads, Simulator, Times

        @pytest.fixture
        def yottalabs_simulator():
            return Simulator(times=Times(boot=Reads(2)))
    """)
    module = """
        def test_the_client_is_on_it(yottalabs_client, yottalabs_simulator):
            pod_id = yottalabs_client.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G")
            statuses = [pod.status for _ in range(3) for pod in yottalabs_client.pods.list()]
            assert statuses == ["INITIALIZE", "INITIALIZE", "RUNNING"]
            assert list(yottalabs_simulator.pods) == [pod_id]
    """
    run(module).assert_outcomes(passed=1)


# --- What it costs those who do not use it -------------------------------------------------------------------------

TRIVIAL = "def test_nothing():\n    pass\n"


def loaded(run: Run, *plugins: str) -> set[str]:
    """What a test run has loaded in the end, in which no test was run."""
    result = run(TRIVIAL, "--collect-only", "-q", plugins=plugins)
    assert result.ret == 0
    return set(re.findall(r"^loaded (\S+)$", result.stdout.str(), re.MULTILINE))


def test_loading_it_loads_nothing_else(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeconftest("""
        import sys

        def pytest_unconfigure():
            print(*("\\nloaded " + name for name in sys.modules), sep="")
    """)
    without = loaded(run)
    assert {"_pytest.runner", "conftest"} <= without
    ours = {"yottalabs", "yottalabs._version", "yottalabs.pytest_plugin"}
    assert loaded(run, pytest_plugin.__name__) - without == ours


@pytest.mark.parametrize("hidden", ["jsonschema_rs", "yaml"])
def test_without_the_extra_the_fixtures_say_which_one_to_install(
    hidden: str, pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makeconftest(f"import sys\nsys.modules[{hidden!r}] = None\n")
    module = """
        def test_with_a_client(yottalabs_client):
            pass

        def test_with_an_asynchronous_client(yottalabs_async_client):
            pass

        def test_without_either():
            pass
    """
    result = run(module)
    result.assert_outcomes(passed=1, errors=2)
    said = f"the fixture yottalabs_simulator needs {hidden}; install 'yottalabs-client[simulator]'"
    assert result.stdout.str().count(f"\n{said}\n") == 2
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py:*")


def test_its_fixtures_are_listed_with_what_they_are(run: Run) -> None:
    result = run(TRIVIAL, "--fixtures")
    for name in ("yottalabs_simulator", "yottalabs_client", "yottalabs_async_client"):
        documentation = inspect.getdoc(getattr(pytest_plugin, name))
        assert documentation
        result.stdout.re_match_lines_random([rf"{name} -- .*pytest_plugin\.py:\d+", rf"    {re.escape(documentation)}"])
