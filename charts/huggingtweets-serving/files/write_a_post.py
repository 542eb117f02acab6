"""Has the serving write a post: what `helm test` runs, in a pod of its own.

NetworkPolicies know a new pod only after a moment, and till then it is refused: connections that
do not come about are tried again for a minute. What the server answers is final.
"""

import json
import os
import time
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

CONNECT_SECONDS, ANSWER_SECONDS = 5, 60
UNTIL = time.monotonic() + float(os.environ.get("WAIT_SECONDS", "60"))
OK = 200


def connected(host: str, port: int) -> HTTPConnection:
    """A connection, as soon as there is one."""
    while True:
        connection = HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
        except OSError as error:  # refused, unreachable, timed out, or a name not yet known
            if time.monotonic() > UNTIL:
                raise SystemExit(f"{host}:{port} cannot be reached: {error}") from None
            print(f"{host}:{port} cannot be reached yet: {error}", flush=True)
            time.sleep(1)
        else:
            connection.sock.settimeout(ANSWER_SECONDS)
            return connection


def ask(path: str, body: dict[str, Any] | None = None) -> Any:
    """The JSON that the server answers with."""
    place = urlsplit(os.environ["BASE"])
    headers = {"Content-Type": "application/json"}
    if token := os.environ.get("TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    connection = connected(place.hostname or "", place.port or 80)
    connection.request("POST" if body else "GET", path, json.dumps(body) if body else "", headers)
    answer = connection.getresponse()
    said = answer.read().decode()
    if answer.status != OK:
        raise SystemExit(f"{path} answers {answer.status}: {said}")
    return json.loads(said)


persona = os.environ.get("PERSONA")
if not persona:
    served = ask("/v1/models")["data"]
    if not served:
        raise SystemExit("no persona is served: none of the registry has a production version")
    persona = served[0]["id"]
written = ask(f"/predictions/{persona}", {"prompt": "My dream is", "max_tokens": 40})
print("My dream is" + written["generations"][0]["text"])
if written["ai_generated"] is not True:
    raise SystemExit(f"it does not say that a model wrote it: {written}")
