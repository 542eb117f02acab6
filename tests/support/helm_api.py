"""A stand-in for the Kubernetes API server that helm speaks to: objects, and who owns their fields.

It knows the kinds that the charts make, by server-side apply, create, update and patch.
"""

import copy
import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from support.helm import run_helm
from support.owned_fields import ConflictError, Document, Owned, Owner
from support.protobuf_secrets import MAGIC, secret_of

KINDS = {
    "v1": ("ConfigMap", "Secret", "Service", "ServiceAccount", "Pod"),
    "apps/v1": ("Deployment", "StatefulSet"),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "policy/v1": ("PodDisruptionBudget",),
    "rbac.authorization.k8s.io/v1": ("Role", "RoleBinding"),
}
OBJECTS = re.compile(
    r"/apis?/(?P<group>.*v\d)/namespaces/(?P<namespace>[^/]+)/(?P<plural>[a-z]+)(/(?P<name>[^/]+))?"
)
Key = tuple[str, str, str]
"""Namespace, kind and name."""


def plural(kind: str) -> str:
    return re.sub("y$", "ie", kind.lower()) + "s"


class HelmApi:
    """The server, and what a test does to its objects."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.objects: dict[Key, Owned] = {}
        self.lock = threading.RLock()

    def helm(self, major: str, verb: str, *words: str, namespace: str = "personas") -> str:
        """What `helm VERB …` says, on this server.

        Raises:
            AssertionError: it failed; with what it said.
        """
        place = ("--kubeconfig", str(self.kubeconfig), "--namespace", namespace)
        more = () if verb == "uninstall" else ("--disable-openapi-validation",)
        done = run_helm(major, verb, *words, *place, *more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def get(self, kind: str, name: str, namespace: str = "personas") -> Document | None:
        owned = self.objects.get((namespace, kind, name))
        return owned.shown() if owned else None

    def create(self, document: Document, manager: str = "kubectl-create") -> None:
        """Make an object that no release knows."""
        metadata = document["metadata"]
        key = (metadata["namespace"], document["kind"], metadata["name"])
        self.write(key, Owner(manager, "Update"), document)

    def scale(self, name: str, pods: int, manager: str = "kube-controller-manager") -> None:
        """Set the number of a Deployment's pods as an autoscaler does."""
        key = ("personas", "Deployment", name)
        wanted = copy.deepcopy(self.objects[key].document)
        wanted["spec"]["replicas"] = pods
        self.write(key, Owner(manager, "Update", "scale"), wanted)

    def write(self, key: Key, owner: Owner, wanted: Document) -> Document:
        with self.lock:
            metadata = {"namespace": key[0], "name": key[2], "uid": str(uuid.uuid4())}
            found = self.objects.get(key)
            if found is None:
                base = {one: wanted[one] for one in ("apiVersion", "kind")}
                found = self.objects[key] = Owned(base | {"metadata": metadata})
            found.update(owner, wanted | {"metadata": metadata | wanted["metadata"]})
            return self._finished(found)

    def apply(self, key: Key, owner: Owner, wanted: Document, *, force: bool) -> Document:
        with self.lock:
            found = self.objects.get(key)
            if found is None:
                base = {one: wanted[one] for one in ("apiVersion", "kind")}
                found = Owned(base | {"metadata": {"uid": str(uuid.uuid4())}})
            found.apply(owner, wanted, force=force)
            self.objects[key] = found
            return self._finished(found)

    def _finished(self, found: Owned) -> Document:
        """What the server adds by itself: nobody owns a default."""
        if found.document["kind"] == "Deployment":
            found.document["spec"].setdefault("replicas", 1)
        return found.shown()


