"""What a refusal tells a person to do is done, word by word, until a run works."""

import contextlib
import csv
import gzip
import io
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest
import requests
from support.archives import members, tweet, write_folder, write_zip
from support.helm import CHARTS, run_helm
from support.kfp_server import kfp_server
from support.made_tables import as_csv, people
from support.server_processes import forked_server
from support.tiny_models import make_tiny_model
from support.tiny_versions import publish_tiny

from components.collect.__main__ import main as collect
from components.contracts.artifacts import COLLECT_REPORT
from components.contracts.images import Image, Images
from components.contracts.reports import CollectReport
from components.registry import Registry
from components.registry.opt_outs import add_opt_out
from pipelines.cli.command import main

ANN = [{"username": "ann_k"}]
TWO = [{"username": "ann_k"}, {"username": "bob_b"}]


def one_sentence(said: str) -> str:
    """The last line of what a command said."""
    return said.strip().splitlines()[-1]


def flags_in(sentence: str) -> list[str]:
    """The flags that a sentence says to give, with the values that it prints behind them."""
    after = re.split(r"; (?:choose|name|say|give|add)\b", sentence)[-1].partition(", or, where")[0]
    found = re.findall(r"(--[a-z-]+)((?: '[^']+'| [^\s,;()-][^\s,;()]*)?)", after)
    return [word for flag, value in found for word in (flag, *shlex.split(value))]


