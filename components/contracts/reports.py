"""The report that each stage leaves in its artifact folder."""

from typing import Literal

from components.contracts.base import Contract, Report, Timestamp
from components.contracts.people import People

Consent = Literal["own-archive", "written-consent", "public-figure", "fictional"]
Preset = Literal["classic", "default"]


class CollectCounts(Contract):
    """What came out of the source."""

    downloaded: int
    """The rows of posts.jsonl."""
    reposts: int
    replies: int
    quotes: int


class CollectReport(Report):
    """`raw-dataset/collect.json`: whose posts these are, from where, on what basis."""

    author: str
    """The handle without the @; for a table without handles, the name that was given."""
    display_name: str | None = None
    account_id: str | None = None
    source: str
    """The kind of source and its name, as `x-archive:sample.zip` or `bluesky:ann.bsky.social`."""
    consent: Consent
    """The basis on which these posts are used."""
    terms: str | None = None
    """What allows training on posts from the X API, in the words of who collected them."""
    input_sha256: str
    """The digest of the source's bytes."""
    encoding: str | None = None
    """How the source's text was encoded, as `utf-8`."""
    damaged: int = 0
    """How many posts hold characters that lost their encoding."""
    columns: dict[str, str] = {}
    """Of a table, the column that each field was read from."""
    asked: dict[str, str | bool] = {}
    """What was chosen about the reading: `author`, `format`, `exclude_circle_window`, …"""
    counts: CollectCounts
    oldest: Timestamp | None
    newest: Timestamp | None
    picture: str | None = None
    """The file of the author's picture, in this folder."""
    warnings: tuple[str, ...] = ()
    """What was odd about the source, a sentence each."""
    notes: dict[str, str | int] = {}
    """Further facts about the reading: the table's format, joined notes, …"""

    @property
    def people(self) -> People:
        """Whose posts these are."""
        return People((self.author,), (self.account_id,) if self.account_id else ())


class FetchReport(Report):
    """`pretrained-model/fetch.json`: which base model this is."""

    asked: str | None = None
    """The model as it was asked for, as `openai-community/gpt2@main`; of a folder, its name."""
    id: str
    """The model's name: a Hub id, a URI, a folder's name, or the bundled model's."""
    revision: str | None
    """The Hub commit or the bundled wheel's version."""
    sha256: str
    """The digest of the folder's model files: see `runtime.digests.folder_sha256`."""
    source: Literal["hub", "folder", "storage", "bundled"]
    license: str | None = None
    """An SPDX name where the source states one."""
    parameters: int
    """How many weights the model has, shared ones counted once."""
    architecture: str
    """The model class, as `GPT2LMHeadModel`."""


class PostCounts(Contract):
    """Where every downloaded post went: `downloaded` is the sum of the rest."""

    downloaded: int = 0
    retweets: int = 0
    short: int = 0
    """Too short to say anything."""
    empty: int = 0
    """Nothing left after cleaning."""
    duplicates: int = 0
    """Equal or nearly equal to an earlier post."""
    truncated: int = 0
    """Cut off by the source."""
    other: dict[str, int] = {}
    """Further reasons; `balance` is what was left out to give each author an equal share."""
    kept: int = 0
    """The rows of the three splits together."""

    def rows(self) -> dict[str, int]:
        """The counts under the names that people read: downloaded, why posts went, kept."""
        return {
            "Tweets downloaded": self.downloaded,
            "Retweets": self.retweets,
            "Short tweets": self.short,
            "Empty after cleaning": self.empty,
            "Near-duplicates": self.duplicates,
            "Cut off by the source": self.truncated,
            **{f"Other: {reason}": count for reason, count in sorted(self.other.items())},
            "Tweets kept": self.kept,
        }


class SplitFacts(Contract):
    """One split of the dataset."""

    posts: int
    characters: int
    oldest: Timestamp | None
    newest: Timestamp | None


class Splits(Contract):
    """The three splits, oldest posts first: train, validation, test."""

    train: SplitFacts
    validation: SplitFacts
    test: SplitFacts


class PrepareReport(Report):
    """`train-dataset/prepare.json`: what became of each post, and how the rest was split."""

    persona_authors: tuple[str, ...]
    """The authors, sorted."""
    preset: Preset
    keep_newlines: bool = False
    """Whether line breaks in the texts were kept."""
    counts: PostCounts
    per_author: dict[str, PostCounts]
    splits: Splits
    languages: dict[str, float] = {}
    """Share of the kept posts by language (ISO 639-1), largest first; empty for `classic`."""
    masked: dict[str, int] = {}
    """Personal data replaced in the texts: `email`, `phone`."""
    trimmed: dict[str, int] = {}
    """How many of the kept posts lost somebody else's words: `manual_retweets`, `quoted_lines`."""
    warnings: tuple[str, ...] = ()
    collected: tuple[CollectReport, ...]
    """The reports of the raw datasets that this one was made from, in the order of the authors."""

    @property
    def people(self) -> People:
        """Whose posts these are."""
        ids = (report.account_id for report in self.collected)
        return People(self.persona_authors, tuple(one for one in ids if one))

    def collected_of(self, author: str) -> list[CollectReport]:
        """The reports of this author's raw datasets; handles are the same whatever their case."""
        wanted = author.casefold()
        return [report for report in self.collected if report.author.casefold() == wanted]

    def count_table(self) -> dict[str, list[int]]:
        """The counts by row: a column for each author, and their sum if several."""
        columns = [self.per_author[author].rows() for author in self.persona_authors]
        if len(columns) > 1:
            columns.append(self.counts.rows())
        names = list(dict.fromkeys(name for column in columns for name in column))
        return {name: [column.get(name, 0) for column in columns] for name in names}

    tracking: dict[str, str] = {}
    """Where the tracker keeps this stage's run: `url` of the run, `artifact` that it logged."""


class CurvePoint(Contract):
    """One measurement of the loss while training, in nats a token."""

    step: int
    train_loss: float | None
    """Mean over the steps since the point before; none before the first step."""
    validation_loss: float | None


class BaseModelFacts(Contract):
    """Which model the training started from."""

    id: str
    revision: str | None
    sha256: str


class TrainReport(Report):
    """`finetuned-model/train.json`: how the model was trained."""

    tokens: int
    """Training tokens processed, padding left out."""
    seconds: float
    """Wall-clock seconds of the training loop, its validations included."""
    tokens_per_second: float
    best_validation_loss: float
    best_step: int
    seconds_to_best: float | None = None
    """How many of `seconds` had passed when the best weights were reached."""
    curve: tuple[CurvePoint, ...]
    hyperparameters: dict[str, str | int | float | bool | None]
    asked: tuple[str, ...] | None = None
    """Which of them were asked for, as `epochs`: the others suited the posts and the method."""
    base_model: BaseModelFacts
    seed: int
    device: str
    """Where it ran: the processor's or the GPU's name."""
    dtype: Literal["fp32", "bf16"]
    asked_dtype: Literal["auto", "fp32", "bf16"] | None = None
    """What was asked for; `auto` measures which is faster."""
    dataset_sha256: str
    """The digest of the train-dataset folder."""
    authors: tuple[str, ...] = ()
    """Whose posts it learned from, by handle, so that the opt-out list can be asked later."""
    account_ids: tuple[str, ...] = ()
    """Their accounts, where these are known."""
    versions: dict[str, str]
    """Of python, torch, transformers and this project."""
    tracking: dict[str, str] = {}
    """Where the tracker keeps this stage's run: `url` of the run, `artifact` that it logged."""

    @property
    def people(self) -> People:
        """Whom the model imitates."""
        return People(self.authors, self.account_ids)
