"""Which nodes of a cluster steps may run on: `--node-selector` and `--toleration`."""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.contracts.errors import BadInputError

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
KEY = rf"([a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?/)?{NAME}"
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set"""
LABEL = re.compile(rf"(?P<key>{KEY})=(?P<value>({NAME})?)", re.ASCII)
TAINT = re.compile(
    rf"(?P<key>{KEY})(=(?P<value>({NAME})?))?(:(?P<effect>{'|'.join(EFFECTS)}))?", re.ASCII
)


@dataclass(frozen=True)
class Toleration:
    """A taint that a step stands."""

    key: str
    value: str | None = None
    """None for every value."""
    effect: str | None = None
    """None for every effect."""


@dataclass(frozen=True)
class Nodes:
    """Where a step may run."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Those that a node must have."""
    tolerations: Sequence[Toleration] = ()

    def __or__(self, other: "Nodes") -> "Nodes":
        """Both; of a label that both name, the value in `other`."""
        tolerations = dict.fromkeys([*self.tolerations, *other.tolerations])
        return Nodes({**self.labels, **other.labels}, tuple(tolerations))


ANYWHERE = Nodes()


def add_node_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say which nodes train, or every step, may run on."""
    group = parser.add_argument_group("the nodes (each flag may be repeated)")
    for prefix, whose in (("--", "train"), ("--all-", "every step")):
        group.add_argument(
            f"{prefix}node-selector",
            type=a_label,
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help=f"a label that the node of {whose} must have",
        )
        group.add_argument(
            f"{prefix}toleration",
            type=a_toleration,
            action="append",
            default=[],
            metavar="KEY[=VALUE][:EFFECT]",
            help=f"a taint of nodes that {whose} may run on all the same",
        )


def nodes_given(given: argparse.Namespace) -> tuple[Nodes, Nodes]:
    """Those of train, and those of every step.

    Raises:
        BadInputError: a label is to have two values.
    """
    return (
        Nodes(_labels("--node-selector", given.node_selector), tuple(given.toleration)),
        Nodes(_labels("--all-node-selector", given.all_node_selector), tuple(given.all_toleration)),
    )


def a_label(text: str) -> tuple[str, str]:
    """`KEY=VALUE`, for argparse."""
    found = LABEL.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE, a label as nodes have it")
    return found["key"], found["value"]


def a_toleration(text: str) -> Toleration:
    """`KEY`, `KEY=VALUE`, `KEY:EFFECT` or `KEY=VALUE:EFFECT`, as kubectl names taints."""
    found = TAINT.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not KEY[=VALUE][:EFFECT], with an EFFECT of {', '.join(EFFECTS)}"
        )
    return Toleration(found["key"], found["value"], found["effect"])


def _labels(flag: str, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for key, value in given:
        if labels.setdefault(key, value) != value:
            raise BadInputError(
                f"{flag}: no node has {key}={labels[key]} and {key}={value} at once; give one"
            )
    return labels
