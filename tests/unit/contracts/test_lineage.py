import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contracts.lineage import (
    Digests,
    EvaluatedModel,
    FetchedModel,
    Lineage,
    TrainedModel,
)
from components.contracts.people import People
from components.contracts.registry import Claim, Manifest
from components.contracts.reports import PostCounts

COUNTS = PostCounts(downloaded=3, retweets=1, kept=2)
SPLIT = {"posts": 1, "characters": 9, "oldest": None, "newest": None}
PREPARED = {
    "schema_version": 1,
    "persona_authors": ["ann"],
    "preset": "classic",
    "counts": COUNTS.model_dump(),
    "per_author": {"ann": COUNTS.model_dump()},
    "splits": {"train": SPLIT, "validation": SPLIT, "test": SPLIT},
}
WHOLE: dict[str, Any] = {
    "digests": {
        "inputs": {"ann": "1", "bob": "2"},
        "pretrained-model": "3",
        "train-dataset": "4",
        "finetuned-model": "5",
    },
    "consent": {"ann": "fictional", "bob": "own-archive"},
    "collect": {
        "ann": {"author": "ann", "display_name": "Ann A.", "account_id": "42"},
        "bob": {"author": "bob", "display_name": None, "account_id": None},
    },
    "fetch": {"id": "tiny"},
    "prepare": PREPARED,
    "train": {"seed": 7},
    "evaluate": {"model_sha256": "5"},
    "images": {"train": "registry.example/train@sha256:1"},
    "runs": {"wandb": "run7"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["ann", "account_id", "inputs", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def manifest_of(lineage: object) -> str:
    """A manifest as another program may have written it."""
    document = {
        "schema_version": 1,
        "persona": "ann",
        "version": 1,
        "created_at": "2024-05-01T12:00:00Z",
        "files": [],
        "lineage": lineage,
        "formats": {},
        "upload": "",
        "job": "",
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def test_every_field_of_a_lineage_is_read() -> None:
    lineage = Manifest.model_validate_json(manifest_of(WHOLE)).lineage
    assert lineage.digests == Digests.model_validate(WHOLE["digests"])
    assert lineage.digests.inputs == {"ann": "1", "bob": "2"}
    assert lineage.digests.pretrained_model == "3"
    assert lineage.digests.train_dataset == "4"
    assert lineage.digests.finetuned_model == "5"
    assert lineage.consent == WHOLE["consent"]
    assert [report.display_name for report in lineage.collect.values()] == ["Ann A.", None]
    assert [report.account_id for report in lineage.collect.values()] == ["42", None]
    assert lineage.prepare is not None
    assert lineage.prepare.count_table()["Tweets kept"] == [2]
    assert lineage.fetch == FetchedModel.model_validate(WHOLE["fetch"])
    assert lineage.fetch.name == lineage.fetch.id == "tiny"
    assert lineage.train.seed == 7
    assert lineage.train == TrainedModel.model_validate(WHOLE["train"])
    assert lineage.evaluate == EvaluatedModel.model_validate(WHOLE["evaluate"])
    assert lineage.images == WHOLE["images"]
    assert lineage.runs == WHOLE["runs"]
    assert lineage.people("carol") == People(("ann", "bob"), ("42",))


def test_a_lineage_that_says_nothing_names_nobody() -> None:
    lineage = Lineage()
    assert (lineage.authors, lineage.account_ids) == ((), ())
    assert lineage.digests.finetuned_model is None
    assert lineage.prepare is None
    assert lineage.people("ann") == People(("ann",), ())
    assert lineage.model_dump() == {}


@pytest.mark.parametrize("end", ["collect", "consent"])
def test_an_author_counts_at_whichever_end_it_is_named(end: str) -> None:
    lineage = Lineage.model_validate({end: {"bob": {}, "ann": None}})
    assert lineage.authors == ("ann", "bob")


@pytest.mark.parametrize(
    ("account_id", "read"), [("42", ("42",)), (42, ("42",)), ("", ()), (None, ())]
)
def test_an_account_counts_however_its_number_is_written(
    account_id: object, read: tuple[str, ...]
) -> None:
    lineage = Lineage.model_validate({"collect": {"ann": {"account_id": account_id}}})
    assert lineage.account_ids == read


@pytest.mark.parametrize("odd", [None, "odd", 3, ["ann"], True])
def test_what_is_odd_counts_as_left_out(odd: object) -> None:
    for name in WHOLE:
        lineage = Lineage.model_validate({**WHOLE, name: odd})
        assert lineage.authors == ("ann", "bob")
        assert lineage.model_dump()[name] == odd
    lineage = Lineage.model_validate({"collect": {"ann": odd, "bob": {"display_name": odd}}})
    assert lineage.authors == ("ann", "bob")


@given(
    st.dictionaries(st.sampled_from([*WHOLE, "authors", "account_ids", "people", "new"]), JSON),
)
def test_a_manifest_is_the_same_to_the_byte_after_reading(lineage: dict[str, Any]) -> None:
    text = manifest_of(lineage)
    manifest = Manifest.model_validate_json(text)
    assert manifest.to_json() == text
    claim = Claim(manifest=manifest)
    assert Claim.model_validate_json(claim.to_json()) == claim


def test_a_whole_lineage_is_the_same_to_the_byte_after_reading() -> None:
    text = manifest_of(dict(reversed(WHOLE.items())))
    assert Manifest.model_validate_json(text).to_json() == text
