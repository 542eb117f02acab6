"""Language models of a few hundred KB with random weights: real files, made once a process."""

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

SENTENCES = (
    "the kettle sings before the house wakes up and nobody asks it to",
    "my bicycle has opinions about hills, and so do my knees 🚲",
    "a small model writes small posts, which is all we ask of it",
    "the neighbours' cat signs for our parcels now",
    "rain on the roof, soup on the stove, and the phone in a drawer",
)
POSITIONS = 128


def make_tiny_model(folder: Path, family: Literal["gpt2", "llama"] = "gpt2") -> Path:
    """Make a causal language model in `folder`: 2 layers, width 32, any text round-trips.

    Its llama begins texts with `<s>` and ends them with `</s>`; its gpt2 does both with
    `<|endoftext|>`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in _files(family).items():
        (folder / name).write_bytes(data)
    return folder


SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": POSITIONS,
}


def make_tiny_family(folder: Path, model_type: str, **settings: Any) -> Path:
    """Make a causal language model of another family, as transformers calls it, in `folder`."""
    tokenizer = _tokenizer("<s>", "</s>")
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = AutoConfig.for_model(
        model_type,
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.eos_token_id,
        **{**SHAPE, **ids, **settings},
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model: Any = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@functools.cache
def _files(family: Literal["gpt2", "llama"]) -> Mapping[str, bytes]:
    special = {"gpt2": ("<|endoftext|>", "<|endoftext|>"), "llama": ("<s>", "</s>")}[family]
    tokenizer = _tokenizer(*special)
    bos, eos, size = tokenizer.bos_token_id, tokenizer.eos_token_id, len(tokenizer)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = _gpt2(bos, eos, size) if family == "gpt2" else _llama(bos, eos, size)
    model.generation_config.max_new_tokens = 20
    with tempfile.TemporaryDirectory() as made:
        model.save_pretrained(made)
        tokenizer.save_pretrained(made)
        return {path.name: path.read_bytes() for path in Path(made).iterdir()}


def _tokenizer(bos: str, eos: str) -> PreTrainedTokenizerFast:
    backend = Tokenizer(BPE())
    backend.pre_tokenizer = ByteLevel(add_prefix_space=False)
    backend.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=400,
        special_tokens=sorted({bos, eos}),
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=bos,
        eos_token=eos,
        model_max_length=POSITIONS,
        clean_up_tokenization_spaces=False,
    )


def _gpt2(bos: int, eos: int, size: int) -> GPT2LMHeadModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=size,
            n_positions=POSITIONS,
            n_embd=32,
            n_layer=2,
            n_head=2,
            bos_token_id=bos,
            eos_token_id=eos,
        )
    )


def _llama(bos: int, eos: int, size: int) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=size,
            max_position_embeddings=POSITIONS,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=True,
            bos_token_id=bos,
            eos_token_id=eos,
        )
    )
