"""A stand-in for the API server of Kubeflow Pipelines: its v2beta1 REST API for what is asked here.

It keeps pipelines, versions, experiments, runs and recurring runs, and refuses what the API server
refuses: a wrong token, an unknown id, a doubled name, an unknown field, a package that is none, a
parameter that the pipeline does not have, lacks or that has another type, a cron of five fields.

Runs are told as release 2.17.0 tells them (tests/unit/pipelines/kubeflow/recorded): a task has no
pod, no parent and no error, some have no name; a log of which it has none is an answer with status
200, and lines of a log that are JSON come out blank; numbers are doubles.
"""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

Document = dict[str, Any]
TYPES: dict[str, tuple[type, ...]] = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int,),
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}
FIELDS = {
    "run": {
        *("experiment_id", "display_name", "description", "pipeline_version_reference"),
        *("pipeline_spec", "runtime_config", "service_account"),
    },
    "experiment": {"display_name", "description", "namespace"},
}
FIELDS["recurring"] = {*FIELDS["run"], "max_concurrency", "trigger", "mode", "no_catchup"}


class RefusedError(Exception):
    """An answer that is an error: its status and sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class KfpServer:
    """What the server holds; tests look into it and say what is to come."""

    url: str = ""
    token: str | None = None
    """What a request must bear, where it must."""
    pipelines: dict[str, Document] = field(default_factory=dict)
    versions: dict[str, Document] = field(default_factory=dict)
    experiments: dict[str, Document] = field(default_factory=dict)
    runs: dict[str, Document] = field(default_factory=dict)
    recurring: dict[str, Document] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    """What pods wrote, by the id of their node."""
    workflows: dict[str, Document] = field(default_factory=dict)
    """Argo's own record of runs, by the run's id."""
    has_old_api: bool = True
    """Whether v1beta1 is still there."""
    on_new_run: Callable[[str], None] = lambda run_id: None
    """Is told the id of each run that is created."""
    instead: tuple[int, dict[str, str], bytes] | None = None
    """A status, headers and a body with which something before the service answers everything."""
    progress: list[Document] = field(default_factory=list)
    """What a run shows at each further question; the last one stays."""
    failures: list[int] = field(default_factory=list)
    """The statuses of the next answers to questions for a run."""
    tokens: list[str | None] = field(default_factory=list)
    _count: int = 0

    def new_id(self) -> str:
        self._count += 1
        return f"00000000-0000-4000-8000-{self._count:012d}"

    def add_run(self, **more: Any) -> str:
        run_id = self.new_id()
        self.runs[run_id] = {"run_id": run_id, "state": "PENDING", **more}
        return run_id

    def find(self, kind: str, identifier: str) -> Document:
        found: Document | None = getattr(self, kind).get(identifier)
        if found is None:
            raise RefusedError(404, f"{kind} {identifier} not found")
        return found

    def list_of(self, kind: str, query: dict[str, str], **where: str) -> list[Document]:
        wanted = dict(where)
        for predicate in json.loads(query.get("filter") or "{}").get("predicates", []):
            if predicate["operation"] not in (1, "EQUALS") or predicate["key"] not in (
                "display_name",
                "name",
            ):
                raise RefusedError(400, "Invalid filter")
            wanted["display_name"] = predicate["stringValue"]
        return [
            one
            for one in getattr(self, kind).values()
            if all(one.get(name) == value for name, value in wanted.items())
        ]

    def upload_pipeline(self, query: dict[str, str], package: bytes) -> Document:
        spec = parse_package(package)
        name = query.get("name") or spec["pipelineInfo"]["name"]
        if any(one["display_name"] == name for one in self.pipelines.values()):
            raise RefusedError(409, f"Already exist error: the name {name} is taken")
        made = {"pipeline_id": self.new_id(), "display_name": name, "name": name}
        self.pipelines[made["pipeline_id"]] = made
        self._add_version(made["pipeline_id"], name, spec)
        return made

    def upload_version(self, query: dict[str, str], package: bytes) -> Document:
        pipeline = self.find("pipelines", query.get("pipelineid", ""))
        name = query.get("name") or ""
        if not name:
            raise RefusedError(400, "a version needs a name")
        siblings = self.list_of("versions", {}, pipeline_id=pipeline["pipeline_id"])
        if any(one["display_name"] == name for one in siblings):
            raise RefusedError(409, f"Already exist error: the version name {name} is taken")
        return self._add_version(pipeline["pipeline_id"], name, parse_package(package))

    def _add_version(self, pipeline_id: str, name: str, spec: Document) -> Document:
        version = {
            "pipeline_id": pipeline_id,
            "pipeline_version_id": self.new_id(),
            "display_name": name,
            "pipeline_spec": spec,
        }
        self.versions[version["pipeline_version_id"]] = version
        return version

    def create_experiment(self, body: Document) -> Document:
        known(body, "experiment")
        if not body.get("display_name"):
            raise RefusedError(400, "Experiment name is empty")
        if self.list_of("experiments", {}, display_name=body["display_name"]):
            raise RefusedError(409, "Already exist error: the experiment exists")
        made = {**body, "experiment_id": self.new_id()}
        self.experiments[made["experiment_id"]] = made
        return made

    def create_run(self, body: Document) -> Document:
        self._check(body, "run")
        run = {**body, "run_id": self.new_id(), "state": "PENDING"}
        run["runtime_config"]["parameters"] = as_doubles(run["runtime_config"]["parameters"])
        self.runs[run["run_id"]] = run
        self.on_new_run(run["run_id"])
        return told(run)

    def create_recurring(self, body: Document) -> Document:
        self._check(body, "recurring")
        cron = body["trigger"]["cron_schedule"]["cron"]
        if len(cron.split()) != 6:
            raise RefusedError(400, f"The Pipeline cron schedule {cron} is invalid: want 6 fields")
        if not 0 < int(body["max_concurrency"]) <= 10:
            raise RefusedError(400, "The max concurrency of the recurring run is out of range")
        made = {**body, "recurring_run_id": self.new_id(), "status": "ENABLED"}
        self.recurring[made["recurring_run_id"]] = made
        return made

    def _check(self, body: Document, kind: str) -> None:
        known(body, kind)
        if not body.get("display_name"):
            raise RefusedError(400, "The run name is empty")
        self.find("experiments", body.get("experiment_id", ""))
        version = body["pipeline_version_reference"]
        found = self.find("versions", version["pipeline_version_id"])
        if found["pipeline_id"] != version["pipeline_id"]:
            raise RefusedError(400, "the version is of another pipeline")
        check_parameters(found["pipeline_spec"], body["runtime_config"].get("parameters", {}))

    def get_run(self, run_id: str) -> Document:
        run = self.find("runs", run_id)
        if self.failures:
            raise RefusedError(self.failures.pop(0), "upstream connect error")
        if self.progress:
            now = self.progress.pop(0) if len(self.progress) > 1 else self.progress[0]
            run |= {**now, "run_id": run_id}
        return told(run)

    def old_run(self, run_id: str) -> Document:
        if not self.has_old_api:
            raise RefusedError(404, "Not Found")
        self.find("runs", run_id)
        manifest = json.dumps(self.workflows.get(run_id, {"status": {}}))
        return {"run": {"id": run_id}, "pipeline_runtime": {"workflow_manifest": manifest}}

    def log(self, run_id: str, node: str) -> str:
        self.find("runs", run_id)
        if node not in self.logs:
            return json.dumps({"error_message": f"failed to read the log of {node}"})
        lines = self.logs[node].splitlines(keepends=True)
        return "".join("\n" if line.startswith("{") else line for line in lines)


TASK = {
    *("run_id", "task_id", "display_name", "create_time", "start_time", "end_time", "state"),
    *("state_history", "child_tasks", "execution_id"),
}
"""What the service says of a task at most."""


def told(run: Document) -> Document:
    """A run with no more than the service says."""
    details = run.get("run_details") or {}
    tasks = [
        {name: value for name, value in task.items() if name in TASK and value is not None}
        for task in details.get("task_details", [])
    ]
    nameless = {"run_id": run["run_id"], "task_id": "execution", "execution_id": "7"}
    if tasks:
        tasks.append(nameless)
    return {**run, "run_details": {"task_details": tasks}, "error": None}


def as_doubles(value: Any) -> Any:
    """JSON whose numbers went through `google.protobuf.Value`."""
    if isinstance(value, dict):
        return {name: as_doubles(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_doubles(one) for one in value]
    return int(float(value)) if type(value) is int else value


def known(body: Document, kind: str) -> None:
    for name in body:
        if name not in FIELDS[kind]:
            raise RefusedError(400, f'unknown field "{name}"')


def parse_package(package: bytes) -> Document:
    """The pipeline of a package; a second document says what only Kubernetes needs."""
    try:
        spec, *platform = list(yaml.load_all(package, yaml.CSafeLoader))
        spec["pipelineInfo"]["name"], spec["root"], spec["schemaVersion"]
    except (yaml.YAMLError, ValueError, TypeError, KeyError) as error:
        raise RefusedError(400, "Invalid input error: unknown template format") from error
    if len(platform) > 1 or any("platforms" not in one for one in platform):
        raise RefusedError(400, "Invalid input error: invalid v2 pipeline template")
    return dict(spec)


def check_parameters(spec: Document, given: Document) -> None:
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name in given:
        if name not in declared:
            raise RefusedError(400, f"parameter {name} is not found in the pipeline spec")
    for name, facts in declared.items():
        if name not in given:
            if not facts.get("isOptional"):
                raise RefusedError(400, f"parameter {name} is required")
            continue
        value = given[name]
        kind = facts["parameterType"]
        if not isinstance(value, TYPES[kind]) or (kind != "BOOLEAN" and isinstance(value, bool)):
            raise RefusedError(400, f"parameter {name} is not of type {kind}")


class _Handler(BaseHTTPRequestHandler):
    server: "_Http"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, *args: object) -> None:
        """Nothing: a test's output is its own."""

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.kfp.instead:
            self._send_bytes(*self.server.kfp.instead)
            return
        try:
            answer = self._route(method, body)
        except RefusedError as refused:
            self._send(refused.status, {"code": 0, "message": str(refused), "details": []})
        else:
            self._send(200, answer)

    def _route(self, method: str, body: bytes) -> Document | str:
        kfp = self.server.kfp
        bearer = self.headers.get("Authorization")
        kfp.tokens.append(bearer)
        if kfp.token is not None and bearer != f"Bearer {kfp.token}":
            raise RefusedError(401, "Request not authenticated")
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for verb, pattern, act in _ROUTES:
            if verb == method and (match := re.fullmatch(pattern, parts.path)):
                return act(self, kfp, query, body, *map(unquote, match.groups()))
        raise RefusedError(404, "Not Found")

    def package(self, body: bytes) -> bytes:
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/form-data"):
            raise RefusedError(400, "Failed to read pipeline: not a multipart form")
        message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        for part in message.get_payload():
            if 'name="uploadfile"' in str(part["Content-Disposition"]):  # type: ignore[index]
                return bytes(part.get_payload(decode=True))  # type: ignore[union-attr, arg-type]
        raise RefusedError(400, "Failed to read pipeline: no uploadfile")

    def _send(self, status: int, answer: Document | str) -> None:
        is_text = isinstance(answer, str)
        data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        kind = "text/plain" if is_text else "application/json"
        self._send_bytes(status, {"Content-Type": kind}, data)

    def _send_bytes(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(data))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


