"""Asks URL for posts all the time, until there is a file /tmp/stop; then says how it went.

It runs in a pod, by itself: it knows nothing but the standard library.
"""

import json
import os
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

URL, ASKERS, PAUSE = os.environ["URL"], int(os.environ["ASKERS"]), float(os.environ["PAUSE"])
PLACE = Path(os.environ.get("PLACE", "/tmp"))
BODY = json.dumps({"prompt": "", "max_tokens": 8}).encode()
BEGUN = time.time()

lock = threading.Lock()
failed: list[tuple[float, str]] = []
versions: dict[str, dict[str, float]] = {}
asked = 0


def ask() -> None:
    global asked
    headers = {"Content-Type": "application/json"}
    while not (PLACE / "stop").exists():
        version, problem = None, None
        try:
            request = urllib.request.Request(URL, BODY, headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                version = answer.headers["x-model-version"]
                answer.read()
        except Exception as error:
            problem = repr(error)
        now = round(time.time() - BEGUN, 2)
        with lock:
            asked += 1
            if problem is not None:
                failed.append((now, problem))
            else:
                seen = versions.setdefault(str(version), {"count": 0, "first": now})
                seen["count"] += 1
                seen["last"] = now
                (PLACE / "begun").touch()
        time.sleep(PAUSE)


threads = [threading.Thread(target=ask) for _ in range(ASKERS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
seconds = round(time.time() - BEGUN, 2)
said: dict[str, Any] = {"asked": asked, "failed": failed, "versions": versions}
print(json.dumps(said | {"seconds": seconds}))
