import zipfile
from pathlib import Path

import pytest
from support.archives import PNG, members, tweet, write_folder, write_zip
from support.exports import FOLLOWERS, activity, outbox

from components.collect.config import ArchiveSource, TableSource, XSource
from components.collect.stage import run
from components.contracts.errors import BadInputError
from pipelines.kubeflow.source_upload import uploaded

PRIVATE = {
    "data/direct-messages.js": b'window.YTD.direct_messages.part0 = ["SECRET"]',
    "data/direct-messages-group.js": b"SECRET",
    "data/like.js": b"SECRET",
    "data/deleted-tweets.js": b"SECRET",
    "data/direct_messages_media/1-a.jpg": b"SECRET",
    "data/ad-impressions.js": b"SECRET",
    "Your archive.html": b"SECRET",
}


def archive(folder: Path) -> Path:
    files = members([tweet(n, f"post number {n} about the weather") for n in range(3)])
    return write_zip(folder / "me.zip", {**files, **PRIVATE, "data/profile_media/1-a.png": PNG})


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / "root").mkdir()
    return f"file://{tmp_path}/root"


def source(place: Path) -> ArchiveSource:
    return ArchiveSource(consent="own-archive", archive=str(place))


def test_only_what_collect_reads_leaves_the_machine(tmp_path: Path, root: str) -> None:
    uri = uploaded(source(archive(tmp_path)), root).place
    assert uri.startswith(f"{root}/sources/")
    with zipfile.ZipFile(uri.removeprefix("file://")) as packed:
        assert not set(packed.namelist()) & set(PRIVATE)
        assert {"data/tweets.js", "data/account.js"} <= set(packed.namelist())
        assert not any(b"SECRET" in packed.read(name) for name in packed.namelist())


def test_what_is_collected_from_it_is_the_same(tmp_path: Path, root: str) -> None:
    original = archive(tmp_path)
    uri = uploaded(source(original), root).place
    for place, name in ((str(original), "here"), (uri, "there")):
        run(ArchiveSource(archive=place, consent="own-archive"), dataset_out=tmp_path / name)
    here, there = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
        for name in ("here", "there")
    )
    assert {**here, "collect.json": b""} == {**there, "collect.json": b""}
    assert b'"x-archive:me.zip"' in here["collect.json"]
    assert b'"x-archive:me.zip"' in there["collect.json"]


def test_equal_posts_get_equal_names(tmp_path: Path, root: str) -> None:
    first = uploaded(source(archive(tmp_path)), root)
    assert uploaded(source(archive(tmp_path)), root) == first
    assert len(list((tmp_path / "root").rglob("*.zip"))) == 1


@pytest.mark.parametrize("start", ["", "me/too/", "./", "me\\"])
def test_equal_posts_are_equal_bytes_however_they_are_packed(
    tmp_path: Path, root: str, start: str
) -> None:
    files = members([tweet(n, f"post number {n} about the weather") for n in range(3)])
    write_folder(tmp_path / "me", {**files, **PRIVATE})
    again = {start + name: data for name, data in files.items()} | {"notes.txt": b"SECRET"}
    places = [
        archive(tmp_path),
        tmp_path / "me",
        tmp_path / "me" / "data",
        write_zip(tmp_path / "again.zip", again),
    ]
    sent = [uploaded(source(place), root).place for place in places]
    assert [Path(uri).name for uri in sent] == ["me.zip", "me.zip", "data.zip", "again.zip"]
    assert len({Path(uri).parent for uri in sent}) == 1
    with zipfile.ZipFile(sent[1].removeprefix("file://")) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == files


def test_an_unpacked_archive_with_a_link_to_messages_is_refused(tmp_path: Path, root: str) -> None:
    write_folder(tmp_path / "me", {**members([tweet(1)]), **PRIVATE})
    (tmp_path / "me" / "data" / "tweets.js").unlink()
    (tmp_path / "me" / "data" / "tweets.js").symlink_to("direct-messages.js")
    with pytest.raises(BadInputError, match="is a link"):
        uploaded(source(tmp_path / "me"), root)
    assert list(Path(root.removeprefix("file://")).iterdir()) == []


def test_a_folder_is_no_table(tmp_path: Path, root: str) -> None:
    with pytest.raises(BadInputError, match="there is no file"):
        uploaded(TableSource(consent="fictional", table=str(tmp_path)), root)


def test_a_table_goes_as_it_is(tmp_path: Path, root: str) -> None:
    (tmp_path / "posts.csv").write_text("id,text\n1,hello\n")
    given = TableSource(consent="fictional", table=str(tmp_path / "posts.csv"), author="ann")
    sent = uploaded(given, root)
    assert sent.place.endswith("/posts.csv")
    assert Path(sent.place.removeprefix("file://")).read_text() == "id,text\n1,hello\n"
    assert sent == given.model_copy(update={"table": sent.place})


@pytest.mark.parametrize("packed", [False, True])
def test_of_an_outbox_the_public_posts_alone_leave_the_machine(
    tmp_path: Path, root: str, packed: bool
) -> None:
    text = outbox([activity(1, "<p>hello</p>"), activity(2, "<p>SECRET</p>", to=[FOLLOWERS])])
    path = write_zip(tmp_path / "mastodon.zip", {"outbox.json": text.encode(), "likes.json": b"{}"})
    if not packed:
        path = tmp_path / "outbox.json"
        path.write_text(text)
    uri = uploaded(TableSource(consent="own-archive", table=str(path)), root).place
    assert "SECRET" not in Path(uri.removeprefix("file://")).read_text()
    for number, table in enumerate((str(path), uri)):
        config = TableSource(table=table, consent="own-archive")
        report = run(config, dataset_out=tmp_path / f"raw{number}")
        assert (report.author, report.counts.downloaded) == ("ann.social.example", 1)


def test_what_is_elsewhere_stays_there(tmp_path: Path) -> None:
    for given in (
        TableSource(consent="fictional", table="s3://posts/ann.csv"),
        XSource(consent="fictional", handle="ann"),
    ):
        assert uploaded(given, f"file://{tmp_path}/root") == given


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_what_is_no_archive_is_refused(content: bytes | None, tmp_path: Path) -> None:
    place = tmp_path / "x.zip"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(BadInputError, match=r"x\.zip"):
        uploaded(source(place), f"file://{tmp_path}/root")
    assert not (tmp_path / "root").exists()
