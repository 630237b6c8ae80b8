"""The SARIF log, checked against an object model that is generated from the standard's schema."""

from __future__ import annotations

import importlib
import io
import json
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote

import pytest

from tests.report.samples import sample, site
from tricolor.explain.model import CostClass, Explained
from tricolor.frontend.records import Position
from tricolor.report.escape_sarif import KINDS, message_text, sarif, write_sarif

MODEL: Final = importlib.import_module("sarif_om")

OBJECTS: Final = {
    "SarifLog.runs": "Run",
    "Run.tool": "Tool",
    "Run.results": "Result",
    "Tool.driver": "ToolComponent",
    "ToolComponent.rules": "ReportingDescriptor",
    "ReportingDescriptor.shortDescription": "MultiformatMessageString",
    "ReportingDescriptor.fullDescription": "MultiformatMessageString",
    "ReportingDescriptor.help": "MultiformatMessageString",
    "ReportingDescriptor.defaultConfiguration": "ReportingConfiguration",
    "Result.message": "Message",
    "Result.locations": "Location",
    "Result.codeFlows": "CodeFlow",
    "CodeFlow.threadFlows": "ThreadFlow",
    "ThreadFlow.locations": "ThreadFlowLocation",
    "ThreadFlowLocation.location": "Location",
    "Location.message": "Message",
    "Location.physicalLocation": "PhysicalLocation",
    "Location.logicalLocations": "LogicalLocation",
    "PhysicalLocation.artifactLocation": "ArtifactLocation",
    "PhysicalLocation.region": "Region",
}
"""The standard's object that a property holds, alone or in a list."""

MAPS: Final = {"Run.originalUriBaseIds": "ArtifactLocation", "Result.partialFingerprints": "", "Result.properties": ""}
"""Properties that hold objects under names that the producer chooses."""


def judge(value: Any, name: str, path: str = "") -> int:
    """Check the property names and the required properties of an object and of all objects in it; return the number of objects."""
    if isinstance(value, list):
        assert value or name == "Result", f"{path} is empty"
        return sum(judge(one, name, f"{path}[{index}]") for index, one in enumerate(cast("list[Any]", value)))
    assert isinstance(value, dict), path
    known = {field.metadata["schema_property_name"]: field for field in getattr(MODEL, name).__attrs_attrs__}
    required = {name for name, field in known.items() if "NOTHING" in repr(field.default)}
    held = cast("dict[str, Any]", value)
    assert set(held) <= set(known), f"{path}: {set(held) - set(known)} in {name}"
    assert required <= set(held), f"{path}: no {required - set(held)} in {name}"
    count = 1
    for key, inner in held.items():
        of = f"{name}.{key}"
        if of in OBJECTS:
            count += judge(inner, OBJECTS[of], f"{path}/{key}")
        elif MAPS.get(of):
            count += sum(judge(one, MAPS[of], f"{path}/{key}/{part}") for part, one in inner.items())
        elif of not in MAPS:
            assert isinstance(inner, str | int), f"{path}/{key}: unknown object"
    return count


def log(tmp_path: Path) -> dict[str, Any]:
    explained, tree = sample(tmp_path)
    out = io.StringIO()
    write_sarif(explained, out, tree)
    return json.loads(out.getvalue())


def test_the_model_finds_faults() -> None:
    broken: list[Any] = [{"version": "2.1.0"}, {"version": "2.1.0", "runs": [{"tool": {}}]}, {"version": "2.1.0", "runs": [{}], "extra": 1}]
    for log in broken:
        with pytest.raises(AssertionError):
            judge(log, "SarifLog")


def test_the_log_conforms_to_the_standard(tmp_path: Path) -> None:
    found = log(tmp_path)
    assert judge(found, "SarifLog") > 60
    assert found["version"] == "2.1.0"
    assert found["$schema"].endswith("/sarif-schema-2.1.0.json")
    assert found["runs"][0]["columnKind"] == "unicodeCodePoints"


def test_a_package_without_sites_gives_a_log_without_results(tmp_path: Path) -> None:
    _, tree = sample(tmp_path)
    found = sarif(Explained("go1.27.3", {}), tree)
    assert judge(found, "SarifLog")
    assert found["runs"][0]["results"] == []


