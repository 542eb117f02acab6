import json
import math
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from safetensors.torch import load_file, save_file
from support.environment import ROOT, python_beside
from support.llama_cpp import Reading, read_with_llama_cpp
from support.tiny_models import POSITIONS, SENTENCES, make_tiny_model
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    PreTrainedConfig,
)

from components.contracts.errors import BadInputError
from components.fetch.config import FetchConfig
from components.fetch.stage import run as fetch
from components.lm.models import LanguageModel, load_model
from components.publish.gguf.tokenizer import LLAMA_3
from components.publish.gguf.write import check_base_for_gguf, check_gguf, write_gguf
from components.train.save import save_model

TEXTS = ["the kettle sings", "my bicycle has", "rain on", ""]
ODD_TEXTS = [
    "I'll see 12345 kettles, won't I?",
    "  two spaces\n\n and\ta tab ",
    "🚲🚲 naïve café 日本語 ½ ٣",
    "<|endoftext|> <s> </s>",
]
SCALED = {
    "rope_type": "llama3",
    "rope_theta": 500.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
GPT2 = partial(
    GPT2Config,
    vocab_size=400,
    n_positions=POSITIONS,
    n_embd=32,
    n_layer=2,
    n_head=2,
    initializer_range=0.2,
    bos_token_id=0,
    eos_token_id=0,
)
LLAMA = partial(
    LlamaConfig,
    vocab_size=400,
    max_position_embeddings=POSITIONS,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
)
CONFIGS: dict[str, Callable[[], PreTrainedConfig]] = {
    "gpt2": GPT2,
    "gpt2-wide": partial(GPT2, n_inner=48, tie_word_embeddings=False),
    "llama": partial(LLAMA, rope_parameters={"rope_type": "default", "rope_theta": 100_000.0}),
    "llama-tied": partial(LLAMA, tie_word_embeddings=True, vocab_size=416),
    "llama-biased": partial(LLAMA, attention_bias=True, mlp_bias=True, head_dim=16),
    "llama3": partial(LLAMA, rope_parameters=SCALED),
    "llama-linear": partial(
        LLAMA, rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}
    ),
    "llama-odd": partial(LLAMA, hidden_size=48, intermediate_size=72, num_attention_heads=2),
}
"""Of vocabularies one is larger than its tokenizer's; of widths one is no multiple of 32."""


def make_model(folder: Path, config: PreTrainedConfig) -> LanguageModel:
    """A finetuned-model of this configuration that knows the sentences by heart."""
    make_tiny_model(folder / "raw", "gpt2" if config.model_type == "gpt2" else "llama")
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model: Any = AutoModelForCausalLM.from_config(config)
        with torch.no_grad():
            for name, values in model.named_parameters():
                if name.endswith("bias"):
                    values.normal_(std=0.1)
        model.save_pretrained(folder / "raw")
        lm = load_model(folder / "raw")
        learn(lm)
    (folder / "model").mkdir()
    save_model(lm, lm.model, folder / "model")
    return load_model(folder / "model")


def learn(lm: LanguageModel) -> None:
    posts = [[lm.start_token_id, *ids, lm.end_token_id] for ids in lm.encode(SENTENCES)]
    rows = [torch.tensor(post) for post in posts]
    ids = pad_sequence(rows, batch_first=True, padding_value=0)
    labels = pad_sequence(rows, batch_first=True, padding_value=-100)
    optimizer = torch.optim.AdamW(lm.model.parameters(), lr=2e-2)
    for _ in range(30):
        lm.model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def write(folder: Path, dtype: Any) -> Path:
    """The GGUF file of the model in `folder`."""
    target = folder.parent / f"{folder.name}-{dtype}.gguf"
    write_gguf(folder, target, dtype, name="tiny", spdx="mit")
    return target


def llama_cpp_reads(file: Path, texts: list[str], scored: list[list[int]]) -> Reading:
    return read_with_llama_cpp(python_beside("llama_cpp"), file, texts, scored)


def scored_posts(lm: LanguageModel) -> list[list[int]]:
    return [[lm.start_token_id, *ids, lm.end_token_id] for ids in lm.encode(SENTENCES[1:3])]


def nats(lm: LanguageModel, ids: list[int]) -> float:
    with torch.inference_mode():
        given = torch.tensor([ids])
        return float(lm.model(input_ids=given, labels=given).loss) * (len(ids) - 1)


def greedy(lm: LanguageModel, text: str) -> str:
    given = torch.tensor([[lm.start_token_id, *lm.encode([text])[0]]])
    with torch.inference_mode():
        out = lm.model.generate(
            given, attention_mask=torch.ones_like(given), do_sample=False, max_new_tokens=24
        )
    return lm.decode(out[0][given.shape[1] :].tolist())


