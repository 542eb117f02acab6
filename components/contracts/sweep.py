"""A sweep: trainings that differ in what was chosen, and which of them was the best."""

from components.contracts.base import Contract, Report

Value = str | int | float | bool


class TrialReport(Report):
    """`trials/<n>/trial.json`: one training of a sweep."""

    number: int
    """From 1."""
    key: str
    """The SHA-256 of all that decides the training."""
    parameters: dict[str, Value]
    """What the sweep chose."""
    bits: tuple[float | None, ...] = ()
    """The bits that each validation post takes; None for one longer than the context length."""
    seconds: float = 0.0
    """Of the training."""
    problem: str | None = None
    """Why it failed, in a sentence."""


class TrialFigures(Contract):
    """A trial beside the others."""

    number: int
    parameters: dict[str, Value]
    validation_bits_per_byte: float | None
    """On the validation posts that fit the context length of every trial's model; None where it
    failed."""
    seconds: float
    problem: str | None = None


class SweepReport(Report):
    """`sweep.json`: what was tried, and what came of it."""

    sweep: str
    """The sweep's id, which its runs in W&B carry."""
    persona: str
    method: str
    trials: tuple[TrialFigures, ...]
    """The best one first, those that failed last."""
    best: int
    """The number of the best trial: of equal ones the first."""
    validation_posts: int
    """On how many posts they were compared."""
    test_bits_per_byte: float
    """Of the best one, on the newest posts, which nothing was chosen by."""
    version: int
    """What it was published as."""
