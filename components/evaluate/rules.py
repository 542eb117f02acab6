"""The conditions of a gate, as a YAML file states them."""

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from components.contracts.base import Contract, first_problem
from components.contracts.errors import BadInputError
from components.contracts.evaluation import EvaluationReport, Measure
from components.evaluate.config import EvaluateConfig
from components.runtime.folders import home_path

DEFAULT = Path(__file__).with_name("gate.yaml")
KINDS = ("below", "at_most", "above", "at_least")
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Bound = Number | Annotated[str, Field(strict=True)]


class Rule(Contract):
    """One condition; exactly one of the four kinds of bound is given."""

    name: Annotated[str, Field(min_length=1, strict=True)]
    measure: Annotated[str, Field(strict=True)]
    """The path of a figure in evaluation.json."""
    below: Bound | None = None
    """A number or the path of another figure, as in the other three."""
    at_most: Bound | None = None
    above: Bound | None = None
    at_least: Bound | None = None
    times: Number = 1.0
    """What the bound is multiplied with, first."""
    plus: Number = 0.0
    """What is added to the bound."""

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError(f"the condition {self.name!r} needs exactly one of {', '.join(KINDS)}")
        return self

    @property
    def kind(self) -> str:
        """Which of the four bounds it has."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def bound(self) -> float | str:
        """The number, or the path of the figure, that it is held against."""
        bound: float | str = getattr(self, self.kind)
        return bound


class Rules(Contract):
    """The whole file."""

    conditions: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _known_figures(self) -> Self:
        for rule in self.conditions:
            for figure in (rule.measure, rule.bound):
                if isinstance(figure, str) and not _names_a_figure(figure):
                    raise ValueError(
                        f"evaluation.json has no figure {figure!r}; "
                        "name one by its path, as memorisation.generated.exact"
                    )
        return self


BEATS_PRODUCTION = Rule(
    name="It predicts them better than the version in production",
    measure="bits_per_byte.finetuned",
    below="bits_per_byte.champion",
)


def rules_of(config: EvaluateConfig) -> Rules:
    """The conditions that an evaluation with this configuration is judged by.

    Raises:
        BadInputError: the gate's file is missing or states no gate; the message says what is wrong.
    """
    rules = _parsed(gate_text(config.gate or str(DEFAULT)))
    if config.beat_production and BEATS_PRODUCTION not in rules.conditions:
        return Rules(conditions=(*rules.conditions, BEATS_PRODUCTION))
    return rules


def gate_text(gate: str) -> str:
    """The text of a gate, which is given as a file or, in more than one line, as its own text.

    Raises:
        BadInputError: the file cannot be read.
    """
    if "\n" in gate:
        return gate
    try:
        return home_path(gate).read_text(encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"cannot read the gate {gate}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"the gate {gate} is not UTF-8 text: {error.reason}") from error


def _parsed(text: str) -> Rules:
    try:
        return Rules.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, RecursionError) as error:
        raise BadInputError(f"the gate is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise BadInputError(f"the gate is not valid: {first_problem(error)}") from error


def _names_a_figure(path: str) -> bool:
    """Whether evaluation.json can hold a measure at `path`."""
    kind: Any = EvaluationReport
    for part in path.split("."):
        kind = _below(kind, part)
    return kind is Measure


def _below(kind: Any, part: str) -> Any:
    """The kind of the value under the key `part` of a value of this kind; None if there is none."""
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return None
    field = kind.model_fields.get(part)
    return next(_alternatives(field.annotation), None) if field else None


def _alternatives(kind: Any) -> Iterator[Any]:
    several = get_origin(kind) in (Union, types.UnionType)
    yield from (one for one in get_args(kind) if one is not types.NoneType) if several else (kind,)
