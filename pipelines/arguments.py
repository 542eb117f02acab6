"""From the configurations of stages to the parameters of the pipeline `persona`."""

from typing import Any

from components.contracts.errors import BadInputError
from components.evaluate.config import EvaluateConfig
from components.evaluate.rules import gate_text, rules_of
from components.prepare.config import PrepareConfig
from components.publish.config import PublishConfig
from components.runtime.flags import StageConfig, flag_of
from components.runtime.words import is_exact
from components.train.config import TrainConfig

OWN_PARAMETERS = frozenset(
    {"base_model", "preset", "seed", "registry", "checkpoint_uri", "gpus", "nodes"}
)
"""Fields of the stages that are parameters of the pipeline, or of a step, by themselves."""


def stage_arguments(
    prepare: PrepareConfig, train: TrainConfig, evaluate: EvaluateConfig, publish: PublishConfig
) -> dict[str, Any]:
    """The parameters that say how to do each stage; what is left open is left out.

    Raises:
        BadInputError: the stages do not go together.
    """
    check_whole_for_gguf(train, publish)
    return {
        "preset": prepare.preset,
        "seed": train.seed,
        **({"checkpoint_uri": train.checkpoint_uri} if train.checkpoint_uri else {}),
        "prepare_options": _options(prepare),
        "train_options": _options(train),
        "evaluate_options": _options(with_gate_text(evaluate)),
        "publish_options": _options(publish),
    }


def check_whole_for_gguf(train: TrainConfig, publish: PublishConfig) -> None:
    """Make sure that a whole model is trained where a GGUF file is asked for.

    Raises:
        BadInputError: it is not.
    """
    if publish.gguf and train.publish == "adapter":
        raise BadInputError(
            "--gguf: a GGUF is made of whole models alone, and --publish adapter makes none; leave "
            "out one of the two"
        )


def check_gpus(train: TrainConfig, gpus: int) -> None:
    """Make sure that train uses the GPUs that its pod gets, and gets some if it needs one.

    Raises:
        BadInputError: it does not.
    """
    if train.device == "cuda" and not gpus:
        raise BadInputError("--device cuda: the pod of train gets no GPU; give --gpus 1")
    if train.device == "cpu" and gpus:
        raise BadInputError(
            f"--device cpu: the pod of train would keep --gpus {gpus} from others and use none; "
            "give --gpus 0"
        )


def with_gate_text(evaluate: EvaluateConfig) -> EvaluateConfig:
    """The configuration with the gate's text in place of its file, which no pod sees.

    Raises:
        BadInputError: the file is missing or states no gate.
    """
    rules_of(evaluate)
    return evaluate.model_copy(update={"gate": gate_text(evaluate.gate)} if evaluate.gate else {})


def _options(config: StageConfig) -> dict[str, Any]:
    """The flags that were said, by flag or variable, as a JSON object.

    Raises:
        BadInputError: a number would not arrive as it is.
    """
    options = config.model_dump(mode="json", include=config.model_fields_set - OWN_PARAMETERS)
    for name, value in options.items():
        if isinstance(value, int | float) and not is_exact(value):
            raise BadInputError(
                f"{flag_of(name)}: {value} is too large for Kubeflow, which keeps numbers exactly "
                "below 2^53 alone"
            )
    return options
