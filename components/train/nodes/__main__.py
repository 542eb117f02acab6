"""`python -m components.train.nodes`: the part of one pod in a training on several nodes.

Kubeflow Trainer says by variables of torchrun's (PET_…) which of the nodes the pod is.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from components.contracts.artifacts import FINETUNED_MODEL
from components.contracts.errors import BadInputError
from components.runtime.command import parse_words, run_command
from components.runtime.flags import a_name
from components.runtime.parser import CommandParser
from components.runtime.patience import waiting_for_stores
from components.train.config import TrainConfig
from components.train.group import ADDRESS, PORT, WORLD_SIZE


@dataclass(frozen=True)
class Node:
    """Which of the nodes this is, and where they meet."""

    rank: int
    count: int
    processes: int
    """On each."""
    address: str
    port: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Node":
        """The node that the environment describes.

        Raises:
            BadInputError: it describes none.
        """
        try:
            return cls(
                rank=int(environment["PET_NODE_RANK"]),
                count=int(environment["PET_NNODES"]),
                processes=int(environment["PET_NPROC_PER_NODE"]),
                address=environment["PET_MASTER_ADDR"],
                port=environment["PET_MASTER_PORT"],
            )
        except (KeyError, ValueError) as error:
            raise BadInputError(
                f"Kubeflow Trainer's variables are missing here, or no numbers ({error}): "
                "this is the command of a TrainJob's pods; train with `python -m components.train`"
            ) from error

    @property
    def variables(self) -> dict[str, str]:
        """What each of its processes is told."""
        size = str(self.count * self.processes)
        return {ADDRESS: self.address, PORT: self.port, WORLD_SIZE: size}


def main(words: Sequence[str] | None = None) -> int:
    """Take part as the command line, or `words`, asks; the exit code."""
    parser = CommandParser(prog="python -m components.train.nodes", description=__doc__)
    parser.add_argument("--place", type=a_name, required=True, metavar="URI")
    parser.add_argument("--config", type=a_name, required=True, metavar="JSON")
    given = parse_words(parser, words)
    return run_command(partial(_take_part, given.place, given.config))


def _take_part(uri: str, text: str) -> None:
    try:
        config = TrainConfig.model_validate_json(text)
    except ValidationError as error:
        raise BadInputError(
            f"--config: it is not a configuration of a training: {error}"
        ) from error
    with waiting_for_stores(os.environ), tempfile.TemporaryDirectory() as folder:
        take_part(Node.of(os.environ), uri, config, Path(folder))


def take_part(node: Node, uri: str, config: TrainConfig, folder: Path) -> None:
    """Train on what lies at `uri` with the other nodes; the first one puts the model there.

    Raises:
        BadInputError: there are not so many GPUs.
        ProcessError: one of this node's processes failed; the sentence is its own.
    """
    from components.train.launch import check_gpus, launch_with  # torch takes a second to import
    from components.train.nodes.place import Place
    from components.train.stage import train_in_group

    place = Place.at(uri)
    if place.is_done:  # before this pod was started again
        return
    check_gpus(node.processes, config.device)
    dataset, base_model = place.give_inputs(folder)
    model_out = folder / FINETUNED_MODEL
    launch_with(
        node.variables,
        node.rank * node.processes,
        train_in_group,
        node.processes,
        config=config,
        dataset=dataset,
        base_model=base_model,
        model_out=model_out,
    )
    if node.rank == 0:
        place.take_model(model_out)


if __name__ == "__main__":
    raise SystemExit(main())
