"""A Kubeflow Pipelines host, through kfp's own client."""

import argparse
import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kfp
import kfp_server_api
import urllib3

from components.contracts.errors import BadInputError, HuggingtweetsError
from components.runtime.digests import file_sha256

log = logging.getLogger(__name__)

PIPELINE = "huggingtweets-persona"
EXPERIMENT = "huggingtweets"
TIMEOUT = urllib3.Timeout(connect=10, read=60)
PASSING = (408, 429, 500, 502, 503, 504)
"""Answers of a host that may do better a little later."""


class KubeflowError(HuggingtweetsError):
    """The host could not do what was asked."""


class UnavailableError(KubeflowError):
    """The host cannot be reached or cannot answer just now."""


@dataclass(frozen=True)
class Connection:
    """How to reach a host."""

    host: str
    """With http:// or https://, without a slash at its end."""
    token_file: Path | None = None
    namespace: str | None = None
    ca_cert: Path | None = None

    @classmethod
    def of(cls, given: argparse.Namespace) -> "Connection":
        """What the flags say.

        Raises:
            BadInputError: they say something that cannot be.
        """
        if not given.host.startswith(("http://", "https://")):
            raise BadInputError(f"--host: {given.host!r} begins with neither http:// nor https://")
        if given.ca_cert and not given.ca_cert.is_file():
            raise BadInputError(f"--ca-cert: there is no file {given.ca_cert}")
        return cls(given.host.rstrip("/"), given.token_file, given.namespace, given.ca_cert)

    def run_url(self, run_id: str) -> str:
        """Where people look at a run."""
        return f"{self.host}/#/runs/details/{run_id}"

    def schedule_url(self, schedule_id: str) -> str:
        """Where people look at a recurring run."""
        return f"{self.host}/#/recurringrun/details/{schedule_id}"


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
        if not token or "\n" in token:
            raise BadInputError(f"--token-file: {self._path} does not hold one token")
        return token

    def refresh_api_key_hook(self, config: Any) -> None:
        config.api_key["authorization"] = self.read()


class _Client(kfp.Client):  # type: ignore[misc]
    """kfp's client without its question for the host's health, which takes 25 s to fail."""

    def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
        return kfp_server_api.V2beta1GetHealthzResponse(multi_user=False)


@dataclass(frozen=True)
class Order:
    """What is to be run."""

    package: Path
    name: str
    """The run's display name."""
    arguments: Mapping[str, Any]
    pipeline_root: str
    service_account: str | None = None


