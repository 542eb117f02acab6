"""Fields that nobody reads here: refused, with the name that is meant, instead of passed over."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from components.serve.problems import Kind, Problem

PROMPT = "prompt"
MEANT = {
    "max_new_tokens": "max_tokens",
    "max_length": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_tokens_to_sample": "max_tokens",
    "request_output_len": "max_tokens",
    "n_predict": "max_tokens",
    "num_return_sequences": "n",
    "num_samples": "n",
    "stop_sequences": "stop",
    "stop_strings": "stop",
    "stop_words": "stop",
    "stop_word": "stop",
    "until": "stop",
    "random_seed": "seed",
    "runtime_top_p": "top_p",
    "typical_p": "top_p",
    "streaming": "stream",
    "return_full_text": "echo",
    "top_logprobs": "logprobs",
    "text_input": PROMPT,
    "prompt": PROMPT,
    "text": PROMPT,
    "input": PROMPT,
    "inputs": PROMPT,
    "instances": PROMPT,
    "messages": PROMPT,
    "prompts": PROMPT,
    "model_name": "model",
}
"""What clients of other engines call a field, and its name here. A prompt is named as its dialect
names it."""
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "top_k": (0, -1),
    "runtime_top_k": (0,),
    "min_p": (0,),
    "min_tokens": (0,),
    "min_length": (0, 1),
    "repetition_penalty": (1,),
    "length_penalty": (1,),
    "len_penalty": (1,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "no_repeat_ngram_size": (0,),
    "beam_width": (1,),
    "num_beams": (1,),
    "best_of": (1,),
    "do_sample": (True,),
    "early_stopping": (False,),
    "use_beam_search": (False,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "prompt_logprobs": (),
    "suffix": ("",),
    "bad_words": ("", [], [""]),
    "stop_words": ("", [], [""]),
    "stop_token_ids": ([],),
    "end_id": (),
    "include_stop_str_in_output": (False,),
    "skip_special_tokens": (True,),
    "spaces_between_special_tokens": (True,),
    "return_full_text": (False,),
    "return_finish_reason": (True, False),
    "return_log_probs": (False,),
    "return_logprobs": (False,),
    "return_cumulative_logprob": (False,),
    "return_context_logits": (False,),
    "return_generation_logits": (False,),
    "return_num_input_tokens": (False,),
    "return_num_output_tokens": (False,),
    "return_token_ids": (False,),
}
"""Options of other engines that this one lacks, and the values with which they change nothing."""
LONGEST_NAME = 60
ALIKE = 0.75
"""How alike two names are, of 1, where one may be a slip for the other."""


def known_fields(
    given: Mapping[str, Any], known: Collection[str], prompt: str = PROMPT
) -> dict[str, Any]:
    """What was given, without the options of others that change nothing.

    Args:
        given: a request's fields, or a part of them.
        known: the names that are read here.
        prompt: what a prompt is called here.

    Raises:
        Problem: a field is not known; the message says which one is meant.
    """
    fields = {}
    for name, value in given.items():
        if name in known:
            fields[name] = value
        elif not changes_nothing(name, value):
            raise _refusal(str(name), known, prompt)
    return fields


def check_query(query: Iterable[str], known: Collection[str]) -> None:
    """Refuse fields of a request, of ours or of other engines, that stand in its address.

    Raises:
        Problem: there is one.
    """
    for name in query:
        if name in known or name in MEANT or name in NEUTRAL:
            said = f"{name} stands in the address, where it is not read; put it into the body"
            raise Problem(Kind.BAD_REQUEST, said, name)


def changes_nothing(name: str, value: Any) -> bool:
    """Whether it is an option of another engine that is set to what happens here anyway."""
    return name in NEUTRAL and (value is None or value in NEUTRAL[name])


def printable_name(name: str) -> str:
    """A name that a client made up, as a message may carry it."""
    return name.encode("unicode_escape").decode()[:LONGEST_NAME]


def _refusal(name: str, known: Collection[str], prompt: str) -> Problem:
    if meant := _meant(name, known, prompt):
        said = f"is not known here; {meant} is meant"
    elif name in NEUTRAL:
        said = "is not supported here; leave it out"
    else:
        said = f"is not known here; known are {', '.join(sorted(known))}"
    return Problem(Kind.BAD_REQUEST, f"{printable_name(name)} {said}", printable_name(name))


def _meant(name: str, known: Collection[str], prompt: str) -> str | None:
    """The field that a wrong name stands for, if that is clear."""
    plain = "".join("_" + one.lower() if one.isupper() else one for one in name).replace("-", "_")
    meant = MEANT.get(plain.strip("_"))
    if meant == PROMPT:
        meant = prompt
    if meant in known:
        return meant
    alike = difflib.get_close_matches(plain[:LONGEST_NAME], list(known), 1, ALIKE)
    return alike[0] if alike and name not in NEUTRAL else None
