"""TorchServe's own ways of configuring: `config.properties` and `TS_<KEY>` variables."""

import logging
from collections.abc import Mapping
from pathlib import Path

from components.contracts.errors import BadInputError
from components.runtime.flags import ENVIRONMENT_PREFIX

log = logging.getLogger(__name__)

KEYS = (
    "inference_address",
    "management_address",
    "metrics_address",
    "model_store",
    "load_models",
    "default_response_timeout",
    "job_queue_size",
    "max_request_size",
)
CONFIG_FILE = "config.properties"
CONFIG_FILE_VARIABLE = "TS_CONFIG_FILE"
_NONE = frozenset({"", "none"})


def with_torchserve(environment: Mapping[str, str], config_file: Path | None) -> dict[str, str]:
    """The environment, with what TorchServe's configuration says where ours says nothing.

    `HUGGINGTWEETS_<KEY>` stands over `TS_<KEY>`, and that over the file: the one named, else
    that of `TS_CONFIG_FILE`, else `config.properties` in the working directory, if there is one.

    Raises:
        BadInputError: a file that was named cannot be read.
    """
    told = _from_file(environment, config_file)
    told |= {key: environment[f"TS_{key.upper()}"] for key in KEYS if _is_set(environment, key)}
    merged = dict(environment)
    for key, value in told.items():
        merged.setdefault(ENVIRONMENT_PREFIX + key.upper(), _as_ours(key, value))
    return merged


def parse_properties(text: str) -> dict[str, str]:
    """The keys and values of a Java properties file: `key=value`, `key: value`, `#` and `!`."""
    found = {}
    for line in text.replace("\\\n", "").splitlines():
        plain = line.strip()
        if plain and plain[0] not in "#!":
            at = min((plain.index(mark) for mark in "=:" if mark in plain), default=len(plain))
            found[plain[:at].strip()] = plain[at + 1 :].strip()
    return found


def _from_file(environment: Mapping[str, str], named: Path | None) -> dict[str, str]:
    asked = named or (
        Path(environment[CONFIG_FILE_VARIABLE]) if environment.get(CONFIG_FILE_VARIABLE) else None
    )
    path = asked or Path(CONFIG_FILE)
    if asked is None and not path.is_file():
        return {}
    try:
        found = parse_properties(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is not UTF-8 text: {error.reason}") from error
    if ignored := sorted(found.keys() - set(KEYS)):
        log.warning("%s: these keys mean nothing here: %s", path, ", ".join(ignored))
    return {key: found[key] for key in KEYS if found.get(key)}


def _is_set(environment: Mapping[str, str], key: str) -> bool:
    return bool(environment.get(f"TS_{key.upper()}"))


def _as_ours(key: str, value: str) -> str:
    """A list is written with commas there, and one a line here."""
    if key != "load_models":
        return value
    names = (name.strip() for name in value.split(","))
    return "\n".join(name for name in names if name.lower() not in _NONE)