class Kubeflow:
    """One host."""

    def __init__(self, connection: Connection) -> None:
        """Make a client; nothing is asked yet."""
        self.connection = connection
        credentials = _TokenFile(connection.token_file) if connection.token_file else None
        with warnings.catch_warnings(), _as_sentences(connection):
            warnings.simplefilter("ignore", FutureWarning)  # kfp's, about servers before 2.0
            self._client = _Client(
                host=connection.host,
                namespace=connection.namespace or "kubeflow",
                credentials=credentials,
                ssl_ca_cert=str(connection.ca_cert) if connection.ca_cert else None,
            )
        self._api = self._client._run_api.api_client
        self._api.rest_client.pool_manager.connection_pool_kw |= {
            "timeout": TIMEOUT,
            "retries": False,
        }

    def submit(self, order: Order) -> str:
        """Upload the package as a version of the pipeline and start a run; its id."""
        with _as_sentences(self.connection), contextlib.redirect_stdout(io.StringIO()):
            run = self._client.run_pipeline(**self._job(order))
        return str(run.run_id)

    def schedule(self, order: Order, cron: str) -> str:
        """Upload the package and have it run at the times of `cron` (six fields); the id."""
        with _as_sentences(self.connection), contextlib.redirect_stdout(io.StringIO()):
            schedule = self._client.create_recurring_run(
                **self._job(order), cron_expression=cron, max_concurrency=1, no_catchup=True
            )
        return str(schedule.recurring_run_id)

    def run(self, run_id: str) -> Any:
        """The run as the host knows it (`V2beta1Run`).

        Raises:
            BadInputError: there is no such run.
        """
        with _as_sentences(self.connection, f"run {run_id}"):
            return self._client.get_run(run_id)

    def node_log(self, run_id: str, node: str) -> str:
        """What a step's pod wrote.

        Raises:
            BadInputError: the host keeps no log of it.
        """
        with _as_sentences(self.connection, f"log of {node}"):
            answer = self._api.call_api(
                "/apis/v1alpha1/runs/{run}/nodes/{node}/log",
                "GET",
                path_params={"run": run_id, "node": node},
                header_params={"Accept": "text/plain"},
                auth_settings=["Bearer"],
                _preload_content=False,
                _return_http_data_only=True,
            )
            return str(answer.data.decode("utf-8", errors="replace"))

    def _job(self, order: Order) -> dict[str, Any]:
        """Upload the package; what kfp's client wants to know of a run or a schedule of it."""
        pipeline_id, version_id = self._upload(order.package)
        return {
            "experiment_id": self._experiment(),
            "job_name": order.name,
            "params": dict(order.arguments),
            "pipeline_id": pipeline_id,
            "version_id": version_id,
            "pipeline_root": order.pipeline_root,
            "service_account": order.service_account,
        }

    def _upload(self, package: Path) -> tuple[str, str]:
        """The ids of the pipeline and of its version that is this package, made where needed."""
        version = file_sha256(package)[:16]
        pipeline_id = self._pipeline_id()
        if pipeline_id is None:
            made = self._client.upload_pipeline(
                str(package), pipeline_name=PIPELINE, namespace=self.connection.namespace
            )
            pipeline_id = made.pipeline_id
        versions = self._client.list_pipeline_versions(
            pipeline_id, page_size=1, filter=_named(version)
        ).pipeline_versions
        if versions:
            return pipeline_id, versions[0].pipeline_version_id
        uploaded = self._client.upload_pipeline_version(
            str(package), pipeline_version_name=version, pipeline_id=pipeline_id
        )
        return pipeline_id, uploaded.pipeline_version_id

    def _pipeline_id(self) -> str | None:
        found = self._client.list_pipelines(
            namespace=self.connection.namespace, filter=_named(PIPELINE)
        ).pipelines
        return found[0].pipeline_id if found else None

    def _experiment(self) -> str:
        made = self._client.create_experiment(EXPERIMENT, namespace=self.connection.namespace)
        return str(made.experiment_id)


def _named(name: str) -> str:
    """A filter of the API for one display name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


@contextlib.contextmanager
def _as_sentences(connection: Connection, what: str = "") -> Iterator[None]:
    """Say what went wrong with a request; `what` was asked for."""
    try:
        yield
    except kfp_server_api.ApiException as error:
        raise _answered(connection, error, what) from error
    except urllib3.exceptions.HTTPError as error:
        if isinstance(error, urllib3.exceptions.SSLError):
            raise BadInputError(
                f"--host: {connection.host} is not trusted ({error}); name its authority with "
                "--ca-cert"
            ) from error
        raise UnavailableError(f"cannot reach {connection.host}: {error}") from error


def _answered(
    connection: Connection, error: kfp_server_api.ApiException, what: str
) -> HuggingtweetsError:
    said = _message(error)
    if error.status == 401:
        return BadInputError(f"{connection.host} wants a valid token: give --token-file ({said})")
    if error.status == 403:
        return BadInputError(
            f"{connection.host} does not allow this to you; ask for the role, or give another "
            f"--namespace or --token-file ({said})"
        )
    if error.status == 404 and what:
        return BadInputError(f"{connection.host} knows no {what} ({said})")
    if error.status in PASSING:
        return UnavailableError(f"{connection.host} cannot answer: {error.status} {said}")
    if error.status == 404:
        return BadInputError(f"--host: there are no Kubeflow Pipelines at {connection.host}")
    return KubeflowError(f"{connection.host} refused: {error.status} {said}")


def _message(error: kfp_server_api.ApiException) -> str:
    """The sentence in the answer's body, where it has one."""
    try:
        body = json.loads(error.body)
        return str(body.get("message") or body.get("error") or error.reason)
    except (ValueError, TypeError, AttributeError):
        return str(error.reason)