class _Handler(BaseHTTPRequestHandler):
    server: "_Http"
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Nothing: a test's output is its own."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        match = OBJECTS.fullmatch(parts.path)
        if not match:
            found = discovery(parts.path)
            return self._send(200, found) if found else self._missing()
        if match["name"]:
            owned = self.server.api.objects.get(self._key(match))
            return self._send(200, owned.shown()) if owned else self._missing()
        return self._send(200, self._listed(match, dict(parse_qsl(parts.query))))

    def do_POST(self) -> None:
        match, body = self._asked()
        key = (match["namespace"], body["kind"], body["metadata"]["name"])
        if key in self.server.api.objects:
            return self._refuse(409, "AlreadyExists", f"{key[2]} already exists")
        return self._send(201, self.server.api.write(key, self._owner(), body))

    def do_PUT(self) -> None:
        match, body = self._asked()
        self._send(200, self.server.api.write(self._key(match), self._owner(), body))

    def do_PATCH(self) -> None:
        match, body = self._asked()
        key, query = self._key(match), dict(parse_qsl(urlsplit(self.path).query))
        if "apply-patch" not in self.headers["Content-Type"]:
            now = self.server.api.objects[key].document
            return self._send(200, self.server.api.write(key, self._owner(), merged(now, body)))
        owner = Owner(query["fieldManager"], "Apply")
        try:
            force = query.get("force") == "true"
            return self._send(200, self.server.api.apply(key, owner, body, force=force))
        except ConflictError as conflict:
            return self._refuse(409, "Conflict", str(conflict))

    def do_DELETE(self) -> None:
        match, _ = self._asked()
        found = self.server.api.objects.pop(self._key(match), None)
        return self._send(200, found.document) if found else self._missing()

    def _asked(self) -> tuple[re.Match[str], Document]:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match = OBJECTS.fullmatch(urlsplit(self.path).path)
        assert match, self.path
        if self.command == "DELETE":  # how it is to be deleted is of no interest
            return match, {}
        if body.startswith(MAGIC):
            return match, secret_of(body)
        return match, yaml.load(body, yaml.CSafeLoader) if body else {}

    def _key(self, match: re.Match[str]) -> Key:
        return match["namespace"], kind_of(match["plural"]), match["name"]

    def _owner(self) -> Owner:
        return Owner(self.headers["User-Agent"].partition("/")[0].lower(), "Update")

    def _listed(self, match: re.Match[str], query: dict[str, str]) -> Document:
        kind, wanted = kind_of(match["plural"]), query.get("labelSelector", "")
        labels = dict(one.split("=") for one in wanted.split(",") if "=" in one)
        found = [
            owned.shown()
            for key, owned in self.server.api.objects.items()
            if key[:2] == (match["namespace"], kind)
            and labels.items() <= owned.document["metadata"].get("labels", {}).items()
        ]
        version = match["group"]
        return {"apiVersion": version, "kind": f"{kind}List", "metadata": {}, "items": found}

    def _missing(self) -> None:
        self._refuse(404, "NotFound", f"{self.path} not found")

    def _refuse(self, status: int, reason: str, message: str) -> None:
        said = {"status": "Failure", "message": message, "reason": reason, "code": status}
        self._send(status, {"kind": "Status", "apiVersion": "v1", "metadata": {}, **said})

    def _send(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Http(ThreadingHTTPServer):
    api: HelmApi


def kind_of(name: str) -> str:
    return next(kind for kinds in KINDS.values() for kind in kinds if plural(kind) == name)


def merged(now: Any, patch: Any) -> Any:
    """A JSON merge patch applied; a strategic one that merges lists is more than this knows."""
    if not isinstance(patch, dict):
        assert not isinstance(patch, list), f"a patch of a list: {patch}"
        return patch
    assert not any(key.startswith("$") for key in patch), patch
    result = dict(now) if isinstance(now, dict) else {}
    for key, value in patch.items():
        result[key] = merged(result.get(key), value)
        if value is None:
            del result[key]
    return result


def discovery(path: str) -> Document | None:
    """What the server says of itself and of its kinds."""
    groups = [version for version in KINDS if "/" in version]
    if path == "/version":
        return {"major": "1", "minor": "34", "gitVersion": "v1.34.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(map(_group, groups))}
    version = path.removeprefix("/apis/").removeprefix("/api/")
    if version not in KINDS:
        return None
    resources = [
        {
            "name": plural(kind),
            "singularName": kind.lower(),
            "kind": kind,
            "namespaced": True,
            "verbs": ["create", "delete", "get", "list", "patch", "update"],
        }
        for kind in KINDS[version]
    ]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


def _group(version: str) -> Document:
    group, _, number = version.partition("/")
    one = {"groupVersion": version, "version": number}
    return {"name": group, "versions": [one], "preferredVersion": one}


@contextmanager
def helm_api(folder: Path) -> Iterator[HelmApi]:
    """The server while the block runs; `folder` gets a kubeconfig that names it."""
    server = _Http(("127.0.0.1", 0), _Handler)
    kubeconfig = folder / "kubeconfig"
    url = f"http://127.0.0.1:{server.server_port}"
    kubeconfig.write_text(yaml.safe_dump(_config(url)))
    api = server.api = HelmApi(kubeconfig)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()


def _config(url: str) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": url}}],
        "users": [{"name": "me", "user": {}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    }
