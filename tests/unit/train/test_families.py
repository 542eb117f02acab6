import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from support.engines import write
from support.tiny_models import make_tiny_family
from transformers import AutoModelForCausalLM

from components.contracts.errors import BadInputError
from components.evaluate.config import EvaluateConfig
from components.evaluate.stage import run as evaluate
from components.fetch.config import FetchConfig
from components.fetch.stage import run as fetch
from components.lm.engine.load import load_engine
from components.lm.engine.protocol import EngineSettings
from components.lm.models import load_model
from components.lm.score import Scorer
from components.publish.config import PublishConfig
from components.publish.stage import run as publish
from components.registry import Registry
from components.train import suit
from components.train.config import TrainConfig
from components.train.data import in_batches, read_posts
from components.train.loss import loss_function
from components.train.stage import run as train
from components.train.suit import suit_processor

GROUPED = {"num_key_value_heads": 2, "head_dim": 8}
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": GROUPED | {"tie_word_embeddings": False},
    "llama, biased": GROUPED
    | {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True},
    "mistral": GROUPED | {"sliding_window": 8},
    "qwen2": GROUPED
    | {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}
    | {"tie_word_embeddings": True},
    "qwen3": GROUPED | {"tie_word_embeddings": False},
    "gemma": GROUPED,
    "gemma2": GROUPED | {"sliding_window": 8, "final_logit_softcapping": 2.0},
    "gemma3_text": GROUPED
    | {"sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]},
    "phi": {"partial_rotary_factor": 0.5},
    "phi3": {"num_key_value_heads": 2, "sliding_window": 8},
    "gpt_neox": {"tie_word_embeddings": False},
    "gpt_neox, tied": {"tie_word_embeddings": True, "attention_bias": False}
    | {"use_parallel_residual": False},
}
QUICK = TrainConfig(dtype="fp32", epochs=1, batch_tokens=256, learning_rate=1e-2, validations=1)
FEW = EvaluateConfig(samples=40, max_tokens=4, prompts=("rain",))
TEXT = "the neighbours' cat signs for parcels before breakfast again"


METHODS = ("partial", "full", "lora")
IN_SHORT = {("gemma2", "full"), ("gpt_neox", "lora")}
"""Of which families and methods the whole way, judge and registry included, is tried each time."""


def trained(family: str, method: str, dataset: Path, folder: Path) -> tuple[Path, Path]:
    """A tiny base model of that family as fetch gives it, and what training makes of it."""
    source = make_tiny_family(folder / "tiny", family.partition(",")[0], **FAMILIES[family])
    base, model = folder / "base", folder / "model"
    fetch(FetchConfig(base_model=str(source)), model_out=base)
    epochs = 4.0 if method == "partial" else 1.0  # the embeddings of a random base stay random
    config = QUICK.model_copy(update={"method": method, "lora_rank": 4, "epochs": epochs})
    report = train(config, dataset=dataset, base_model=base, model_out=model)
    assert report.best_validation_loss < (report.curve[0].validation_loss or 0)
    return base, model


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_base_model_of_any_family_learns_and_then_writes(
    family: str, method: str, dataset: Path, tmp_path: Path
) -> None:
    base, model = trained(family, method, dataset, tmp_path)
    check_weights(base, model)
    check_served(base, model)


@pytest.mark.parametrize("family", FAMILIES)
def test_plain_attention_is_the_fused_one(
    family: str, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_tiny_family(tmp_path / "tiny", family.partition(",")[0], **FAMILIES[family])
    lm = load_model(source, device=torch.device("cpu"))
    posts = read_posts(dataset, "train", lm)
    (batch, *_) = in_batches(posts, 512, lm.device)
    loss_of = loss_function(lm.model, batch)
    expected = float(loss_of(batch).detach())
    suit_processor(lm.model, torch.float32, posts)
    assert (lm.model.config._attn_implementation == "eager") == (family == "gemma2")
    monkeypatch.setattr(suit, "available", lambda: False)
    suit_processor(lm.model, torch.bfloat16, posts)
    assert lm.model.config._attn_implementation == "eager"
    assert float(loss_of(batch).detach()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("family", "method"),
    [
        pytest.param(*case, marks=[] if case in IN_SHORT else pytest.mark.long)
        for case in product(FAMILIES, METHODS)
    ],
)
def test_a_base_model_of_any_family_goes_the_whole_way(
    family: str, method: str, dataset: Path, tmp_path: Path
) -> None:
    base, model = trained(family, method, dataset, tmp_path)
    judged, registry = tmp_path / "evaluation", str(tmp_path / "registry")
    evaluate(FEW, dataset=dataset, model=model, base_model=base, evaluation_out=judged)
    stages = {"dataset": dataset, "model": model, "evaluation": judged, "base_model": base}
    publish(PublishConfig(), **stages, registry=registry)
    served = tmp_path / "served"
    Registry.open(registry).download("ann", 1, served)
    check_served(base, served)


def check_weights(base: Path, model: Path) -> None:
    """What was trained is a plain model of the base's class and has its weights' names."""
    one, two = (AutoModelForCausalLM.from_pretrained(folder) for folder in (base, model))
    assert type(one) is type(two)
    assert one.state_dict().keys() == two.state_dict().keys()


def check_served(base: Path, served: Path) -> None:
    """The judge finds a model better than its base at a post it has not seen, and it writes."""
    ((_, before),), ((_, after),) = (Scorer(each).bits([TEXT]) for each in (base, served))
    assert after < before
    engine = load_engine(served, EngineSettings(dtype="fp32"))
    try:
        samples = write(engine, "rain", 3, max_tokens=12)
    finally:
        engine.close()
    assert len(samples) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "bert"}, "'bert' that reads texts in both directions"),
        ({"model_type": "mamba", "num_attention_heads": None}, "'mamba' without attention"),
        ({"quantization_config": {"quant_method": "awq"}}, "awq quantized"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name_before_anything_is_computed(
    change: dict[str, Any], said: str, dataset: Path, tmp_path: Path
) -> None:
    base = make_tiny_family(tmp_path / "tiny", "llama", **GROUPED)
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | change))
    (base / "model.safetensors").write_bytes(b"nobody reads them")
    out = tmp_path / "out"
    with pytest.raises(BadInputError, match=said):
        train(QUICK, dataset=dataset, base_model=base, model_out=out)
    assert not out.exists()
