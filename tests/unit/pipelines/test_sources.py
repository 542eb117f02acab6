import argparse
from collections.abc import Mapping, Sequence

import pytest

from components.collect.config import FileSource, Source, TableSource
from components.contracts.errors import BadInputError
from pipelines.cli.source_flags import add_account_flags, add_source_flags
from pipelines.sources import sources_given


def named_by(words: Sequence[str], environment: Mapping[str, str] | None = None) -> list[Source]:
    parser = argparse.ArgumentParser()
    add_source_flags(parser)
    add_account_flags(parser)
    return sources_given(parser.parse_args(words), environment)


def sources(**given: list[str]) -> list[Source]:
    flags = {"consent": ["public-figure"], **given}
    return named_by(
        [word for flag, values in flags.items() for one in values for word in (f"--{flag}", one)]
    )


def authors_of(found: list[Source]) -> list[tuple[str, str | None]]:
    return [(source.place, source.author) for source in found if isinstance(source, FileSource)]


def test_archives_come_before_tables() -> None:
    found = sources(table=["t.csv"], archive=["a.zip"])
    assert [source.place for source in found] == ["a.zip", "t.csv"]


def test_accounts_come_last_each_with_its_consent() -> None:
    found = sources(
        bluesky=["cy.example.com"],
        handle=["ann", "bo"],
        archive=["a.zip"],
        consent=["fictional", "written-consent", "public-figure", "own-archive"],
    )
    assert [(source.called, source.place, source.consent) for source in found] == [
        ("x-archive", "a.zip", "own-archive"),
        ("x-api", "@ann", "written-consent"),
        ("x-api", "@bo", "public-figure"),
        ("bluesky", "@cy.example.com", "fictional"),
    ]


def test_one_table_is_read_for_each_author() -> None:
    found = sources(table=["t.csv"], author=["ann", "bo"])
    assert authors_of(found) == [("t.csv", "ann"), ("t.csv", "bo")]


def test_authors_belong_to_tables_in_order() -> None:
    found = sources(table=["s.csv", "t.csv"], author=["ann", "bo"], format=["twint"])
    assert authors_of(found) == [("s.csv", "ann"), ("t.csv", "bo")]
    formats = [source.format for source in found if isinstance(source, TableSource)]
    assert formats == ["twint", "twint"]


def test_archives_alone_take_the_authors() -> None:
    found = sources(archive=["a.zip", "b.zip"], author=["ann", "bo"])
    assert authors_of(found) == [("a.zip", "ann"), ("b.zip", "bo")]


def test_consent_is_for_all_or_one_each() -> None:
    archives = ["a.zip", "b.zip"]
    assert {source.consent for source in sources(archive=archives)} == {"public-figure"}
    each = sources(archive=archives, consent=["own-archive", "written-consent"])
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
    found = named_by(words.split())
    consents = {one.place.removeprefix("@"): one.consent for one in found}
    consents |= {
        one.author: one.consent for one in found if isinstance(one, FileSource) and one.author
    }
    assert {name: consents[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "whose posts"),
        ({"archive": ["a", "b"], "author": ["ann"]}, "--author: 1 given for 2 archives"),
        ({"archive": ["a"], "format": ["twint"]}, "belong to a --table"),
        ({"archive": ["a", "./a"]}, "./a is given twice; give each source once"),
        ({"table": ["gs://b/t", "gs://b/t"]}, "gs://b/t is given twice"),
        ({"table": ["s", "t"], "author": ["ann"]}, "--author: 1 given for 2 tables"),
        ({"table": ["s", "t", "u"], "format": ["a", "b"]}, "--format: 2 given for 3 tables"),
        ({"archive": ["a"], "consent": ["fictional", "fictional"]}, "each of 1 sources"),
    ],
)
def test_flags_that_do_not_pair_up_are_refused(given: dict[str, list[str]], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        sources(**given)


def test_what_is_said_once_goes_to_each_source_that_has_it() -> None:
    line = "--archive a.zip --table t --handle ann --bluesky bo.example.com --max-wait 5"
    words = f"{line} --since-id 7 --exclude-circle-window --consent own-archive".split()
    variables = {"HUGGINGTWEETS_BLUESKY_URL": "http://here", "HUGGINGTWEETS_AUTHOR": "cy"}
    assert [source.flags() for source in named_by(words, variables)] == [
        {"archive": "a.zip", "exclude_circle_window": True, "consent": "own-archive"},
        {"table": "t", "consent": "own-archive"},
        {"handle": "ann", "since_id": "7", "max_wait": "5", "consent": "own-archive"},
        {
            "bluesky": "bo.example.com",
            "bluesky_url": "http://here",
            "max_wait": "5",
            "consent": "own-archive",
        },
    ]
