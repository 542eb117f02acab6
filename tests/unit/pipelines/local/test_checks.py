import json
from pathlib import Path

import pytest
from support.tiny_models import make_tiny_model

from components.collect.config import ArchiveSource, BlueskySource, TableSource
from components.contracts.errors import BadInputError
from components.evaluate.config import EvaluateConfig
from components.fetch.config import FetchConfig
from components.train.config import TrainConfig
from pipelines.arguments import check_gpus
from pipelines.local.checks import (
    check_base_model,
    check_device,
    check_evaluation_prompts,
    check_out,
    check_places,
    check_registry,
)
from pipelines.stages import train
from pipelines.steps import Step

FETCH = FetchConfig(base_model="bundled")


def train_to(folder: Path) -> list[Step]:
    return [Step("train", TrainConfig(), outputs={"model_out": folder}, do=train)]


def test_another_folder_in_a_place_of_the_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    check_places(train_to(tmp_path / "model"), [], FETCH)
    (tmp_path / "model" / "thesis.txt").touch()
    with pytest.raises(BadInputError, match="holds something else"):
        check_places(train_to(tmp_path / "model"), [], FETCH)
    (tmp_path / "model" / "train.json").touch()
    check_places(train_to(tmp_path / "model"), [], FETCH)


def test_a_source_within_a_place_of_the_run_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "finetuned-model"
    model.mkdir()
    (model / "train.json").touch()
    with pytest.raises(BadInputError, match="which is read"):
        check_places(train_to(model), [], FetchConfig(base_model=str(model)))
    table = TableSource(table=str(model / "posts.csv"), consent="fictional")
    with pytest.raises(BadInputError, match="which is read"):
        check_places(train_to(model), [table], FETCH)


def test_a_run_writes_nothing_into_the_folder_of_an_archive(tmp_path: Path) -> None:
    archive = ArchiveSource(archive=str(tmp_path), consent="own-archive")
    for out in (tmp_path, tmp_path / "out" / "me"):
        with pytest.raises(BadInputError, match="which is read"):
            check_out(out, [archive])
    zipped = ArchiveSource(archive=str(tmp_path / "x.zip"), consent="own-archive")
    (tmp_path / "x.zip").touch()
    check_out(tmp_path, [zipped, BlueskySource(bluesky="ann.bsky.social", consent="fictional")])
    check_out(tmp_path.parent, [archive])


@pytest.mark.parametrize("blocked", ["ann", "ann/uploads", "ann/versions", "ann/latest.json"])
def test_a_registry_that_would_refuse_in_the_end_refuses_at_once(
    tmp_path: Path, blocked: str
) -> None:
    check_registry(str(tmp_path), "ann")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / blocked).parent.mkdir(exist_ok=True)
    (tmp_path / blocked).write_text("in the way")
    with pytest.raises(BadInputError):
        check_registry(str(tmp_path), "ann")


def test_a_base_model_that_makes_no_gguf_is_refused_at_once(tmp_path: Path) -> None:
    model = make_tiny_model(tmp_path / "tiny")
    fetch = FetchConfig(base_model=str(model))
    check_base_model(fetch, None, gguf=True)
    config = json.loads((model / "config.json").read_text()) | {"activation_function": "relu"}
    (model / "config.json").write_text(json.dumps(config))
    check_base_model(fetch, None)
    with pytest.raises(BadInputError, match="--gguf: .*'relu'"):
        check_base_model(fetch, None, gguf=True)


def test_what_a_model_cannot_write_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    model = make_tiny_model(tmp_path / "tiny")
    check_evaluation_prompts(model, EvaluateConfig(max_tokens=90))
    with pytest.raises(BadInputError, match="--max-tokens 129 after the prompt"):
        check_evaluation_prompts(model, EvaluateConfig(max_tokens=129, prompts=()))
    with pytest.raises(BadInputError, match="after the prompt 'zzzz"):
        check_evaluation_prompts(model, EvaluateConfig(prompts=("z" * 80,)))


def test_a_gpu_that_is_not_there_is_missed_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    check_device(TrainConfig())
    check_device(TrainConfig(device="cpu"))
    with pytest.raises(BadInputError, match="--device cuda"):
        check_device(TrainConfig(device="cuda"))


def test_several_nodes_are_for_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(BadInputError, match="this is not a pod of a cluster"):
        check_device(TrainConfig(nodes=2))
    check_device(TrainConfig(gpus=2, device="cpu"))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(BadInputError, match="--gpus 2: torch"):
        check_device(TrainConfig(gpus=2))


def test_gpus_and_the_device_fit_together() -> None:
    for device, gpus in (("auto", 0), ("auto", 1), ("cuda", 2), ("cpu", 0)):
        check_gpus(TrainConfig.model_validate({"device": device}), gpus)
    with pytest.raises(BadInputError, match="give --gpus 1"):
        check_gpus(TrainConfig(device="cuda"), 0)
    with pytest.raises(BadInputError, match="give --gpus 0"):
        check_gpus(TrainConfig(device="cpu"), 1)
