import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies
from support.adapters import make_adapter, merge
from support.finished import make_dataset
from support.tiny_models import make_tiny_model

from components.contracts.errors import BadInputError
from components.contracts.sweep import TrialReport
from pipelines.sweep.search import trials_of
from pipelines.sweep.spec import SweepSpec, read_spec
from pipelines.sweep.sweeping import ranked
from pipelines.sweep.trial import compared, validation_bits

GRID = """
method: grid
metric: {name: validation_bits_per_byte, goal: minimize}
parameters:
  learning_rate:
    values: [1e-4, 2.0e-4]
  method:
    values: [full, lora]
  epochs:
    value: 1
"""


def spec_of(**document: Any) -> SweepSpec:
    return read_spec(json.dumps(document, indent=1))


def random_of(run_cap: int = 40, **parameters: Any) -> SweepSpec:
    return spec_of(method="random", run_cap=run_cap, parameters=parameters)


def test_a_grid_takes_every_point_in_order() -> None:
    assert trials_of(read_spec(GRID), 0) == [
        {"learning_rate": 1e-4, "method": "full", "epochs": 1},
        {"learning_rate": 1e-4, "method": "lora", "epochs": 1},
        {"learning_rate": 2e-4, "method": "full", "epochs": 1},
        {"learning_rate": 2e-4, "method": "lora", "epochs": 1},
    ]


def test_an_adapter_is_compared_together_with_its_base_model(tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "base")
    adapter = make_adapter(base, tmp_path / "adapter")
    whole = merge(base, adapter, tmp_path / "merged")
    dataset = tmp_path / "dataset"
    make_dataset(dataset)
    bits = [validation_bits(model, base, dataset) for model in (adapter, whole, base)]
    assert bits[0] == pytest.approx(bits[1], rel=1e-3)
    assert bits[0] != pytest.approx(bits[2], rel=1e-2)


def test_a_run_cap_ends_a_grid() -> None:
    assert len(trials_of(read_spec(GRID + "run_cap: 3\n"), 0)) == 3


def test_a_grid_counts_whole_numbers() -> None:
    spec = spec_of(method="grid", parameters={"lora_rank": {"min": 4, "max": 6}})
    assert [one["lora_rank"] for one in trials_of(spec, 0)] == [4, 5, 6]


def test_a_grid_that_nobody_waits_for_is_refused() -> None:
    spec = spec_of(method="grid", parameters={"seed": {"min": 0, "max": 10**15}})
    with pytest.raises(BadInputError, match="the grid has 1000000000000001 points"):
        trials_of(spec, 0)


@pytest.mark.parametrize(
    ("parameter", "low", "high"),
    [
        ({"min": 1.5, "max": 2.5}, 1.5, 2.5),
        ({"min": 1, "max": 3}, 1, 3),
        ({"min": 1e-5, "max": 1e-2, "distribution": "log_uniform_values"}, 1e-5, 1e-2),
        ({"min": -10, "max": -5, "distribution": "log_uniform"}, math.exp(-10), math.exp(-5)),
        ({"min": 0, "max": 4, "distribution": "q_uniform", "q": 0.5}, 0, 4),
    ],
)
def test_draws_lie_between_their_bounds(parameter: Any, low: float, high: float) -> None:
    found = [one["epochs"] for one in trials_of(random_of(epochs=parameter), 3)]
    assert all(isinstance(one, int | float) and low <= one <= high for one in found)
    assert len(set(found)) == len(found) > 2


def test_the_same_seed_draws_the_same() -> None:
    spec = random_of(learning_rate={"min": 0.0, "max": 1.0}, method={"values": ["full", "lora"]})
    assert trials_of(spec, 1) == trials_of(spec, 1) != trials_of(spec, 2)


def test_no_trial_is_done_twice() -> None:
    spec = random_of(method={"values": ["full", "lora"]})
    assert sorted(one["method"] for one in trials_of(spec, 0)) == ["full", "lora"]  # type: ignore[type-var]


def test_what_has_no_probability_is_not_drawn() -> None:
    spec = random_of(method={"values": ["full", "lora"], "probabilities": [0, 1]})
    assert trials_of(spec, 0) == [{"method": "lora"}]


