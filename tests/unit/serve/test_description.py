"""The OpenAPI documents hold: fuzzed requests get only the answers that they name."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import integers
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from support.fake_engine import FakeEngines
from support.servers import Running, publish, serving

from components.registry import Registry

load_all_checks()
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
MANAGER = {"Authorization": "Bearer manage-me"}
NAMES = {
    "model": ["jane", "jane", "nobody"],
    "name": ["jane", "nobody"],
    "version": ["1", "1", "7"],
}
EXAMPLES = 8


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("described")
    registry = Registry.open(str(place / "registry"))
    publish(registry)
    environment = {"HUGGINGTWEETS_MANAGEMENT_TOKEN": "manage-me"}
    with serving(registry, place / "cache", FakeEngines(), environment) as server:
        yield server


def fuzz(base: str, headers: dict[str, str]) -> int:
    """Send what the document allows and what it does not; gives how many operations it has."""
    schema = schemathesis.openapi.from_url(f"{base}/api-description", headers=headers)
    operations = [found.ok() for found in schema.get_all_operations()]
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with suppress(Unsatisfiable):  # what takes nothing can be given nothing wrong
                _fuzz(operation.as_strategy(generation_mode=mode), base, headers)
    return len(operations)


def _fuzz(cases: Any, base: str, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases, choice=integers(0, 3))
    def ask(case: Any, choice: int) -> None:
        for name in NAMES.keys() & (case.path_parameters or {}).keys():
            case.path_parameters[name] = NAMES[name][choice % len(NAMES[name])]
        case.call_and_validate(base_url=base, headers=headers, checks=CHECKS, timeout=20)

    ask()


def test_the_inference_port_answers_as_described(managed: Running) -> None:
    assert fuzz(managed.inference, {}) >= 20


def test_the_management_port_answers_as_described(managed: Running) -> None:
    assert managed.management
    assert fuzz(managed.management, MANAGER) >= 8