@pytest.mark.llama_cpp
@pytest.mark.parametrize("name", CONFIGS)
def test_llama_cpp_writes_the_same_text_and_scores_the_same(name: str, tmp_path: Path) -> None:
    lm = make_model(tmp_path, CONFIGS[name]())
    posts = scored_posts(lm)
    expected = [nats(lm, post) for post in posts]
    guessing = math.log(400) * sum(map(len, posts))
    assert math.fsum(expected) < 0.75 * guessing, "it learned nothing"
    f16 = llama_cpp_reads(write(tmp_path / "model", "f16"), [*TEXTS, *ODD_TEXTS], posts)
    assert f16.ids == [[lm.start_token_id, *ids] for ids in lm.encode([*TEXTS, *ODD_TEXTS])]
    assert f16.greedy[: len(TEXTS)] == [greedy(lm, text) for text in TEXTS]
    assert f16.nats == pytest.approx(expected, rel=5e-3)
    q8_0 = llama_cpp_reads(write(tmp_path / "model", "q8_0"), TEXTS, posts)
    assert math.fsum(q8_0.nats) == pytest.approx(math.fsum(expected), rel=1e-2)


@pytest.mark.long
@pytest.mark.llama_cpp
@pytest.mark.base_model
def test_the_bundled_model_goes_on_in_the_same_words(tmp_path: Path) -> None:
    fetch(FetchConfig(base_model="bundled"), model_out=tmp_path / "base")
    lm = load_model(tmp_path / "base")
    (tmp_path / "model").mkdir()
    save_model(lm, lm.model, tmp_path / "model")
    texts = ["The best thing about rain is", "I'd like 2 cats and"]
    post = [lm.start_token_id, *lm.encode([texts[0]])[0]]
    f16 = llama_cpp_reads(write(tmp_path / "model", "f16"), [*texts, *ODD_TEXTS], [post])
    assert f16.ids == [[lm.start_token_id, *ids] for ids in lm.encode([*texts, *ODD_TEXTS])]
    assert f16.greedy[: len(texts)] == [greedy(lm, text) for text in texts]
    assert f16.nats == pytest.approx([nats(lm, post)], rel=5e-3)
    q8_0 = llama_cpp_reads(write(tmp_path / "model", "q8_0"), [], [post])
    assert q8_0.nats == pytest.approx([nats(lm, post)], rel=1e-2)


DIGITS = {"type": "Digits", "individual_digits": True}
LETTERS = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False}
SPLITS = {
    "smollm": {"type": "Sequence", "pretokenizers": [DIGITS, {**LETTERS, "use_regex": True}]},
    "llama-bpe": {
        "type": "Sequence",
        "pretokenizers": [
            {
                "type": "Split",
                "pattern": {"Regex": LLAMA_3},
                "behavior": "Isolated",
                "invert": False,
            },
            {**LETTERS, "use_regex": False},
        ],
    },
}


def with_splits(folder: Path, name: str) -> Path:
    """A tiny Llama whose tokenizer splits texts in this way, with a token for some digits."""
    make_tiny_model(folder, "llama")
    pipeline = json.loads((folder / "tokenizer.json").read_text())
    pipeline["pre_tokenizer"] = SPLITS[name]
    pipeline["model"]["ignore_merges"] = name == "llama-bpe"
    vocabulary, merges = pipeline["model"]["vocab"], pipeline["model"]["merges"]
    for left, right in (("1", "2"), ("12", "3"), ("'", "ll"), ("l", "l")):
        merges.append([left, right])
        vocabulary.setdefault(left + right, len(vocabulary))
    (folder / "tokenizer.json").write_text(json.dumps(pipeline))
    lm = load_model(folder)
    lm.model.resize_token_embeddings(len(vocabulary))
    lm.model.save_pretrained(folder)
    return folder


@pytest.mark.llama_cpp
@pytest.mark.parametrize("name", SPLITS)
def test_llama_cpp_splits_texts_as_the_tokenizer_does(name: str, tmp_path: Path) -> None:
    folder = with_splits(tmp_path / "model", name)
    texts = [*ODD_TEXTS, "a12 123 1234 I'll I'LL", "x\r\ny  \n z", "…!? (12)"]
    lm = load_model(folder)
    file = write(folder, "f16")
    assert text_of(file, "tokenizer.ggml.pre") == name
    read = llama_cpp_reads(file, texts, [])
    assert read.ids == [[lm.start_token_id, *ids] for ids in lm.encode(texts)]


def text_of(file: Path, key: str) -> Any:
    return gguf.GGUFReader(file).fields[key].contents()


def test_the_file_says_what_others_read_in_it(tmp_path: Path) -> None:
    """Its dtype, its context length and its special tokens, as Ollama and others show them."""
    file = write(make_tiny_model(tmp_path / "model", "llama"), "q8_0")
    said = {
        "general.architecture": "llama",
        "general.name": "tiny",
        "general.license": "mit",
        "general.file_type": 7,
        "llama.context_length": POSITIONS,
        "llama.rope.freq_base": 10_000.0,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 0,
        "tokenizer.ggml.eot_token_id": 1,
        "tokenizer.ggml.add_bos_token": True,
    }
    assert {key: text_of(file, key) for key in said} == said
    names = [tensor.name for tensor in gguf.GGUFReader(file).tensors]
    assert "output.weight" not in names, "the output is the embedding again"


