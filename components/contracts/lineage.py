"""Where a version came from, as its manifest keeps it, and whom it imitates."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_serializer,
    model_validator,
)

from components.contracts.people import People
from components.contracts.reports import PrepareReport


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _id(value: object) -> str | None:
    return str(value) if value else None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _prepared(value: object) -> PrepareReport | None:
    """The report, whose raw datasets' reports stand under `collect`."""
    try:
        return PrepareReport.model_validate({**_mapping(value), "collected": ()})
    except ValidationError:  # of another program, or of none
        return None


Text = Annotated[str | None, BeforeValidator(_text)]
Table = Annotated[dict[str, Any], BeforeValidator(_mapping)]


class _Lenient(BaseModel):
    """Other programs write lineages too: what is odd counts as left out, what is new is kept."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)


class Digests(_Lenient):
    """The SHA-256 of what the stages were given, and of what they made of it."""

    inputs: Table = {}
    """Of each source, by author."""
    pretrained_model: Text = Field(default=None, alias="pretrained-model")
    train_dataset: Text = Field(default=None, alias="train-dataset")
    finetuned_model: Text = Field(default=None, alias="finetuned-model")


class CollectedAuthor(_Lenient):
    """What a raw dataset's report, `collect.json`, says of its author."""

    display_name: Text = None
    account_id: Annotated[str | None, BeforeValidator(_id)] = None


class HashesSaid(_Lenient):
    """What is said of the hashes of the posts' ids, which stand in `post-hashes.json`."""

    key_id: Text = None
    """None where there are none."""


class Lineage(_Lenient):
    """From the input's digest to the model. In JSON it stays as it was read, to the byte."""

    digests: Annotated[Digests, BeforeValidator(_mapping)] = Digests()
    consent: Table = {}
    """By author: the basis on which the posts are used."""
    collect: Annotated[
        dict[str, Annotated[CollectedAuthor, BeforeValidator(_mapping)]], BeforeValidator(_mapping)
    ] = {}
    """The reports of the stages say what was chosen; this one stands here by author."""
    fetch: Table = {}
    prepare: Annotated[PrepareReport | None, BeforeValidator(_prepared)] = None
    train: Table = {}
    evaluate: Table = {}
    images: Table = {}
    """With their digests, by stage, where they are known."""
    runs: Table = {}
    """The ids `wandb` and `kubeflow`, where there were such runs."""
    post_hashes: Annotated[HashesSaid, BeforeValidator(_mapping)] = HashesSaid()
    _document: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    @property
    def authors(self) -> tuple[str, ...]:
        """Who is imitated, sorted; nobody where the lineage does not say."""
        return tuple(sorted({*self.collect, *self.consent}))

    @property
    def account_ids(self) -> tuple[str, ...]:
        """The authors' accounts, as far as they are known."""
        ids = (report.account_id for report in self.collect.values())
        return tuple(account_id for account_id in ids if account_id)

    def people(self, persona: str) -> People:
        """The authors; the persona is taken for its author where the lineage names none."""
        return People(self.authors or (persona,), self.account_ids)

    @model_validator(mode="wrap")
    @classmethod
    def _keep(cls, document: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        lineage = read(document)
        if lineage is not document:
            lineage._document = document
        return lineage

    @model_serializer
    def _as_read(self) -> dict[str, Any]:
        return dict(self._document)
