"""`/metrics?name[]=`: every name that is shown can be asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from support.fake_engine import FakeEngines
from support.servers import Running, publish, serving

from components.registry import Registry


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that has something to count."""
    place = tmp_path_factory.mktemp("metrics")
    registry = Registry.open(str(place / "registry"))
    publish(registry)
    with serving(registry, place / "cache", FakeEngines()) as server:
        assert server.ask("jane", prompt="x", n=2).status_code == 200
        yield server


def read(running: Running, *names: str) -> requests.Response:
    params = [("name[]", name) for name in names]
    return requests.get(f"{running.metrics}/metrics", params=params, timeout=20)


def samples(text: str) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    """Names and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_name_that_is_shown_can_be_asked_for(asked: Running) -> None:
    whole = read(asked).text
    lines = whole.splitlines()
    shown = {line.split()[2] for line in lines if line.startswith("# ")}
    shown |= {name for name, _ in samples(whole)}
    assert len(shown) > 30
    for name in shown:
        found = samples(read(asked, name).text)
        assert found, name
        assert found <= samples(whole), name
        assert {one for one in samples(whole) if one[0] == name} <= found, name
        assert all(one.startswith(name) for one, _ in found), name


def test_a_histogram_is_known_by_its_name_and_by_its_samples(asked: Running) -> None:
    name = "huggingtweets_request_duration_seconds"
    kinds = {f"{name}_{kind}" for kind in ("bucket", "sum", "count", "created")}
    assert {one for one, _ in samples(read(asked, name).text)} == kinds
    for kind in kinds:
        assert {one for one, _ in samples(read(asked, kind).text)} == {kind}


def test_a_counter_is_known_with_and_without_total(asked: Running) -> None:
    name = "huggingtweets_generated_tokens"
    for asked_for in (name, f"{name}_total"):
        assert f"{name}_total{{" in read(asked, asked_for).text


def test_several_names_and_unknown_ones(asked: Running) -> None:
    found = {one for one, _ in samples(read(asked, "Requests2XX", "MemoryUsed", "nothing").text)}
    assert found == {"Requests2XX", "MemoryUsed"}
    nothing = read(asked, "nothing")
    assert (nothing.status_code, nothing.text) == (200, "")
    assert read(asked, "").text.count("# TYPE") == read(asked).text.count("# TYPE")


@pytest.mark.parametrize(
    ("flag", "counted"),
    [
        ("asked", {"default": 3.0, "1": 1.0, "2": 2.0}),
        ("answered", {"1": 4.0, "2": 2.0}),
    ],
)
def test_torchserves_counters_name_the_version_that_was_asked_for(
    registry: Registry, tmp_path: Path, flag: str, counted: dict[str, float]
) -> None:
    publish(registry)
    publish(registry, alias="candidate")
    with serving(registry, tmp_path / "cache", FakeEngines(), ts_model_version=flag) as running:
        for path, body in (
            ("/predictions/jane", {"prompt": "x"}),
            ("/predictions/jane", {"prompt": "x", "stream": True}),
            ("/v1/completions", {"model": "jane", "prompt": "x"}),
            ("/predictions/jane/1", {"prompt": "x"}),
            ("/v2/models/jane/versions/2/generate", {"text_input": "x"}),
            ("/v1/completions", {"model": "jane@2", "prompt": "x"}),
        ):
            answer = requests.post(running.inference + path, json=body, timeout=20)
            assert answer.status_code == 200
        text = read(running).text
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if "model_version" in sample.labels:
                version = sample.labels["model_version"]
                found.setdefault(sample.name, {})[version] = sample.value
    assert found["ts_inference_requests_total"] == counted
    for name in ("ts_inference_latency_microseconds", "ts_queue_latency_microseconds"):
        assert found[name].keys() == counted.keys()
    answered = found["huggingtweets_request_duration_seconds_count"]
    assert answered == {"1": 4.0, "2": 2.0}


def test_a_scraper_of_openmetrics_may_ask_by_name(asked: Running) -> None:
    answer = requests.get(
        f"{asked.metrics}/metrics?name[]=ts_inference_requests_total",
        headers={"accept": "application/openmetrics-text; version=1.0.0"}, timeout=20,
    )  # fmt: skip
    assert answer.history == []  # not every scraper follows a redirect
    assert "ts_inference_requests_total{" in answer.text
    assert answer.text.endswith("# EOF\n")