def test_each_kind_is_a_rule_with_help(tmp_path: Path) -> None:
    rules = log(tmp_path)["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [f"heap-{kind.replace(' ', '-')}" for kind in KINDS]
    assert all(rule["help"]["text"] and rule["defaultConfiguration"]["level"] == "note" for rule in rules)
    assert len({rule["name"] for rule in rules}) == len(rules)
    assert all(rule["name"].isidentifier() for rule in rules)


def test_results_are_notes_about_what_may_allocate(tmp_path: Path) -> None:
    run = log(tmp_path)["runs"][0]
    assert [result["message"]["text"].partition(":")[0] for result in run["results"]] == ["&point{{...}}", "text", "n", "make([]byte, n)"]
    for result in run["results"]:
        assert result["level"] == "note"
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_message_has_verdict_reason_and_hint(tmp_path: Path) -> None:
    text = log(tmp_path)["runs"][0]["results"][0]["message"]["text"]
    assert text == (
        "&point{{...}}: heap: &point{{...}} is assigned to p (line 11), stored in the package variable kept (line 12), which lives as long as "
        "the program. Hint: store the value itself, not its address: 100%."
    )


def test_regions_count_code_points(tmp_path: Path) -> None:
    results = log(tmp_path)["runs"][0]["results"]
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in results]
    assert regions == [
        {"startLine": 11, "startColumn": 7, "endColumn": 8},
        {"startLine": 13, "startColumn": 30, "endColumn": 34},
        {"startLine": 14, "startColumn": 30, "endColumn": 31},
        {"startLine": 15, "startColumn": 16, "endColumn": 17},
    ]


def test_addresses_are_relative_to_the_root(tmp_path: Path) -> None:
    run = log(tmp_path)["runs"][0]
    artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "sub%20dir/sample.go", "uriBaseId": "%SRCROOT%"}
    base = run["originalUriBaseIds"]["%SRCROOT%"]["uri"]
    assert base.startswith("file:///")
    assert base.endswith("/")
    assert Path(unquote((base + artifact["uri"]).removeprefix("file://"))).is_file()


def test_files_outside_the_root_have_their_own_base_addresses(tmp_path: Path) -> None:
    _, tree = sample(tmp_path)
    sites = [site(Position(file, 1, 1), "x") for file in (f"{tmp_path}/go/src/fmt/x.go", "/m/pkg/mod/a@v1/b.go", "/else#where/c.go")]
    run = sarif(Explained("go1.27.3", {"p": sites}), tree)["runs"][0]
    artifacts = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in run["results"]]
    assert artifacts == [
        {"uri": "fmt/x.go", "uriBaseId": "GOROOT"},
        {"uri": "a%40v1/b.go", "uriBaseId": "GOMODCACHE"},
        {"uri": "file:///else%23where/c.go"},
    ]
    assert set(run["originalUriBaseIds"]) == {"GOROOT", "GOMODCACHE"}


def test_a_file_that_cannot_be_read_has_lines_without_columns(tmp_path: Path) -> None:
    _, tree = sample(tmp_path)
    run = sarif(Explained("go1.27.3", {"p": [site(Position("/gone.y", 7, 3), "x")]}), tree)["runs"][0]
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}


def test_the_chain_is_a_code_flow_through_its_places(tmp_path: Path) -> None:
    results = log(tmp_path)["runs"][0]["results"]
    steps = results[0]["codeFlows"][0]["threadFlows"][0]["locations"]
    lines = [step["location"]["physicalLocation"]["region"]["startLine"] for step in steps]
    assert lines == [11, 12]
    assert steps[1]["location"]["message"]["text"] == "stored in the package variable kept (line 12)"
    assert "codeFlows" not in results[1]


def test_fingerprints_do_not_depend_on_lines(tmp_path: Path) -> None:
    _, tree = sample(tmp_path)

    def prints(line: int) -> list[object]:
        sites = [site(Position("/gone.go", line, 1), "x", number=number) for number in (1, 2)]
        return [result["partialFingerprints"] for result in sarif(Explained("go1.27.3", {"p": sites}), tree)["runs"][0]["results"]]

    assert prints(3) == prints(90)
    assert prints(3)[0] != prints(3)[1]


def test_braces_are_doubled_and_calls_of_instances_are_not_links() -> None:
    assert message_text("m[k] = T{1}") == "m[k] = T{{1}}"
    assert message_text(r'sort[int](x, "\n")') == r'sort\[int\](x, "\\n")'


def test_kinds_without_a_rule_of_their_own_are_expressions(tmp_path: Path) -> None:
    _, tree = sample(tmp_path)
    odd = site(Position("/gone.go", 1, 1), "x", "something new", CostClass.HEAP)
    run = sarif(Explained("go1.27.3", {"p": [odd]}), tree)["runs"][0]
    assert run["results"][0]["ruleId"] == "heap-expression"
