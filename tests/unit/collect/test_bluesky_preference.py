"""What an author on Bluesky says of AI is read before any post, kept to, and reported."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.bluesky import (
    AI,
    RECORD,
    RECORDS,
    BskyAccount,
    BskyServer,
    ai_record,
    bluesky,
    bsky_post,
)
from support.exports import DID, Repository, bsky_record
from support.web_api import sending

from components.collect.bluesky.home import home_in
from components.collect.bluesky.preference import Stance, stances_in
from components.collect.config import BlueskySource, TableSource
from components.collect.stage import run
from components.contracts.errors import BadInputError
from components.contracts.reports import CollectReport

NOBODY = "nobody.bsky.social"
NO, YES = {"training": False}, {"training": True}


@pytest.fixture
def server() -> Iterator[BskyServer]:
    feed = [bsky_post(number, f"post {number}") for number in range(9, -1, -1)]
    with bluesky(BskyAccount(feed=feed)) as it:
        yield it


def collect(server: BskyServer, out: Path, **more: Any) -> CollectReport:
    given = {"bluesky": NOBODY, "consent": "public-figure", "bluesky_url": server.url, **more}
    return run(BlueskySource(**given), dataset_out=out)


@pytest.mark.parametrize("said", [NO, {"syntheticContent": False}, {**NO, "inference": True}])
@pytest.mark.parametrize("consent", ["public-figure", "written-consent", "fictional"])
@pytest.mark.parametrize("unknown", [(), (RECORDS,)])
def test_who_says_no_is_refused_before_any_post_is_asked_for(
    server: BskyServer, tmp_path: Path, said: dict[str, bool], consent: str, unknown: tuple[str]
) -> None:
    server.accounts[0].ai = {"self": ai_record(said=said)}
    server.unknown = unknown
    with pytest.raises(BadInputError, match=f"@{NOBODY} says no to .* {AI} ") as caught:
        collect(server, tmp_path / "out", consent=consent)
    assert str(caught.value).isprintable()
    assert server.pages == []
    assert not (tmp_path / "out").exists()


def test_the_owner_is_not_bound_by_a_word_to_others(server: BskyServer, tmp_path: Path) -> None:
    server.accounts[0].ai = {"self": ai_record(said=NO)}
    report = collect(server, tmp_path / "out", consent="own-archive")
    assert report.notes["ai_preference_training"] == "deny (global)"


def test_what_is_said_stands_in_the_report(server: BskyServer, tmp_path: Path) -> None:
    server.accounts[0].ai = {"self": ai_record(said={**YES, "inference": False})}
    report = collect(server, tmp_path / "out")
    said = {name: note for name, note in report.notes.items() if name.startswith("ai_")}
    assert said == {
        "ai_preference_training": "allow (global)",
        "ai_preference_inference": "deny (global)",
    }


@pytest.mark.parametrize("unknown", [(), (RECORDS,), (RECORD, RECORDS)])
def test_who_says_nothing_is_collected(
    server: BskyServer, tmp_path: Path, unknown: tuple[str, ...]
) -> None:
    server.unknown = unknown
    report = collect(server, tmp_path / "out")
    assert report.counts.downloaded == 10
    assert not any(name.startswith("ai_") for name in report.notes)


def test_an_answer_that_breaks_off_is_asked_for_again(
    server: BskyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.collect.web.asking.FIRST_WAIT", 0.0)
    server.accounts[0].ai = {"self": ai_record(said=NO)}
    server.faults = [None, sending(b"", 503), sending(b'{"records": [')]
    with pytest.raises(BadInputError, match="says no to training"):
        collect(server, tmp_path / "out")


def test_a_server_that_refuses_to_say_is_not_taken_for_a_yes(
    server: BskyServer, tmp_path: Path
) -> None:
    server.faults = [None, sending(b'{"error": "AuthMissing", "message": "log in"}', 401)]
    with pytest.raises(BadInputError, match=NOBODY):
        collect(server, tmp_path / "out")
    assert server.pages == []


ENTITY = ai_record("entity", YES, entity="trainer.example")
OTHER = ai_record("entity", YES, entity="did:plc:other")
POSTS = ai_record("collection", NO, collection="app.bsky.feed.post")
LIKES = ai_record("collection", NO, collection="app.bsky.feed.like")
GLOBAL_NO, GLOBAL_YES = ai_record(said=NO), ai_record(said=YES)


@pytest.mark.parametrize(
    ("records", "entity", "stance"),
    [
        ([GLOBAL_NO], None, Stance(False, "global")),
        ([GLOBAL_YES, POSTS], None, Stance(False, "collection")),
        ([POSTS, GLOBAL_YES], None, Stance(False, "collection")),
        ([GLOBAL_YES, LIKES], None, Stance(True, "global")),
        ([GLOBAL_NO, ENTITY], None, Stance(False, "global")),
        ([GLOBAL_NO, POSTS, ENTITY], "Trainer.Example", Stance(True, "entity")),
        ([GLOBAL_NO, POSTS, OTHER], "trainer.example", Stance(False, "collection")),
        ([GLOBAL_YES, GLOBAL_NO], None, Stance(False, "global")),
        ([GLOBAL_NO, GLOBAL_YES], None, Stance(False, "global")),
        ([ENTITY], None, None),
        ([{}], None, None),
        (
            [{"scope": 3, "preferences": {"training": {"allow": False}}}],
            None,
            Stance(False, "global"),
        ),
        ([{"preferences": {"training": {"allow": "no"}}}], None, None),
        ([{"preferences": {"training": None}}], None, None),
        ([{"preferences": []}], None, None),
    ],
)
def test_the_nearest_word_counts(
    records: list[dict[str, Any]], entity: str | None, stance: Stance | None
) -> None:
    assert stances_in(records, entity).get("training") == stance


def test_an_override_leaves_the_other_categories_to_the_account() -> None:
    account = ai_record(said={"training": False, "embedding": True})
    found = stances_in([account, ENTITY], "trainer.example")
    assert found == {"training": Stance(True, "entity"), "embedding": Stance(True, "global")}


def test_a_trainer_whom_the_author_names_may_collect(server: BskyServer, tmp_path: Path) -> None:
    server.accounts[0].ai = {"self": GLOBAL_NO, "3kabc": ENTITY}
    report = collect(server, tmp_path / "out", bluesky_entity="trainer.example")
    assert report.notes["ai_preference_training"] == "allow (entity)"


def named(endpoint: object, kind: str = "AtprotoPersonalDataServer") -> dict[str, Any]:
    return {"service": [{"id": "#atproto_pds", "type": kind, "serviceEndpoint": endpoint}]}


def test_a_dids_document_names_the_accounts_server() -> None:
    document = named("https://shimeji.us-east.host.bsky.network")
    assert home_in(document, "did:plc:a") == "https://shimeji.us-east.host.bsky.network"


@pytest.mark.parametrize(
    "document",
    [
        *(None, [], {}, {"service": 3}, {"service": [None]}, named(None)),
        *(named("http://pds.example.com"), named("https://127.0.0.1"), named("https://localhost")),
        *(named("https://pds.example.com:22"), named("https://a.example@pds.example.com")),
        *(named("https://pds.example.com/x"), named("https://pds.example.com", "Labeler")),
    ],
)
def test_a_document_that_names_no_public_server_is_refused(document: object) -> None:
    with pytest.raises(BadInputError, match="did:plc:a: its document names no server"):
        home_in(document, "did:plc:a")


def exported(tmp_path: Path, kind: str, ai: dict[str, Any]) -> Path:
    """ann's posts and what she says of AI, as an export of this kind."""
    posts = {f"app.bsky.feed.post/3k{n}": bsky_record(n, f"post {n}") for n in range(3)}
    records = posts | {f"{AI}/{key}": record for key, record in ai.items()}
    if kind == "car":
        return Repository(records).write(tmp_path / "repo.car")
    listed = [
        {"uri": f"at://{DID}/{key}", "cid": "bafy", "value": record}
        for key, record in records.items()
    ]
    path = tmp_path / "records.json"
    path.write_text(json.dumps({"records": listed}))
    return path


@pytest.mark.parametrize("kind", ["car", "json"])
def test_an_export_in_which_its_owner_says_no_is_for_the_owner_alone(
    tmp_path: Path, kind: str
) -> None:
    table = str(exported(tmp_path, kind, {"self": GLOBAL_YES, "3kabc": POSTS}))
    given: dict[str, Any] = {"table": table, "author": "ann"}
    with pytest.raises(BadInputError, match="the owner of .* says no to training"):
        run(TableSource(**given, consent="written-consent"), dataset_out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    report = run(TableSource(**given, consent="own-archive"), dataset_out=tmp_path / "out")
    assert report.counts.downloaded == 3
    assert report.notes["ai_preference_training"] == "deny (collection)"


@pytest.mark.parametrize("kind", ["car", "json"])
def test_an_export_in_which_its_owner_says_yes_is_read(tmp_path: Path, kind: str) -> None:
    table = str(exported(tmp_path, kind, {"self": GLOBAL_YES}))
    source = TableSource(table=table, author="ann", consent="public-figure")
    report = run(source, dataset_out=tmp_path / "out")
    assert report.notes["ai_preference_training"] == "allow (global)"
