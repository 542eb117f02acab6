"""What can be said about a training."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.runtime.flags import StageConfig
from components.runtime.words import LARGEST

Method = Literal["partial", "full", "lora"]
DEFAULT_LEARNING_RATES: dict[Method, float] = {"partial": 3.5e-4, "full": 2e-4, "lora": 2e-3}

RUNTIME_ONLY = frozenset(
    {
        *("checkpoint_uri", "checkpoint_seconds", "registry", "dtype", "device"),
        *("gpus", "nodes", "training_runtime"),
    }
)
"""Fields of the configuration that decide nothing about the weights by themselves."""
MOST_GPUS, MOST_NODES = 64, 64


class TrainConfig(StageConfig):
    """How to fine-tune: the defaults suit one author's few hundred to few thousand posts."""

    method: Method = "partial"
    """Train a part of the weights (not embeddings, queries, keys, and what widens most MLPs), all,
    or low-rank adapters."""
    publish: Literal["merged", "adapter"] = "merged"
    """What lora leaves: a whole model, the adapters merged into it, or a few megabytes of adapters
    that name their base model."""
    dtype: Literal["auto", "fp32", "bf16"] = "auto"
    """The dtype of the computation; auto times both on the processor at hand."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute; auto takes a GPU if there is one, cuda refuses to do without."""
    gpus: Annotated[int, Field(ge=0, le=MOST_GPUS)] = 1
    """How many processes train together, one a GPU; with --device cpu, on the processor."""
    nodes: Annotated[int, Field(ge=1, le=MOST_NODES)] = 1
    """On how many nodes of the cluster, each with so many GPUs; in a pod, by Kubeflow Trainer."""
    training_runtime: Annotated[str, Field(min_length=1)] = "torch-distributed"
    """With --nodes: the ClusterTrainingRuntime of Kubeflow Trainer."""
    epochs: Annotated[float, Field(gt=0, le=1000)] | None = None
    """How often every post is seen at most; left out, once, or oftener if posts are few."""
    max_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Stop after this many seconds of training and keep the best weights till then."""
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """The peak learning rate; left out, what suits the method."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """The share of the steps over which the learning rate rises."""
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """AdamW's decoupled weight decay."""
    batch_tokens: Annotated[int, Field(ge=1)] = 384
    """About how many tokens a step sees, padding included."""
    validations: Annotated[int, Field(ge=1)] = 2
    """Validations per epoch."""
    validation_tokens: Annotated[int, Field(ge=1)] = 1024
    """How many tokens of validation posts it is measured on at most, the same ones each time."""
    patience: Annotated[int, Field(ge=1)] = 3
    """Stop after this many measurements without a new best."""
    lora_rank: Annotated[int, Field(ge=1)] = 16
    """The rank of the adapters."""
    seed: Annotated[int, Field(ge=0, lt=LARGEST)] = 0
    """Orders the posts and starts the adapters."""
    checkpoint_uri: str | None = None
    """Where checkpoints are kept while it trains, to go on from: a path, gs:// or s3://."""
    checkpoint_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60.0
    """How many seconds lie between two checkpoints, at least."""
    registry: str | None = None
    """The registry whose opt-out list is asked before anything is trained."""

    @model_validator(mode="after")
    def _has_adapters(self) -> Self:
        if self.publish == "adapter" and self.method != "lora":
            raise ValueError("--publish adapter is for --method lora: all weights make no adapter")
        return self

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate after the warm-up."""
        return self.learning_rate or DEFAULT_LEARNING_RATES[self.method]
