"""openapi.yaml against the released one; and whether that comparison notices what it must."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import releases
from .differences import Impact, Place, differences
from .points import RELEASED
from .releases import Change, Comparison, ComparisonError, Version
from support.contract import ROOT

pytestmark = pytest.mark.gate(RELEASED)

REQUEST = "components/schemas/OpenapiPodCreateRequest"
POD = "components/schemas/OpenapiPodDetailResponse"
PAIR = "components/schemas/KeyValuePairDTO"
PORT = "components/schemas/OpenapiPodExposePortRequest"
PUBLISHED_PORT = "components/schemas/OpenapiPodExposePortResponse"
CREATE = "paths//openapi/v1/pods/create/post"
LIST = "paths//openapi/v1/pods/list/get"
DELETE = "paths//openapi/v1/pods/{podId}/delete"
PATCH, MINOR, MAJOR = Impact.PATCH, Impact.MINOR, Impact.MAJOR


@dataclass(frozen=True)
class Mutant:
    """An edit of the released contract: in its text, one text for another."""

    name: str
    old: str
    new: str
    named: str
    """What the change says, after its impact; its place comes first."""
    impact: Impact
    back: Impact | None = None
    """The impact of the edit the other way round, if that says something new. It is named by its place."""

    def __str__(self) -> str:
        return self.name


MUTANTS = (
    # --- Enumerations. One value less is breaking in a response too: the generated one loses a member. ---
    Mutant(
        "a value of an enumeration that is sent is lost",
        "enum: [SSH, HTTP, TCP]",
        "enum: [SSH, HTTP]",
        'components/schemas/Protocol/enum: lost "TCP" (Enum of `Protocol` lost values',
        MAJOR,
        back=MINOR,
    ),
    # One more in a response is an addition: this client keeps a value that it does not know, in an enumeration that is
    # open, and goes on. A client that would stop at it is none that can be used with an API that grows.
    Mutant(
        "a value of an enumeration that is received is new",
        "TERMINATED, FAILED]",
        "TERMINATED, FAILED, STOPPED]",
        'components/schemas/PodStatus/enum: gained "STOPPED" (Enum of `PodStatus` gained values',
        MINOR,
        back=MAJOR,
    ),
    Mutant(
        "an enumeration that is received may be any text",
        "      enum: [INITIALIZE, RUNNING, PAUSING, PAUSED, TERMINATING, TERMINATED, FAILED]\n",
        "",
        "components/schemas/PodStatus/enum: removed",
        MAJOR,
    ),
    Mutant(
        "an enumeration has another order",
        "enum: [SSH, HTTP, TCP]",
        "enum: [HTTP, SSH, TCP]",
        "components/schemas/Protocol/enum: another order",
        PATCH,
    ),
    # --- Fields ---
    Mutant(
        "a field that is sent becomes required",
        "required: [image, gpuType]",
        "required: [image, gpuType, gpuCount]",
        f'{REQUEST}/required: gained "gpuCount" (Properties of `OpenapiPodCreateRequest` became required',
        MAJOR,
        back=MINOR,
    ),
    Mutant(
        "a field that is received may be missing",
        "required: [officialImage, imagePublicType]",
        "required: [officialImage]",
        f'{POD}/required: lost "imagePublicType" (Properties of `OpenapiPodDetailResponse` are no longer required',
        MAJOR,
        back=MINOR,
    ),
    Mutant(
        "a field that is sent and received may be missing",
        "required: [key, value]",
        "required: [key]",
        f'{PAIR}/required: lost "value" (Properties of `KeyValuePairDTO` are no longer required',
        MAJOR,
    ),
    Mutant(
        "a field that is sent is removed",
        "        region:\n          type: string\n          description: The region to run in.\n",
        "",
        f"{REQUEST}/properties/region: removed",
        MAJOR,
        back=MINOR,
    ),
    Mutant(
        "a field that is received is removed",
        "        gpuDisplayName:\n          type: string\n          description: The kind of GPU, for people.\n",
        "",
        f"{POD}/properties/gpuDisplayName: removed",
        MAJOR,
        back=MINOR,
    ),
    Mutant(
        "a field that is sent has another name",
        "        podName:\n          type: string\n          default",
        "        podNames:\n          type: string\n          default",
        f"{REQUEST}/properties/podName: removed",
        MAJOR,
    ),
    Mutant(
        "a field has the name of a keyword",
        "        region:\n          type: string\n          description: The region to run in.\n",
        "        description:\n          type: string\n",
        f"{REQUEST}/properties/region: removed",
        MAJOR,
    ),
    Mutant(
        "unknown fields may be sent",
        "      required: [port]\n      additionalProperties: false\n",
        "      required: [port]\n",
        f"{PORT}/additionalProperties: removed, was false",
        MINOR,
        back=MAJOR,
    ),
    Mutant(
        "unknown fields have a type",
        "      required: [key, value]\n",
        "      required: [key, value]\n      additionalProperties: {type: string}\n",
        f"{PAIR}/additionalProperties: added",
        MAJOR,
    ),
    Mutant(
        "a field is no longer secret",
        "          writeOnly: true\n",
        "",
        f"{REQUEST}/properties/imageRegistryToken/writeOnly: removed",
        MAJOR,
    ),
    Mutant(
        "a field goes out of use",
        "          description: A name for people.\n        image:",
        "          description: A name for people.\n          deprecated: true\n        image:",
        f"{REQUEST}/properties/podName/deprecated: added",
        MINOR,
    ),
    # --- Defaults, which redocly takes for descriptions ---
    Mutant(
        "a default is another",
        "default: My Pod",
        "default: my pod",
        f'{REQUEST}/properties/podName/default: "My Pod" became "my pod"',
        MAJOR,
    ),
    Mutant(
        "a default beside a reference is lost",
        "          default: SECURE\n",
        "",
        f'{REQUEST}/properties/cloudType/default: removed, was "SECURE"',
        MAJOR,
        back=MINOR,
    ),
    # --- Types and bounds ---
    Mutant(
        "what is sent has another type",
        "        region:\n          type: string",
        "        region:\n          type: integer",
        f'{REQUEST}/properties/region/type: "string" became "integer" (Type of `region` narrowed',
        MAJOR,
    ),
    Mutant(
        "what is sent may be null",
        "        region:\n          type: string",
        "        region:\n          type: [string, 'null']",
        f"{REQUEST}/properties/region/type: ",
        MINOR,
        back=MAJOR,
    ),
    Mutant(
        "what is received may have one more type",
        "        healthy:\n          type: boolean",
        "        healthy:\n          type: [boolean, string]",
        f'{PUBLISHED_PORT}/properties/healthy/type: "boolean" became ["boolean", "string"] (Type of `healthy` widened',
        MAJOR,
        back=MINOR,
    ),
    Mutant(
        "an upper bound of what is sent is lower",
        "maximum: 65535",
        "maximum: 1024",
        f"{PORT}/properties/port/maximum: 65535 became 1024 (Upper bound",
        MAJOR,
        back=MINOR,
    ),
    Mutant(
        "a bound of what is sent and received is wider",
        "maximum: 2147483647",
        "maximum: 4294967295",
        "components/schemas/Int32/maximum: 2147483647 became 4294967295 (Upper bound",
        MAJOR,
    ),
    Mutant(
        "a reference has a bound beside it",  # which redocly overlooks
        "          description: How many GPUs the pod has. At",
        "          maximum: 8\n          description: How many GPUs the pod has. At",
        f"{REQUEST}/properties/gpuCount/maximum: added, 8",
        MAJOR,
    ),
    Mutant(
        "what is sent has to be longer",
        "          minLength: 1\n          description: The name of the container",
        "          minLength: 2\n          description: The name of the container",
        f"{REQUEST}/properties/image/minLength: 1 became 2 (",
        MAJOR,
        back=MINOR,
    ),
    Mutant(
        "a path parameter may be anything",
        "            pattern: '^(?!\\.{1,2}$)[^/]+$'\n",
        "",
        f"{DELETE}/parameters/0/schema/pattern: removed",
        MINOR,
        back=MAJOR,
    ),
    Mutant(
        "a keyword comes that no rule knows",
        "      required: [key, value]\n",
        "      required: [key, value]\n      patternProperties: {'^x': {type: integer}}\n",
        f"{PAIR}/patternProperties: added",
        MAJOR,
    ),
    # --- Conditions ---
    Mutant(
        "the consequence of a condition requires more",
        "required: [imageRegistryUsername, imageRegistryToken]",
        "required: [imageRegistryUsername, imageRegistryToken, region]",
        f'{REQUEST}/allOf/1/then/required: gained "region" (Properties became required',
        MAJOR,
    ),
    Mutant(
        "the consequence of a condition bounds one more field",  # an added property, to redocly
        "              gpuCount:\n                minimum: 1\n",
        "              gpuCount:\n                minimum: 1\n              region:\n                minLength: 1\n",
        f"{REQUEST}/allOf/0/then/properties/region: added",
        MAJOR,
    ),
    Mutant(
        "a condition holds more often",  # which redocly takes for a wider request
        "exclusiveMinimum: 0",
        "exclusiveMinimum: -5",
        f"{REQUEST}/allOf/2/if/properties/persistentVolumeInGb/exclusiveMinimum: 0 became -5",
        MAJOR,
        back=MAJOR,
    ),
    Mutant(
        "a condition holds whatever is absent",
        "            required: [persistentVolumeInGb]\n",
        "",
        f"{REQUEST}/allOf/2/if/required: removed",
        MAJOR,
    ),
    Mutant(
        "a condition is about another value",
        "const: PRIVATE",
        "const: PUBLIC",
        f'{REQUEST}/allOf/1/if/properties/imagePublicType/const: "PRIVATE" became "PUBLIC"',
        MAJOR,
    ),
    Mutant(
        "a condition comes first",
        "      allOf:\n        - $comment: A GPU",
        "      allOf:\n        - {if: {required: [region]}, then: {required: [podName]}}\n        - $comment: A GPU",
        f"{REQUEST}/allOf/0: added",
        MAJOR,
        back=MINOR,
    ),
    Mutant(
        "one of several schemas is lost",
        "            - $ref: '#/components/schemas/Protocol'\n            - type: string\n",
        "            - $ref: '#/components/schemas/Protocol'\n",
        f"{PUBLISHED_PORT}/properties/protocol/anyOf/1: removed",
        MINOR,
        back=MAJOR,
    ),
    # --- Schemas as a whole ---
    Mutant(
        "an answer has another schema",
        "$ref: '#/components/schemas/ResultString'",
        "$ref: '#/components/schemas/ResultVoid'",
        f"{CREATE}/responses/200/content/application/json/schema/$ref: ",
        MAJOR,
    ),
    Mutant(
        "a schema that no operation uses requires less",  # so no one can tell for whom that is more
        "required: [message, code]",
        "required: [message]",
        'components/schemas/ResultObject/required: lost "code"',
        MAJOR,
    ),
    Mutant(
        "a list holds something else",  # redocly follows the reference and says what that loses
        "$ref: '#/components/schemas/OpenapiPodExposePortResponse'",
        "$ref: '#/components/schemas/OpenapiPodExposePortRequest'",
        f"{PUBLISHED_PORT}/properties/healthy: Property `healthy` of `OpenapiPodExposePortRequest` was removed.",
        MAJOR,
    ),
    # --- Operations ---
    Mutant(
        "a path has another name",
        "/openapi/v1/pods/list:",
        "/openapi/v1/pods:",
        "paths//openapi/v1/pods/list: removed",
        MAJOR,
    ),
    Mutant(
        "an operation is new",
        "  /openapi/v1/pods/list:\n",
        "  /openapi/v1/ping:\n    get:\n      responses: {'204': {description: Pong.}}\n  /openapi/v1/pods/list:\n",
        "paths//openapi/v1/ping: added",
        MINOR,
        back=MAJOR,
    ),
    Mutant(
        "an operation has another method",
        "    delete:\n",
        "    post:\n",
        f"{DELETE}: removed",
        MAJOR,
    ),
    Mutant(
        "an operation has another name",
        "operationId: listPods",
        "operationId: listAllPods",
        f'{LIST}/operationId: "listPods" became "listAllPods"',
        MAJOR,
    ),
    Mutant(
        "an operation is elsewhere in the generated client",
        "tags: [pods]",
        "tags: [machines]",
        f'{CREATE}/tags: lost "pods" and gained "machines"',
        MAJOR,
    ),
    Mutant(
        "a parameter has another name",  # the generated argument too, which redocly does not know
        "        - name: podId\n",
        "        - name: id\n",
        f'{DELETE}/parameters/0/name: "podId" became "id"',
        MAJOR,
    ),
    Mutant(
        "a parameter is a number",
        "          description: The pod's id.\n          schema:\n            type: string",
        "          description: The pod's id.\n          schema:\n            type: integer",
        f'{DELETE}/parameters/0/schema/type: "string" became "integer" (',
        MAJOR,
    ),
    Mutant(
        "a parameter is optional and new",
        "      operationId: listPods\n",
        "      operationId: listPods\n      parameters: [{name: status, in: query, schema: {type: string}}]\n",
        f"{LIST}/parameters: added",
        MINOR,
        back=MAJOR,
    ),
    Mutant(
        "a parameter is required and new",
        "      operationId: listPods\n",
        "      operationId: listPods\n"
        "      parameters: [{name: status, in: query, required: true, schema: {type: string}}]\n",
        f"{LIST}/parameters: added",
        MAJOR,
    ),
    Mutant(
        "a body is required and new",  # an addition, to redocly
        "      operationId: listPods\n",
        "      operationId: listPods\n"
        "      requestBody: {required: true, content: {application/json: {schema: {type: object}}}}\n",
        f"{LIST}/requestBody: added",
        MAJOR,
    ),
    Mutant(
        "a body has another media type",
        "        content:\n          application/json:\n",
        "        content:\n          application/xml:\n",
        f"{CREATE}/requestBody/content/application/json: removed",
        MAJOR,
    ),
    Mutant(
        "a response is removed",
        "        '500':\n          $ref: '#/components/responses/ServerFailure'\n",
        "",
        f"{CREATE}/responses/500: removed",
        MAJOR,
        back=MINOR,
    ),
    Mutant(
        "a response has a link",
        "      description: The API failed.",
        "      links: {ending: {operationId: deletePod}}\n      description: The API failed.",
        "components/responses/ServerFailure/links: added",
        MINOR,
        back=MAJOR,
    ),
    # --- Who may ask, and whom ---
    Mutant(
        "an operation wants no key",
        "      security:\n        - apiKey: []\n",
        "",
        f"{CREATE}/security: removed",
        MAJOR,
        back=MAJOR,
    ),
    Mutant(
        "an operation takes the key or none",
        "      security:\n        - apiKey: []\n",
        "      security:\n        - apiKey: []\n        - {}\n",
        f"{CREATE}/security/1: added",
        MINOR,
        back=MAJOR,
    ),
    Mutant(
        "the key has another header",
        "name: x-api-key",
        "name: authorization",
        'components/securitySchemes/apiKey/name: "x-api-key" became "authorization" (',
        MAJOR,
    ),
    Mutant(
        "the API is elsewhere",
        "https://api.yottalabs.ai",
        "https://api.yottalabs.com",
        "servers/0/url: ",
        MAJOR,
    ),
    # --- What is for people ---
    Mutant(
        "a description is another",
        "description: A name for people.",
        "description: A name for you.",
        f'{REQUEST}/properties/podName/description: "A name for people." became "A name for you."',
        PATCH,
    ),
    Mutant(
        "an example is another",
        "message: pod does not exist",
        "message: no pod",
        f"{DELETE}/responses/200/content/application/json/examples/refused/value/message: ",
        PATCH,
    ),
    Mutant(
        "an example is new",  # an addition, to redocly
        "                noPods:\n",
        "                more:\n                  value: {code: 10000}\n                noPods:\n",
        f"{LIST}/responses/200/content/application/json/examples/more: added",
        PATCH,
    ),
    Mutant(
        "a comment of a condition is another",
        "$comment: A persistent disk needs a place.",
        "$comment: A disk needs a place.",
        f"{REQUEST}/allOf/2/$comment: ",
        PATCH,
    ),
)


# A schema that is used, once released and once revised; every difference, with its place within and its impact.
SCHEMAS: dict[str, tuple[object, object, list[str]]] = {
    "a default that is an object is one value, whatever is in it": (
        {"default": {"description": "x"}},
        {"default": {"description": "y"}},
        ['MAJOR default: {"description": "x"} became {"description": "y"}'],
    ),
    "a default may be null": (
        {"default": None},
        {},
        ["MAJOR default: removed, was null"],
    ),
    "true is not 1": (
        {"default": 1},
        {"default": True},
        ["MAJOR default: 1 became true"],
    ),
    "a property may be called like a keyword": (
        {"properties": {"title": {"type": "string"}, "default": {}}},
        {"properties": {"title": {"type": "integer"}}},
        ['MINOR properties/title/type: "string" became "integer"', "MAJOR properties/default: removed, was {}"],
    ),
    "and a dependent schema": (
        {"dependentSchemas": {"title": {"required": ["a"]}}},
        {"dependentSchemas": {"title": {"required": ["b"]}}},
        ['MINOR dependentSchemas/title/required: lost "a" and gained "b"'],
    ),
    "schemas that all must hold are the same in any order": (
        {"allOf": [{"minimum": 1}, {"maximum": 2}]},
        {"allOf": [{"maximum": 2}, {"minimum": 1}]},
        ["PATCH allOf: another order"],
    ),
    "schemas of the items of a list are not": (
        {"prefixItems": [{"type": "string"}, {"type": "integer"}]},
        {"prefixItems": [{"type": "integer"}, {"type": "string"}]},
        ["MAJOR prefixItems: another order"],
    ),
    "nor once instead of twice": (
        {"prefixItems": [{"type": "string"}, {"type": "string"}]},
        {"prefixItems": [{"type": "string"}]},
        ['MAJOR prefixItems/1: removed, was {"type": "string"}'],
    ),
    "what moved is no difference, what is new has its place": (
        {"anyOf": [{"const": 1}, {"const": 2}]},
        {"anyOf": [{"const": 3}, {"const": 2}, {"const": 4}, {"const": 1}]},
        ['MINOR anyOf/0: added, {"const": 3}', 'MINOR anyOf/2: added, {"const": 4}'],
    ),
    "more below not is less": (
        {"not": {"maximum": 1}},
        {"not": {"maximum": 2}},
        ["MAJOR not/maximum: 1 became 2"],
    ),
    "an extension says nothing to clients": (
        {"x-shape": {"type": "string"}},
        {"x-shape": {"type": "integer"}},
        ['PATCH x-shape/type: "string" became "integer"'],
    ),
    "an enumeration in another order that lost a value lost it": (
        {"enum": [1, 2, 3]},
        {"enum": [3, 1]},
        ["MAJOR enum: lost 2"],
    ),
    "one type is a list of one": (
        {"type": "string"},
        {"type": ["string"]},
        ['PATCH type: "string" became ["string"]'],
    ),
}


def edited(path: Path, *edits: tuple[str, str]) -> Path:
    """A copy of the released contract with texts replaced, each where it stands first."""
    text = releases.RELEASED.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path


def versioned(version: str) -> tuple[str, str]:
    released = Version.of(releases.read(releases.RELEASED))
    return f"version: {released}\n", f"version: {version}\n"


def test_the_version_of_the_contract_says_what_changed_since_the_last_release(tell: Callable[[str], None]) -> None:
    comparison = releases.compare(releases.RELEASED, ROOT / "openapi.yaml")
    tell(str(comparison))
    if comparison.complaint is not None:
        pytest.fail(comparison.complaint, pytrace=False)


def test_a_contract_is_no_different_from_itself(tmp_path: Path) -> None:
    comparison = releases.compare(releases.RELEASED, edited(tmp_path / "copy.yaml"))
    assert comparison.changes == []
    assert comparison.complaint is None


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_change_is_named_and_rated(mutant: Mutant, tmp_path: Path) -> None:
    revised = edited(tmp_path / "revised.yaml", (mutant.old, mutant.new))
    comparison = releases.compare(releases.RELEASED, revised)
    assert comparison.needed == mutant.impact, comparison.changes
    told = f"{mutant.impact.name.lower()}: {mutant.named}"
    assert any(str(change).startswith(told) for change in comparison.changes), comparison.changes


@pytest.mark.parametrize("mutant", [mutant for mutant in MUTANTS if mutant.back is not None], ids=str)
def test_the_change_the_other_way_round_is_named_and_rated(mutant: Mutant, tmp_path: Path) -> None:
    revised = edited(tmp_path / "revised.yaml", (mutant.old, mutant.new))
    comparison = releases.compare(revised, releases.RELEASED)
    assert comparison.needed == mutant.back, comparison.changes
    place = mutant.named.partition(": ")[0]
    assert place in [change.place for change in comparison.of(comparison.needed)], comparison.changes


@pytest.mark.parametrize("what", SCHEMAS)
def test_a_difference_has_its_place_and_its_impact(what: str) -> None:
    released, revised, expected = SCHEMAS[what]
    used: set[Place] = {("components", "schemas", "X")}
    found = differences({"components": {"schemas": {"X": released}}}, {"components": {"schemas": {"X": revised}}})
    assert [f"{each.impact(used).name} {'/'.join(each.place[3:])}: {each}" for each in found] == expected


def test_what_describes_the_whole_is_for_people() -> None:
    released, revised = ({"info": {"contact": {"name": name}}, "tags": [{"name": name}]} for name in ("x", "y"))
    assert [each.impact(set()) for each in differences(released, revised)] == [PATCH, PATCH]


def test_the_headers_of_an_answer_are_judged_here_for_redocly_has_no_rule() -> None:
    released, revised = (
        {"paths": {"/": {"get": {"responses": {"200": {"headers": {"x-total": {"required": required}}}}}}}}
        for required in (True, False)
    )
    assert [each.impact(set()) for each in differences(released, revised)] == [MAJOR]


def test_every_breaking_change_is_named_until_the_version_says_so(tmp_path: Path) -> None:
    edits = [
        ("enum: [SSH, HTTP, TCP]", "enum: [SSH, HTTP, TCP, UDP]"),
        ("default: My Pod", "default: my pod"),
        ("name: x-api-key", "name: authorization"),
        ("message: pod does not exist", "message: no pod"),
    ]
    released = Version.of(releases.read(releases.RELEASED))
    too_low = str(released.raised(MINOR))
    comparison = releases.compare(releases.RELEASED, edited(tmp_path / "low.yaml", *edits, versioned(too_low)))
    assert str(comparison) == f"contract {too_low} against the released {released}: 2 breaking, 1 addition, 1 other"
    assert [change.impact for change in comparison.changes] == [MAJOR, MAJOR, MINOR, PATCH]
    assert comparison.complaint is not None
    first, *named, last = comparison.complaint.splitlines()
    assert first == f"info.version is {too_low}, too low for what changed since {released} was released:"
    assert [line.split(": ")[:2] for line in named] == [
        ["  major", "components/securitySchemes/apiKey/name"],
        ["  major", f"{REQUEST}/properties/podName/default"],
    ]
    enough = str(released.raised(MAJOR))
    assert last == f"Set info.version in openapi.yaml to {enough} or higher, or take these changes back."

    comparison = releases.compare(releases.RELEASED, edited(tmp_path / "high.yaml", *edits, versioned(enough)))
    assert comparison.needed == MAJOR
    assert comparison.complaint is None


@pytest.mark.parametrize(
    ("impact", "version", "lowest"),
    [
        (Impact.NOTHING, (1, 2, 3), None),
        (Impact.NOTHING, (1, 3, 0), None),
        (Impact.NOTHING, (1, 2, 2), "1.2.3"),
        (Impact.NOTHING, (0, 9, 9), "1.2.3"),
        (PATCH, (1, 2, 3), "1.2.4"),
        (PATCH, (1, 2, 4), None),
        (PATCH, (1, 3, 0), None),
        (PATCH, (1, 1, 9), "1.2.4"),
        (MINOR, (1, 2, 3), "1.3.0"),
        (MINOR, (1, 2, 4), "1.3.0"),
        (MINOR, (1, 3, 0), None),
        (MINOR, (2, 0, 0), None),
        (MAJOR, (1, 2, 3), "2.0.0"),
        (MAJOR, (1, 3, 0), "2.0.0"),
        (MAJOR, (2, 0, 0), None),
        (MAJOR, (0, 9, 9), "2.0.0"),
    ],
)
def test_a_version_is_too_low_or_says_enough(impact: Impact, version: tuple[int, int, int], lowest: str | None) -> None:
    changes = [Change("a place", "another thing", impact)] * bool(impact)
    complaint = Comparison(Version(1, 2, 3), Version(*version), changes).complaint
    if lowest is None:
        assert complaint is None
    else:
        assert complaint is not None
        assert f"Set info.version in openapi.yaml to {lowest} or higher" in complaint
        assert ("a place: another thing" in complaint) == bool(changes)


@pytest.mark.parametrize("version", ["1.1", "1.1.0-rc.1", "01.1.0", "v1.1.0", "'1.1.0 '", "1.1\u0660.0"])
def test_a_version_that_is_not_three_numbers_is_refused(version: str, tmp_path: Path) -> None:
    with pytest.raises(ComparisonError, match=r"info.version is .*; write it as three numbers"):
        Version.of(releases.read(edited(tmp_path / "revised.yaml", versioned(version))))


@pytest.mark.parametrize("is_released", [True, False])
def test_a_reference_that_leads_nowhere_stops_the_comparison(tmp_path: Path, is_released: bool) -> None:
    broken = edited(tmp_path / "broken.yaml", ("schemas/KeyValuePairDTO'", "schemas/Nothing'"))
    contracts = (broken, releases.RELEASED) if is_released else (releases.RELEASED, broken)
    with pytest.raises(ComparisonError, match="#/components/schemas/Nothing: referred to, and not there"):
        releases.compare(*contracts)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (None, "redocly ended with status 1: .*Cannot find module"),
        ("console.error('out of order'); process.exit(2)", "redocly ended with status 2: out of order"),
        (
            """console.log('{"reportVersion": "1", "changes": []}'); process.exit(1)""",
            "redocly ended with status 1",
        ),
        ("", "redocly reported nothing that is JSON"),
        ("console.log('Diff passed.')", "redocly reported nothing that is JSON: Diff passed."),
        ("console.log('[]')", "redocly reported in a form that is not known here"),
        ("""console.log('{"reportVersion": "2", "changes": []}')""", "redocly reported in a form that is not known"),
    ],
)
def test_a_redocly_that_does_not_run_is_not_taken_for_no_changes(
    script: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if script is not None:
        (tmp_path / "cli.js").write_text(script, encoding="utf-8")
    monkeypatch.setattr(releases, "REDOCLY", tmp_path / "cli.js")
    with pytest.raises(ComparisonError, match=f"(?s){told}"):
        releases.compare(releases.RELEASED, releases.RELEASED)


def test_rules_that_cannot_be_read_stop_the_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules.yaml").write_text("extends: [no-such-rules]\n", encoding="utf-8")
    monkeypatch.setattr(releases, "RULES", tmp_path / "rules.yaml")
    with pytest.raises(ComparisonError, match="redocly ended with status"):
        releases.compare(releases.RELEASED, releases.RELEASED)
