"""Any text comes through; any bytes give posts or one sentence."""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.archives import assigned, members, tweet, write_archive, write_zip
from support.collecting import Read, read_with

from components.collect.archive.archive import read_archive
from components.collect.config import ArchiveSource, TableSource
from components.collect.tables.encodings import find_encoding
from components.collect.tables.ids import trusted_id
from components.collect.tables.table import read_table
from components.collect.times import parse_time
from components.contracts.errors import BadInputError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
relaxed = settings(deadline=None, max_examples=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "id",
        "id_str",
        "full_text",
        "text",
        "created_at",
        "entities",
        "urls",
        "url",
        "edit_info",
        "initial",
        "editTweetIds",
        "edit",
        "initialTweetId",
        "user_mentions",
        "tweet",
        "core",
    ]
)
TWEETS = st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=3), max_size=6)


@contextmanager
def file_of(data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "source"
        path.write_bytes(data)
        yield path


def table_of(data: bytes) -> Read:
    with file_of(data) as path:
        config = TableSource(table="t", consent="public-figure", author="ann")
        return read_with(read_table, path, "t", config)


def archive_of(files: dict[str, bytes]) -> Read:
    with tempfile.TemporaryDirectory() as folder:
        path = write_zip(Path(folder) / "x.zip", files)
        config = ArchiveSource(archive="x", consent="own-archive")
        return read_with(read_archive, path, "x", config)


def only_sentences(read: Callable[[], Read]) -> None:
    try:
        sentence = "" if read().posts else "no posts and no word"
    except BadInputError as error:
        sentence = str(error)
        assert sentence.isprintable()
    assert sentence.count("\n") < 5
    assert sentence != "no posts and no word"


@relaxed
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_any_text_comes_through_an_archive(texts: list[str]) -> None:
    collected = archive_of(members([tweet(n, text) for n, text in enumerate(texts)]))
    assert [post.text for post in collected.posts] == texts


@relaxed
@given(st.lists(TEXT, min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_any_text_comes_through_a_csv(texts: list[str], delimiter: str) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["id", "created_at", "text"])
    writer.writerows([n, "2016-01-01", text] for n, text in enumerate(texts, 1))
    collected = table_of(file.getvalue().encode())
    assert [post.text for post in collected.posts] == texts


@relaxed
@given(st.lists(TEXT, min_size=1, max_size=5), st.booleans(), st.booleans())
def test_any_text_comes_through_json(texts: list[str], lines: bool, escaped: bool) -> None:
    rows = [{"id": n, "created_at": "2016-01-01", "text": text} for n, text in enumerate(texts, 1)]
    dump = [json.dumps(row, ensure_ascii=escaped) for row in rows]
    data = "\n".join(dump) if lines else "[" + ",".join(dump) + "]"
    assert [post.text for post in table_of(data.encode()).posts] == texts


@relaxed
@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"\xff\xfea")
@example(b'"')
@example(
    b"\xff\xfei\0d\0,\0t\0e\0x\0t\0,\0d\0a\0t\0e\0,\0u\0s\0e\0r\0\n\0"
    + "1,a,2016,\r".encode("utf-16")
)
@example(b"PAR1" + b"\x0f" * 20 + b"\x14\0\0\0PAR1")
def test_any_bytes_as_a_table(data: bytes) -> None:
    only_sentences(lambda: table_of(data))
    only_sentences(lambda: table_of(b"id,created_at,text\n1,2016-01-01," + data))
    only_sentences(lambda: table_of(b'{"id": 1, "date": 1600000000, "text": "' + data))


@relaxed
@given(st.lists(JSON, max_size=4) | JSON)
def test_any_json_as_a_table(value: object) -> None:
    only_sentences(lambda: table_of(json.dumps(value).encode()))


@relaxed
@given(st.binary(max_size=200))
def test_any_bytes_as_a_file_of_an_archive(data: bytes) -> None:
    for name in ("tweets", "account", "profile", "manifest"):
        files = members([tweet(1)])
        only_sentences(lambda name=name, files=files: archive_of(files | {f"data/{name}.js": data}))


@relaxed
@given(st.lists(TWEETS, max_size=4), st.lists(TWEETS, max_size=2), JSON)
def test_any_json_as_an_archive(tweets: list[object], notes: list[object], other: object) -> None:
    files = members([tweet(1), *tweets, tweet(2), tweet(3), tweet(4)], notes)
    only_sentences(lambda: archive_of(files))
    for name, variable in (
        ("account", "YTD.account.part0"),
        ("profile", "YTD.profile.part0"),
        ("manifest", "__THAR_CONFIG"),
        ("note-tweet", "YTD.note_tweet.part0"),
    ):
        changed = files | {f"data/{name}.js": assigned(variable, other)}
        only_sentences(lambda changed=changed: archive_of(changed))


@relaxed
@given(st.data())
def test_a_zip_with_changed_bytes(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_archive(Path(folder) / "x.zip", [tweet(1), tweet(2)])
        whole = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(whole[: data.draw(st.integers(len(whole) // 2, len(whole)))])
        config = ArchiveSource(archive="x", consent="own-archive", author="nobody")
        only_sentences(lambda: read_with(read_archive, path, "x", config))


@relaxed
@given(st.text())
def test_any_text_as_a_time_or_an_id(text: str) -> None:
    moment = parse_time(text)
    assert moment is None or moment.utcoffset() is not None
    assert trusted_id(text) == trusted_id(trusted_id(text))


@relaxed
@given(TEXT, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
def test_unicode_files_are_read_as_what_they_are(text: str, encoding: str) -> None:
    table = f"id,created_at,text\n1,2016-01-01,{json.dumps(text)}\n"
    with file_of(table.encode(encoding)) as path:
        found = find_encoding(path)
        read = path.read_text(encoding=found.name, errors=found.errors)
    assert read.removeprefix("\ufeff") == table
