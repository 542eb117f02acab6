"""An account on Bluesky by its DID, and what its author is called then."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bluesky import BskyAccount, BskyServer, bluesky, bsky_post
from support.collecting import author_of

from components.collect.bluesky_names import account_name, is_did, read_name
from components.collect.config import BlueskySource
from components.collect.stage import run
from components.contracts.artifacts import check_persona
from components.contracts.errors import BadInputError
from components.contracts.reports import CollectReport
from components.registry.opt_outs import add_opt_out

DID = "did:plc:nobody"
NOBODY = "nobody.bsky.social"


@pytest.fixture
def server() -> Iterator[BskyServer]:
    feed = [bsky_post(number, f"post {number}") for number in range(9, -1, -1)]
    with bluesky(BskyAccount(feed=feed)) as it:
        yield it


def config_of(server: BskyServer, **more: Any) -> BlueskySource:
    given = {"bluesky": DID, "consent": "written-consent", "bluesky_url": server.url, **more}
    return BlueskySource(**given)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("@Nobody.bsky.social", NOBODY),
        (" did:plc:nobody ", DID),
        ("did:web:example.com", "did:web:example.com"),
        ("https://bsky.app/profile/nobody.bsky.social", NOBODY),
        ("https://bsky.app/profile/nobody.bsky.social/", NOBODY),
        ("https://bsky.app/profile/did:plc:nobody/post/3kabc?a=b#c", DID),
        ("https://bsky.app/profile/did%3Aplc%3Anobody", DID),
        ("https://deer.social/profile/nobody.bsky.social", NOBODY),
        ("at://did:plc:nobody/app.bsky.feed.post/3kabc", DID),
    ],
)
def test_a_handle_a_did_and_the_address_of_a_profile_name_an_account(given: str, name: str) -> None:
    config = BlueskySource(bluesky=given, consent="fictional")
    assert config.bluesky == name
    assert BlueskySource(bluesky=name, consent="fictional") == config


@given(st.text("didplcweb:.-%/@ab0é ", max_size=30))
def test_what_is_taken_for_a_did_can_name_a_folder(given: str) -> None:
    with suppress(ValueError):
        name = read_name(given)
        assert read_name(name) == name
        assert check_persona(account_name("", name) if is_did(name) else name)


def test_who_is_asked_for_by_did_is_called_by_handle(server: BskyServer, tmp_path: Path) -> None:
    report = run(config_of(server), dataset_out=tmp_path / "out")
    assert (report.author, report.account_id) == (NOBODY, DID)
    assert report.source == f"bluesky:{DID}"
    assert report.counts.downloaded == 10
    assert author_of(config_of(server)) == NOBODY
    by_handle = run(config_of(server, bluesky=NOBODY), dataset_out=tmp_path / "by-handle")
    assert by_handle.input_sha256 == report.input_sha256


def test_whose_handle_leads_nowhere_is_called_by_did(server: BskyServer, tmp_path: Path) -> None:
    server.accounts[0].facts = {"handle": "handle.invalid"}
    report = run(config_of(server), dataset_out=tmp_path / "out")
    assert (report.author, report.account_id) == ("did.plc.nobody", DID)
    assert author_of(config_of(server)) == "did.plc.nobody"


def test_the_advice_for_a_handle_that_leads_nowhere_can_be_followed(
    server: BskyServer, tmp_path: Path
) -> None:
    server.accounts[0].facts = {"handle": "handle.invalid"}
    with pytest.raises(BadInputError, match="no longer leads to its account") as caught:
        run(config_of(server, bluesky=NOBODY), dataset_out=tmp_path / "out")
    advised = str(caught.value).rpartition("--bluesky ")[2]
    report = run(config_of(server, bluesky=advised), dataset_out=tmp_path / "out")
    assert report.counts.downloaded == 10


def test_newer_posts_are_asked_for_by_did(server: BskyServer, tmp_path: Path) -> None:
    run(config_of(server, bluesky=NOBODY), dataset_out=tmp_path / "out")
    server.accounts[0].feed.insert(0, bsky_post(99))
    report = run(config_of(server), dataset_out=tmp_path / "out", since=tmp_path / "out")
    assert (report.counts.downloaded, report.notes["new"]) == (11, 1)


@pytest.mark.parametrize("by", [{"handle": NOBODY}, {"account_id": DID}])
@pytest.mark.parametrize("asked", [NOBODY, DID])
def test_who_opted_out_by_handle_or_by_did_is_not_collected_by_either(
    server: BskyServer, tmp_path: Path, by: dict[str, str], asked: str
) -> None:
    registry = str(tmp_path / "registry")
    add_opt_out(registry, **by)
    with pytest.raises(BadInputError, match="opted out"):
        run(config_of(server, bluesky=asked, registry=registry), dataset_out=tmp_path / "out")
    assert server.pages == []
    assert (server.seen == []) == (asked in by.values())


def test_the_name_of_who_opted_out_by_did_is_not_asked_for(
    server: BskyServer, tmp_path: Path
) -> None:
    registry = str(tmp_path / "registry")
    add_opt_out(registry, account_id=DID)
    with pytest.raises(BadInputError, match="opted out"):
        author_of(config_of(server, registry=registry))
    assert server.seen == []


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"did": "did:plc:other"}, "of another account, did:plc:other"),
        ({"handle": "../../up"}, "cannot name a persona"),
    ],
)
def test_an_answer_that_is_of_somebody_else_is_refused(
    server: BskyServer, tmp_path: Path, facts: dict[str, str], said: str
) -> None:
    server.accounts[0].facts = facts
    with pytest.raises(BadInputError, match=said):
        run(config_of(server), dataset_out=tmp_path / "out")
    with pytest.raises(BadInputError, match=said):
        author_of(config_of(server))
    assert not (tmp_path / "out").exists()


def test_a_did_that_nobody_has_is_named(server: BskyServer, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="^did:plc:none: Bluesky has no account"):
        run(config_of(server, bluesky="did:plc:none"), dataset_out=tmp_path / "out")


def test_a_report_of_a_did_is_read_again(server: BskyServer, tmp_path: Path) -> None:
    report = run(config_of(server), dataset_out=tmp_path / "out")
    assert CollectReport.read(tmp_path / "out" / "collect.json") == report
