"""A Kubeflow Pipelines host, through kfp's own client."""

import contextlib
import io
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kfp
import kfp_server_api
import urllib3
from google.auth.exceptions import GoogleAuthError
from pydantic import ValidationError

from components.contracts.errors import BadInputError
from components.runtime.digests import file_sha256
from components.runtime.errors import one_line, reason
from pipelines.kubeflow.answers import Rest, json_object, kubeflow_errors, no_answer, plain_text
from pipelines.kubeflow.connection import KubeflowConnection
from pipelines.kubeflow.run_document import Run

PIPELINE = "huggingtweets-persona"
FORGET_PIPELINE = "huggingtweets-forget"
EXPERIMENT = "huggingtweets"
TIMEOUT = urllib3.Timeout(connect=10, read=60)


class _TokenFile(kfp.client.TokenCredentialsBase):  # type: ignore[misc]
    """Reads the token anew for each request: a mounted one is replaced while a run is followed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.read()

    def read(self) -> str:
        try:
            token = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInputError(f"--token-file: cannot read {self._path}") from error
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise BadInputError(f"--token-file: {self._path} does not hold one token")
        return token

    def refresh_api_key_hook(self, config: Any) -> None:
        config.api_key["authorization"] = self.read()


class _Client(kfp.Client):  # type: ignore[misc]
    """kfp's client without its question for the host's health, which takes 25 s to fail."""

    def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
        return kfp_server_api.V2beta1GetHealthzResponse(multi_user=False)


@contextlib.contextmanager
def _own_settings() -> Iterator[None]:
    """Say what is wrong with what kfp's client reads by itself: its own files and variables."""
    try:
        yield
    except (
        *(GoogleAuthError, OSError, ValueError, LookupError, TypeError, AttributeError),
    ) as error:
        raise BadInputError(
            f"kfp's own settings are wrong ({reason(error)}): mend ~/.config/kfp/context.json and "
            "the variables KF_PIPELINES_*, or take them away"
        ) from error


@dataclass(frozen=True)
class Order:
    """What is to be run."""

    package: Path
    name: str
    """The run's display name."""
    arguments: Mapping[str, Any]
    pipeline_root: str
    service_account: str | None = None
    pipeline: str = PIPELINE
    """What the host calls the pipeline."""


