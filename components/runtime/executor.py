"""What Kubeflow's launcher tells a step, and what it wants to know back.

Its side: `ExecutorInput` and `ExecutorOutput` of api/v2alpha1/pipeline_spec.proto in
kubeflow/pipelines, as JSON.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.contracts.base import Report, facts_of
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.runtime.mounts import local_path

EXECUTOR_INPUT = "--executor-input"
FACTS_IN = ("system.Dataset", "system.Model", "system.Artifact")
METRICS = "system.Metrics"


class MissingOutputError(HuggingtweetsError):
    """A step ended well but left out something that it was to write."""


class Executor:
    """One step's conversation with the launcher."""

    def __init__(self, text: str) -> None:
        """Take the launcher's JSON.

        Raises:
            BadInputError: it is none, or says nothing of outputs.
        """
        try:
            said = json.loads(text)
            inputs, self._outputs = said.get("inputs", {}), said["outputs"]
            self._output_file = Path(self._outputs["outputFile"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInputError(
                f"{EXECUTOR_INPUT}: it is not what Kubeflow's launcher passes; leave it out by hand"
            ) from error
        self.parameters: dict[str, Any] = inputs.get("parameterValues", {})
        """The component's input parameters, by name."""
        self._inputs: dict[str, Any] = inputs.get("artifacts", {})

    def paths(self, artifact: str) -> list[Path]:
        """Where the input artifacts of this name lie; `{{…path}}` knows of the first alone."""
        return [local_path(one) for one in self._inputs.get(artifact, {}).get("artifacts", [])]

    @property
    def place(self) -> str:
        """The URI or folder that the outputs of all attempts of this step lie in; "" for none."""
        listed = [one["artifacts"][0] for one in self._outputs.get("artifacts", {}).values()]
        uri = next((str(one["uri"]) for one in listed if one.get("uri")), "")
        return uri.rpartition("/")[0].replace("minio://", "s3://", 1)

    def finish(self, report: Report | None, parameters: Mapping[str, Any]) -> None:
        """Tell the launcher what came out: the report's facts as metadata, and parameters.

        Raises:
            MissingOutputError: an output is not there; the launcher itself would only warn.
        """
        facts = facts_of(report.model_dump(mode="json")) if report else {}
        artifacts = {
            name: {"artifacts": [_described(one, facts) for one in listed["artifacts"]]}
            for name, listed in self._outputs.get("artifacts", {}).items()
        }
        said = {"artifacts": artifacts, "parameterValues": dict(parameters)}
        self._output_file.parent.mkdir(parents=True, exist_ok=True)
        self._output_file.write_text(json.dumps(said), encoding="utf-8")


def _described(artifact: dict[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """An output artifact with the metadata that suits its type; metrics are made of numbers."""
    title = artifact.get("type", {}).get("schemaTitle")
    path = local_path(artifact)
    if title == METRICS:
        facts = {name: value for name, value in facts.items() if _is_number(value)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(facts, indent=2), encoding="utf-8")
    if not path.exists():
        raise MissingOutputError(f"the step ended without writing {path}")
    return {**artifact, "metadata": dict(facts) if title in (*FACTS_IN, METRICS) else {}}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
