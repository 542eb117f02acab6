"""A Hugging Face Hub of one model, small enough to read: what fetching asks for, nothing else."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from components.runtime.digests import file_sha256

COMMIT = "c0ffee" * 6 + "c0ff"
MODEL = "someone/tiny"


@contextmanager
def fake_hub(folder: Path) -> Iterator[str]:
    """Serve the files of `folder` as the model MODEL at COMMIT, which `main` points to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None: ...

        def _answer(self) -> None:
            path = self.path.partition("?")[0].strip("/")
            if not path.removeprefix("api/models/").startswith(MODEL):
                self._send(401, b"{}", {"X-Error-Code": "RepoNotFound"})
            elif COMMIT not in path and not path.endswith((MODEL, "main")):
                self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            elif "/resolve/" in path:
                self._file(folder / path.rpartition("/")[2])
            elif "/tree/" in path:
                self._send(200, json.dumps([_entry(file) for file in _files(folder)]).encode())
            else:
                self._send(200, json.dumps(_facts(folder)).encode())

        def _file(self, file: Path) -> None:
            etag = {"ETag": f'"{file_sha256(file)}"', "X-Repo-Commit": COMMIT}
            self._send(200, file.read_bytes(), etag)

        def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _entry(file: Path) -> dict[str, object]:
    return {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": "0" * 40}


def _facts(folder: Path) -> dict[str, object]:
    return {
        "id": MODEL,
        "sha": COMMIT,
        "cardData": {"license": "mit"},
        "siblings": [{"rfilename": file.name} for file in _files(folder)],
    }
