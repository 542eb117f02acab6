"""Which trials a sweep takes: all of a grid in order, or draws at random."""

import itertools
import math
import random
from collections.abc import Iterator, Mapping

from components.contracts.errors import BadInputError
from components.contracts.sweep import Value
from pipelines.sweep.spec import MOST_TRIALS, Parameter, SweepSpec

DRAWS_A_TRIAL = 50
"""After so many draws for each trial no new one is hoped for."""

Choice = Mapping[str, Value]


def trials_of(spec: SweepSpec, seed: int) -> list[dict[str, Value]]:
    """The parameters of each trial; the same spec and seed give the same ones.

    Raises:
        BadInputError: there are more than anybody waits for.
    """
    if spec.method == "grid":
        count = math.prod(len(parameter.choices or ()) for parameter in spec.parameters.values())
        if (spec.run_cap or count) > MOST_TRIALS:
            raise BadInputError(
                f"the grid has {count} points; take values away, or give a run_cap of at most "
                f"{MOST_TRIALS}"
            )
        return list(itertools.islice(_grid(spec), spec.run_cap))
    return _random(spec, random.Random(seed))


def _grid(spec: SweepSpec) -> Iterator[dict[str, Value]]:
    """Every point; what comes last in the file changes first."""
    names = list(spec.parameters)
    for point in itertools.product(*(one.choices or () for one in spec.parameters.values())):
        yield dict(zip(names, point, strict=True))


def _random(spec: SweepSpec, chance: random.Random) -> list[dict[str, Value]]:
    """Draws that differ from one another, as many as there are, up to the cap."""
    wanted = spec.run_cap or 1
    found: list[dict[str, Value]] = []
    for _ in range(wanted * DRAWS_A_TRIAL):
        drawn = {name: _drawn(one, chance) for name, one in spec.parameters.items()}
        if drawn not in found:
            found.append(drawn)
        if len(found) == wanted:
            break
    return found


def _drawn(parameter: Parameter, chance: random.Random) -> Value:
    if parameter.value is not None:
        return parameter.value
    if parameter.values is not None:
        return chance.choices(parameter.values, parameter.probabilities)[0]
    low, high = parameter.min or 0.0, parameter.max or 0.0
    match parameter.kind:
        case "int_uniform":
            return chance.randint(int(low), int(high))
        case "q_uniform":
            step = parameter.q or 1.0
            return round(chance.uniform(low, high) / step) * step
        case "log_uniform":
            return math.exp(chance.uniform(low, high))
        case "log_uniform_values":
            return math.exp(chance.uniform(math.log(low), math.log(high)))
    return chance.uniform(low, high)
