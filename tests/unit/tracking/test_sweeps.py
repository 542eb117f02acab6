import os

import pytest

from components.tracking.sweeps import in_sweep, sweep_id

SWEEP = {"method": "grid", "parameters": {"epochs": {"value": 1}}}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "own"),
        ({"WANDB_MODE": "offline"}, "own"),
        ({"WANDB_MODE": "disabled", "WANDB_API_KEY": "x"}, "own"),
        ({"WANDB_SWEEP_ID": "theirs"}, "theirs"),
        ({"WANDB_SWEEP_ID": "theirs", "WANDB_MODE": "offline"}, "theirs"),
    ],
)
def test_a_sweep_has_an_id_of_its_own_unless_it_was_begun_elsewhere(
    environment: dict[str, str], expected: str
) -> None:
    assert sweep_id(SWEEP, "own", environment) == expected


def test_a_server_that_does_not_answer_costs_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(document: object) -> str:
        raise ConnectionError("nobody answers")

    monkeypatch.setattr("components.tracking.wandb_backend.begin_sweep", refuse)
    assert sweep_id(SWEEP, "own", {"WANDB_MODE": "online"}) == "own"
    assert "nobody answers" in caplog.text


@pytest.mark.parametrize("before", [None, "another"])
def test_runs_belong_to_the_sweep_within_the_block_alone(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if before:
        monkeypatch.setenv("WANDB_SWEEP_ID", before)
    with in_sweep("own"):
        assert os.environ["WANDB_SWEEP_ID"] == "own"
    assert os.environ.get("WANDB_SWEEP_ID") == before
