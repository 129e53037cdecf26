from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from yottalabs import CloudType, GpuType, Pod, PodStatus, Protocol

from support import contract


def pod(**changes: Any) -> Pod:
    return Pod({**contract.documented_pod(), **changes})


def test_every_documented_field_is_an_attribute() -> None:
    documented = pod()
    assert documented.id == "331864222263676928"
    assert documented.name == "Test_from_SDK"
    assert documented.image_registry_username is None
    assert documented.gpu_type is GpuType.NVIDIA_L4_24G
    assert documented.cloud_type is CloudType.SECURE
    assert documented.gpu_count == 1
    assert documented.network_upload_mbps == Decimal("1258.2912")
    assert documented.container_volume_price == Decimal("0.00005")
    assert documented.environment_vars == {"JUPYTER_PASSWORD": "9f2375dc-277b-4550-add9-563ad23973a5"}
    (ssh,) = documented.expose
    assert (ssh.port, ssh.proxy_port, ssh.protocol, ssh.healthy) == (22, 32002, Protocol.SSH, True)
    assert documented.status is PodStatus.TERMINATED
    fields = contract.schema("OpenapiPodDetailResponse")["properties"]
    assert set(Pod.json_names.values()) == set(fields)
    assert all(hasattr(documented, name) for name in Pod.json_names)


def test_numbers_and_texts_are_the_same_pod() -> None:
    (other,) = contract.response_examples("listPods")["podsWithTextNumbers"]["data"]
    numbers, texts = pod(), Pod(other)
    assert numbers != texts
    assert all(getattr(numbers, name) == getattr(texts, name) for name in Pod.json_names)


def test_what_the_pod_costs_is_exact() -> None:
    assert pod().hourly_price == Decimal("0.6") + 252 * Decimal("0.00005")
    more = pod(gpuCount=8, singleCardPrice="0.1", persistentVolumeInGb=100, persistentVolumePrice=0.00005)
    assert more.hourly_price == Decimal("0.8") + 252 * Decimal("0.00005") + 100 * Decimal("0.00005")


@pytest.mark.parametrize(
    "changes",
    [
        {"singleCardPrice": None},
        {"singleCardPrice": "free"},
        {"singleCardPrice": ""},
        {"singleCardPrice": "NaN"},
        {"singleCardPrice": "Infinity"},
        {"singleCardPrice": "1e999999"},
        {"singleCardPrice": True},
        {"gpuCount": None},
        {"gpuCount": 1.5},
        {"containerVolumePrice": None},
        {"containerVolumeInGb": None},
        {"persistentVolumeInGb": 5, "persistentVolumePrice": None},
    ],
)
def test_a_price_that_is_not_known_is_none_and_never_zero(changes: dict[str, Any]) -> None:
    assert pod(**changes).hourly_price is None


def test_a_disk_of_no_size_needs_no_price() -> None:
    assert pod(persistentVolumeInGb=0, persistentVolumePrice=None).hourly_price is not None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-07-04 10:29:56", datetime(2025, 7, 4, 10, 29, 56, tzinfo=UTC)),
        ("2025-07-04T10:29:56Z", datetime(2025, 7, 4, 10, 29, 56, tzinfo=UTC)),
        ("2025-07-04T12:29:56.250+02:00", datetime(2025, 7, 4, 10, 29, 56, 250000, tzinfo=UTC)),
        (1751624996000, datetime(2025, 7, 4, 10, 29, 56, tzinfo=UTC)),
        ("1751624996000", datetime(2025, 7, 4, 10, 29, 56, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        (None, None),
        (True, None),
        ({}, None),
        ("99999999999999999", None),
        (1751624996, datetime(2025, 7, 4, 10, 29, 56, tzinfo=UTC)),
        ("20250704102956", None),
        ("-1751624996000", None),
        (10**300, None),
    ],
)
def test_times_come_in_several_forms_and_are_aware(value: Any, expected: datetime | None) -> None:
    assert pod(createdAt=value).created == expected
    assert pod(updatedAt=value).updated == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "ssh user@34.19.26.12 -p 32002 -i <private key file>"),
        ({"ingressUrl": ""}, "ssh 34.19.26.12 -p 32002 -i <private key file>"),
        ({"ingressUrl": None, "host": ""}, None),
        ({"ingressUrl": None, "proxyPort": None}, None),
        ({"protocol": "ssh"}, "ssh user@34.19.26.12 -p 32002 -i <private key file>"),
        ({"protocol": "TCP"}, None),
        ({"protocol": None}, "ssh user@34.19.26.12 -p 32002 -i <private key file>"),
    ],
)
def test_the_ssh_command(changes: dict[str, Any], expected: str | None) -> None:
    entry = {**contract.documented_pod()["expose"][0], **changes}
    assert pod(expose=[{"port": 80, "protocol": "HTTP"}, entry]).ssh_command == expected


