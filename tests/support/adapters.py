"""Low-rank adapters of tiny models: real files of peft's, made for a test."""

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from components.contracts.artifacts import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from components.lm.adapters import BASE_SHA256
from components.lm.provenance import base_sha256

STRENGTH = 0.2
"""Of what adapters add, so large that a model without them says something else."""


def make_adapter(base: Path, folder: Path, seed: int = 0, **changes: Any) -> Path:
    """Write an adapter with random weights of the model in `base`; `changes` are peft's options."""
    model: Any = AutoModelForCausalLM.from_pretrained(base)
    options: dict[str, Any] = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"}
    config = LoraConfig(
        **{**options, **changes},
        task_type="CAUSAL_LM",
        fan_in_fan_out=model.config.model_type == "gpt2",
    )
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        adapted = get_peft_model(model, config)
        weights = {
            name: (STRENGTH * torch.randn(weight.shape)).bfloat16()
            for name, weight in get_peft_model_state_dict(adapted).items()
        }
    folder.mkdir(parents=True, exist_ok=True)
    adapted.peft_config["default"].base_model_name_or_path = str(base)
    adapted.peft_config["default"].save_pretrained(str(folder))
    save_file(weights, folder / ADAPTER_WEIGHTS, {BASE_SHA256: base_sha256(base)})
    return folder


def change_config(adapter: Path, **changes: Any) -> None:
    """Change what an adapter's configuration says."""
    path = adapter / ADAPTER_CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def merge(base: Path, adapter: Path, folder: Path) -> Path:
    """Write the whole model that peft makes of a base and an adapter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model: Any = AutoModelForCausalLM.from_pretrained(base)
        merged: Any = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    merged.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder
