"""A version's card as the Hub shows it: the repository's metadata, and how to load it there."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

from components.contracts.errors import BadInputError
from components.push.licenses import license_of, metadata_of

_FRONT_MATTER = re.compile(r"---\n(?P<yaml>.*?)^---\n", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r"^# .*\n", re.MULTILINE)
_MODEL = re.compile(r'^(model|adapter) = "\."  # .*$', re.MULTILINE)
NOT_PASSED = """
> **This version did not pass the gate.** It was pushed all the same, as its publisher asked with \
`--no-gate`. What it failed stands under *Evaluation*.
"""


class HubFacts(NamedTuple):
    """What the Hub is told of a version beyond its own card."""

    to: str
    """The repository, as OWNER/NAME."""
    license: str | None
    """The licence that it is to have, where that is asked for."""
    base_license: str | None
    """The base model's, where it is known."""
    base_model: str | None
    """The base model's name on the Hub, where it has one."""
    is_adapter: bool
    """Whether the files hold an adapter alone, which needs its base model."""
    thumbnail: str | None
    """The address of the picture that links to the page show."""
    passed: bool
    """Whether the version passed the gate."""


def card_for_hub(card: str, shown: HubFacts) -> str:
    """The card with the metadata that the Hub reads, and a warning where the gate was not passed.

    Raises:
        BadInputError: the card's metadata cannot be read, or its base model allows no such licence.
    """
    front = _FRONT_MATTER.match(card)
    stated = _metadata(front["yaml"]) if front else {}
    body = card[front.end() :] if front else "\n" + card
    body = _MODEL.sub(lambda found: f'{found[1]} = "{shown.to}"', body)
    if not shown.passed:
        body = _with_warning(body)
    front_matter = yaml.safe_dump(_filled(stated, shown), allow_unicode=True, sort_keys=False)
    return f"---\n{front_matter}---\n{body}"


def _metadata(text: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInputError("the metadata of the version's card is not YAML") from error
    if not isinstance(found, dict):
        raise BadInputError("the metadata of the version's card holds no names with values")
    return found


def _filled(stated: Mapping[str, Any], shown: HubFacts) -> dict[str, Any]:
    """The metadata in the Hub's terms: huggingface.co/docs/hub/model-cards."""
    base_model = stated.get("base_model") or shown.base_model
    tags = stated["tags"] if isinstance(stated.get("tags"), list) else []
    relation = "adapter" if shown.is_adapter else "finetune"
    metadata = {
        **stated,
        **_licensed(stated, shown),
        "library_name": "peft" if shown.is_adapter else stated.get("library_name", "transformers"),
        "tags": tags if "huggingtweets" in tags else [*tags, "huggingtweets"],
        "base_model": base_model,
        "base_model_relation": relation if base_model else None,
        "thumbnail": shown.thumbnail,
    }
    return {name: value for name, value in metadata.items() if value is not None}


def _licensed(stated: Mapping[str, Any], shown: HubFacts) -> dict[str, str | None]:
    """The fields for the licence; a name and a link are those of the licence that was stated."""
    own = license_of(shown.license or str(stated.get("license") or ""), shown.base_license)
    if own == stated.get("license"):
        return {}
    return {"license_name": None, "license_link": None, **metadata_of(own)}


def _with_warning(body: str) -> str:
    """With the sentence behind the title, or first where there is none."""
    title = _TITLE.search(body)
    at = title.end() if title else 0
    return body[:at] + NOT_PASSED + body[at:]
