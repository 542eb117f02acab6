"""A stand-in for the Kubernetes API server: pods, read, watched and written; TrainJobs.

It refuses what the real one refuses: a missing or wrong token, a verb that no role gives, a
selector that is none, an unknown field of an object or of a query, a write over a newer object, and
a watch from a resourceVersion that is too old, or from the future.
"""

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from support.kubernetes_api_state import GONE, USER, Change, Document, State
from support.kubernetes_errors import RefusedError

PODS = re.compile(
    r"/api/v1/namespaces/(?P<namespace>[^/]+)/pods(?:/(?P<name>[^/]+)(?P<log>/log)?)?"
)
TRAINJOBS = re.compile(
    r"/apis/trainer\.kubeflow\.org/v1alpha1/namespaces/(?P<namespace>[^/]+)/trainjobs"
    r"(?:/(?P<name>[^/]+))?"
)
QUERY = {
    *("labelSelector", "resourceVersion", "watch", "allowWatchBookmarks", "timeoutSeconds"),
    *("fieldValidation", "pretty", "propagationPolicy", "container", "previous", "tailLines"),
}
REQUIREMENT = re.compile(r"(?P<key>[\w./-]+)(?:(?P<not>!?)={1,2}(?P<value>[\w.-]*))?", re.ASCII)

Matches = Callable[[Document | None], bool]


def selected_by(selector: str) -> Matches:
    """What a selector of labels lets through."""
    wanted = []
    for text in filter(None, selector.split(",")):
        match = REQUIREMENT.fullmatch(text.strip())
        if not match:
            raise RefusedError(
                400, "BadRequest", f"unable to parse requirement: found '{text}', expected: '='"
            )
        wanted.append(match)

    def matches(document: Document | None) -> bool:
        labels = document["metadata"].get("labels", {}) if document else {}
        return document is not None and all(_holds(match, labels) for match in wanted)

    return matches


def _holds(match: re.Match[str], labels: Mapping[str, str]) -> bool:
    if match["value"] is None:
        return match["key"] in labels
    return (labels.get(match["key"]) == match["value"]) != bool(match["not"])


