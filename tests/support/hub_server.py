"""A Hugging Face Hub that models are pushed to: it speaks what the client says, and refuses what
the real one refuses.

The client needs `HF_ENDPOINT` and `HF_HUB_DISABLE_XET=1`: Xet's own protocol is not spoken here.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import yaml

TOKEN = "hf_made_up_token"
LICENSES = frozenset({"apache-2.0", "mit", "gpl-3.0", "llama3.2", "unknown", "other"})
RELATIONS = frozenset({"adapter", "merge", "quantized", "finetune"})
LARGE = (".safetensors", ".gguf", ".png", ".jpg")
BASE = r"/(?P<repo>[\w.-]+/[\w.-]+)"
API = "/api/models" + BASE


class Blob(NamedTuple):
    """One file of a repository; a large one lies elsewhere and is named by its SHA-256."""

    data: bytes
    sha256: str | None = None

    @property
    def oid(self) -> str:
        return hashlib.sha1(b"blob %d\0" % len(self.data) + self.data).hexdigest()


class Commit(NamedTuple):
    """One commit on `main`."""

    oid: str
    author: str
    title: str
    files: Mapping[str, Blob]


@dataclass
class Repository:
    """A model's repository."""

    private: bool
    commits: list[Commit] = field(default_factory=list)

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def commit(self, author: str, title: str, files: Mapping[str, Blob]) -> Commit:
        """On top of the head; `files` are all that it holds."""
        said = f"{len(self.commits)} {author} {title} {sorted(files)}"
        made = Commit(hashlib.sha1(said.encode()).hexdigest(), author, title, dict(files))
        self.commits.append(made)
        return made

    def change(self, author: str, title: str, **files: str) -> Commit:
        """What a person does on the Hub's pages; `README_md` is README.md."""
        changed = {name.replace("_md", ".md"): Blob(text.encode()) for name, text in files.items()}
        return self.commit(author, title, {**self.head.files, **changed})


