"""A sweep as W&B's configuration states it, in YAML or JSON.

The keys are those of https://docs.wandb.ai/guides/sweeps/sweep-config-keys; what is not done here
is refused by its name.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from components.contracts.base import Contract, first_problem
from components.contracts.errors import BadInputError
from components.contracts.sweep import Value
from components.runtime.folders import home_path
from components.train.config import RUNTIME_ONLY, TrainConfig

METRIC = "validation_bits_per_byte"
METHODS = ("grid", "random")
BASE_MODEL = "base_model"
LARGEST_FILE = 1 << 20
MOST_TRIALS = 1000

Distribution = Literal[
    "constant",
    "categorical",
    "int_uniform",
    "uniform",
    "q_uniform",
    "log_uniform",
    "log_uniform_values",
]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Parameter(Contract):
    """What one parameter may be."""

    value: Value | None = None
    values: Annotated[tuple[Value, ...], Field(min_length=1)] | None = None
    min: Number | None = None
    max: Number | None = None
    q: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Of q_uniform: draws are multiples of it."""
    probabilities: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...] | None = None
    """Of `values`; equal ones if left out."""
    distribution: Distribution | None = None
    """As the other keys suggest if left out, which is how W&B does it."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        named = [self.value is not None, self.values is not None, self.min is not None]
        if sum(named) != 1 or (self.min is None) != (self.max is None):
            raise ValueError("give either value, or values, or min and max")
        kind, wants = self.kind, "values" if self.values else "value" if self.min is None else "min"
        if wants != _WANTS[kind]:
            raise ValueError(f"the distribution {kind} wants {_SAID[_WANTS[kind]]}")
        if (self.q is None) != (kind != "q_uniform"):
            raise ValueError("q belongs to the distribution q_uniform, and has to be given there")
        if self.min is not None and self.max is not None:
            self._check_bounds(kind, self.min, self.max)
        self._check_probabilities()
        return self

    def _check_bounds(self, kind: str, low: float, high: float) -> None:
        if low >= high:
            raise ValueError(f"min ({low:g}) must be below max ({high:g})")
        if kind == "log_uniform_values" and low <= 0:
            raise ValueError(f"min ({low:g}) must be above 0, as a logarithm is taken")
        if kind == "log_uniform" and high > math.log(1e300):
            raise ValueError(
                f"max ({high:g}) is the exponent of e, and too large; for bounds themselves use "
                "log_uniform_values"
            )
        if kind == "int_uniform" and not (low.is_integer() and high.is_integer()):
            raise ValueError("min and max of int_uniform are whole numbers")

    def _check_probabilities(self) -> None:
        if self.probabilities is None:
            return
        if self.values is None or len(self.probabilities) != len(self.values):
            raise ValueError("probabilities: give one for each of values")
        if not math.isclose(sum(self.probabilities), 1.0, abs_tol=1e-6):
            raise ValueError(f"probabilities: they add up to {sum(self.probabilities):g}, not to 1")

    @property
    def kind(self) -> Distribution:
        """The distribution, said or not."""
        if self.distribution:
            return self.distribution
        if self.min is None:
            return "categorical" if self.values is not None else "constant"
        whole = self.min.is_integer() and (self.max or 0.0).is_integer()
        return "int_uniform" if whole else "uniform"

    @property
    def choices(self) -> Sequence[Value] | None:
        """All that it may be; None where that is a range of numbers."""
        if self.value is not None:
            return (self.value,)
        if self.values is not None:
            return self.values
        if self.kind == "int_uniform" and self.min is not None and self.max is not None:
            return range(int(self.min), int(self.max) + 1)
        return None


_WANTS = {
    "constant": "value",
    "categorical": "values",
    **dict.fromkeys(("int_uniform", "uniform", "q_uniform", "log_uniform"), "min"),
    "log_uniform_values": "min",
}
_SAID = {"value": "value", "values": "values", "min": "min and max"}


class Metric(Contract):
    """What is compared."""

    name: str
    goal: Literal["minimize"] = "minimize"


class SweepSpec(Contract):
    """The whole file."""

    method: str
    parameters: dict[str, Parameter]
    metric: Metric | None = None
    run_cap: Annotated[int, Field(ge=1, le=MOST_TRIALS, strict=True)] | None = None
    """How many trials there are at most."""
    name: str | None = None
    description: str | None = None

    @model_validator(mode="after")
    def _can_be_done(self) -> Self:
        if self.method not in METHODS:
            raise ValueError(f"method {self.method!r} is not done here; use grid or random")
        if self.metric and self.metric.name != METRIC:
            raise ValueError(f"metric {self.metric.name!r} is not measured here; it is {METRIC}")
        if not self.parameters:
            raise ValueError("parameters: name one at least, as learning_rate")
        for name, parameter in self.parameters.items():
            if name not in SWEPT:
                raise ValueError(
                    f"parameters.{name}: it is not known here; use {', '.join(sorted(SWEPT))}"
                )
            if self.method == "grid" and parameter.choices is None:
                raise ValueError(f"parameters.{name}: a grid wants value or values, and no range")
        if self.method == "random" and self.run_cap is None:
            raise ValueError("run_cap: a random search wants to know how many trials it may take")
        return self


NOT_SWEPT = RUNTIME_ONLY | {"publish"}
"""What decides nothing about the weights by itself."""
SWEPT = frozenset({BASE_MODEL, *TrainConfig.model_fields}) - NOT_SWEPT
"""What a sweep may choose."""


def read_spec(place: str) -> SweepSpec:
    """Read the sweep in a file, or in the text itself where that has several lines.

    Raises:
        BadInputError: it cannot be read, or states no sweep that can be done here; the message
            names the key.
    """
    text = place if "\n" in place else _text_of(place)
    where = "the sweep" if "\n" in place else place
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            raise BadInputError(f"{where}: it holds an alias (*name); write the value out")
        said = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        words = " ".join(str(error).split())
        raise BadInputError(f"{where} is neither YAML nor JSON: {words}") from error
    if not isinstance(said, Mapping):
        raise BadInputError(f"{where} states no sweep: it is not an object with method, parameters")
    try:
        return SweepSpec.model_validate(_with_numbers(said))
    except ValidationError as error:
        raise BadInputError(f"{where}: {first_problem(error)}") from error


def _text_of(place: str) -> str:
    try:
        with home_path(place).open(encoding="utf-8-sig") as file:
            text = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadInputError(f"cannot read the sweep {place}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"the sweep {place} is not UTF-8 text: {error.reason}") from error
    if len(text) > LARGEST_FILE:
        raise BadInputError(f"the sweep {place} is larger than any sweep can be")
    return text


def _with_numbers(said: Mapping[Any, Any]) -> dict[str, Any]:
    """The same with `1e-4` as a number, which YAML 1.1 takes for a text."""
    document = {str(name): value for name, value in said.items()}
    parameters = document.get("parameters")
    if isinstance(parameters, Mapping):
        document["parameters"] = {
            str(name): dict(_numbers(one)) if isinstance(one, Mapping) else one
            for name, one in parameters.items()
        }
    return document


def _numbers(parameter: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in parameter.items():
        yield (
            str(name),
            [_number(one) for one in value] if isinstance(value, list) else _number(value),
        )


def _number(value: object) -> object:
    """A text that is a number in exponential form becomes one."""
    if isinstance(value, str) and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            return value
    return value
