"""What can be chosen about serving."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.runtime.flags import StageConfig
from components.serve.addresses import check_address

INFERENCE_PORT, MANAGEMENT_PORT, METRICS_PORT = "inference", "management", "metrics"
"""What the three ports are called."""
Address = Annotated[str, AfterValidator(check_address)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ServeConfig(StageConfig):
    """What can be chosen about serving."""

    registry: str
    """Where the personas are: a path, file://, gs:// or s3://."""
    persona: tuple[str, ...] = ()
    """A persona to serve; repeat it for several. Left out: everyone with a production version."""
    alias_poll_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5.0
    """How often the registry's aliases are read."""
    dtype: Literal["auto", "fp32", "bf16"] = "auto"
    """The models' dtype; auto measures which is fastest here."""
    output_filter: bool = True
    """Whether mentions, e-mail addresses, phone numbers and memorised spans are kept back."""
    inference_address: Address = "http://127.0.0.1:8080"
    """Where requests and the page are answered."""
    management_address: Address = "http://127.0.0.1:8081"
    """Where models are managed; closed without HUGGINGTWEETS_MANAGEMENT_TOKEN."""
    metrics_address: Address = "http://127.0.0.1:8082"
    """Where metrics are read."""
    model_store: Path | None = None
    """A folder with model archives (.mar) that may be registered."""
    load_models: tuple[str, ...] = ()
    """A model archive to load at the start, FILE or NAME=FILE; all for every one."""
    default_response_timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 120.0
    """Seconds after which a request that is not done is given up."""
    body_timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30.0
    """Seconds that a client may take to send a request, or to read what was written for it."""
    job_queue_size: Annotated[int, Field(ge=1)] = 100
    """Requests that may wait for each model; one more is refused."""
    max_request_size: Annotated[int, Field(ge=1)] = 6_553_500
    """Bytes of the largest request body, packed and unpacked."""
    ts_model_version: Literal["asked", "answered"] = "asked"
    """The model_version of TorchServe's counters: as a request named it, default where it named
    none, as TorchServe counts; or the version that answered."""
    slots: Annotated[int, Field(ge=1)] | None = None
    """Samples that a model writes at the same time; left out: as many as its KV cache holds."""
    cache_mb: Annotated[int, Field(ge=1)] = 1024
    """Megabytes for the KV cache of each model's running samples."""
    memory_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Gigabytes that all loaded models may take; left out: 80% of what the machine or pod has."""
    adapter_memory: Annotated[int, Field(ge=1)] = 512 << 20
    """Bytes of memory_gb, at most half of it, for adapters of base models; the least recently used
    ones leave for others."""
    cache_dir: Path | None = None
    """Where fetched models are kept; left out: ~/.cache/huggingtweets."""
    drain_delay: Seconds = 5.0
    """Seconds after SIGTERM in which requests are still taken."""
    drain_timeout: Seconds = 30.0
    """Seconds that running requests then have to finish."""