class _Handler(BaseHTTPRequestHandler):
    server: "_Http"
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Nothing: a test's output is its own."""

    def do_GET(self) -> None:
        self._answer("get")

    def do_POST(self) -> None:
        self._answer("create")

    def do_PUT(self) -> None:
        self._answer("update")

    def do_DELETE(self) -> None:
        self._answer("delete")

    def _answer(self, verb: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            document = self._done(verb, body)
        except RefusedError as refused:
            self._send(refused.status, refused.document())
        else:
            if document is not None:
                self._send(201 if verb == "create" else 200, document)

    def _done(self, verb: str, body: bytes) -> Document | None:
        """What was asked for; None where it was a watch, which is over then."""
        state = self.server.state
        state.requests.append(f"{self.command} {self.path}")
        if self.headers.get("Authorization", "").lower() != f"bearer {state.token}":
            raise RefusedError(401, "Unauthorized", "Unauthorized")
        if state.failures:
            raise RefusedError(state.failures.pop(0), "InternalError", "etcdserver: no leader")
        parts = urlsplit(self.path)
        match = PODS.fullmatch(parts.path)
        job = TRAINJOBS.fullmatch(parts.path)
        if not match and not job:
            raise RefusedError(404, "NotFound", "the server could not find the requested resource")
        query = dict(parse_qsl(parts.query))
        if unknown := set(query) - QUERY:
            raise RefusedError(400, "BadRequest", f"unknown query parameter {min(unknown)}")
        if job:
            self._permit(verb, job["namespace"], "trainjobs", "trainer.kubeflow.org")
            return self._do_job(verb, job["namespace"], job["name"], body)
        assert match
        namespace, name = match["namespace"], match["name"]
        if match["log"]:
            self._permit(verb, namespace, "pods/log")
            self._send_text(state.log(namespace, name, query))
            return None
        if verb == "get" and name is None:
            verb = "watch" if query.get("watch") in ("1", "true", "True") else "list"
        self._permit(verb, namespace)
        if verb == "watch":
            self._watch(namespace, query)
            return None
        return self._do(verb, namespace, name, query, body)

    def _permit(self, verb: str, namespace: str, resource: str = "pods", group: str = "") -> None:
        asked = verb if resource == "pods" else f"{verb} {resource}"
        if asked in self.server.state.forbidden:
            raise RefusedError(
                403,
                "Forbidden",
                f'{resource} is forbidden: User "{USER}" cannot {verb} resource "{resource}" in '
                f'API group "{group}" in the namespace "{namespace}"',
            )

    def _do_job(self, verb: str, namespace: str, name: str | None, body: bytes) -> Document:
        state = self.server.state
        if verb == "create":
            return state.create_trainjob(namespace, json.loads(body))
        if name is None or verb == "update":
            raise RefusedError(405, "MethodNotAllowed", "the stand-in knows no such request")
        act = state.delete_trainjob if verb == "delete" else state.get_trainjob
        return act(namespace, name)

    def _do(
        self, verb: str, namespace: str, name: str | None, query: Document, body: bytes
    ) -> Document:
        state = self.server.state
        if verb == "list":
            return self._list(namespace, query)
        if verb == "create":
            return state.create(namespace, json.loads(body))
        assert name is not None
        if verb == "update":
            return state.replace(namespace, name, json.loads(body))
        return state.delete(namespace, name) if verb == "delete" else state.get(namespace, name)

    def _list(self, namespace: str, query: Document) -> Document:
        state = self.server.state
        matches = selected_by(query.get("labelSelector", ""))
        _known_version(query, state)
        with state.changed:
            items = [pod for key, pod in state.pods.items() if key[0] == namespace and matches(pod)]
            metadata = {"resourceVersion": str(state.version)}
        return {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}

    def _watch(self, namespace: str, query: Document) -> None:
        state = self.server.state
        matches = selected_by(query.get("labelSelector", ""))
        begin = _known_version(query, state)
        told = state.bookmarks, state.cut  # what comes once the client sees the headers counts
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if begin < state.oldest:
            self._event("ERROR", GONE.document())
        else:
            if (
                query.get("resourceVersion", "0") == "0"
            ):  # a watch from anywhere begins with what is
                for pod in self._list(namespace, query)["items"]:
                    self._event("ADDED", pod)
            ends = time.monotonic() + float(query.get("timeoutSeconds", 1800))
            hears = query.get("allowWatchBookmarks") in ("true", "True")
            if not self._follow(namespace, matches, begin, ends, told, hears=hears):
                self.close_connection = True  # torn off: the last chunk is never sent
                return
        self.wfile.write(b"0\r\n\r\n")

    def _follow(
        self,
        namespace: str,
        matches: Matches,
        version: int,
        ends: float,
        told: tuple[int, int],
        *,
        hears: bool,
    ) -> bool:
        """Send what changes; whether the watch came to its end."""
        state = self.server.state
        bookmarks, cut = told
        while time.monotonic() < ends and not self.server.ending:
            with state.changed:
                changes = [change for change in state.changes if change.version > version]
                newest, marked, torn = state.version, state.bookmarks, state.cut
                if not changes and marked == bookmarks and torn == cut:
                    state.changed.wait(0.05)
                    continue
            if torn != cut:
                return False
            for change in changes:
                self._change(namespace, matches, change)
                version = change.version
            if marked != bookmarks and hears:
                metadata = {"resourceVersion": str(newest)}
                self._event("BOOKMARK", {"kind": "Pod", "apiVersion": "v1", "metadata": metadata})
            bookmarks = marked
        return True

    def _change(self, namespace: str, matches: Matches, change: Change) -> None:
        """One change as this watcher sees it: what stops to match is gone."""
        document = dict(change.after or change.before or {})
        if document["metadata"]["namespace"] != namespace:
            return
        before, after = matches(change.before), matches(change.after)
        if before or after:
            kind = "MODIFIED" if before and after else "ADDED" if after else "DELETED"
            document["metadata"] = document["metadata"] | {"resourceVersion": str(change.version)}
            self._event(kind, document)

    def _event(self, kind: str, document: Document) -> None:
        data = json.dumps({"type": kind, "object": document}).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _send_text(self, text: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send(self, status: int, document: Document) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _known_version(query: Document, state: State) -> int:
    text = query.get("resourceVersion", "0")
    if not text.isdecimal():
        raise RefusedError(400, "Invalid", f'Invalid value: "{text}": invalid resource version')
    if int(text) > state.version:
        raise RefusedError(504, "Timeout", f"Too large resource version: {text}")
    return int(text) or state.version


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    state: State
    ending = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class KubernetesApi:
    """The running server."""

    def __init__(self, http: _Http, scheme: str) -> None:
        self.state, self.port = http.state, int(http.server_address[1])
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def kubeconfig(
        self, folder: Path, *, token: str | None = None, namespace: str = "serving"
    ) -> str:
        """A file for KUBECONFIG, with the server's token or another one."""
        user = {"token": self.state.token if token is None else token}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": self.url}}],
            "users": [{"name": "deploy", "user": user}],
            "contexts": [
                {
                    "name": "here",
                    "context": {"cluster": "here", "user": "deploy", "namespace": namespace},
                }
            ],
        }
        file = folder / "kubeconfig"
        file.write_text(yaml.safe_dump(config))
        return str(file)


@contextmanager
def kubernetes_api(tls: ssl.SSLContext | None = None) -> Iterator[KubernetesApi]:
    """A server on a port of its own until the block ends."""
    http = _Http(("127.0.0.1", 0), _Handler)
    http.state = State()
    if tls:
        http.socket = tls.wrap_socket(http.socket, server_side=True)
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield KubernetesApi(http, "https" if tls else "http")
    finally:
        http.ending = True
        http.shutdown()
        http.server_close()