class Answer(NamedTuple):
    """What the server says."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = {}


class Fault(NamedTuple):
    """An answer in place of the right one, so many times, to requests whose line matches."""

    line: str
    answer: Answer
    times: int = 1


class Request(NamedTuple):
    """What was asked."""

    line: str
    """`POST /api/repos/create`, without what follows a '?'."""
    token: str | None
    body: bytes


@dataclass
class HubServer:
    """Its repositories, what it was asked, and what it is told to do wrong."""

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    tokens: dict[str, set[str]] = field(default_factory=lambda: {TOKEN: {"jane"}})
    """The owners that each token may write for."""
    large_files: dict[str, bytes] = field(default_factory=dict)
    verified: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    """What repositories are called now, by their old names."""
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What happens, once, just before a request whose line matches is answered."""
    regular_limit: int = 10_000_000
    """Bytes: what is larger must go the way of large files."""
    always_regular: bool = False
    """Whether it wrongly asks for every file as a regular one."""

    def asked(self, pattern: str) -> list[Request]:
        """The requests whose line matches."""
        return [request for request in self.requests if re.search(pattern, request.line)]

    def answer(self, request: Request) -> Answer:
        """What it says to a request."""
        self.requests.append(request)
        for pattern in [one for one in self.before if re.search(one, request.line)]:
            self.before.pop(pattern)()
        for number, fault in enumerate(self.faults):
            if fault.times and re.search(fault.line, request.line):
                self.faults[number] = fault._replace(times=fault.times - 1)
                return fault.answer
        if request.line.startswith("PUT /upload/"):
            return self._take(request)  # its address is the permission
        if request.line == "GET /api/agent-harnesses":
            return Answer(200, {})  # whoever asks
        if request.token not in self.tokens:
            return Answer(
                401,
                {"error": "Invalid username or password."},
                {"X-Error-Message": "Invalid credentials in Authorization header"},
            )
        for pattern, handle in _ROUTES.items():
            if match := re.fullmatch(pattern, request.line):
                return handle(self, request, **match.groupdict())
        return Answer(404, {"error": "Sorry, we can't find the page you are looking for."})

    def _may_write(self, request: Request, owner: str) -> bool:
        return owner in self.tokens[request.token or ""]

    def _found(self, repo: str, request: Request) -> Repository | None:
        """The repository, if the token may see it."""
        found = self.repositories.get(repo)
        visible = found and (not found.private or self._may_write(request, repo.split("/")[0]))
        return found if visible else None

    def create(self, request: Request) -> Answer:
        asked = json.loads(request.body)
        repo = f"{asked['organization']}/{asked['name']}"
        if not self._may_write(request, asked["organization"]):
            said = f'You don\'t have the rights to create a model under "{asked["organization"]}"'
            return Answer(403, {"error": said})
        if repo in self.repositories:
            said = "You already created this model repo"
            return Answer(409, {"error": said, "url": f"{self.url}/{repo}"})
        made = Repository(
            private=asked.get("visibility") == "private" or bool(asked.get("private"))
        )
        made.commit("system", "initial commit", {".gitattributes": Blob(b"* text=auto\n")})
        self.repositories[repo] = made
        return Answer(200, {"url": f"{self.url}/{repo}", "name": repo})

    def validate(self, request: Request) -> Answer:
        wrong = problems(json.loads(request.body)["content"])
        body = {"errors": [{"message": one} for one in wrong], "warnings": []}
        return Answer(400 if wrong else 200, body)

    def info(self, request: Request, repo: str, revision: str | None = None) -> Answer:
        if (found := self._found(repo, request)) is None:
            return _no_repository()
        files = [_sibling(path, blob) for path, blob in found.head.files.items()]
        name = self.renamed.get(repo, repo)
        body = {"id": name, "sha": found.head.oid, "private": found.private, "siblings": files}
        return Answer(200, body)

    def commits(self, request: Request, repo: str) -> Answer:
        if (found := self._found(repo, request)) is None:
            return _no_repository()
        when = datetime(2026, 11, 20, 12, 30, tzinfo=UTC).isoformat().replace("+00:00", ".000Z")
        listed = [
            {
                "id": one.oid,
                "title": one.title,
                "message": "",
                "authors": [{"user": one.author}],
                "date": when,
            }
            for one in reversed(found.commits)
        ]
        return Answer(200, listed)

    def resolve(self, request: Request, repo: str, revision: str, path: str) -> Answer:
        found = self._found(repo, request)
        files = next((c.files for c in found.commits if c.oid == revision), {}) if found else {}
        return Answer(200, files[path].data) if path in files else _no_repository()

    def preupload(self, request: Request, repo: str) -> Answer:
        if (found := self._found(repo, request)) is None:
            return _no_repository()
        if not self._may_write(request, repo.split("/")[0]):
            return Answer(403, {"error": "Forbidden: pass `create_pr=1` as a query parameter"})
        asked = json.loads(request.body)["files"]
        if len(asked) > 256:
            return Answer(413, {"error": "too many files"})
        return Answer(200, {"files": [self._mode(found, one) for one in asked]})

    def _mode(self, found: Repository, asked: Mapping[str, Any]) -> dict[str, Any]:
        there = found.head.files.get(asked["path"])
        large = asked["path"].endswith(LARGE) or asked["size"] > self.regular_limit
        return {
            "path": asked["path"],
            "uploadMode": "lfs" if large and not self.always_regular else "regular",
            "shouldIgnore": False,
            "oid": there and (there.sha256 or there.oid),
        }

    def batch(self, request: Request, repo: str) -> Answer:
        if self._found(repo, request) is None:
            return _no_repository()
        asked = json.loads(request.body)
        return Answer(200, {"transfer": "basic", "objects": [*map(self._place, asked["objects"])]})

    def _place(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked["oid"] in self.verified:
            return dict(asked)
        upload = {"href": f"{self.url}/upload/{asked['oid']}?X-Amz-Signature=made-up-signature"}
        return {
            **asked,
            "actions": {"upload": upload, "verify": {"href": f"{self.url}/api/verify"}},
        }

    def _take(self, request: Request) -> Answer:
        oid = request.line.rpartition("/")[2]
        if request.token:
            return Answer(400, {"error": "Only one auth mechanism allowed"})
        if hashlib.sha256(request.body).hexdigest() != oid:
            return Answer(400, {"error": "the content is not what its SHA-256 says"})
        self.large_files[oid] = request.body
        return Answer(200)

    def verify(self, request: Request) -> Answer:
        asked = json.loads(request.body)
        if len(self.large_files.get(asked["oid"], b"")) != asked["size"]:
            return Answer(422, {"error": "the size is not what was uploaded"})
        self.verified.add(asked["oid"])
        return Answer(200)

    def commit(self, request: Request, repo: str) -> Answer:
        if (found := self._found(repo, request)) is None:
            return _no_repository()
        header, *lines = [json.loads(line) for line in request.body.splitlines()]
        parent = header["value"].get("parentCommit")
        if parent and not found.head.oid.startswith(parent):
            said = "A commit has happened since. Please refresh and try again."
            return Answer(412, {"error": said})
        files = dict(found.head.files)
        for line in lines:
            if (refusal := self._apply(files, line["key"], line["value"])) is not None:
                return refusal
        made = found.commit("jane", header["value"]["summary"], files)
        return Answer(200, {"commitUrl": f"{self.url}/{repo}/commit/{made.oid}",
                            "commitOid": made.oid})  # fmt: skip

    def _apply(self, files: dict[str, Blob], key: str, value: Mapping[str, Any]) -> Answer | None:
        """Do what one line of a commit says, or say why not."""
        if key == "deletedFile":
            if files.pop(value["path"], None) is None:
                return Answer(404, {"error": "A file with this name doesn't exist"})
        elif key == "file":
            data = base64.b64decode(value["content"])
            if len(data) > self.regular_limit:
                return Answer(400, {"error": f"{value['path']} is too large: use git-lfs"})
            wrong = problems(data.decode()) if value["path"] == "README.md" else []
            if wrong:
                return Answer(400, {"error": f"Invalid metadata in README.md: {wrong[0]}"})
            files[value["path"]] = Blob(data)
        elif key == "lfsFile":
            stored = self.large_files.get(value["oid"])
            if stored is None or len(stored) != value["size"]:
                return Answer(400, {"error": f"LFS pointer of {value['path']} points nowhere"})
            files[value["path"]] = Blob(stored, value["oid"])
        else:
            return Answer(400, {"error": f"unknown operation {key}"})
        return None

    def settings(self, request: Request, repo: str) -> Answer:
        if (found := self._found(repo, request)) is None:
            return _no_repository()
        asked = json.loads(request.body)
        found.private = asked.get("visibility", "") == "private" or bool(asked.get("private"))
        return Answer(200, {"private": found.private})


_ROUTES: dict[str, Callable[..., Answer]] = {
    "POST /api/repos/create": HubServer.create,
    "POST /api/validate-yaml": HubServer.validate,
    f"GET {API}": HubServer.info,
    f"GET {API}/revision/(?P<revision>main)": HubServer.info,
    f"GET {API}/commits/main": HubServer.commits,
    rf"GET {BASE}/resolve/(?P<revision>\w+)/(?P<path>[\w.-]+)": HubServer.resolve,
    f"POST {API}/preupload/main": HubServer.preupload,
    rf"POST {BASE}\.git/info/lfs/objects/batch": HubServer.batch,
    "POST /api/verify": HubServer.verify,
    f"POST {API}/commit/main": HubServer.commit,
    f"PUT {API}/settings": HubServer.settings,
}


def problems(card: str) -> list[str]:
    """What is wrong with a card's metadata, as the Hub's own check says it."""
    match = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    try:
        data = yaml.safe_load(match[1]) if match else {}
    except yaml.YAMLError as error:
        return [f"YAML: {error}"]
    wrong = []
    if data.get("license", "unknown") not in LICENSES:
        wrong.append(f'"license" must be one of {sorted(LICENSES)}')
    if data.get("base_model_relation", "finetune") not in RELATIONS:
        wrong.append(f'"base_model_relation" must be one of {sorted(RELATIONS)}')
    if not re.match(r"https?://", data.get("thumbnail", "https://")):
        wrong.append('"thumbnail" must be a URL')
    languages = data.get("language", [])
    if not all(re.fullmatch(r"[a-z]{2,3}(-\w+)?|code|multilingual", one) for one in languages):
        wrong.append('"language" must only contain lowercase ISO 639 codes')
    return wrong


def _sibling(path: str, blob: Blob) -> dict[str, Any]:
    lfs = {"sha256": blob.sha256, "size": len(blob.data), "pointerSize": 134}
    return {
        "rfilename": path,
        "size": len(blob.data),
        "blobId": blob.oid,
        **({"lfs": lfs} if blob.sha256 else {}),
    }


def _no_repository() -> Answer:
    return Answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """Run one, with the account of jane and her token, until the block ends."""
    hub = HubServer()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_PUT(self) -> None:
            self._serve()

        def _serve(self) -> None:
            line = f"{self.command} {self.path.partition('?')[0]}"
            token = (self.headers["Authorization"] or "").removeprefix("Bearer ") or None
            request = Request(line, token, self._body())
            with lock:
                answer = hub.answer(request)
            body = answer.body
            if not isinstance(body, bytes):
                body = b"" if body is None else json.dumps(body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _body(self) -> bytes:
            if self.headers["Transfer-Encoding"] == "chunked":
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            return self.rfile.read(int(self.headers["Content-Length"] or 0))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