class Collecting:
    """Collects from a source until it is taken."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys = folder, capsys
        self.raw = folder / "raw"

    def __call__(self, *words: object) -> str:
        """Collect; the sentence of a refusal, or nothing."""
        more = ["--consent", "fictional", "--dataset-out", str(self.raw)]
        code = collect([*map(str, words), *more])
        said = self._capsys.readouterr().err
        assert code in (0, 2), said
        assert self.raw.exists() == (code == 0)
        return one_sentence(said) if code else ""

    @property
    def report(self) -> CollectReport:
        return CollectReport.read(self.raw / COLLECT_REPORT)


@pytest.fixture
def collecting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Collecting:
    return Collecting(tmp_path, capsys)


def filled(flags: Sequence[str], **meant: str) -> list[str]:
    """The flags with what a person puts in place of words in capitals."""
    words = [re.sub(r"\b[A-Z]{3,}\b", lambda word: meant[word[0].lower()], w) for w in flags]
    return [word if isinstance(word, str) else str(word) for word in words]


DATED = [row | {"created_at": f"0{n + 1}/03/2019"} for n, row in enumerate(people(ANN, count=9))]
TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "several authors": (as_csv(people(TWO)), {}),
    "several accounts": (as_csv(people([{"user_id": "501"}, {"user_id": "502"}])), {}),
    "a column of handles": (as_csv(people([{"who": "ann_k"}, {"who": "bob_b"}])), {}),
    "a column of handles with a comma": (
        as_csv(people([{"who, said it": "ann_k"}, {"who, said it": "bob_b"}])),
        {},
    ),
    "nobody": (as_csv(people([{}])), {"name": "ann_k"}),
    "dates": (as_csv(DATED), {}),
    "no text": (
        as_csv([{"when": "2019-03-01", "words": "hello there", "username": "ann_k"}]),
        {"column": "words"},
    ),
}


@pytest.mark.parametrize(("data", "meant"), TABLES.values(), ids=TABLES)
def test_a_table_is_collected_by_what_its_refusals_say(
    collecting: Collecting, tmp_path: Path, data: str, meant: dict[str, str]
) -> None:
    (tmp_path / "t.csv").write_text(data)
    words: list[object] = ["--table", tmp_path / "t.csv"]
    for _ in range(3):
        sentence = collecting(*words)
        if not sentence:
            break
        flags = flags_in(sentence)
        assert flags, sentence
        if "--date-order" in flags:
            flags = ["--date-order", "day-first"]
        elif flags == ["--author"]:
            flags += [re.findall(r"\(([^),]+)", sentence)[0]]
        elif flags == ["--columns", "text=COLUMN"] or flags == ["--columns", "created_at=COLUMN"]:
            meant = {"column": "words" if "text" in flags[1] else "when"}
        words += filled(flags, **meant)
    assert collecting.report.counts.downloaded > 0


def test_a_column_that_names_nobody_is_ignored_as_the_sentence_says(
    collecting: Collecting, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(as_csv(people([{"tone": "glad"}, {"tone": "cross"}])))
    sentence = collecting("--table", tmp_path / "t.csv", "--author", "ann_k")
    (ignore,) = re.findall(r"--columns (ignore=\S+)", sentence)
    assert not collecting("--table", tmp_path / "t.csv", "--author", "ann_k", "--columns", ignore)
    assert collecting.report.counts.downloaded == 12


def test_a_column_with_a_comma_is_ignored_as_the_sentence_says(
    collecting: Collecting, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(as_csv(people([{"by, whom": "glad"}, {"by, whom": "cross"}])))
    sentence = collecting("--table", tmp_path / "t.csv", "--author", "ann_k")
    (ignore,) = re.findall(r"--columns '(ignore=[^']+)'", sentence)
    assert not collecting("--table", tmp_path / "t.csv", "--author", "ann_k", "--columns", ignore)


def test_an_author_whose_name_cannot_be_a_personas_is_taken_by_another_column(
    collecting: Collecting, tmp_path: Path
) -> None:
    named = [{"name": "Ann & Co", "user_id": "501"}, {"name": "Bob, too", "user_id": "502"}]
    (tmp_path / "t.csv").write_text(as_csv(people(named)))
    words: list[object] = ["--table", tmp_path / "t.csv", "--author"]
    flags = flags_in(collecting(*words, "Ann & Co"))
    assert flags == ["--columns", "author=COLUMN"]
    assert not collecting(*words, "501", *filled(flags, column="user_id"))
    assert collecting.report.author == "501"


def test_columns_are_named_to_a_run_one_by_one_as_its_refusals_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text(as_csv([{"when": "2019-03-01", "said, sung": "hello there"}]))
    words = ["run", "--table", str(tmp_path / "t.csv"), "--author", "ann_k", "--until", "collect"]
    words += ["--consent", "fictional", "--out", str(tmp_path / "out")]
    for column in ("said, sung", "when"):
        assert main(words) == 2
        (said,) = re.findall(r"name it as --columns .*", capsys.readouterr().err)
        words += filled(flags_in(f"; {said}"), column=column)
    assert main(words) == 0


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for name, data in files.items():
            target.writestr(f"{name}.csv", data)
    return file.getvalue()


def tarred(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as target:
        info = tarfile.TarInfo("t.csv")
        info.size = len(data)
        target.addfile(info, io.BytesIO(data))
    return file.getvalue()


def unzip(path: Path, folder: Path) -> Path:
    zipfile.ZipFile(path).extractall(folder)
    return folder / "a.csv"


def untar(path: Path, folder: Path) -> Path:
    with tarfile.open(path) as packed:
        packed.extractall(folder, filter="data")
    return folder / "t.csv"


def database(folder: Path) -> bytes:
    with contextlib.closing(sqlite3.connect(folder / "posts.db")) as opened, opened:
        opened.execute("CREATE TABLE posts (id, created_at, text, username)")
        rows = [tuple(row.values()) for row in people(ANN)]
        opened.executemany("INSERT INTO posts VALUES (?, ?, ?, ?)", rows)
    return (folder / "posts.db").read_bytes()


def test_the_posts_of_a_database_are_exported_as_the_sentence_says(
    collecting: Collecting, tmp_path: Path
) -> None:
    (tmp_path / "given").write_bytes(database(tmp_path))
    assert "export its table of posts as CSV" in collecting("--table", tmp_path / "given")
    with contextlib.closing(sqlite3.connect(tmp_path / "given")) as opened:
        opened.row_factory = sqlite3.Row
        exported = as_csv(map(dict, opened.execute("SELECT * FROM posts")))
    (tmp_path / "t.csv").write_text(exported)
    assert not collecting("--table", tmp_path / "t.csv")


def save_as_csv(path: Path, folder: Path) -> Path:
    rows = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))["Sheet"].iter_rows(
        values_only=True
    )
    folder.mkdir()
    (folder / "t.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    return folder / "t.csv"


def workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for sheet in (book.active, book.create_sheet()):
        for row in (["id", "created_at", "text", "username"], [1, "2019-03-01", "hello", "ann_k"]):
            sheet.append(row)
    book.save(file)
    return file.getvalue()


TABLE = as_csv(people(ANN)).encode()


@pytest.mark.parametrize(
    ("data", "told", "do"),
    [
        (zipped(a=TABLE, b=TABLE), "unpack it and give the table", unzip),
        (tarred(TABLE), "unpack it and give the table", untar),
        (workbook(), "save the one with the posts as CSV", save_as_csv),
    ],
    ids=["zip", "tar", "workbook"],
)
def test_packed_tables_are_unpacked_as_the_sentence_says(
    collecting: Collecting,
    tmp_path: Path,
    data: bytes,
    told: str,
    do: Callable[[Path, Path], Path],
) -> None:
    (tmp_path / "given").write_bytes(data)
    assert told in collecting("--table", tmp_path / "given")
    assert not collecting("--table", do(tmp_path / "given", tmp_path / "unpacked"))


def test_two_archives_in_a_zip_are_given_one_by_one(collecting: Collecting, tmp_path: Path) -> None:
    files = members([tweet(1), tweet(2)])
    both = {f"{year}/{name}": data for year in (2021, 2023) for name, data in files.items()}
    path = write_zip(tmp_path / "both.zip", both)
    sentence = collecting("--archive", path)
    assert "unpack it" in sentence
    zipfile.ZipFile(path).extractall(tmp_path / "unpacked")
    (folder,) = set(re.findall(r"\b2021\b", sentence))
    assert not collecting("--archive", tmp_path / "unpacked" / folder)


def test_each_source_goes_to_the_flag_that_the_sentence_names(
    collecting: Collecting, tmp_path: Path
) -> None:
    archive = write_zip(tmp_path / "x.zip", members([tweet(1)]))
    (flag,) = re.findall(r"goes to (--[a-z]+)", collecting("--table", archive))
    assert not collecting(flag, archive)


def one_sheet() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in csv.reader(io.StringIO(TABLE.decode())):
        book.active.append(row)
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", TABLE),
        ("t.tsv", as_csv(people(ANN), delimiter="\t").encode()),
        ("t.json", json.dumps(people(ANN)).encode()),
        ("t.csv.gz", gzip.compress(TABLE)),
        ("t.zip", zipped(t=TABLE)),
        ("t.xlsx", one_sheet()),
        ("folder/t.csv", TABLE),
    ],
)
def test_a_table_that_is_given_as_an_archive_goes_where_the_sentence_says(
    collecting: Collecting, tmp_path: Path, name: str, data: bytes
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    given = path if path.parent == tmp_path else path.parent
    ((flag, place),) = re.findall(r"(--table)(?: (\S+))?$", collecting("--archive", given))
    assert not collecting(flag, place or given)


def test_tables_in_a_zip_that_is_given_as_an_archive_are_unpacked(
    collecting: Collecting, tmp_path: Path
) -> None:
    (tmp_path / "t.zip").write_bytes(zipped(a=TABLE, b=TABLE))
    sentence = collecting("--archive", tmp_path / "t.zip")
    assert "unpack it and give one with --table" in sentence
    assert not collecting("--table", unzip(tmp_path / "t.zip", tmp_path / "unpacked"))


def test_a_part_of_an_archive_leads_to_the_whole(collecting: Collecting, tmp_path: Path) -> None:
    write_folder(tmp_path / "x", members([tweet(1)]))
    sentence = collecting("--archive", tmp_path / "x" / "data" / "tweets.js")
    (folder,) = re.findall(r"the whole folder that it lies in, (\S+)$", sentence)
    assert not collecting("--archive", folder)


def test_a_folder_with_a_zip_leads_to_the_zip(collecting: Collecting, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    write_zip(tmp_path / "x" / "x.zip", members([tweet(1)]))
    (place,) = re.findall(r"--archive (\S+)$", collecting("--archive", tmp_path / "x"))
    assert not collecting("--archive", place)


def test_an_archive_of_nobody_gets_a_name(collecting: Collecting, tmp_path: Path) -> None:
    posts = {name: data for name, data in members([tweet(1)]).items() if "tweets" in name}
    path = write_zip(tmp_path / "x.zip", posts)
    flags = flags_in(collecting("--archive", path))
    assert not collecting("--archive", path, *filled(flags, name="ann_k"))


def test_posts_of_who_opted_out_are_left_out(tmp_path: Path, collecting: Collecting) -> None:
    (tmp_path / "t.csv").write_text(as_csv(people(TWO)))
    registry = str(tmp_path / "registry")
    Registry.open(registry).begin()
    add_opt_out(registry, handle="ann_k")
    words = ["--table", tmp_path / "t.csv", "--registry", registry, "--author"]
    assert "leave these posts out" in collecting(*words, "ann_k")
    assert not collecting(*words, "bob_b")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    made = {
        name: Image(name=f"registry.test/{name}", tag="1", digest=f"sha256:{n:064x}")
        for n, name in enumerate(("cpu", "train", "serve"))
    }
    Images(images=made).write(tmp_path / "images.json")
    return tmp_path / "images.json"


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KF_PIPELINES_ENDPOINT", "KF_PIPELINES_UI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("at_home")
def test_a_run_is_submitted_by_what_its_refusals_say(
    tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a bare command to a run: each flag is one that the last sentence asked for."""
    (tmp_path / "token").write_text("open-sesame")
    with kfp_server(token="open-sesame") as kfp:
        meant = {
            "--consent": ["fictional"],
            "--images": [str(images)],
            "--pipeline-root": ["s3://bucket/personas"],
            "--host": [kfp.url],
            "--table": ["gs://posts/ann.csv"],
            "--token-file": [str(tmp_path / "token")],
        }
        words = ["submit"]
        for _ in range(8):
            try:
                code = main(words)
            except SystemExit as end:
                code = int(str(end.code))
            said = capsys.readouterr().err
            if code == 0:
                break
            assert code == 2
            asked = [f for f in re.findall(r"--[a-z-]+", one_sentence(said)) if f in meant]
            new = [flag for flag in asked if flag not in words]
            assert new, said
            words += [word for flag in new for word in (flag, *meant[flag])]
        assert len(kfp.runs) == 1


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("more", "flag", "instead"),
    [
        (["--images", "tagged.json"], "--allow-tags", []),
        (["--start-timeout", "9"], "--wait", None),
        (["--base-model", "./gpt2"], "--base-model", ["gs://models/gpt2"]),
        (["--pipeline-root", "/tmp/personas"], "--pipeline-root", ["s3://bucket/personas"]),
        (["--host", "kubeflow.example"], "--host", None),
    ],
)
def test_a_wrong_flag_of_submit_is_set_right_as_the_sentence_says(
    tmp_path: Path,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    flag: str,
    instead: list[str] | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gpt2").mkdir()
    known = Images.read(images).images
    tags = {name: one.model_copy(update={"digest": None}) for name, one in known.items()}
    Images(images=tags).write(tmp_path / "tagged.json")
    with kfp_server() as kfp:
        words = ["submit", "--host", kfp.url, "--images", str(images), "--consent", "fictional"]
        words += ["--pipeline-root", "s3://bucket/personas", "--table", "gs://posts/ann.csv"]
        assert main([*words, *more]) == 2
        sentence = one_sentence(capsys.readouterr().err)
        assert flag in sentence
        right = [*more, flag, *instead] if instead is not None else []
        assert main([*words, *right]) == 0


SUBMIT = ["submit", "--pipeline-root", "s3://bucket/personas", "--table", "gs://posts/ann.csv"]
SUBMIT += ["--consent", "fictional"]


@pytest.mark.usefixtures("at_home")
def test_a_host_without_tls_is_begun_as_the_sentence_says(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with kfp_server() as kfp:
        words = [*SUBMIT, "--images", str(images), "--host"]
        assert main([*words, kfp.url.replace("http:", "https:")]) == 2
        (scheme,) = re.findall(r"begin it with (\S+)$", one_sentence(capsys.readouterr().err))
        assert main([*words, scheme + kfp.url.partition("://")[2]]) == 0
        assert len(kfp.runs) == 1


@pytest.mark.usefixtures("at_home")
def test_behind_a_login_page_the_apis_own_address_is_given(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with kfp_server() as page, kfp_server() as kfp:
        page.instead = (200, {"Content-Type": "text/html"}, b"<html>Log in</html>")
        words = [*SUBMIT, "--images", str(images)]
        assert main([*words, "--host", page.url]) == 2
        sentence = one_sentence(capsys.readouterr().err)
        assert "give the API's own address" in sentence
        assert main([*words, *re.findall(r"(--host):", sentence), kfp.url]) == 0
        assert len(kfp.runs) == 1


def test_a_server_starts_by_what_its_refusals_say(tmp_path: Path) -> None:
    registry = str(tmp_path / "registry")
    versions = Registry.open(registry)
    version = publish_tiny(versions, "ann", make_tiny_model(tmp_path / "model")).version
    versions.move_alias("ann", "production", version)
    token = tmp_path / "token"
    variables = {"HUGGINGTWEETS_MANAGEMENT_TOKEN_FILE": str(token)}

    def refused(*more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "components.serve", *more],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": str(CHARTS.parent), **variables},
            cwd=tmp_path,
        )
        assert done.returncode == 2, done.stderr
        return one_sentence(done.stderr)

    words: list[str] = []
    (flag,) = re.findall(r"(--\w+): it is required", refused(*words))
    words += [flag, registry]
    assert "name a file that holds the secret" in refused(*words)
    token.touch()
    assert "write the secret to it" in refused(*words)
    token.write_text("open-sesame")
    elsewhere = "http://192.0.2.1:8080"  # an address of documentation, which no machine has
    (flag,) = re.findall(
        r"another with (--\S+),", refused(*words, "--inference-address", elsewhere)
    )
    assert flag == "--inference-address"
    with forked_server(registry, tmp_path, "server", variables=variables) as server:
        assert requests.get(f"{server.inference}/ping", timeout=10).ok


NO_DEMO = ["--set", "demo.enabled=false"]


@pytest.mark.parametrize("major", ["3", "4"])
@pytest.mark.parametrize(
    ("chart", "wrong", "right"),
    [
        ("huggingtweets-serving", NO_DEMO, ["--set", "registry.uri=s3://bucket/registry"]),
        ("huggingtweets-serving", NO_DEMO, ["--set", "demo.enabled=true"]),
        ("huggingtweets-store", [], ["--set", "existingSecret=store"]),
        (
            "huggingtweets-serving",
            ["--set", "demo.enabled=true", "--set", "auth.inference=true"],
            ["--set", "auth.existingSecret=tokens"],
        ),
        (
            "huggingtweets-serving",
            ["--set", "demo.enabled=true", "--set-json", 'resources.limits={"nvidia.com/gpu": 1}'],
            ["--set", "demo.enabled=false", "--set", "registry.uri=s3://bucket/registry"],
        ),
    ],
)
def test_a_chart_renders_by_what_its_refusals_say(
    major: str, chart: str, wrong: list[str], right: list[str]
) -> None:
    command = ["template", "words", str(CHARTS / chart), "--namespace", "personas"]
    refused = run_helm(major, *command, *wrong)
    assert refused.returncode != 0
    setting = right[-1].partition("=")[0]
    assert setting in refused.stderr
    done = run_helm(major, *command, *wrong, *right)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("kind: ") > 1


DEMO = ["--set", "demo.enabled=true"]
OTHERS = ["--set", "serviceAccount.create=false"]
PULL = ["--set", "imagePullSecrets[0].name=pull"]


def test_the_pipelines_chart_renders_by_what_its_refusals_say() -> None:
    """From the account of others, to its name, to the Secrets that are named there instead."""
    command = ["template", "words", str(CHARTS / "huggingtweets-pipelines")]
    nameless = run_helm("4", *command, *OTHERS, *PULL).stderr
    (setting,) = re.findall(r"(\S+) names the account to use", nameless)
    named = [*OTHERS, "--set", f"{setting}=own"]
    refused = run_helm("4", *command, *named, *PULL).stderr
    (patch,) = re.findall(r"kubectl patch serviceaccount own .*--patch '([^']+)'", refused)
    assert json.loads(patch) == {"imagePullSecrets": [{"name": "pull"}]}
    assert run_helm("4", *command, *named).returncode == 0


@pytest.mark.parametrize(
    ("setting", "wrong", "told", "how"),
    [
        ("service.type", "Cluster", r"must be one of '(\w+)'", "--set"),
        ("replicaCount", "two", r"want (integer)", "--set"),
        ("extraEnv[0].name=A,extraEnv[0].value", "1", r"want (string)", "--set-string"),
    ],
)
def test_a_value_that_the_schema_refuses_is_set_as_it_says(
    setting: str, wrong: str, told: str, how: str
) -> None:
    command = ["template", "words", str(CHARTS / "huggingtweets-serving"), *DEMO]
    refused = run_helm("4", *command, "--set", f"{setting}={wrong}").stderr
    (wanted,) = re.findall(told, refused)
    right = {"integer": "2", "string": wrong}.get(wanted, wanted)
    done = run_helm("4", *command, how, f"{setting}={right}")
    assert done.returncode == 0, done.stderr
