#!/usr/bin/env bash
# google-cloud-storage 3.17.1: a client asks for the bucket, too, where only objects are asked for.
#
# What it is told is meant for OpenTelemetry's spans, but it asks where no tracing is on: in a thread and over
# a connection of its own, at a client's first download, and again after the 404 of an object. Who counts
# requests or breaks connections in a test meets it, and a key that may read objects only gets a 403 more.
# With DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA=true it asks for neither.
#
# Seen: "there, disabled=false: /download/storage/v1/b/finding/o/there /storage/v1/b/finding", the same for
# "missing", and with disabled=true the object alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check google-cloud-storage==3.17.1
env -u ENABLE_GCS_PYTHON_CLIENT_OTEL_TRACES "$folder/venv/bin/python" - <<'PYTHON'
import json
import os
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

asked = []


class Store(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        asked.append(path)
        self.send_response(404 if path.endswith("missing") else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"name": "finding"}).encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = {"api_endpoint": f"http://127.0.0.1:{server.server_port}"}
before = threading.enumerate()


def seen(bucket, name):
    """What is asked for when an object is downloaded, here and in threads."""
    asked.clear()
    with suppress(NotFound):
        bucket.blob(name).download_as_bytes()
    while threads := [one for one in threading.enumerate() if one not in before]:
        for one in threads:
            one.join()
    return sorted(asked)


def check(disabled, *and_more):
    os.environ["DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"] = disabled
    bucket = Client("p", AnonymousCredentials(), client_options=address).bucket("finding")
    for name in ("there", "missing"):
        print(f"{name}, disabled={disabled}:", *(found := seen(bucket, name)))
        assert found == [f"/download/storage/v1/b/finding/o/{name}", *and_more], "it is otherwise now"


check("false", "/storage/v1/b/finding")
check("true")
PYTHON