def test_numbers_that_yaml_takes_for_texts_are_numbers() -> None:
    (trial,) = trials_of(read_spec("method: grid\nparameters: {learning_rate: {value: 2e-4}}"), 0)
    assert trial == {"learning_rate": 2e-4}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("method: bayes\nparameters: {epochs: {value: 1}}", "method 'bayes' is not done here"),
        ("method: grid\nparameters: {}", "name one at least"),
        ("method: grid\nparameters: {rate: {value: 1}}", "parameters.rate: it is not known"),
        ("method: grid\nparameters: {device: {value: cpu}}", "parameters.device"),
        ("method: grid\nparameters: {publish: {value: adapter}}", "parameters.publish"),
        ("method: grid\nparameters: {epochs: {min: 0.5, max: 1.5}}", "a grid wants value"),
        ("method: random\nparameters: {epochs: {value: 1}}", "run_cap"),
        ("method: grid\nrun_cap: 0\nparameters: {epochs: {value: 1}}", "run_cap"),
        ("method: grid\nearly_terminate: {type: hyperband}\nparameters: {}", "early_terminate"),
        ("method: grid\nprogram: train.py\nparameters: {}", "program"),
        ("method: grid\nparameters: {epochs: {distribution: beta, min: 1, max: 2}}", "beta"),
        ("method: grid\nparameters: {epochs: {}}", "give either value"),
        ("method: grid\nparameters: {epochs: {value: 1, values: [1]}}", "give either value"),
        ("method: grid\nparameters: {epochs: {min: 1}}", "give either value"),
        ("method: grid\nparameters: {epochs: {min: 2, max: 1}}", "must be below"),
        ("method: grid\nparameters: {epochs: {values: []}}", "values"),
        ("method: grid\nparameters: {epochs: {min: .nan, max: 1}}", "finite"),
        (
            "method: random\nparameters:\n  epochs:\n    min: 0\n    max: 1\n"
            "    distribution: log_uniform_values",
            "above 0",
        ),
        ("method: grid\nparameters: {epochs: {values: [1], distribution: uniform}}", "wants min"),
        (
            "method: grid\nparameters: {epochs: {values: [1, 2], probabilities: [1]}}",
            "one for each",
        ),
        ("method: grid\nparameters: {epochs: {parameters: {a: 1}}}", "parameters"),
        ("method: grid\nmetric: {name: loss}\nparameters: {epochs: {value: 1}}", "metric 'loss'"),
        ("method: grid\nmetric: {name: x, goal: maximize}\nparameters: {}", "metric.goal"),
        ("a: &a 1\nb: *a", "alias"),
        ("- 1\n- 2", "states no sweep"),
        ("{\n", "neither YAML nor JSON"),
        ("[" * 1000 + "\n", "neither YAML nor JSON"),
        ("[" * 500 + "]" * 500 + "\n", "neither YAML nor JSON"),
    ],
)
def test_what_is_not_done_here_is_refused_by_its_name(text: str, word: str) -> None:
    with pytest.raises(BadInputError) as error:
        trials_of(read_spec(f"{text}\n"), 0)
    assert word in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("place", ["nowhere.yaml", "/"])
def test_a_file_that_is_not_there_is_one_sentence(place: str) -> None:
    with pytest.raises(BadInputError):
        read_spec(place)


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputError, match="not UTF-8"):
        read_spec(str(tmp_path / "sweep.yaml"))


@given(strategies.text(max_size=80))
def test_any_text_is_a_sweep_or_one_sentence(text: str) -> None:
    with pytest.raises(BadInputError):
        read_spec(f"{text}\n")


def trial(number: int, *bits: float | None, problem: str | None = None) -> TrialReport:
    return TrialReport(number=number, key="", parameters={}, bits=bits, problem=problem)


def test_trials_are_compared_on_the_posts_that_fit_all_of_them() -> None:
    reports = [trial(1, 8.0, 8.0, 80.0), trial(2, 8.0, 16.0, None), trial(3, problem="diverged")]
    figures, posts = compared(reports, ["ab", "cd", "efg"])
    assert figures == {1: 4.0, 2: 6.0}
    assert posts == 2
    assert [one.number for one in ranked(reports, figures)] == [1, 2, 3]


def test_a_sweep_without_a_trial_that_ends_well_says_why() -> None:
    with pytest.raises(BadInputError, match="every trial failed.*trial 1: diverged"):
        compared([trial(1, problem="diverged")], ["ab"])
    with pytest.raises(BadInputError, match="no validation post"):
        compared([trial(1, None), trial(2, 1.0)], ["ab"])
