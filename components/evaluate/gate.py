"""The gate: whether an evaluation keeps the conditions for being published."""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from components.contracts.evaluation import Condition, EvaluationReport, Gate, Measure
from components.evaluate.measures.bits_per_byte import FINETUNED
from components.evaluate.measures.bootstrap import DIGITS
from components.evaluate.rules import Rule, Rules

SHARES = ("memorisation", "attribution", "safety")
"""Figures that people read in percent."""
KEEPS: dict[str, Callable[[float, float], bool]] = {
    "below": operator.lt,
    "at_most": operator.le,
    "above": operator.gt,
    "at_least": operator.ge,
}


class _Held(NamedTuple):
    """A figure held against its bound."""

    value: float
    """The unfavourable end of the figure's interval."""
    bound: float


def judge_gate(report: EvaluationReport, rules: Rules) -> Gate:
    """Judge `report` by the unfavourable end of each figure's interval."""
    conditions = tuple(_judged(report, rule) for rule in rules.conditions)
    passed = all(condition.passed is not False for condition in conditions)
    return Gate(passed=passed, conditions=conditions)


def _judged(report: EvaluationReport, rule: Rule) -> Condition:
    held = _held(report, rule)
    if held is None:
        missing = next(
            path
            for path in (rule.measure, rule.bound)
            if isinstance(path, str) and _figure(report, path) is None
        )
        sentence = f"{rule.name}: not judged, since {missing} was not measured."
        return Condition(name=rule.name, passed=None, value=None, bound=None, sentence=sentence)
    passed = KEEPS[rule.kind](*held)
    value, bound = (_written(rule, number) for number in held)
    sentence = (
        f"{rule.name}: {'passed' if passed else 'failed'}, being {value} at worst "
        f"where it must be {rule.kind.replace('_', ' ')} {bound}."
    )
    return Condition(
        name=rule.name, passed=passed, value=held.value, bound=held.bound, sentence=sentence
    )


def _held(report: EvaluationReport, rule: Rule) -> _Held | None:
    """The two sides of a condition; None if one of them was not measured."""
    measure = _figure(report, rule.measure)
    other = _figure(report, rule.bound) if isinstance(rule.bound, str) else None
    if measure is None or (isinstance(rule.bound, str) and other is None):
        return None
    beside = other.value if other else float(rule.bound)
    paired = _paired(report, rule)
    worst = _worst(measure, rule) if paired is None else beside + _worst(paired, rule)
    return _Held(round(worst, DIGITS), round(beside * rule.times + rule.plus, DIGITS))


def _worst(measure: Measure, rule: Rule) -> float:
    return measure.high if rule.kind in ("below", "at_most") else measure.low


def _paired(report: EvaluationReport, rule: Rule) -> Measure | None:
    """The difference of the two, post by post, where it is known: surer than either figure.

    Added to the bound, its worse end says where the figure may lie, beside just this bound.
    """
    if rule.measure != f"bits_per_byte.{FINETUNED}" or not isinstance(rule.bound, str):
        return None
    return report.bits_per_byte_difference.get(rule.bound.removeprefix("bits_per_byte."))


def _figure(report: EvaluationReport, path: str) -> Measure | None:
    found: Any = report
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else getattr(found, part, None)
    return found if isinstance(found, Measure) else None


def _written(rule: Rule, number: float) -> str:
    if rule.measure.startswith(SHARES):
        return f"{100 * number:.1f}%"
    return f"{number:.3f}"
