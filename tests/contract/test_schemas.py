"""The shape of every JSON that others read: a change shows here and is made on purpose.

To accept one: `python tests/contract/test_schemas.py`.
"""

import json
from pathlib import Path

import pytest

from components.contracts.answers import Predictions
from components.contracts.audit import AuditEntry, AuditHead
from components.contracts.base import Contract
from components.contracts.deployment import DeployReport
from components.contracts.evaluation import EvaluationReport
from components.contracts.fleet import FleetItem, FleetLine, FleetList
from components.contracts.forgetting import ForgetReceipt
from components.contracts.images import Images
from components.contracts.posts import DatasetRow, Post, Sample
from components.contracts.pushing import Pushed, PushReport
from components.contracts.refresh import RefreshReport
from components.contracts.refusal import Refusal
from components.contracts.registry import (
    Alias,
    Claim,
    Manifest,
    OptOutList,
    PersonaState,
    PostHashes,
    StaleList,
)
from components.contracts.reports import (
    CollectReport,
    FetchReport,
    PrepareReport,
    TrainReport,
)
from components.contracts.sweep import SweepReport, TrialReport
from pipelines.steps import StepRecord

SCHEMAS = Path(__file__).with_name("schemas")
DOCUMENTS: tuple[type[Contract], ...] = (
    Post,
    DatasetRow,
    Sample,
    CollectReport,
    FetchReport,
    PrepareReport,
    TrainReport,
    EvaluationReport,
    DeployReport,
    Pushed,
    PushReport,
    Images,
    Manifest,
    Alias,
    Claim,
    OptOutList,
    AuditEntry,
    AuditHead,
    StaleList,
    PostHashes,
    ForgetReceipt,
    PersonaState,
    StepRecord,
    Refusal,
    Predictions,
    FleetLine,
    FleetList,
    FleetItem,
    RefreshReport,
    TrialReport,
    SweepReport,
)


def schema_of(kind: type[Contract]) -> str:
    return json.dumps(kind.model_json_schema(mode="serialization"), indent=2) + "\n"


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_schema_is_the_agreed_one(kind: type[Contract]) -> None:
    assert (SCHEMAS / f"{kind.__name__}.json").read_text() == schema_of(kind)


@pytest.mark.parametrize(
    "kind",
    [kind for kind in DOCUMENTS if kind not in (Post, DatasetRow, Sample, Predictions, FleetLine)],
)
def test_a_document_of_its_own_file_says_the_version_of_its_shape(kind: type[Contract]) -> None:
    assert "schema_version" in kind.model_fields


if __name__ == "__main__":
    SCHEMAS.mkdir(exist_ok=True)
    for document in DOCUMENTS:
        (SCHEMAS / f"{document.__name__}.json").write_text(schema_of(document))
