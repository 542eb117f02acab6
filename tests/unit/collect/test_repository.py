"""Repositories of Bluesky: a CAR file, or records as JSON."""

import html
import io
import json
import math
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import libipld  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.collecting import rows_of
from support.exports import DID, Repository, bsky_record, encoded, varint

from components.collect.exports import car
from components.collect.exports.car import is_car
from components.collect.exports.dag_cbor import MAX_DEPTH, Link, decode
from components.collect.exports.repository import read_repository
from components.collect.exports.repository_json import is_repository_json, read_repository_json
from components.contracts.errors import BadInputError

POST, REPOST = "app.bsky.feed.post", "app.bsky.feed.repost"
SUBJECT = {"uri": f"at://did:plc:bob/{POST}/3kbob", "cid": "bafy"}
REPOSTED = {"$type": REPOST, "subject": SUBJECT, "createdAt": "2024-01-01T00:00:00Z"}
REPLY = {"parent": SUBJECT, "root": SUBJECT}
QUOTED = {"$type": "app.bsky.embed.record", "record": SUBJECT}
WHOLE = {"bridgyOriginalText": "<p>All of it</p>", "bridgyOriginalUrl": "https://social.example/1"}
RECORDS = {
    f"{POST}/3k01": bsky_record(1, "Fish & <chips>"),
    f"{POST}/3k02": bsky_record(2, "yes", reply=REPLY),
    f"{POST}/3k03": bsky_record(3, "look", embed=QUOTED),
    f"{POST}/3k04": bsky_record(4, "All […]", **WHOLE),
    f"{POST}/3k05": bsky_record(5, "", embed={"$type": "app.bsky.embed.images"}),
    f"{REPOST}/3r01": REPOSTED,
    "app.bsky.actor.profile/self": {"$type": "app.bsky.actor.profile", "displayName": "Ann"},
    "app.bsky.feed.like/3l01": {"$type": "app.bsky.feed.like", "subject": SUBJECT},
}

Rows = tuple[list[dict[str, str]], Counter[str]]


def read_car(path: Path) -> Rows:
    return rows_of(read_repository(path, "repo.car"))


def read_json(text: str) -> Rows:
    return rows_of(read_repository_json(lambda: io.StringIO(text), "records.json"))


def listed(records: Mapping[str, Any] = RECORDS) -> list[dict[str, Any]]:
    return [
        {"uri": f"at://{DID}/{key}", "cid": "bafy", "value": record}
        for key, record in records.items()
    ]


def check(rows: list[dict[str, str]], left_out: Counter[str]) -> None:
    """The rows of `RECORDS`."""
    assert [html.unescape(row["text"]) for row in rows] == [
        *("Fish & <chips>", "yes", "look", "All of it"),
        "RT @somebody: https://bsky.app/profile/did:plc:bob/post/3kbob",
    ]
    assert rows[0]["text"] == "Fish &amp; &lt;chips&gt;"
    assert [row["is_retweet"] for row in rows] == ["", "", "", "", "true"]
    assert [row["is_quote"] for row in rows] == ["", "", "true", "", ""]
    assert rows[1]["in_reply_to_screen_name"] == "did:plc:bob"
    assert (rows[0]["created_at"], rows[0]["lang"]) == ("2024-01-01T00:01:00.000Z", "en")
    assert left_out == {"without_text": 1}


def test_a_repository_is_read(tmp_path: Path) -> None:
    path = Repository(RECORDS).write(tmp_path / "repo.car")
    assert is_car(path.read_bytes()[:64])
    rows, left_out = read_car(path)
    check(rows, left_out)
    assert [row["id"] for row in rows] == ["3k01", "3k02", "3k03", "3k04", "3r01"]
    assert {row["user_id"] for row in rows} == {DID}


def test_records_are_read_as_pages_lists_and_lines() -> None:
    page = {"records": listed(), "cursor": "3k"}
    texts = [
        json.dumps(page),
        json.dumps(page, indent=2),
        json.dumps({"cursor": "3k", "records": listed()}),
        json.dumps({"records": listed()[:3]}) + "\n" + json.dumps({"records": listed()[3:]}),
        json.dumps(listed()),
        "\n".join(map(json.dumps, listed())),
    ]
    for text in texts:
        assert is_repository_json(text[:4096])
        rows, left_out = read_json(text)
        check(rows, left_out)
        assert [row["id"] for row in rows] == ["3k01", "3k02", "3k03", "3k04", "3r01"]
        assert {row["user_id"] for row in rows} == {DID}


