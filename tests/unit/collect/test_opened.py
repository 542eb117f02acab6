"""What is found out about a source is found out once."""

from pathlib import Path

import pytest
from support.archives import members, tweet, write_zip

from components.collect import source_file
from components.collect.config import ArchiveSource, TableSource
from components.collect.opened import OpenFile, open_source
from components.collect.source_file import LocalFiles
from components.collect.stage import collect
from components.collect.tables import table as table_room
from pipelines.cli.command import main

TABLE = "id,text,created_at,author\n1,hello,2016-01-01,ann\n2,bye,2016-01-02,bo\n"


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The places that were downloaded."""
    taken: list[str] = []
    download = source_file.download_file

    def take(source: str, target: Path) -> None:
        taken.append(source)
        download(source, target)

    monkeypatch.setattr(source_file, "download_file", take)
    return taken


@pytest.mark.parametrize("kind", ["archive", "table"])
def test_an_object_is_downloaded_once(tmp_path: Path, downloads: list[str], kind: str) -> None:
    if kind == "archive":
        path = write_zip(tmp_path / "x.zip", members([tweet(1)]))
        config: ArchiveSource | TableSource = ArchiveSource(
            archive=path.as_uri(), consent="fictional"
        )
    else:
        path = tmp_path / "t.csv"
        path.write_text(TABLE)
        config = TableSource(table=path.as_uri(), author="ann", consent="fictional")
    with LocalFiles() as files:
        source = open_source(config, files)
        assert isinstance(source, OpenFile)
        assert source.author in ("nobody", "ann")
        path.unlink()
        report = collect(source, dataset_out=tmp_path / "out")
        assert report.input_sha256 == source.sha256
        assert source.path.exists()
    assert downloads == [path.as_uri()]
    assert not source.path.exists()


def test_a_table_of_several_authors_is_downloaded_once_by_a_run(
    tmp_path: Path, downloads: list[str]
) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    uri = (tmp_path / "t.csv").as_uri()
    words = ["run", "--table", uri, "--author", "ann", "--author", "bo", "--until", "collect"]
    words += ["--consent", "fictional", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    assert downloads == [uri]
    assert main([*words, "--resume"]) == 0
    assert len(downloads) == 2


def test_rows_are_surveyed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    surveyed: list[str] = []
    survey = table_room.survey_table

    def take(*given: object) -> object:
        surveyed.append("once")
        return survey(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(table_room, "survey_table", take)
    (tmp_path / "t.csv").write_text(TABLE)
    config = TableSource(table=str(tmp_path / "t.csv"), author="ann", consent="fictional")
    with LocalFiles() as files:
        source = open_source(config, files)
        assert source.author == "ann"
        assert collect(source, dataset_out=tmp_path / "out").counts.downloaded == 1
    assert surveyed == ["once"]
