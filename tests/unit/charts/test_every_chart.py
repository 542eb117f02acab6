import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.helm import CHARTS, WHEELS, render, run_helm
from support.manifests import MINORS, check

NAMES = sorted(path.parent.name for path in CHARTS.glob("*/Chart.yaml"))
SCENARIOS = sorted(CHARTS.glob("*/ci/*-values.yaml"))
LONGEST = 53
"""Letters of a release's name, as helm has it."""
RELEASES = (LONGEST * "r", (LONGEST - 2) * "r" + ".r", "7up")
OVERRIDES = (f"fullnameOverride={63 * 'f'}", f"fullnameOverride={52 * 'f'}-f")
SHORTER = (f"nameOverride={63 * 'n'}", f"nameOverride={62 * 'n'}-n", "nameOverride=7up")


@pytest.mark.parametrize("major", WHEELS)
@pytest.mark.parametrize(
    "scenario", SCENARIOS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}"
)
def test_every_scenario_is_valid_on_every_kubernetes(scenario: Path, major: str) -> None:
    chart = scenario.parent.parent.name
    for manifest in render(chart, "--values", str(scenario), major=major):
        check(manifest)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_scenario_installs_with_its_notes(scenario: Path) -> None:
    words = ("words", str(scenario.parents[1]), "--dry-run=client", "--values", str(scenario))
    done = run_helm("4", "install", *words)
    assert done.returncode == 0, done.stderr
    assert "NOTES:" in done.stdout


def needed(chart: str) -> tuple[str, ...]:
    """The least that must be said."""
    return ("--values", str(CHARTS / chart / "ci" / "defaults-values.yaml"))


def named_at_the_limit() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for chart in NAMES:
        overrides = OVERRIDES + (SHORTER if chart == "huggingtweets-serving" else ())
        yield from ((chart, release, ()) for release in RELEASES)
        yield from ((chart, RELEASES[0], ("--set", given)) for given in overrides)


@pytest.mark.parametrize(("chart", "release", "given"), list(named_at_the_limit()))
def test_names_and_labels_hold_at_the_limit_of_length(
    chart: str, release: str, given: tuple[str, ...]
) -> None:
    for manifest in render(chart, *needed(chart), *given, release=release):
        check(manifest, MINORS[-1:])


@pytest.mark.parametrize("chart", NAMES)
def test_two_long_releases_share_nothing(chart: str) -> None:
    def named(last: str) -> set[tuple[str, str]]:
        manifests = render(chart, *needed(chart), release=(LONGEST - 1) * "r" + last)
        names = {(one["kind"], one["metadata"]["name"]) for one in manifests}
        return names - {("ConfigMap", "kfp-launcher")}  # whose name is Kubeflow's

    assert named("a")
    assert named("a").isdisjoint(named("b"))


@pytest.mark.parametrize("major", WHEELS)
@pytest.mark.parametrize("chart", NAMES)
def test_it_lints(chart: str, major: str) -> None:
    done = run_helm(major, "lint", "--strict", str(CHARTS / chart))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("chart", NAMES)
def test_the_schema_knows_every_value_and_no_other(chart: str) -> None:
    def compare(value: Any, known: Any, where: str) -> None:
        if known.get("additionalProperties") is False:
            assert set(known["properties"]) - {"global"} == set(value), where
            for key in value:
                compare(value[key], known["properties"][key], f"{where}.{key}")

    schema = json.loads((CHARTS / chart / "values.schema.json").read_text())
    assert schema["additionalProperties"] is False
    compare(yaml.safe_load((CHARTS / chart / "values.yaml").read_text()), schema, "values")


@pytest.mark.parametrize("chart", NAMES)
def test_the_readme_names_every_value(chart: str) -> None:
    def paths(value: Any, above: str = "") -> Iterator[str]:
        for key, inner in value.items():
            path = f"{above}.{key}".removeprefix(".")
            yield from paths(inner, path) if isinstance(inner, dict) and inner else [path]

    values = yaml.safe_load((CHARTS / chart / "values.yaml").read_text())
    readme = (CHARTS / chart / "README.md").read_text()
    assert [path for path in paths(values) if f"| `{path}` |" not in readme] == []


def test_the_readmes_tables_are_those_of_the_values() -> None:
    command = [sys.executable, str(CHARTS / "readme.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