def test_the_ssh_command_falls_back_to_the_field_for_it() -> None:
    assert pod(expose=None, sshCmd="ssh me@there").ssh_command == "ssh me@there"
    assert pod(expose=None).ssh_command is None


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"port": 8000, "protocol": "HTTP", "ingressUrl": "https://a.example/"}, "https://a.example/"),
        ({"port": 8000, "protocol": "HTTP", "host": "h", "proxyPort": 5}, "http://h:5"),
        ({"port": 8000, "protocol": "https", "host": "h", "proxyPort": 5}, "https://h:5"),
        ({"port": 8000, "protocol": "TCP", "host": "h", "proxyPort": 5}, "tcp://h:5"),
        ({"port": 8000, "protocol": None, "host": "h", "proxyPort": "5"}, "tcp://h:5"),
        ({"port": 8000, "protocol": "HTTP", "host": "2001:db8::1", "proxyPort": 5}, "http://[2001:db8::1]:5"),
        ({"port": 8000, "protocol": "SSH", "host": "h", "proxyPort": 5, "ingressUrl": "ssh me@h"}, "tcp://h:5"),
        ({"port": 8000, "protocol": "HTTP", "host": "h"}, None),
        ({"port": 8000, "protocol": "HTTP", "proxyPort": 5}, None),
        ({"port": 80}, None),
    ],
)
def test_where_a_port_is_reached(entry: dict[str, Any], expected: str | None) -> None:
    assert pod(expose=[entry]).url(8000) == expected


@pytest.mark.parametrize(
    ("status", "active", "running"),
    [
        ("INITIALIZE", True, False),
        ("RUNNING", True, True),
        ("running", True, True),
        ("PAUSING", True, False),
        ("PAUSED", True, False),
        ("TERMINATING", False, False),
        ("TERMINATED", False, False),
        ("FAILED", False, False),
        ("SOMETHING_NEW", True, False),
        (None, True, False),
        (7, True, False),
    ],
)
def test_a_status_nobody_knows_counts_as_active(status: Any, active: bool, running: bool) -> None:
    assert pod(status=status).is_active is active
    assert pod(status=status).is_running is running


def test_an_unknown_value_stays_a_value_of_its_enumeration() -> None:
    found = pod(status="RESIZING").status
    assert isinstance(found, PodStatus)
    assert found == "RESIZING"
    assert not found.is_known
    assert pickle.loads(pickle.dumps(found)) == found
    assert repr(found) == "<PodStatus 'RESIZING'>"


def test_pods_pickle_copy_and_compare() -> None:
    one = pod()
    for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), copy.copy(one)):
        assert other == one
        assert hash(other) == hash(one)
        assert other.raw == one.raw
    assert one != pod(status="RUNNING")
    assert one != one.raw
    assert {one: 1}[pod()] == 1


def test_a_repr_says_what_is_known() -> None:
    assert "gpu='?xNVIDIA_L4_24G'" in repr(Pod({"gpuType": "NVIDIA_L4_24G"}))
    (entry,) = pod(expose=[{"port": 22, "protocol": "SSH", "healthy": True, "host": None}]).expose
    assert repr(entry) == "ExposedPort(port=22, protocol=<Protocol.SSH>, healthy=True)"


def test_a_pod_shows_no_secrets() -> None:
    assert (
        repr(pod()) == "Pod(id='331864222263676928', name='Test_from_SDK', status='TERMINATED', gpu='1xNVIDIA_L4_24G')"
    )
    assert "9f2375dc" not in repr(pod())
