"""A stage's configuration as command-line flags: flags over environment over defaults."""

import argparse
import json
import types
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from components.contracts.errors import BadInputError
from components.contracts.wording import wording
from components.runtime.folders import home_path

ENVIRONMENT_PREFIX = "HUGGINGTWEETS_"
_NO = ("0", "off", "f", "false", "n", "no")
"""What pydantic reads as False."""
METAVARS = {int: "N", float: "X", str: "TEXT"}


class StageConfig(BaseModel):
    """The base of every stage's configuration; a field's docstring is its flag's help."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def kinds(cls) -> "Sequence[type[StageConfig]]":
        """The kinds that a stage's configuration comes in; of most there is one."""
        return (cls,)

    @classmethod
    def kind_of(cls, given: Collection[str]) -> "type[StageConfig]":
        """The kind that has these fields.

        Raises:
            ValueError: there is none.
        """
        return cls


Config = TypeVar("Config", bound=StageConfig)


def add_flags(
    parser: argparse.ArgumentParser,
    kind: type[StageConfig],
    *,
    leave_out: frozenset[str] = frozenset(),
) -> None:
    """Give `parser` one flag for each field of `kind`; what is not given is absent when parsed."""
    group = parser.add_argument_group(kind.__name__.removesuffix("Config").lower() + " options")
    for name, field in fields_of(kind).items():
        if name not in leave_out:
            group.add_argument(
                flag_of(name),
                dest=name,
                default=argparse.SUPPRESS,
                help=_help(name, field),
                **_shape(field),
            )


def read_config(
    kind: type[Config],
    given: argparse.Namespace | Mapping[str, Any],
    environment: Mapping[str, str],
) -> Config:
    """Make the configuration from parsed flags, then `HUGGINGTWEETS_<FLAG>`, then defaults.

    An empty variable counts as unset. A variable for a flag that is repeated holds one value a
    line, or a JSON list.

    Raises:
        BadInputError: a value is missing or wrong; the message names its flag, or its variable.
    """
    flags = given if isinstance(given, Mapping) else vars(given)
    values: dict[str, Any] = {}
    fields = fields_of(kind)
    names = {name: flag_of(name) for name in fields}
    for name, field in fields.items():
        variable = _variable_of(name)
        if name in flags:
            values[name] = flags[name]
            if _is_empty(flags[name]):
                raise BadInputError(f"{flag_of(name)}: it is empty; leave it out or say something")
        elif text := environment.get(variable, "").strip():
            names[name] = variable
            values[name] = values_of_list(text, variable) if _is_many(field) else text
    config = _made(kind, values, names)
    assert isinstance(config, kind)
    return config


def _made(
    kind: type[StageConfig], values: Mapping[str, Any], names: Mapping[str, str]
) -> StageConfig:
    """The configuration of these values; what another kind has must be right, too."""
    said = {name for name, value in values.items() if _is_said(value, fields_of(kind)[name])}
    try:
        chosen = kind.kind_of(said)
    except ValueError as error:
        raise BadInputError(str(error)) from error
    for other in kind.kinds():
        if other is not chosen:
            _checked(other, values, names, in_part=True)
    made = _checked(chosen, values, names)
    assert made is not None
    return made


def _checked(
    kind: type[StageConfig],
    values: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    in_part: bool = False,
) -> StageConfig | None:
    """What this kind makes of those of the values that it has; None where some are missing.

    Raises:
        BadInputError: a value is wrong; or missing, unless they are checked `in_part`.
    """
    try:
        return kind(**{name: values[name] for name in kind.model_fields if name in values})
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            if problem["type"] == "missing" and in_part:
                continue
            name = names[str(problem["loc"][0])] if problem["loc"] else ""
            help_ = " (see --help)" if problem["type"] == "missing" else ""
            raise BadInputError(f"{name}: {wording(problem)}{help_}".removeprefix(": ")) from error
    return None


def fields_of(kind: type[StageConfig]) -> dict[str, FieldInfo]:
    """The fields of a configuration; where it comes in kinds, what fewer have comes first."""
    kinds = kind.kinds()
    fields = {name: field for one in kinds for name, field in one.model_fields.items()}
    shared = {name: sum(name in one.model_fields for one in kinds) for name in fields}
    return {name: fields[name] for name in sorted(fields, key=lambda name: shared[name])}


