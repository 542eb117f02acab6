"""Tables as they come packed, and files that are no tables."""

import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
import zstandard
from support.collecting import ReadTable, RefuseTable
from support.made_tables import BEGUN, as_csv, people

DATA = as_csv(people([{"username": "ann_k"}], count=60)).encode()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def long_zstd(data: bytes) -> bytes:
    params = zstandard.ZstdCompressionParameters(window_log=31, enable_ldm=True)
    packed = zstandard.ZstdCompressor(compression_params=params).compressobj()
    return packed.compress(data) + packed.flush()


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name.replace("__", "."), data)
    return file.getvalue()


def workbook(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def sheet(count: int = 12) -> list[list[object]]:
    rows = people([{"username": "ann_k", "is_retweet": False}], count=count)
    for row in rows:
        row["created_at"] = datetime.fromisoformat(str(row["created_at"]))
    return [list(rows[0]), *(list(row.values()) for row in rows)]


def tar(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as target:
        target.addfile(tarfile.TarInfo("t.csv"), io.BytesIO(data))
    return file.getvalue()


PACKERS: tuple[Callable[[bytes], bytes], ...] = (
    *(gzip.compress, bz2.compress, lzma.compress, zstd, long_zstd),
    lambda data: zipped(t__csv=data),
)


@pytest.mark.parametrize("pack", PACKERS, ids=["gzip", "bz2", "xz", "zstd", "zstd-long", "zip"])
def test_each_packing_is_read_and_damage_is_told(
    table: ReadTable, refused: RefuseTable, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(DATA)
    assert len(table(packed).posts) == 60
    assert "cut off or damaged" in refused(packed[:-5])
    assert "damaged" in refused(packed[:60])


def test_packed_pieces_behind_each_other_are_one_file(table: ReadTable) -> None:
    half = DATA.index(b"\n", len(DATA) // 2)
    for pack in (gzip.compress, bz2.compress, lzma.compress, zstd):
        assert len(table(pack(DATA[:half]) + pack(DATA[half:])).posts) == 60


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress, zstd])
def test_a_bomb_is_not_unpacked(refused: RefuseTable, pack: Callable[[bytes], bytes]) -> None:
    assert "unpacks to more than" in refused(pack(DATA + b" " * (1 << 25)))


def test_a_zip_may_hold_what_systems_add(table: ReadTable) -> None:
    junk = {"__MACOSX/._t.csv": b"x", ".DS_Store": b"x", "desktop.ini": b"x", "sub/Thumbs.db": b"x"}
    file = io.BytesIO(zipped(t__csv=DATA))
    with zipfile.ZipFile(file, "a") as target:
        target.mkdir("folder")
        for name, data in junk.items():
            target.writestr(name, data)
    assert len(table(file.getvalue()).posts) == 60


def test_a_zip_of_several_tables_is_told_with_their_names(refused: RefuseTable) -> None:
    sentence = refused(zipped(a__csv=DATA, b__csv=DATA))
    assert "2 files (a.csv, b.csv), not one table; unpack it and give the table" in sentence
    assert "holds no file" in refused(zipped())


def test_an_archive_of_x_goes_elsewhere(refused: RefuseTable) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("data/tweets.js", "window.YTD.tweets.part0 = []")
        target.writestr("data/account.js", "")
    assert "--archive" in refused(file.getvalue())
    assert "--archive" in refused("window.YTD.tweets.part0 = [ ]")


def test_a_workbook_is_read(table: ReadTable) -> None:
    read = table(workbook(sheet()))
    assert (read.notes["shape"], len(read.posts), read.author) == ("Excel workbook", 12, "ann_k")
    assert read.posts[0].created_at.replace(tzinfo=None) == BEGUN
    assert {post.kind for post in read.posts} == {"original"}
    assert len(table(workbook([], sheet(), [])).posts) == 12
    padded = [[*row, None, None] for row in sheet()]
    assert len(table(workbook([[], *padded, []])).posts) == 12


def test_a_workbook_of_several_sheets_or_damaged_is_told(refused: RefuseTable) -> None:
    assert "2 sheets with something in them (Sheet, Sheet1)" in refused(workbook(sheet(), sheet()))
    assert "0 sheets" in refused(workbook([]))
    whole = zipfile.ZipFile(io.BytesIO(workbook(sheet())))
    parts = {name: whole.read(name) for name in whole.namelist()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for name, data in parts.items():
            target.writestr(name, data[: len(data) // 2] if "sheet1" in name else data)
    assert "damaged workbook" in refused(file.getvalue())
    assert "office document, but no .xlsx" in refused(zipped(mimetype=b"x", content__xml=b"x"))


def test_what_is_no_table_is_named(refused: RefuseTable, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "posts.db").executescript("CREATE TABLE posts (id)")
    named = {
        "a tar archive; unpack it": tar(DATA),
        "an SQLite database; export": (tmp_path / "posts.db").read_bytes(),
        "an old office document; save it as CSV": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        "a web page": b"<!DOCTYPE html>\n<html><body>Log in</body></html>",
        "a PDF": b"%PDF-1.7\n",
    }
    for sentence, data in named.items():
        assert sentence in refused(data)
        assert sentence in refused(gzip.compress(data))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (gzip.compress(gzip.compress(b"id,text")), "is packed twice"),
        (b"\x04\x22\x4d\x18" + bytes(20), "LZ4"),
        (gzip.compress(b"RDX3\nX\n"), "a file of R"),
        (b"\x80\x04\x95" + bytes(20), "a pickle"),
        (b"-- MySQL dump 10.13\nINSERT INTO t VALUES (1);\n", "a dump in SQL"),
        (b"<?xml version='1.0'?><posts/>", "is XML"),
    ],
)
def test_what_is_no_table_is_named_for_what_it_is(
    refused: RefuseTable, data: bytes, what: str
) -> None:
    assert what in refused(data)