@pytest.mark.parametrize("names", [["$type", "text"], ["text", "$type"]])
def test_records_alone_have_neither_an_id_nor_an_account(names: list[str]) -> None:
    records = [
        {name: record[name] for name in names} | record
        for record in RECORDS.values()
        if "text" in record
    ]
    for text in ("\n".join(map(json.dumps, records)), json.dumps(records, indent=1)):
        assert is_repository_json(text[:4096])
        rows, _ = read_json(text)
        assert [row["text"] for row in rows][1:] == ["yes", "look", "All of it"]
        assert {(row["id"], row["user_id"]) for row in rows} == {("", "")}


@pytest.mark.parametrize(
    "text",
    [
        '{"uri": "at://did:plc:ann/app.bsky.feed.post/3k", "text": "a", "created_at": "2024"}',
        '{"text": "a value: {\\"$type\\": \\"app.bsky.feed.post\\"}", "created_at": "2024"}',
        '{"records": 5}',
        "uri,value\nat://did:plc:ann,{",
        "",
    ],
)
def test_tables_about_bluesky_are_no_repository(text: str) -> None:
    assert not is_repository_json(text)
    assert not is_car(text.encode())


def test_a_feed_is_refused_with_what_to_give_instead() -> None:
    text = json.dumps({"feed": [{"post": {"uri": "at://x", "record": {}}}], "cursor": ""})
    assert is_repository_json(text)
    with pytest.raises(BadInputError, match="posts of other people too; give --bluesky"):
        read_json(text)


@pytest.mark.parametrize("text", ['{"records": [{"uri": 1', '{"records": [1,]}', '{"value": 1 2}'])
def test_damaged_json_is_one_sentence(text: str) -> None:
    with pytest.raises(BadInputError, match="^records.json, records of Bluesky, is cut off or dam"):
        read_json(text)


def test_a_large_repository_is_read_in_the_order_of_its_keys(tmp_path: Path) -> None:
    records = {f"{POST}/3k{number:05}": bsky_record(0, f"post {number}") for number in range(700)}
    repository = Repository(records)
    assert len(repository.blocks) > 720, "the tree has many nodes"
    roots, blocks = libipld.decode_car(repository.car())
    assert (len(blocks), roots["roots"]) == (len(repository.blocks), [bytes(repository.root)])
    rows, _ = read_car(repository.write(tmp_path / "repo.car"))
    assert [row["text"] for row in rows] == [f"post {number}" for number in range(700)]


def test_equal_posts_under_two_keys_are_two(tmp_path: Path) -> None:
    records = {f"{POST}/3k{number}": bsky_record(0, "again") for number in range(2)}
    rows, _ = read_car(Repository(records).write(tmp_path / "repo.car"))
    assert [row["id"] for row in rows] == ["3k0", "3k1"]


def test_an_empty_repository_has_no_rows(tmp_path: Path) -> None:
    assert read_car(Repository({}).write(tmp_path / "repo.car")) == ([], {})


def damaged(path: Path, data: bytes, said: str) -> None:
    path.write_bytes(data)
    with pytest.raises(BadInputError, match=said) as caught:
        read_car(path)
    assert str(caught.value).startswith("repo.car")
    assert str(caught.value).isprintable()


def test_damage_is_one_sentence_wherever_it_is(tmp_path: Path) -> None:
    repository = Repository(RECORDS)
    whole, path = repository.car(), tmp_path / "repo.car"
    for end in range(0, len(whole), 7):
        damaged(path, whole[:end], "cut off or damaged|but a part of a repository")
    for at in range(0, len(whole), 5):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        with suppress(BadInputError):
            rows, _ = read_car(path)
            assert len(rows) == 5, "the byte is one of a block that nobody reads"