def _is_said(value: object, field: FieldInfo) -> bool:
    """Whether a value says more than that the field is left open, or that a switch is off."""
    if _without_none(field.annotation) is bool:
        return str(value).lower() not in _NO
    return value is not None and value != ()


def _is_empty(value: object) -> bool:
    return value == "" or (isinstance(value, list | tuple) and "" in value)


def values_of_list(text: str, variable: str) -> tuple[Any, ...]:
    """`a` and `b` of the lines `a`, `b` or of the JSON list `["a", "b"]`.

    Raises:
        BadInputError: it begins as a list and is none.
    """
    if not text.startswith("["):
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    try:
        return tuple(json.loads(text))
    except ValueError as error:
        raise BadInputError(
            f"{variable}: it begins as a JSON list and is not one: {error}; "
            "give one value a line, or a JSON list of them"
        ) from error


def a_path(text: str) -> Path:
    """The path that a flag names, for argparse: `~` is one's home; nothing is no path."""
    return home_path(a_name(text))


def a_name(text: str) -> str:
    """What a flag names, for argparse: not nothing."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def flags_for(config: StageConfig, environment: Mapping[str, str]) -> list[str]:
    """The flags that give `config` again in this environment: what is not said by default.

    A flag whose variable is set is named too, since the variable stands over the default. What is
    left open (None, no value at all) has no flag that says so: see `variables_against`.
    """
    words: list[str] = []
    own = type(config).model_fields
    for name, field in fields_of(type(config)).items():
        if name not in own:
            continue
        value = getattr(config, name)
        if value == _default(field) and not _is_set(name, environment):
            continue
        if isinstance(value, bool):
            words.append(flag_of(name) if value else flag_of(f"no_{name}"))
        elif value is not None:
            for one in value if isinstance(value, tuple) else (value,):
                words += [flag_of(name), str(one)]
    return words


def variables_against(config: StageConfig, environment: Mapping[str, str]) -> list[str]:
    """The variables that are set for what `config` leaves open by default: no flag overrules them.

    None of them was read for `config`, or it would not be open. Those of another kind are as much
    in its way.
    """
    own = type(config).model_fields
    return [
        _variable_of(name)
        for name, field in fields_of(type(config)).items()
        if _is_set(name, environment)
        and (name not in own or getattr(config, name) == _default(field) in (None, ()))
    ]


def _is_set(name: str, environment: Mapping[str, str]) -> bool:
    return bool(environment.get(_variable_of(name), "").strip())


def _variable_of(name: str) -> str:
    return ENVIRONMENT_PREFIX + name.upper()


def _default(field: FieldInfo) -> object:
    return None if field.is_required() else field.get_default(call_default_factory=True)


def flag_of(name: str) -> str:
    """The flag of a field: `--base-model` for `base_model`."""
    return "--" + name.replace("_", "-")


def _help(name: str, field: FieldInfo) -> str:
    default = _default(field)
    if isinstance(default, tuple):
        default = ", ".join(map(str, default))
    unsaid = default is None or default is False or default == ""
    said = "" if unsaid else f" (default: {default})"
    return ((field.description or name).rstrip(".") + said).replace("%", "%%")


def _shape(field: FieldInfo) -> dict[str, Any]:
    """How argparse reads this field: a switch, a choice, a list or a plain word."""
    kind = _without_none(field.annotation)
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(kind) is Literal:
        return {"choices": get_args(kind)}
    if get_origin(kind) is tuple:
        return {"action": "append", "metavar": "VALUE"}
    return {"metavar": METAVARS.get(kind, "VALUE")}


def _is_many(field: FieldInfo) -> bool:
    return get_origin(_without_none(field.annotation)) is tuple


def _without_none(annotation: Any) -> Any:
    """The plain kind: `str` for `str | None`, `int` for `Annotated[int, …]`."""
    if get_origin(annotation) in (Union, types.UnionType):
        (annotation,) = (kind for kind in get_args(annotation) if kind is not type(None))
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
