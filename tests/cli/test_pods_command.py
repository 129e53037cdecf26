"""`yottalabs pods …` in pipes: what each command does, and what it prints in each format."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from yottalabs import Pod, YottaLabsError
from yottalabs._cli.pods.costing import Cost
from yottalabs._cli.pods.sweeping import _deleted

from .staging import CREATE, POD, Stage, until
from .yottalabs import COMMAND, Done
from support import contract
from support.processes import lives

NAMES = list(contract.schema("OpenapiPodDetailResponse")["properties"])
HIDDEN = "<hidden>"
NOWHERE = "331864222263699999"  # an id, of no pod
TOKEN = "run-7-of-the-night"  # it opens nothing


def told(stage: Stage, pod_id: str, *, secrets: bool = False) -> dict[str, Any]:
    """The document of a pod as the API tells it, the values of its variables hidden."""
    document = stage.simulator.pods[pod_id].document
    for each in document["environmentVars"]:
        each["value"] = each["value"] if secrets else HIDDEN
    return document


def records(done: Done) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(done.output)))


def running(stage: Stage, *pods: str) -> None:
    until(lambda: all(stage.simulator.pods[pod].healthy for pod in pods))


def rows(done: Done) -> list[list[str]]:
    """The cells of a table in a pipe, without its header."""
    return [re.split(r" {2,}", line) for line in done.output.splitlines()[1:]]


# --- The installed command --------------------------------------------------------------------------------------------


def test_a_pod_goes_from_its_creation_to_its_end(stage: Stage) -> None:
    created = stage.process(*CREATE, "--name", "mine", "--expose", "22", "--wait")
    (pod_id,) = stage.simulator.pods
    assert (created.status, created.output) == (0, f"{pod_id}\n")
    assert re.fullmatch(rf"pod {pod_id} is ready after \d+s at 0\.6126 an hour\n", created.errors)
    listed = stage("pods", "list")
    document = told(stage, pod_id)
    moment = f"{document['createdAt'].replace(' ', 'T')}Z"
    assert listed.output.splitlines() == [
        "ID                  NAME  STATUS   GPU               REGION         CREATED               PRICE/H",
        f"{pod_id}  mine  RUNNING  1x NVIDIA_L4_24G  sim-us-west-1  {moment}  0.6126",
    ]
    deleted = stage("pods", "delete", "mine", "--yes", "--wait")
    assert (deleted.status, deleted.output, deleted.errors) == (0, f"deleted {pod_id} (mine)\n", "")
    assert stage.simulator.pods[pod_id].status == "TERMINATED"


# --- The formats ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["list", "get", "wait"])
def test_pods_are_documents_of_documented_names(stage: Stage, command: str) -> None:
    pod_id = stage.pod('wän, "x"', expose=[22], environment_vars={"A": "a-secret"})
    running(stage, pod_id)
    words = ("pods", command, *([] if command == "list" else [pod_id]))
    done = {form: stage(*words, "-o", form) for form in ("json", "yaml", "csv", "id", "table")}
    assert {(each.status, each.errors) for each in done.values()} == {(0, "")}
    document: Any = done["json"].document
    assert isinstance(document, list) == (command != "get")
    pod: dict[str, Any] = document if command == "get" else document[0]
    assert document in (pod, [pod])
    assert pod == told(stage, pod_id)
    assert set(pod) == set(NAMES)
    assert yaml.safe_load(done["yaml"].output) == document
    (record,) = records(done["csv"])
    assert record.keys() == set(NAMES)
    assert (record["podName"], record["gpuCount"], json.loads(record["expose"])) == (pod["podName"], "1", pod["expose"])
    assert done["id"].output == f"{pod_id}\n"
    assert pod_id in done["table"].output
    assert not [form for form, each in done.items() if "a-secret" in each.output or "\x1b" in each.output]


def test_no_pods_are_an_empty_document_or_a_header(stage: Stage) -> None:
    assert stage("pods", "list", "-o", "json").document == []
    assert stage("pods", "list", "-o", "id").output == ""
    assert stage("pods", "cost", "-o", "yaml").output == "[]\n"
    assert records(stage("pods", "list", "-o", "csv")) == []
    assert len(stage("pods", "list").output.splitlines()) == 1
    cost = stage("pods", "cost")
    assert (cost.status, cost.errors) == (0, "there are no living pods: nothing costs anything now\n")


def test_secrets_are_shown_only_to_whoever_asks_for_them(stage: Stage) -> None:
    pod_id = stage.pod(environment_vars={"A": "a-secret"})
    stage.client.pods.wait(pod_id, "running")  # from then on it stays as it is
    for words in (["list"], ["get", pod_id]):
        shown = stage("pods", *words, "-o", "json", "--show-secrets").document
        assert shown in (told(stage, pod_id, secrets=True), [told(stage, pod_id, secrets=True)])
    assert "a-secret" in stage("pods", "get", pod_id, "--show-secrets").output
    assert "A=<hidden>" in stage("pods", "get", pod_id).output


def test_a_create_prints_the_id_in_each_format(stage: Stage) -> None:
    done = {form: stage(*CREATE, "-o", form) for form in ("json", "yaml", "csv", "id", "table")}
    ids = dict(zip(done, stage.simulator.pods, strict=True))
    said = {form: "" if form == "id" else f"pod {pod_id} is created\n" for form, pod_id in ids.items()}
    assert {form: (each.status, each.errors) for form, each in done.items()} == {form: (0, said[form]) for form in ids}
    assert done["json"].document == {"id": ids["json"]}
    assert yaml.safe_load(done["yaml"].output) == {"id": ids["yaml"]}
    assert done["csv"].output == f"id\n{ids['csv']}\n"
    assert done["id"].output == f"{ids['id']}\n"
    assert [row[0] for row in rows(done["table"])] == [ids["table"]]


def test_a_create_that_waits_prints_the_whole_pod_once_it_is_ready(stage: Stage) -> None:
    document = stage(*CREATE, "--wait", "-o", "json")
    table = stage(*CREATE, "--wait", "--name", "x", "--expose", "22/SSH", "-o", "table")
    first, second = stage.simulator.pods
    assert document.document == {**told(stage, first), "status": "RUNNING"}
    assert re.fullmatch(
        rf"pod {first} is created\npod {first} is running after \d+s at 0\.6126 an hour\n", document.errors
    )
    assert [row[:3] for row in rows(table)] == [[second, "x", "RUNNING"]]
    assert re.search(rf"^pod {second} is ready after \d+s at 0\.6126 an hour$", table.errors, re.MULTILINE)


# --- list -------------------------------------------------------------------------------------------------------------


def test_a_list_is_filtered(stage: Stage) -> None:
    first, second, ended = stage.pod("a"), stage.pod("b", region="elsewhere"), stage.pod("b")
    running(stage, first, second, ended)
    stage.simulator.pods[ended].delete()
    until(lambda: stage.simulator.pods[ended].status == "TERMINATED")

    def ids(*words: str) -> list[str]:
        done = stage("pods", "list", "-o", "id", *words)
        assert (done.status, done.errors) == (0, "")
        return done.output.split()

    assert ids() == [first, second]
    assert ids("--all") == [first, second, ended]
    assert ids("--name", "b") == [second]
    assert ids("--name", "b", "-a") == [second, ended]
    assert ids("--region", "elsewhere") == [second]
    assert ids("--status", "running") == [first, second]
    assert ids("--status", "Terminated") == [ended]
    assert ids("--status", "RUNNING", "--region", "elsewhere", "--name", "a") == []
    assert stage("pods", "list", "--watch", "-o", "json").status == 2


# --- get --------------------------------------------------------------------------------------------------------------


def test_a_pod_is_found_by_id_beginning_name_and_token(stage: Stage) -> None:
    first, second = stage.pod("a", create_token=TOKEN), stage.pod("b")
    for called, pod_id in ((first, first), (second, second), ("a", first), ("b", second)):
        assert stage("pods", "get", called, "-o", "id").output == f"{pod_id}\n"
    assert stage("pods", "get", "--create-token", TOKEN, "-o", "id").output == f"{first}\n"
    common = "".join(one for one, other in zip(first, second, strict=True) if one == other)  # they differ in the end
    ambiguous = stage("pods", "get", common)
    assert (ambiguous.status, ambiguous.output) == (2, "")
    assert first in ambiguous.errors
    assert second in ambiguous.errors
    assert stage("pods", "get", first[: len(common) + 1], "-o", "id").output == f"{first}\n"
    for words, status in (([], 2), ([first, "--create-token", TOKEN], 2), ([""], 4), (["c"], 4), ([NOWHERE], 4)):
        done = stage("pods", "get", *words)
        assert (done.status, done.output) == (status, ""), words
    unknown = stage("pods", "get", "--create-token", "another-one")
    assert (unknown.status, unknown.output) == (4, "")
    assert "another-one" in unknown.errors


def test_a_pod_is_described_in_lines(stage: Stage) -> None:
    pod_id = stage.pod("x", expose=[22, (80, "HTTP")])
    running(stage, pod_id)
    described = dict(re.split(r" {2,}", line, maxsplit=1) for line in stage("pods", "get", "x").output.splitlines())
    wanted = {"id": pod_id, "name": "x", "status": "RUNNING", "gpu": "1x L4", "price": "0.6126 an hour"}
    assert described.items() >= wanted.items()
    assert described["port 80"].startswith("HTTP healthy http://")
    assert described["port 22"].startswith("SSH healthy")


# --- create -----------------------------------------------------------------------------------------------------------


def test_the_same_token_makes_one_pod(stage: Stage) -> None:
    first, second = stage(*CREATE, "--create-token", TOKEN), stage(*CREATE, "--create-token", TOKEN)
    assert (first.status, second.status) == (0, 0)
    assert first.output == second.output
    assert len(stage.simulator.pods) == 1
    other = stage(*CREATE, "--create-token", TOKEN, "--name", "another")
    assert (other.status, other.output) == (1, "")
    assert TOKEN in other.errors
    assert len(stage.simulator.pods) == 1


def test_a_guard_stays_behind_and_deletes_the_pod_when_its_time_is_over(stage: Stage) -> None:
    done = stage.process(*CREATE, "--max-lifetime", "4s")  # which returns although the guard goes on
    guard = int(re.findall(r"by process (\d+) of this machine", done.errors)[0])
    try:
        (pod_id,) = stage.simulator.pods
        assert (done.status, done.output) == (0, f"{pod_id}\n")
        assert pod_id in done.errors
        created = datetime.strptime(told(stage, pod_id)["createdAt"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        said = datetime.fromisoformat(re.findall(r"deleted at (\S+Z)", done.errors)[0])
        assert abs(said - created - timedelta(seconds=4)) <= timedelta(seconds=10)
        assert stage.simulator.pods[pod_id].is_live
        assert lives(guard)
        until(lambda: not stage.simulator.pods[pod_id].is_live)
        until(lambda: not lives(guard))
    finally:
        with suppress(ProcessLookupError):
            os.kill(guard, signal.SIGKILL)


def test_a_lifetime_and_a_token_of_ones_own_do_not_go_together(stage: Stage) -> None:
    done = stage(*CREATE, "--max-lifetime", "2h", "--create-token", TOKEN)
    assert (done.status, done.output) == (2, "")
    assert "--max-lifetime" in done.errors
    assert "--create-token" in done.errors
    assert not stage.simulator.requests


def test_a_wait_that_fails_says_which_pod_goes_on(stage: Stage) -> None:
    stage.simulator.faults.add("create", "pod_fails")
    failed = stage(*CREATE, "--wait")
    stage.simulator.faults.add("create", "pod_stuck")
    late = stage(*CREATE, "--wait", "--timeout", "0.3s", "-o", "json")
    first, second = stage.simulator.pods
    assert (failed.status, failed.output) == (1, f"{first}\n")
    assert "FAILED" in failed.errors
    assert (late.status, late.output) == (5, "")
    assert f"yottalabs pods delete {second}" in late.errors


# --- delete -----------------------------------------------------------------------------------------------------------


def test_a_delete_that_fails_does_not_keep_the_others(stage: Stage) -> None:
    first, second = stage.pod("a"), stage.pod("b")
    done = stage("pods", "delete", NOWHERE, "a", second, "--yes", "-o", "json")
    assert done.status == 4
    assert done.document == [{"id": first, "podName": "a"}, {"id": second, "podName": "b"}]
    assert NOWHERE in done.errors
    assert len(done.errors.splitlines()) == 2
    assert not any(pod.is_live for pod in stage.simulator.pods.values())


def test_the_first_failure_of_several_deletes_gives_the_status(stage: Stage) -> None:
    first, second = stage.pod("a"), stage.pod("b")
    stage.simulator.faults.add("delete", "status_403")
    done = stage("pods", "delete", "a", NOWHERE, "b", "--yes")
    assert (done.status, done.output) == (3, f"deleted {second} (b)\n")
    assert stage.simulator.pods[first].is_live
    assert first in done.errors
    assert NOWHERE in done.errors


def test_a_delete_by_name_takes_all_living_pods_of_that_name(stage: Stage) -> None:
    twins = [stage.pod("twin"), stage.pod("twin")]
    other = stage.pod("other")
    assert stage("pods", "delete", "twin", "--yes").status == 2  # which one?
    done = stage("pods", "delete", "--name", "twin", "--yes", "-o", "csv", "--wait")
    assert (done.status, done.output) == (0, "id,podName\n" + "".join(f"{pod},twin\n" for pod in twins))
    assert [stage.simulator.pods[pod].status for pod in twins] == ["TERMINATED"] * 2
    assert stage.simulator.pods[other].is_live
    again = stage("pods", "delete", "--name", "twin", "--yes")
    assert (again.status, again.output) == (4, "")
    assert "'twin'" in again.errors


@pytest.mark.parametrize("words", [["a"], ["--name", "a"], ["a", "b"]])
def test_a_delete_in_a_pipe_needs_yes_and_deletes_nothing_without(stage: Stage, words: Sequence[str]) -> None:
    pods = [stage.pod("a"), stage.pod("b")]
    done = stage("pods", "delete", *words, given="y\n")
    assert (done.status, done.output) == (2, "")
    assert "--yes" in done.errors
    assert pods[0] in done.errors
    assert all(pod.is_live for pod in stage.simulator.pods.values())
    assert stage.asked("deletePod") == 0


def test_one_unknown_name_keeps_all_pods(stage: Stage) -> None:
    stage.pod("a")
    for words, status in ((["a", "nobody"], 4), (["a", "--name", "nobody"], 4), ([], 2)):
        done = stage("pods", "delete", *words, "--yes")
        assert (done.status, done.output) == (status, "")
    assert stage.asked("deletePod") == 0


def test_what_is_named_by_its_whole_id_is_deleted_though_the_list_fails(stage: Stage) -> None:
    pod_id = stage.pod("a")
    stage.simulator.faults.add("list", "html_200", probability=1.0)
    assert stage("pods", "delete", "a", "--yes").status == 1
    assert stage.simulator.pods[pod_id].is_live
    done = stage("pods", "delete", pod_id, "--yes")
    assert (done.status, done.output) == (0, f"deleted {pod_id}\n")
    assert not stage.simulator.pods[pod_id].is_live


@pytest.mark.parametrize("words", [["3318642"], ["--name", ""], [""]])
def test_a_delete_that_asks_nobody_takes_nothing_that_is_less_than_a_name(stage: Stage, words: list[str]) -> None:
    stage.pod("a")
    done = stage("pods", "delete", *words, "--yes")
    assert (done.status, done.output, stage.asked("deletePod")) == (2, "", 0)


def test_a_reader_that_goes_away_keeps_no_pod_from_being_deleted(stage: Stage) -> None:
    pods = [stage.pod("a"), stage.pod("b"), stage.pod("c")]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [COMMAND, "pods", "delete", *pods, "--yes"],
        env=stage.variables(),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
    assert not any(pod.is_live for pod in stage.simulator.pods.values())


def test_a_pod_that_the_list_does_not_show_yet_is_deleted_by_its_id(stage: Stage) -> None:
    stage.simulator.faults.add("create", "list_lags", seconds=60.0)
    pod_id = stage.pod("a")
    done = stage("pods", "delete", pod_id, "--yes")
    assert (done.status, done.output) == (0, f"deleted {pod_id}\n")
    assert not stage.simulator.pods[pod_id].is_live


# --- wait -------------------------------------------------------------------------------------------------------------


def test_a_wait_is_until_what_was_said(stage: Stage) -> None:
    first, second = stage.pod("a", expose=[22, (80, "HTTP")]), stage.pod("b")
    ready = stage("pods", "wait", "a", "-o", "json")
    assert [entry["healthy"] for entry in ready.document[0]["expose"]] == [True, True]
    assert stage("pods", "wait", first, "--port", "80", "-o", "id").output == f"{first}\n"
    both = stage("pods", "wait", "b", "a", "--until", "running", "-o", "id")
    assert (both.status, sorted(both.output.split())) == (0, sorted([first, second]))
    for words in (["b"], ["a", "--port", "443"], ["a", "--port", "0"], ["a", "--until", "never"], []):
        wrong = stage("pods", "wait", *words)
        assert (wrong.status, wrong.output) == (2, ""), words
    assert "wait --until running instead" in stage("pods", "wait", "b").errors
    assert stage("pods", "wait", "nobody").status == 4
    late = stage("pods", "wait", "a", "--until", "terminated", "--timeout", "0.2s")
    assert (late.status, late.output) == (5, "")
    assert first in late.errors
    for pod in stage.simulator.pods.values():
        pod.delete()
    assert stage("pods", "wait", "a", "b", "--until", "terminated").status == 0


def test_a_wait_for_a_pod_that_fails_is_a_failure(stage: Stage) -> None:
    stage.simulator.faults.add("create", "pod_fails")
    pod_id = stage.pod("a")
    done = stage("pods", "wait", pod_id, "--until", "running")
    assert (done.status, done.output) == (1, "")
    assert pod_id in done.errors


# --- sweep ------------------------------------------------------------------------------------------------------------


def test_a_sweep_tells_and_deletes_only_what_was_left_behind(stage: Stage) -> None:
    over = stage.pod("over", max_lifetime=0.1, guard=False)
    lives_on = stage.pod("lives", max_lifetime=3600, guard=False)
    without = stage.pod("without")
    time.sleep(0.2)  # the lease of the first is over by this machine's clock, which nobody can move
    shown = stage("pods", "sweep", "-o", "json")
    assert (shown.status, shown.errors) == (0, "")
    assert {each["id"]: (each["isOver"], each["wasDeleted"]) for each in shown.document} == {
        over: (True, False),
        lives_on: (False, False),
    }
    assert stage("pods", "sweep", "-o", "id").output.split() == [over, lives_on]
    told_only = stage("pods", "sweep")
    assert "would be deleted" in told_only.output
    assert "sweep --delete" in told_only.errors
    refused = stage("pods", "sweep", "--delete", given="y\n")
    assert (refused.status, refused.output, stage.asked("deletePod")) == (2, "", 0)
    done = stage("pods", "sweep", "--delete", "--yes", "-o", "csv")
    assert done.status == 0
    assert {each["id"]: each["wasDeleted"] for each in records(done)} == {over: "true", lives_on: "false"}
    assert {pod.id for pod in stage.simulator.pods.values() if pod.is_live} == {lives_on, without}
    assert stage.asked("deletePod") == 1


def test_a_sweep_whose_pod_somebody_else_has_deleted_has_not_failed(stage: Stage) -> None:
    over = stage.pod("over", max_lifetime=0.1, guard=False)
    time.sleep(0.2)  # as above
    (swept,) = stage.client.pods.sweep(report=lambda _: None)
    stage.client.pods.delete(over)  # between the look and the delete
    failures: list[YottaLabsError] = []
    assert not _deleted(stage.client, swept, failures).was_deleted
    assert failures == []


# --- cost -------------------------------------------------------------------------------------------------------------


def test_a_cost_is_the_price_times_the_age() -> None:
    pod = Pod({**contract.documented_pod(), "createdAt": "2026-11-24 10:00:00", "gpuCount": 1})
    created = pod.created
    assert created is not None
    hourly = pod.hourly_price
    assert hourly is not None
    cost = Cost.of(pod, created + timedelta(minutes=90))
    assert cost.seconds == 5400
    assert cost.at_most == (hourly * Decimal("1.5")).quantize(Decimal("0.0001"))
    assert Cost.of(pod, created - timedelta(minutes=1)).at_most == 0  # a clock that is behind
    assert Cost.of(Pod({"id": "1"}), created).at_most is None


def test_costs_are_told_of_living_pods_or_of_those_that_are_named(stage: Stage) -> None:
    first, second = stage.pod("a", gpu_count=2), stage.pod("b")
    prices = {pod: str(Pod(stage.simulator.pods[pod].document).hourly_price) for pod in (first, second)}
    stage.simulator.pods[second].delete()
    done = stage("pods", "cost", "-o", "json")
    (cost,) = done.document
    assert list(cost) == ["id", "podName", "status", "hourlyPrice", "seconds", "costAtMost"]
    assert (cost["id"], cost["podName"], Decimal(cost["hourlyPrice"])) == (first, "a", Decimal(prices[first]))
    named = stage("pods", "cost", "b", "a", "-o", "csv")
    assert [(each["id"], Decimal(each["hourlyPrice"])) for each in records(named)] == [
        (second, Decimal(prices[second])),
        (first, Decimal(prices[first])),
    ]
    table = stage("pods", "cost")
    assert [row[0] for row in rows(table)] == [first]
    assert table.errors.startswith(f"together {cost['hourlyPrice']} an hour, ")
    assert stage("pods", "cost", "nobody").status == 4


def test_a_file_of_the_whole_request_and_a_dry_run_agree(stage: Stage, tmp_path: Path) -> None:
    shown = stage("pods", "create", *POD, "--expose", "22", "--gpus", "2", "--dry-run")
    (tmp_path / "pod.json").write_text(shown.output, encoding="utf-8")
    assert stage("pods", "create", "--from-file", str(tmp_path / "pod.json")).status == 0
    (body,) = stage.simulator.bodies
    assert {name: body[name] for name in body if name != "environmentVars"} == shown.document
