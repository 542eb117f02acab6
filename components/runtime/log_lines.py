"""What a step wrote in its log: a line of it, and the sentence that the step ended with."""

import json
import re
from dataclasses import dataclass
from typing import Any

BY_HAND = "by hand: "
"""Begins a step's first line: what does the same in a shell."""
_SAID = "error: "
_USAGE = re.compile(r"python -m components\.\w+: error: (?P<sentence>.+?)( \(see .* --help\))?")
"""How a step ends whose words are wrong, as `train_options` with a misspelt name make them."""


@dataclass(frozen=True)
class StepError:
    """Why a step failed, in its own words."""

    sentence: str
    exit_code: int | None
    """None where the log does not say."""


def error_in(text: str) -> StepError | None:
    """The sentence with which a step ended; None where it ended well or was killed."""
    lines = text.splitlines()
    for line in reversed(lines):
        said = as_line(line)
        if said and said.get("level") == "error" and str(said["message"]).startswith(_SAID):
            code = said.get("exit_code")
            sentence = str(said["message"]).removeprefix(_SAID)
            return StepError(sentence, code if isinstance(code, int) else None)
        if line.startswith(_SAID):
            return StepError(line.removeprefix(_SAID), None)
        if usage := _USAGE.fullmatch(line):
            return StepError(usage["sentence"], 2)
    return _traceback(lines)


def _traceback(lines: list[str]) -> StepError | None:
    """A fault of ours: the last line of what Python wrote."""
    if not any(line.startswith("Traceback (most recent call last)") for line in lines):
        return None
    after = lines[::-1]
    until = next(n for n, line in enumerate(after) if line.startswith("Traceback "))
    last = next((line for line in after[:until] if re.match(r"[\w.]+(:|$)", line)), None)
    return StepError(last, 1) if last else None


def as_line(line: str) -> dict[str, Any] | None:
    """A line of our JSON logs: `time`, `level`, `logger`, `message`; None for any other line."""
    if not line.startswith("{"):
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and "message" in said and "level" in said else None
