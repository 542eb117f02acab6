"""The peer's handler: `transformers.generate` in TorchServe, a whole batch at a time."""

import json
import os
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from ts.torch_handler.base_handler import BaseHandler


class GenerateHandler(BaseHandler):  # type: ignore[misc]
    """Writes the posts of all requests of a batch in one call, as long as the longest asked for."""

    def initialize(self, context: Any) -> None:
        """Load the model in the folder that BENCH_MODEL names, in fp32."""
        folder = os.environ["BENCH_MODEL"]
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.tokenizer.pad_token = self.tokenizer.eos_token
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.initialized = True

    @torch.inference_mode()
    def handle(self, data: list[dict[str, Any]], context: Any) -> list[str]:
        """An answer for each request of the batch: its texts and how many tokens they have."""
        asked = [request.get("body") or request.get("data") for request in data]
        asked = [json.loads(body) if isinstance(body, bytes) else body for body in asked]
        inputs = self.tokenizer(
            [body["prompt"] for body in asked], return_tensors="pt", padding=True
        )
        length, n = max(body["max_tokens"] for body in asked), max(body["n"] for body in asked)
        written = self.model.generate(
            **inputs, do_sample=True, temperature=1.0, top_p=asked[0]["top_p"], top_k=0,
            num_return_sequences=n, max_new_tokens=length, min_new_tokens=length,
            pad_token_id=self.tokenizer.pad_token_id,
        )  # fmt: skip
        new = written[:, inputs["input_ids"].shape[1] :].view(len(asked), n, -1)
        return [
            json.dumps(
                {
                    "texts": self.tokenizer.batch_decode(samples[: body["n"]]),
                    "tokens": samples[: body["n"], : body["max_tokens"]].numel(),
                }
            )
            for body, samples in zip(asked, new, strict=True)
        ]
