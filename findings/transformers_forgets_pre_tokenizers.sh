#!/usr/bin/env bash
# transformers 5.24.0: a tokenizer.json whose class is GPT2Tokenizer is split as GPT-2 does, whatever it says.
#
# 4.57 takes tokenizer.json as it stands. 5 makes this class anew from its words and merges, with GPT-2's own
# pre-tokenizer, and drops the file's: no error, no warning, other token ids. SmolLM2 on the Hub is such a
# model: `"tokenizer_class": "GPT2Tokenizer"`, and a pre-tokenizer that lets each digit stand alone. Numbers
# reach the model as tokens that it never saw. `PreTrainedTokenizerFast` and `TokenizersBackend` obey the file.
#
# Seen: "4.57.6 GPT2Tokenizer: 1 2 3", "5.24.0 GPT2Tokenizer: 123", "5.24.0 PreTrainedTokenizerFast: 1 2 3".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/make.py" <<'PYTHON'
import json
import pathlib
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

letters = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
words = {**letters, "12": 256, "123": 257, "<|endoftext|>": 258}
tokenizer = Tokenizer(models.BPE(words, [("1", "2"), ("12", "3")]))
tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
    [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
)
tokenizer.decoder = decoders.ByteLevel()
for name in ("GPT2Tokenizer", "PreTrainedTokenizerFast"):
    model = pathlib.Path(sys.argv[1]) / name
    model.mkdir()
    tokenizer.save(str(model / "tokenizer.json"))
    settings = {"tokenizer_class": name, "eos_token": "<|endoftext|>"}
    (model / "tokenizer_config.json").write_text(json.dumps(settings))
    (model / "config.json").write_text('{"model_type": "llama"}')
PYTHON
cat >"$folder/read.py" <<'PYTHON'
import sys

import transformers

for name in ("GPT2Tokenizer", "PreTrainedTokenizerFast"):
    tokenizer = transformers.AutoTokenizer.from_pretrained(f"{sys.argv[1]}/{name}")
    tokens = tokenizer.tokenize("123")
    print(transformers.__version__, f"{name}:", *tokens)
    rebuilt = transformers.__version__.startswith("5.") and name == "GPT2Tokenizer"
    assert tokens == (["123"] if rebuilt else ["1", "2", "3"]), "transformers reads it otherwise now"
PYTHON
for version in 4.57.6 5.24.0; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "transformers==$version"
  [ -d "$folder/GPT2Tokenizer" ] || "$folder/$version/bin/python" "$folder/make.py" "$folder"
  "$folder/$version/bin/python" "$folder/read.py" "$folder" 2>/dev/null
done
