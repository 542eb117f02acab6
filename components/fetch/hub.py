"""A base model from the Hugging Face Hub."""

import re
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants, errors, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from components.contracts.artifacts import MODEL_CARD, MODEL_FILES
from components.contracts.errors import BadInputError, UnreachableError
from components.fetch.check import CONFIGURATION, check_configuration
from components.fetch.found import Found, link_or_copy, stated_license, take
from components.runtime.disk import is_disk_full

SECONDS_TO_ANSWER = 10.0
BUNDLED_WORKS = "or take the model that needs no network: --base-model bundled"
HTTPError: Any = vars(errors)["HTTPError"]  # of whichever HTTP library the Hub's client uses
NETWORK_ERRORS = (HTTPError, HfHubHTTPError, LocalEntryNotFoundError, OSError)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ID = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)


def fetch_from_hub(name: str, target: Path) -> Found:
    """Download `ID` or `ID@REVISION`, at the commit that it names, through the Hub's cache.

    With HF_HUB_OFFLINE=1 the cache alone is asked.

    Raises:
        BadInputError: there is no such model or revision, or the Hub cannot be reached.
    """
    model, _, revision = name.partition("@")
    if not _ID.fullmatch(model):
        raise BadInputError(f"{name!r} is neither a folder nor the ID of a Hub model")
    try:
        license_name = None if constants.HF_HUB_OFFLINE else _license(model, revision)
        snapshot = _snapshot(model, revision, [CONFIGURATION])
    except Exception as error:
        raise _explained(error, model, revision) from error
    if (Path(snapshot) / CONFIGURATION).is_file():  # else what is missing is said in the end
        check_configuration(Path(snapshot))  # before gigabytes that could not be used
    try:
        snapshot = _snapshot(model, revision, [*MODEL_FILES, MODEL_CARD])
    except Exception as error:
        raise _explained(error, model, revision) from error
    take(Path(snapshot).iterdir(), target, link_or_copy)
    license_name = license_name or stated_license(Path(snapshot))
    return Found(model, "hub", Path(snapshot).name, license_name)


def _snapshot(model: str, revision: str, names: list[str]) -> str:
    """The folder in the Hub's cache that holds those of the model's files."""
    return snapshot_download(
        model,
        revision=revision or None,
        allow_patterns=names,
        ignore_patterns=["*/*"],
        local_files_only=bool(constants.HF_HUB_OFFLINE),
        etag_timeout=SECONDS_TO_ANSWER,
    )


def commit_on_hub(name: str) -> str | None:
    """The commit that `ID` or `ID@REVISION` names now; None where the Hub cannot be asked."""
    model, _, revision = name.partition("@")
    if _COMMIT.fullmatch(revision):
        return revision
    if constants.HF_HUB_OFFLINE or not _ID.fullmatch(model):
        return None
    try:
        return _info(model, revision).sha or None
    except Exception:  # whatever it is, fetching will say it
        return None


def _license(model: str, revision: str) -> str | None:
    """What the model's card states; asked first, so a Hub out of reach is found out at once."""
    info = _info(model, revision)
    return info.card_data.get("license") if info.card_data else None


def _info(model: str, revision: str) -> Any:
    return HfApi().model_info(model, revision=revision or None, timeout=SECONDS_TO_ANSWER)


def _explained(error: Exception, model: str, revision: str) -> Exception:
    """The sentence for what went wrong; an error that is a fault of ours stays as it is."""
    if is_disk_full(error):
        return error
    if isinstance(error, GatedRepoError):
        said = f"{model} is gated on the Hub: accept its terms there and set HF_TOKEN"
    elif isinstance(error, RevisionNotFoundError):
        said = f"{model} has no revision {revision!r} on the Hub"
    elif isinstance(error, RepositoryNotFoundError):
        said = f"there is no folder {model} and no model {model} on the Hub that HF_TOKEN may read"
    elif isinstance(error, HFValidationError):
        said = f"{model!r} cannot be the ID of a Hub model"
    elif isinstance(error, LocalEntryNotFoundError) and constants.HF_HUB_OFFLINE:
        said = f"HF_HUB_OFFLINE is set and {model} is not cached; unset it, {BUNDLED_WORKS}"
    elif isinstance(error, NETWORK_ERRORS):
        said = f"cannot fetch {model} from {constants.ENDPOINT}: check the network, {BUNDLED_WORKS}"
        return UnreachableError(said)
    else:
        return error
    return BadInputError(said)