def test_a_part_of_a_repository_is_refused(tmp_path: Path) -> None:
    for lacking in range(3):
        repository = Repository(RECORDS)
        posts = [cid for cid, data in repository.blocks.items() if b"langs" in data]
        del repository.blocks[(posts[0], repository.tree, repository.root)[lacking]]
        damaged(tmp_path / "repo.car", repository.car(), "lacks blocks that others name")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"p": 9, "k": b"a"}, "a key of its tree"),
        ({"p": -1, "k": b"a"}, "a key of its tree"),
        ({"p": 0, "k": b"a" * 2_000}, "a key of its tree"),
        ({"p": 0, "k": "a"}, "an entry of its tree"),
        ({}, "an entry of its tree"),
        ("x", "an entry of its tree"),
    ],
    ids=range(6),
)
def test_a_tree_that_is_none_is_refused(tmp_path: Path, entry: Any, said: str) -> None:
    repository = Repository({})
    entry = entry | {"v": repository.root, "t": None} if entry and entry != "x" else entry
    tree = repository.put({"l": None, "e": [entry]})
    repository.root = repository.put({"did": DID, "data": tree})
    damaged(tmp_path / "repo.car", repository.car(), said)


def test_a_tree_whose_parts_are_shared_does_not_grow_without_end(tmp_path: Path) -> None:
    repository = Repository({})
    tree = repository.put({"l": None, "e": []})
    for _ in range(64):
        entry = {"p": 0, "k": b"a", "v": repository.root, "t": tree}
        tree = repository.put({"l": tree, "e": [entry]})
    repository.root = repository.put({"did": DID, "data": tree})
    damaged(tmp_path / "repo.car", repository.car(), "below itself")


def framed(*parts: bytes) -> bytes:
    return b"".join(varint(len(part)) + part for part in parts)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (framed(encoded({"roots": [], "version": 1})), "names no root"),
        (framed(encoded({"roots": [1], "version": 1})), "names no root"),
        (framed(encoded({"roots": [Link(b"\1")], "version": 1})), "lacks blocks"),
        (framed(encoded({"version": 2})) + bytes(40), "of version 2; export it in version 1"),
        (framed(encoded({"version": "x" * 999, "roots": []})), "of version"),
        (framed(encoded({"roots": [Link(b"\1")], "version": 1}), b"\1\2"), "begin with a CID"),
        (framed(encoded({"roots": [Link(b"\1")], "version": 1})) + b"\xff" * 20, "without an end"),
        (framed(encoded({"roots": [Link(b"\1")], "version": 1})) + b"\xff", "within a number"),
        (framed(b""), "cut off"),
        (b"\xff" * 8 + b"\x7f", "cut off"),
    ],
    ids=range(10),
)
def test_what_is_no_car_file_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    damaged(tmp_path / "repo.car", data, said)


def test_a_root_that_is_no_commit_is_refused(tmp_path: Path) -> None:
    for commit in ({"did": "ann", "data": Link(b"")}, {"did": DID}, [1], "x"):
        repository = Repository({})
        repository.root = repository.put(commit)
        damaged(tmp_path / "repo.car", repository.car(), "not a commit of a repository")


def test_blocks_beyond_all_bounds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Repository(RECORDS).car()
    monkeypatch.setattr(car, "MAX_BLOCK", 60)
    damaged(tmp_path / "repo.car", whole, "more than a repository does")
    monkeypatch.setattr(car, "MAX_BLOCK", 5_000)
    monkeypatch.setattr(car, "MAX_BLOCKS", 3)
    damaged(tmp_path / "repo.car", whole, "more than a repository does")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.binary(max_size=40).map(Link),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@settings(deadline=None)
@given(VALUES)
def test_any_value_comes_back(value: Any) -> None:
    assert decode(encoded(value)) == value


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_no_dag_cbor(data: bytes) -> None:
    with suppress(ValueError):
        value = decode(data)
        assert not isinstance(value, float) or math.isnan(value) or decode(encoded(value)) == value


def test_values_within_values_have_a_bound() -> None:
    decode(b"\x81" * (MAX_DEPTH - 1) + b"\x00")
    with pytest.raises(ValueError, match="within each other"):
        decode(b"\x81" * 99_999 + b"\x00")
    with pytest.raises(ValueError, match="cut off"):
        decode(b"\x9b" + b"\xff" * 8)


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(
        st.sampled_from(["text", "createdAt", "langs", "reply", "embed", "subject"]), VALUES
    )
)
def test_any_record_is_a_row(record: dict[str, Any]) -> None:
    page = {
        "value": {"$type": POST, "text": "x"} | _as_json(record),
        "uri": f"at://{DID}/{POST}/3k",
    }
    rows, left_out = read_json(json.dumps(page))
    assert len(rows) + left_out["without_text"] == 1


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return list(map(_as_json, value))
    return None if isinstance(value, bytes) else value
