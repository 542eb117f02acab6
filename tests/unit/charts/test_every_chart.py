import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from support.helm import CHARTS, WHEELS, render, run_helm

NAMES = sorted(path.parent.name for path in CHARTS.glob("*/Chart.yaml"))
SCENARIOS = sorted(CHARTS.glob("*/ci/*-values.yaml"))
CUSTOM = {"ServiceMonitor", "HTTPRoute"}  # defined by others than Kubernetes itself
MINORS = range(29, 38)


@pytest.mark.parametrize("major", WHEELS)
@pytest.mark.parametrize(
    "scenario", SCENARIOS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}"
)
def test_every_scenario_is_valid_on_every_kubernetes(scenario: Path, major: str) -> None:
    chart = scenario.parent.parent.name
    for manifest in render(chart, "--values", str(scenario), major=major):
        if manifest["kind"] in CUSTOM:
            continue
        for minor in MINORS:
            kubernetes_validate.validate(manifest, f"1.{minor}", strict=True)


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
def test_the_readme_shows_every_value(chart: str) -> None:
    values = yaml.safe_load((CHARTS / chart / "values.yaml").read_text())
    readme = (CHARTS / chart / "README.md").read_text()
    for room, value in values.items():
        inner = [f"`{room}.{key}`" for key in value] if isinstance(value, dict) else []
        assert f"`{room}`" in readme or (inner and all(name in readme for name in inner)), room


def test_the_readmes_tables_are_those_of_the_values() -> None:
    command = [sys.executable, str(CHARTS / "readme.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
