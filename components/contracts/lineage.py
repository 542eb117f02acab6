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
    StrictBool,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_serializer,
    model_validator,
)

from components.contracts.evaluation import EvaluationReport
from components.contracts.people import People
from components.contracts.reports import CollectReport, PrepareReport, TrainReport


def _or_none(value: object, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


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


_IfSound = WrapValidator(_or_none)
"""None in place of what is odd."""
_IfTable = BeforeValidator(_mapping)
"""Nothing in place of what is no table."""
_Text = Annotated[str | None, _IfSound]
_Plain = Annotated[str | int | float | bool | None, _IfSound]
_Texts = Annotated[dict[str, _Text], _IfTable]


class _Lenient(BaseModel):
    """Other programs write lineages too: what is odd counts as left out, what is new is kept."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)


class Digests(_Lenient):
    """The SHA-256 of what the stages were given, and of what they made of it."""

    inputs: _Texts = {}
    """Of each source, by author."""
    pretrained_model: _Text = Field(default=None, alias="pretrained-model")
    train_dataset: _Text = Field(default=None, alias="train-dataset")
    finetuned_model: _Text = Field(default=None, alias="finetuned-model")


class CollectedAuthor(_Lenient):
    """What a raw dataset's report, `collect.json`, says of its author."""

    display_name: _Text = None
    account_id: Annotated[str | None, BeforeValidator(_id)] = None
    input_sha256: _Text = None


class FetchedModel(_Lenient):
    """What a base model's report, `fetch.json`, says of it."""

    asked: _Text = None
    id: _Text = None
    source: _Text = None
    license: _Text = None

    @property
    def name(self) -> str | None:
        """As it was asked for; else its id."""
        return self.asked or self.id


class TrainedModel(_Lenient):
    """What a model's report, `train.json`, says was chosen."""

    hyperparameters: Annotated[dict[str, _Plain] | None, _IfSound] = None
    asked: Annotated[tuple[str, ...] | None, _IfSound] = None
    """None in versions that were published before this was kept."""
    seed: Annotated[int | None, _IfSound] = None
    asked_dtype: _Text = None


class GateSaid(_Lenient):
    """What is said of the gate."""

    passed: Annotated[StrictBool | None, _IfSound] = None


class EvaluatedModel(_Lenient):
    """What a model's `evaluation.json` says of how it was measured, and whether it passed."""

    sampling: Annotated[dict[str, _Plain] | None, _IfSound] = None
    prompts: Annotated[list[str] | None, _IfSound] = None
    samples: Annotated[int | None, _IfSound] = None
    gate: Annotated[GateSaid, _IfTable] = GateSaid()


class HashesSaid(_Lenient):
    """What is said of the hashes of the posts' ids, which stand in `post-hashes.json`."""

    key_id: _Text = None
    """None where there are none."""


class Lineage(_Lenient):
    """From the input's digest to the model. In JSON it stays as it was read, to the byte."""

    digests: Annotated[Digests, _IfTable] = Digests()
    consent: _Texts = {}
    """By author: the basis on which the posts are used."""
    collect: Annotated[dict[str, Annotated[CollectedAuthor, _IfTable]], _IfTable] = {}
    """The reports of the stages say what was chosen; this one stands here by author."""
    fetch: Annotated[FetchedModel, _IfTable] = FetchedModel()
    prepare: Annotated[PrepareReport | None, BeforeValidator(_prepared)] = None
    train: Annotated[TrainedModel, _IfTable] = TrainedModel()
    evaluate: Annotated[EvaluatedModel, _IfTable] = EvaluatedModel()
    images: _Texts = {}
    """With their digests, by stage, where they are known."""
    runs: Annotated[dict[str, Annotated[str, BeforeValidator(str)]], _IfTable] = {}
    """The ids `wandb` and `kubeflow`, where there were such runs."""
    post_hashes: Annotated[HashesSaid, _IfTable] = HashesSaid()
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

    def collect_report(self, author: str) -> CollectReport:
        """The whole report of one of `collect`.

        Raises:
            ValidationError: it cannot be read.
        """
        return CollectReport.model_validate(_mapping(self._document.get("collect")).get(author))

    def prepare_report(self) -> PrepareReport:
        """The whole report, with those of the raw datasets.

        Raises:
            ValidationError: one of them is missing or cannot be read.
        """
        collected = tuple(self.collect_report(author) for author in self.collect)
        prepared = _mapping(self._document.get("prepare"))
        return PrepareReport.model_validate({**prepared, "collected": collected})

    def train_report(self) -> TrainReport:
        """The whole report.

        Raises:
            ValidationError: it is missing or cannot be read.
        """
        return TrainReport.model_validate(self._document.get("train"))

    def evaluation_report(self) -> EvaluationReport:
        """The whole report.

        Raises:
            ValidationError: it is missing or cannot be read.
        """
        return EvaluationReport.model_validate(self._document.get("evaluate"))

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