_V2 = "/apis/v2beta1"
_ROUTES: list[tuple[str, str, Callable[..., Any]]] = [
    ("GET", f"{_V2}/pipelines", lambda h, k, q, b: {"pipelines": k.list_of("pipelines", q)}),
    ("POST", f"{_V2}/pipelines/upload", lambda h, k, q, b: k.upload_pipeline(q, h.package(b))),
    (
        "POST",
        f"{_V2}/pipelines/upload_version",
        lambda h, k, q, b: k.upload_version(q, h.package(b)),
    ),
    (
        "GET",
        f"{_V2}/pipelines/([^/]+)/versions",
        lambda h, k, q, b, i: {"pipeline_versions": k.list_of("versions", q, pipeline_id=i)},
    ),
    ("GET", f"{_V2}/experiments", lambda h, k, q, b: {"experiments": k.list_of("experiments", q)}),
    ("POST", f"{_V2}/experiments", lambda h, k, q, b: k.create_experiment(json.loads(b))),
    ("POST", f"{_V2}/runs", lambda h, k, q, b: k.create_run(json.loads(b))),
    ("GET", f"{_V2}/runs/([^/]+)", lambda h, k, q, b, i: k.get_run(i)),
    ("POST", f"{_V2}/recurringruns", lambda h, k, q, b: k.create_recurring(json.loads(b))),
    (
        "GET",
        "/apis/v1alpha1/runs/([^/]+)/nodes/([^/]+)/log",
        lambda h, k, q, b, run, node: k.log(run, node),
    ),
    ("GET", "/apis/v1beta1/runs/([^/]+)", lambda h, k, q, b, i: k.old_run(i)),
]


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    kfp: KfpServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that trusts no certificate hangs up."""


@contextmanager
def kfp_server(
    token: str | None = None, certificate: tuple[Path, Path] | None = None
) -> Iterator[KfpServer]:
    """A server on a port of its own until the block ends; by TLS with a certificate and its key."""
    http = _Http(("127.0.0.1", 0), _Handler)
    scheme = "http"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        http.socket = context.wrap_socket(http.socket, server_side=True)
        scheme = "https"
    http.kfp = KfpServer(f"{scheme}://127.0.0.1:{http.server_address[1]}", token)
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield http.kfp
    finally:
        http.shutdown()
        http.server_close()