def test_a_sharded_model_in_bf16_is_one_file(tmp_path: Path) -> None:
    whole = make_tiny_model(tmp_path / "whole", "llama")
    parts = make_tiny_model(tmp_path / "parts", "llama")
    (parts / "model.safetensors").unlink()
    model = load_model(whole).model.to(torch.bfloat16)
    model.save_pretrained(parts, max_shard_size="40KB")
    assert len(list(parts.glob("*.safetensors"))) > 1
    model.save_pretrained(whole)
    contents = [
        {tensor.name: tensor.data.tobytes() for tensor in gguf.GGUFReader(file).tensors}
        for file in (write(whole, "f16"), write(parts, "f16"))
    ]
    assert contents[0] == contents[1]


def change(folder: Path, name: str, **more: Any) -> None:
    document = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps({**document, **more}))


@pytest.mark.parametrize(
    ("family", "name", "more", "said"),
    [
        ("gpt2", "config.json", {"activation_function": "relu"}, "its activation function 'relu'"),
        ("gpt2", "config.json", {"scale_attn_by_inverse_layer_idx": True}, "scales its attention"),
        ("gpt2", "config.json", {"add_cross_attention": True}, "cross-attention"),
        ("llama", "config.json", {"hidden_act": "gelu"}, "its activation function 'gelu'"),
        (
            "llama",
            "config.json",
            {"rope_parameters": {"rope_type": "yarn", "factor": 2.0, "rope_theta": 500.0}},
            "its scaling of positions 'yarn'",
        ),
        ("llama", "config.json", {"vocab_size": 300}, "more tokens than the model's 300"),
        ("llama", "tokenizer.json", {"normalizer": {"type": "NFC"}}, "splits texts in a way"),
        ("llama", "tokenizer.json", {"pre_tokenizer": None}, "splits texts in a way"),
        ("llama", "tokenizer.json", {"pre_tokenizer": {"type": "Whitespace"}}, "splits texts"),
    ],
)
def test_what_llama_cpp_would_compute_otherwise_is_refused_in_one_sentence(
    family: Any, name: str, more: dict[str, Any], said: str, tmp_path: Path
) -> None:
    folder = make_tiny_model(tmp_path / "model", family)
    change(folder, name, **more)
    with pytest.raises(BadInputError, match=f"--gguf: .*{said}"):
        write(folder, "f16")
    assert list(tmp_path.iterdir()) == [folder]


def test_another_architecture_is_refused_by_its_name(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model")
    config = GPTNeoXConfig(vocab_size=400, hidden_size=32, num_attention_heads=2)
    config.save_pretrained(folder)
    for check in (check_gguf, check_base_for_gguf):
        with pytest.raises(BadInputError, match="type 'gpt_neox'.*publish without --gguf"):
            check(folder)


def test_a_weight_that_llama_cpp_lacks_is_refused_by_its_name(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model")
    save_file({"transformer.h.0.odd.weight": torch.zeros(4)}, folder / "more.safetensors")
    with pytest.raises(BadInputError, match=r"no place for transformer\.h\.0\.odd\.weight"):
        write(folder, "f16")


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(BadInputError, match=r"cannot read .*model\.safetensors"):
        check_gguf(folder)


def test_a_base_model_may_name_its_weights_and_keep_its_words_otherwise(tmp_path: Path) -> None:
    """As GPT-2 on the Hub does: training writes both anew."""
    folder = make_tiny_model(tmp_path / "model")
    lm = load_model(folder)
    lm.model.transformer.save_pretrained(folder)
    assert "wte.weight" in load_file(folder / "model.safetensors")
    check_base_for_gguf(folder)
    (folder / "tokenizer.json").rename(folder / "vocab.json")
    check_base_for_gguf(folder)


WATCHED = """
import pathlib, resource, sys
from components.publish.gguf.write import write_gguf

def anonymous() -> int:
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

import gguf
before, most, write = anonymous(), 0, gguf.GGUFWriter.write_tensor_data

def watched(self, tensor):
    global most
    write(self, tensor)
    most = max(most, anonymous())

gguf.GGUFWriter.write_tensor_data = watched
write_gguf(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), "q8_0", name="x", spdx="mit")
print((most - before) * 1024)
"""


def test_tensors_are_read_one_by_one(tmp_path: Path) -> None:
    """Pages of the model's own file are not counted: the kernel takes them back at any time."""
    config = LlamaConfig(
        vocab_size=4096,
        hidden_size=512,
        intermediate_size=2048,
        num_hidden_layers=24,
        num_attention_heads=8,
        tie_word_embeddings=True,
    )
    folder = make_tiny_model(tmp_path / "model", "llama")
    with torch.device("meta"):
        named = dict(AutoModelForCausalLM.from_config(config).named_parameters())
    weights = {name: torch.zeros(tensor.shape) for name, tensor in named.items()}
    save_file(weights, folder / "model.safetensors")
    config.save_pretrained(folder)
    size = (folder / "model.safetensors").stat().st_size
    words = [sys.executable, "-c", WATCHED, folder, tmp_path / "x.gguf"]
    answer = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(answer.stdout) < size / 2
