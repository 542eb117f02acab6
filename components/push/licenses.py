"""Which licence a model may have, by that of its base model, and what the Hub calls it."""

import json
import re
from pathlib import Path

from components.contracts.errors import BadInputError

UNKNOWN = "unknown"
"""The Hub's word where nobody has said."""
_LISTED = json.loads((Path(__file__).parent / "licenses.json").read_text(encoding="utf-8"))
PERMISSIVE = frozenset(_LISTED["permissive"])
"""Under which what is made from a model may have any licence, its notices kept."""
KNOWN = PERMISSIVE | frozenset(_LISTED["others"])
"""What a card's `license` may be: huggingface.co/docs/hub/repositories-licenses."""
_SPELLINGS = re.compile(r"-(only|or-later)$")


def license_of(stated: str | None, base: str | None) -> str:
    """The model's licence in lower case: what is stated, else what its base model has.

    Args:
        stated: what the model is to have.
        base: what the base model has; None or `unknown` where nobody knows.

    Raises:
        BadInputError: the base model's licence allows no other than itself, and another is stated.
    """
    above, own = _plain(base), _plain(stated)
    if own == UNKNOWN:
        return above
    if above in PERMISSIVE or above in (UNKNOWN, own):
        return own
    raise BadInputError(
        f"--license: the base model is under {above}, which does not allow {own} for what is made "
        f"from it; give --license {above}"
    )


def metadata_of(license_name: str) -> dict[str, str]:
    """The card's fields for a licence: one that the Hub does not know is `other`, with a name."""
    if license_name in KNOWN:
        return {"license": license_name}
    name = re.sub(r"[^a-z0-9.]+", "-", license_name).strip("-")
    return {"license": "other", **({"license_name": name} if name else {})}


def _plain(name: str | None) -> str:
    """As the Hub writes it: `gpl-3.0` for SPDX's `GPL-3.0-or-later`."""
    return _SPELLINGS.sub("", (name or "").strip().lower()) or UNKNOWN
