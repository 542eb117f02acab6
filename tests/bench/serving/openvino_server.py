"""The peer's server: OpenVINO GenAI's continuous batching behind the thinnest HTTP there is.

`python openvino_server.py MODEL.gguf PORT`. A POST of `{prompt, n, max_tokens, top_p}` is answered
with a line for each step in which tokens came: how many. With top_p 0 the line is the greedy text.
It does less than a real server: no text is put together while it is written.
"""

import itertools
import json
import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openvino_genai

CACHE_GB = 1
ROWS = 320


class Engine:
    """Steps the pipeline in a thread of its own, and hands on what each request got."""

    def __init__(self, model: str) -> None:
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.cache_size, scheduler.max_num_seqs = CACHE_GB, ROWS
        self._pipeline = openvino_genai.ContinuousBatchingPipeline(model, scheduler, "CPU")
        self._tokenizer = self._pipeline.get_tokenizer()
        self._numbers = itertools.count()
        self._new: queue.Queue[tuple[object, str, queue.Queue[list[int]]]] = queue.Queue()
        self._running: list[tuple[object, queue.Queue[list[int]]]] = []
        threading.Thread(target=self._run, daemon=True).start()

    def ask(self, prompt: str, n: int, tokens: int, top_p: float) -> queue.Queue[list[int]]:
        """A queue of the ids that come, an empty list at the end."""
        config = openvino_genai.GenerationConfig(
            max_new_tokens=tokens, ignore_eos=True, apply_chat_template=False
        )
        if top_p:
            config.do_sample, config.top_p, config.temperature = True, top_p, 1.0
            config.num_return_sequences = n
        came: queue.Queue[list[int]] = queue.Queue()
        self._new.put((config, prompt, came))
        return came

    def text(self, ids: list[int]) -> str:
        """What the ids say."""
        return str(self._tokenizer.decode(ids))

    def _run(self) -> None:
        while True:
            while not self._running or not self._new.empty():
                config, prompt, came = self._new.get()
                handle = self._pipeline.add_request(next(self._numbers), prompt, config)
                self._running.append((handle, came))
            self._pipeline.step()
            self._running = [pair for pair in self._running if _goes_on(*pair)]


def _goes_on(handle: object, came: queue.Queue[list[int]]) -> bool:
    if handle.can_read():
        came.put([i for output in handle.read().values() for i in output.generated_ids])
    if str(handle.get_status()).endswith("RUNNING"):
        return True
    came.put([])
    return False


class Handler(BaseHTTPRequestHandler):
    """Answers one request at a time on its connection."""

    protocol_version = "HTTP/1.1"
    engine: Engine

    def do_POST(self) -> None:
        """Stream the counts."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        came = self.engine.ask(body["prompt"], body["n"], body["max_tokens"], body["top_p"])
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        every = []
        while ids := came.get():
            every += ids
            if body["top_p"]:
                self._send(str(len(ids)))
        if not body["top_p"]:
            self._send(json.dumps(self.engine.text(every)))
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, line: str) -> None:
        data = f"{line}\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Takes many connections at once."""

    request_queue_size = 1000


if __name__ == "__main__":
    Handler.engine = Engine(sys.argv[1])
    Server(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