class Kubeflow:
    """One host."""

    def __init__(self, connection: KubeflowConnection) -> None:
        """Make a client; nothing is asked yet."""
        self.connection = connection
        credentials = _TokenFile(connection.token_file) if connection.token_file else None
        with warnings.catch_warnings(), _own_settings():
            warnings.simplefilter("ignore", FutureWarning)  # kfp's, about servers before 2.0
            self._client = _Client(
                host=connection.host,
                namespace=connection.namespace or "kubeflow",
                credentials=credentials,
                ssl_ca_cert=str(connection.ca_cert) if connection.ca_cert else None,
            )
        self._api = self._client._run_api.api_client
        self._api.rest_client = Rest(self._api.configuration, TIMEOUT)

    def submit(self, order: Order) -> str:
        """Upload the package as a version of the pipeline and start a run; its id."""
        with kubeflow_errors(self.connection.host), contextlib.redirect_stdout(io.StringIO()):
            run = self._client.run_pipeline(**self._job(order))
        return self._made(run.run_id)

    def schedule(self, order: Order, cron: str) -> str:
        """Upload the package and have it run at the times of `cron` (six fields); the id."""
        with kubeflow_errors(self.connection.host), contextlib.redirect_stdout(io.StringIO()):
            schedule = self._client.create_recurring_run(
                **self._job(order), cron_expression=cron, max_concurrency=1, no_catchup=True
            )
        return self._made(schedule.recurring_run_id)

    def run(self, run_id: str) -> Run:
        """The run as the host knows it.

        Raises:
            BadInputError: there is no such run.
        """
        answer = self._get(f"run {run_id}", "/apis/v2beta1/runs/{run}", run=run_id)
        try:
            run = Run.model_validate(json_object(self.connection.host, answer))
        except ValidationError as error:
            raise no_answer(self.connection.host, "with JSON that is not a run") from error
        return run

    def workflow(self, run_id: str) -> Mapping[str, Any]:
        """Argo's own record of the run, which the older API still tells (`Workflow`).

        Raises:
            BadInputError: the host does not have that API any more, or knows no such run.
        """
        answer = self._get(f"run {run_id}", "/apis/v1beta1/runs/{run}", run=run_id)
        document = json_object(self.connection.host, answer)
        manifest = (document.get("pipeline_runtime") or {}).get("workflow_manifest") or ""
        return json_object(self.connection.host, manifest.encode())

    def node_log(self, run_id: str, node: str) -> str:
        """What a step's pod wrote, with lines that are JSON left blank.

        Raises:
            BadInputError: the host keeps no log of it.
        """
        path = "/apis/v1alpha1/runs/{run}/nodes/{node}/log"
        answer = self._get(f"log of {node}", path, run=run_id, node=node)
        text = plain_text(self.connection.host, answer)
        if (error := _log_error(text)) is not None:
            raise BadInputError(f"{self.connection.host} has no log of {node}: {error}")
        return text

    def _get(self, what: str, path: str, **parts: str) -> bytes:
        with kubeflow_errors(self.connection.host, what):
            answer = self._api.call_api(
                path,
                "GET",
                path_params=parts,
                header_params={"Accept": "application/json, text/plain"},
                auth_settings=["Bearer"],
                _preload_content=False,
                _return_http_data_only=True,
            )
            return bytes(answer.data)

    def _job(self, order: Order) -> dict[str, Any]:
        """Upload the package; what kfp's client wants to know of a run or a schedule of it."""
        pipeline_id, version_id = self._upload(order.package, order.pipeline)
        return {
            "experiment_id": self._experiment(),
            "job_name": order.name,
            "params": dict(order.arguments),
            "pipeline_id": pipeline_id,
            "version_id": version_id,
            "pipeline_root": order.pipeline_root,
            "service_account": order.service_account,
        }

    def _upload(self, package: Path, pipeline: str) -> tuple[str, str]:
        """The ids of the pipeline and of its version that is this package, made where needed."""
        version = file_sha256(package)[:16]
        pipeline_id = self._pipeline_id(pipeline)
        if pipeline_id is None:
            made = self._client.upload_pipeline(
                str(package), pipeline_name=pipeline, namespace=self.connection.namespace
            )
            pipeline_id = self._made(made.pipeline_id)
        versions = self._client.list_pipeline_versions(
            pipeline_id, page_size=1, filter=_named(version)
        ).pipeline_versions
        if versions:
            return pipeline_id, self._made(versions[0].pipeline_version_id)
        uploaded = self._client.upload_pipeline_version(
            str(package), pipeline_version_name=version, pipeline_id=pipeline_id
        )
        return pipeline_id, self._made(uploaded.pipeline_version_id)

    def _pipeline_id(self, pipeline: str) -> str | None:
        found = self._client.list_pipelines(
            namespace=self.connection.namespace, filter=_named(pipeline)
        ).pipelines
        return self._made(found[0].pipeline_id) if found else None

    def _experiment(self) -> str:
        made = self._client.create_experiment(EXPERIMENT, namespace=self.connection.namespace)
        return self._made(made.experiment_id)

    def _made(self, identifier: object) -> str:
        """The id in an answer.

        Raises:
            BadInputError: it has none, as `{}`, which a list of nothing may well be.
        """
        if not isinstance(identifier, str) or not identifier:
            raise no_answer(self.connection.host, "with JSON that names no id")
        return identifier


def _named(name: str) -> str:
    """A filter of the API for one display name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


def _log_error(text: str) -> str | None:
    """What the log's endpoint says in place of a log, with status 200."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or "error_message" not in said:
        return None
    return one_line(str(said["error_message"]))
