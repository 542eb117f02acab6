import argparse

import pytest

from components.contracts.errors import BadInputError
from pipelines.run import add_source_flags
from pipelines.sources import ACCOUNTS, Source, sources_given, sources_of


def sources(**given: list[str]) -> list[Source]:
    none: dict[str, list[str]] = {
        flag: [] for flag in ("archives", "tables", "authors", "formats", "columns")
    }
    accounts = {kind: given.pop(kind) for kind in ACCOUNTS if kind in given}
    return sources_of(**{**none, "consents": ["public-figure"], **given}, accounts=accounts)


def test_archives_come_before_tables() -> None:
    assert [
        source.archive or source.table for source in sources(tables=["t.csv"], archives=["a.zip"])
    ] == [
        "a.zip",
        "t.csv",
    ]


def test_accounts_come_last_each_with_its_consent() -> None:
    found = sources(
        bluesky=["cy.example.com"],
        handle=["ann", "bo"],
        archives=["a.zip"],
        consents=["own-archive", "written-consent", "public-figure", "fictional"],
    )
    assert [(source.handle, source.bluesky, source.consent) for source in found] == [
        (None, None, "own-archive"),
        ("ann", None, "written-consent"),
        ("bo", None, "public-figure"),
        (None, "cy.example.com", "fictional"),
    ]


def test_one_table_is_read_for_each_author() -> None:
    found = sources(tables=["t.csv"], authors=["ann", "bo"])
    assert [(source.table, source.author) for source in found] == [
        ("t.csv", "ann"),
        ("t.csv", "bo"),
    ]


def test_authors_belong_to_tables_in_order() -> None:
    found = sources(tables=["s.csv", "t.csv"], authors=["ann", "bo"], formats=["twint"])
    assert [(source.table, source.author, source.format) for source in found] == [
        ("s.csv", "ann", "twint"),
        ("t.csv", "bo", "twint"),
    ]


def test_archives_alone_take_the_authors() -> None:
    found = sources(archives=["a.zip", "b.zip"], authors=["ann", "bo"])
    assert [(source.archive, source.author) for source in found] == [
        ("a.zip", "ann"),
        ("b.zip", "bo"),
    ]


def test_consent_is_for_all_or_one_each() -> None:
    archives = ["a.zip", "b.zip"]
    assert {source.consent for source in sources(archives=archives)} == {"public-figure"}
    each = sources(archives=archives, consents=["own-archive", "written-consent"])
    assert [source.consent for source in each] == ["own-archive", "written-consent"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "--table t --consent public-figure --archive a --consent own-archive --author ann",
            {"a": "own-archive", "t": "public-figure"},
        ),
        (
            "--handle h --table t --author ann --author bo --archive a "
            "--consent public-figure --consent fictional --consent written-consent "
            "--consent own-archive",
            {
                "a": "own-archive",
                "ann": "fictional",
                "bo": "written-consent",
                "h": "public-figure",
            },
        ),
        (
            "--bluesky b.example.com --handle h --consent own-archive --consent fictional",
            {"b.example.com": "own-archive", "h": "fictional"},
        ),
        ("--table t --author ann --archive a --consent fictional", {"a": "fictional"}),
    ],
)
def test_each_consent_belongs_to_its_source_as_the_command_names_them(
    words: str, expected: dict[str, str]
) -> None:
    parser = argparse.ArgumentParser()
    add_source_flags(parser)
    found = sources_given(parser.parse_args(words.split()))
    consents = {
        name: one.consent for one in found for name in (one.archive, one.author, one.account)
    }
    consents |= {one.table: one.consent for one in found}
    assert {name: consents[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "whose posts"),
        ({"archives": ["a", "b"], "authors": ["ann"]}, "--author: 1 given for 2 archives"),
        ({"archives": ["a"], "formats": ["twint"]}, "belong to a --table"),
        ({"archives": ["a", "./a"]}, "./a is given twice; give each source once"),
        ({"tables": ["gs://b/t", "gs://b/t"]}, "gs://b/t is given twice"),
        ({"tables": ["s", "t"], "authors": ["ann"]}, "--author: 1 given for 2 tables"),
        ({"tables": ["s", "t", "u"], "formats": ["a", "b"]}, "--format: 2 given for 3 tables"),
        ({"archives": ["a"], "consents": ["fictional", "fictional"]}, "each of 1 sources"),
    ],
)
def test_flags_that_do_not_pair_up_are_refused(given: dict[str, list[str]], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        sources(**given)
