"""Nobody's work on the Hub is lost by a push."""

import pytest
from support.hub_server import Blob, HubServer, Repository
from support.pushed_versions import Push, publish_version

from components.contracts.errors import BadInputError


def repository(hub: HubServer, **files: str) -> Repository:
    """A repository that jane made herself."""
    made = Repository(private=True)
    made.commit("system", "initial commit", {".gitattributes": Blob(b"*")})
    if files:
        made.change("jane", "My old model", **files)
    hub.repositories["jane/bot"] = made
    return made


def test_an_empty_repository_is_filled(push: Push, hub: HubServer) -> None:
    repository(hub)
    assert push().outcome == "updated"


def test_a_repository_that_huggingtweets_did_not_make_is_left_alone(
    push: Push, hub: HubServer
) -> None:
    made = repository(hub, README_md="# My model", weights_md="years of work")
    with pytest.raises(BadInputError) as end:
        push()
    said = str(end.value)
    assert "jane/bot holds files that huggingtweets did not push (README.md, weights.md)" in said
    assert "changed last by jane at 2026-11-20 12:30 UTC: 'My old model'" in said
    assert "--overwrite" in said
    assert made.head.title == "My old model"
    assert push(overwrite=True).outcome == "updated"
    assert made.head.files["weights.md"].data == b"years of work", "what has another name stays"


@pytest.mark.parametrize("record", ["", "{}", "[]", '{"persona": 3}', "x" * 2_000_000])
def test_a_record_that_is_none_makes_no_repository_ours(
    record: str, push: Push, hub: HubServer
) -> None:
    made = repository(hub, README_md="# Mine")
    made.change("jane", "odd", **{"huggingtweets.json": record})
    with pytest.raises(BadInputError, match="did not push"):
        push()


def test_another_persona_is_not_replaced(push: Push, registry: str, hub: HubServer) -> None:
    publish_version(registry, "bob")
    push(name="bob")
    with pytest.raises(BadInputError, match=r"holds bob@1, another persona than jane"):
        push()
    assert push(overwrite=True).outcome == "updated"


def test_a_file_that_somebody_changed_since_is_not_replaced(
    push: Push, registry: str, hub: HubServer
) -> None:
    push()
    made = hub.repositories["jane/bot"]
    made.change("bob", "Say it better", README_md="# Better")
    publish_version(registry)
    with pytest.raises(BadInputError) as end:
        push()
    said = str(end.value)
    assert "is not as the push of jane@1 left it (README.md), changed last by bob" in said
    assert made.head.files["README.md"].data == b"# Better"
    push(overwrite=True)
    assert b"Version 2" in made.head.files["README.md"].data


def test_a_file_that_somebody_took_away_does_not_come_back_by_itself(
    push: Push, registry: str, hub: HubServer
) -> None:
    publish_version(registry, files={"picture-1.png": b"a face"})
    push()
    made = hub.repositories["jane/bot"]
    left = {name: blob for name, blob in made.head.files.items() if name != "picture-1.png"}
    made.commit("jane", "No faces", left)
    with pytest.raises(BadInputError, match=r"picture-1\.png.*'No faces'"):
        push()


def test_a_file_that_somebody_added_is_in_nobodys_way(
    push: Push, registry: str, hub: HubServer
) -> None:
    push()
    hub.repositories["jane/bot"].change("bob", "Terms", LICENSE="mine")
    publish_version(registry)
    assert push().outcome == "updated"
    assert hub.repositories["jane/bot"].head.files["LICENSE"].data == b"mine"


def test_a_file_that_somebody_added_is_not_replaced_by_one_of_its_name(
    push: Push, registry: str, hub: HubServer
) -> None:
    push()
    there = hub.repositories["jane/bot"]
    there.change("bob", "A picture", **{"preview.png": "bob's"})
    publish_version(registry, files={"preview.png": b"ours"})
    with pytest.raises(BadInputError, match=r"somebody added .*preview\.png.*'A picture'"):
        push()
    assert there.head.files["preview.png"].data == b"bob's"
    assert push(overwrite=True).outcome == "updated"
    assert there.head.files["preview.png"].data == b"ours"


def test_a_repository_that_was_renamed_is_named(push: Push, hub: HubServer) -> None:
    push()
    hub.renamed["jane/bot"] = "jane/new-bot"
    with pytest.raises(BadInputError, match=r"jane/bot is called jane/new-bot"):
        push()
