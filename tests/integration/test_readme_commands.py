"""What the READMEs tell people to type is typed here, on a tiny model and the sample archive."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from support.hub_server import TOKEN, hub_server
from support.processes import free_ports, running
from support.tiny_models import make_tiny_model

from components.collect.sample.build import build_archive
from components.fetch.bundled import conversion_in

ROOT = Path(__file__).parents[2]
ANY = "conditions: [{name: any, measure: memorisation.generated.exact, at_most: 1}]"
SWEEP = "method: grid\nparameters: {learning_rate: {values: [1e-4, 1e-3]}}"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    readme = (ROOT / "README.md").read_text()
    return [text.strip() for kind, text in BLOCK.findall(readme) if kind == language]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a reader of the README has: an archive, a table, a base model."""
    place = tmp_path_factory.mktemp("reader")
    build_archive(place / "my-x-archive.zip")
    make_tiny_model(place / "tiny")
    rows = (f'{n},"note {n}: the {n} pens on desk {n * 7} are mine, {n}"' for n in range(400))
    dated = "\n".join(f"2020-01-{n % 28 + 1:02} 10:00:00,{row}" for n, row in enumerate(rows))
    source = {"table": "posts.csv", "author": "ann"}
    friend = {"persona": "ann", "consent": "written-consent", "sources": [source]}
    (place / "friends.jsonl").write_text(json.dumps(friend))
    (place / "sweep.yaml").write_text(SWEEP)
    (place / "gate.yaml").write_text(ANY)  # a tiny model is no good one
    (place / "texts.jsonl").write_text('{"text": "a lamp that reads to me"}\n' * 3)
    (place / "posts.csv").write_text(f"created_at,id,text\n{dated}\n")
    return place


def environment_of(place: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HUGGINGTWEETS_BASE_MODEL": str(place / "tiny"),
        "HUGGINGTWEETS_GATE": str(place / "gate.yaml"),
        "HUGGINGTWEETS_EPOCHS": "1",
        "HUGGINGTWEETS_SAMPLES": "10",
        "HUGGINGTWEETS_MAX_TOKENS": "20",
        "HUGGINGTWEETS_DTYPE": "fp32",
        "HF_HUB_OFFLINE": "1",
    }


def run(line: str | list[str], place: Path, **variables: str) -> str:
    answer = subprocess.run(
        line,
        shell=isinstance(line, str),
        cwd=place,
        env=environment_of(place) | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, f"{line}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


def test_the_readme_begins_with_the_two_commands() -> None:
    first = blocks("sh")[0].splitlines()
    assert [line.partition("#")[0].strip() for line in first] == ["make demo", "make test"]


@contextmanager
def served(line: str, place: Path) -> Iterator[str]:
    """The server that this line starts, at ports of its own; gives where it answers."""
    ports = free_ports(2)
    addresses = dict(
        zip(("INFERENCE", "METRICS"), map("http://localhost:{}".format, ports), strict=True)
    )
    variables = {f"HUGGINGTWEETS_{name}_ADDRESS": url for name, url in addresses.items()}
    variables["HUGGINGTWEETS_CACHE_DIR"] = str(place / "cache")
    address = addresses["INFERENCE"]

    def is_ready() -> bool:
        try:
            return requests.get(f"{address}/readyz", timeout=5).ok
        except requests.ConnectionError:
            return False

    environment = environment_of(place) | variables
    with running(line.split(), place, is_ready, environment=environment):
        yield address


def push(line: str, place: Path) -> None:
    """Type it with a Hub on this machine."""
    with hub_server() as hub:
        run(
            line.replace("YOU", "jane"),
            place,
            HF_ENDPOINT=hub.url,
            HF_HUB_DISABLE_XET="1",
            HF_HUB_OFFLINE="",
            HF_TOKEN=TOKEN,
        )


def test_every_other_command_of_the_readme_works_in_order(place: Path) -> None:
    with ExitStack() as stack:
        for block in blocks("sh")[1:]:
            if block.startswith("huggingtweets serve"):
                address = stack.enter_context(served(block, place))
            elif block.startswith("huggingtweets push"):
                push(block, place)
            elif block.startswith("curl"):
                if not shutil.which("curl"):
                    pytest.skip("the commands from here on need curl")
                answer = run(block.replace("http://localhost:8080", address), place)
                assert len(json.loads(answer)["generations"]) == 10
            else:
                run(block, place)
    assert (place / "out/ann/registry/ann/versions/1/README.md").is_file()
    (example,) = blocks("python")
    assert run([sys.executable, "-c", example], place).startswith("My dream is")


@pytest.mark.base_model
@pytest.mark.parametrize("base", ["tiny", pytest.param("bundled", marks=pytest.mark.long)])
def test_make_demo_prints_ten_posts_and_where_everything_lies(base: str, tmp_path: Path) -> None:
    """The real sample, trained for a moment only; its posts are short.

    A tiny model lies where the bundled one is kept, or that one itself is trained.
    """
    environment = Path(sys.prefix)
    out = tmp_path / "demo"
    line = ["make", "-C", str(ROOT), "demo", f"VENV={environment}", f"OUT={out}"]
    short = {
        "HUGGINGTWEETS_EPOCHS": "0.01",
        "HUGGINGTWEETS_VALIDATION_TOKENS": "64",
        "HUGGINGTWEETS_MAX_TOKENS": "12",
        "HUGGINGTWEETS_PROMPTS": "My dream is",
    }
    if base == "tiny":
        make_tiny_model(conversion_in(tmp_path / "cache"))
        short["HUGGINGTWEETS_CACHE"] = str(tmp_path / "cache")
    answer = subprocess.run(
        line, env={**os.environ, **short}, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("• My dream is") == 10
    for said in ("kept", "bits per byte", "model card", "report.html", "own-archive"):
        assert said in answer.stdout
    shutil.rmtree(out)
