import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies

from components.contracts.errors import BadInputError
from pipelines.fleet.manifest import FleetManifest, check_seen_by_pods, read_fleet_manifest

ANN: dict[str, Any] = {
    "persona": "ann",
    "consent": "own-archive",
    "sources": [{"archive": "s3://b/ann.zip"}],
}


def read(folder: Path, *lines: object, **flags: object) -> FleetManifest:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
    (folder / "list.jsonl").write_text("\n".join(texts))
    return read_fleet_manifest(str(folder / "list.jsonl"), "s3://b/registry", flags, {})


def test_a_line_says_whose_posts_on_what_basis_and_how(tmp_path: Path) -> None:
    sources = [
        {"archive": "s3://b/ann.zip"},
        {"table": "gs://b/ann.csv", "author": "ann", "consent": "written-consent"},
    ]
    options = {"epochs": 2, "method": "lora", "prompts": ["Rain"], "no_gate": True}
    (entry,) = read(tmp_path, {**ANN, "sources": sources, "options": options}).entries
    job = entry.job
    assert [one.consent for one in job.sources] == ["own-archive", "written-consent"]
    assert all(one.registry == "s3://b/registry" for one in job.sources)
    assert (job.train.epochs, job.train.method, job.no_gate) == (2, "lora", True)
    assert job.evaluate.prompts == ("Rain",)
    assert (job.name, job.registry, job.until) == ("ann", "s3://b/registry", "publish")


def test_what_a_line_says_stands_over_the_flags_of_the_command(tmp_path: Path) -> None:
    lines = (ANN, {**ANN, "persona": "bob", "options": {"epochs": 3}})
    ann, bob = read(tmp_path, *lines, epochs="1", base_model="tiny").entries
    assert (ann.job.train.epochs, bob.job.train.epochs) == (1, 3)
    assert ann.job.fetch.base_model == bob.job.fetch.base_model == "tiny"


def test_blank_lines_and_a_byte_order_mark_are_nothing(tmp_path: Path) -> None:
    (tmp_path / "list.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(ANN).encode() + b"\r\n\r\n")
    found = read_fleet_manifest(str(tmp_path / "list.jsonl"), "s3://b/registry", {}, {})
    assert [entry.persona for entry in found.entries] == ["ann"]


def test_a_line_that_says_the_same_is_the_same_order(tmp_path: Path) -> None:
    turned = json.dumps(dict(reversed(ANN.items())), indent=None, separators=(" , ", " : "))
    first, again = (read(tmp_path, one).entries[0] for one in (ANN, turned))
    assert first.line_sha256 == again.line_sha256
    (other,) = read(tmp_path, {**ANN, "options": {"seed": 1}}).entries
    assert other.line_sha256 != first.line_sha256


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ("[" * 5000, "not JSON"),
        ({"persona": "ann"}, "sources: it is required"),
        ({**ANN, "persona": "a/b"}, "cannot name a persona"),
        ({**ANN, "sources": []}, "sources"),
        ({**ANN, "sources": [{}]}, "give one source of posts"),
        ({**ANN, "sources": [{"tabel": "x"}]}, "source 1.tabel"),
        ({**ANN, "sources": [{"table": "x", "archive": "y"}]}, "give one source of posts"),
        ({**ANN, "sources": [{"table": 5}]}, "not a text"),
        ({**ANN, "sources": ANN["sources"] * 2}, "given twice"),
        ({**ANN, "consent": None}, "give the line a consent"),
        ({**ANN, "consent": "sure"}, "consent"),
        ({**ANN, "handle": "ann"}, "handle: it is not known here"),
        ({**ANN, "options": {"epoch": 1}}, "options.epoch"),
        ({**ANN, "options": {"registry": "x"}}, "options.registry"),
        ({**ANN, "options": {"epochs": "many"}}, "--epochs"),
        ({**ANN, "options": {"no_gate": "no"}}, "options.no_gate"),
        ({**ANN, "persona": "Bob"}, "stands in line 1, too"),
    ],
)
def test_a_bad_line_is_one_sentence_with_its_number(
    tmp_path: Path, line: object, word: str
) -> None:
    bob = {**ANN, "persona": "bob"}
    with pytest.raises(BadInputError) as error:
        read(tmp_path, bob, "", line)
    assert "list.jsonl, line 3: " in str(error.value)
    assert word in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("place", ["nowhere.jsonl", "/", "s3://bucket", "gs://", ""])
def test_a_list_that_is_not_there_is_one_sentence(place: str) -> None:
    with pytest.raises(BadInputError):
        read_fleet_manifest(place, "s3://b/registry", {}, {})


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="lists no persona"):
        read(tmp_path, "", " ")


@given(strategies.binary(max_size=200))
def test_any_bytes_are_a_list_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(data)
    with pytest.raises(BadInputError):
        read_fleet_manifest(str(path), "s3://b/registry", {}, {})


def test_what_no_pod_sees_is_named(tmp_path: Path) -> None:
    check_seen_by_pods(read(tmp_path, ANN))
    with pytest.raises(BadInputError, match=r"line 1: no pod sees posts\.csv"):
        check_seen_by_pods(read(tmp_path, {**ANN, "sources": [{"table": "posts.csv"}]}))
    with pytest.raises(BadInputError, match=r"no pod sees ~/tiny"):
        check_seen_by_pods(read(tmp_path, {**ANN, "options": {"base_model": "~/tiny"}}))
