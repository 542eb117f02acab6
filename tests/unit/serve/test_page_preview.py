"""What a link to the page shows elsewhere."""

import html
import io
import re
from pathlib import Path

import pytest
import requests
from PIL import Image
from support.fake_engine import FakeEngines
from support.servers import LINEAGE, Running, publish, serving

from components.contracts.artifacts import PREVIEW
from components.publish.preview.label import labelled
from components.registry import Registry

ALT = 'My "dream" is <rain> & tea'


def picture() -> bytes:
    """What publish writes, of one point."""
    point = io.BytesIO()
    Image.new("RGB", (1, 1)).save(point, "PNG")
    return labelled(point.getvalue(), "Rosa Thorn", ALT)


def publish_with_preview(registry: Registry, persona: str) -> None:
    def write(version: int, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"weights")
        (folder / "config.json").write_text("{}")
        (folder / PREVIEW).write_bytes(picture())

    version = registry.publish(persona, write, LINEAGE).version
    registry.move_alias(persona, "production", version)


def tags_of(answer: requests.Response) -> dict[str, str]:
    found = re.findall(r'<meta (?:property|name)="([\w:]+)" content="([^"<>]*)">', answer.text)
    return {name: html.unescape(value) for name, value in found}


@pytest.fixture
def anna_and_bob(registry: Registry) -> Registry:
    publish(registry, "aaron")  # an older version, without a picture
    publish_with_preview(registry, "anna")
    publish_with_preview(registry, "bob")
    return registry


def test_a_link_shows_the_persona_that_it_names_or_the_first(
    anna_and_bob: Registry, tmp_path: Path
) -> None:
    with serving(anna_and_bob, tmp_path / "cache", FakeEngines()) as running:
        for query, name in (("", "anna"), ("?persona=anna", "anna"), ("?persona=bob", "bob")):
            tags = tags_of(requests.get(f"{running.inference}/{query}", timeout=9))
            assert tags["og:image"] == f"{running.inference}/page/previews/{name}.png"
            assert tags["og:title"] == "Rosa Thorn: AI bot"
            assert tags["og:image:alt"] == ALT
            assert tags["twitter:card"] == "summary_large_image"
        answer = requests.get(tags["og:image"], timeout=9)
        assert (answer.headers["content-type"], answer.content) == ("image/png", picture())
        for query in ("?persona=aaron", "?persona=nobody"):
            assert "og:image" not in tags_of(
                requests.get(f"{running.inference}/{query}", timeout=9)
            )
        for name in ("aaron", "nobody"):
            assert running.status(f"/page/previews/{name}.png") == 404
        told = requests.get(running.inference + "/page/personas/anna", timeout=9).json()
        assert told["picture"] is None, "it is the version's picture, not the author's"


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"Host": "posts.example"}, "http://posts.example"),
        (
            {"Host": "posts.example:8443", "X-Forwarded-Proto": "https"},
            "https://posts.example:8443",
        ),
        ({"Host": "[::1]:8080"}, "http://[::1]:8080"),
        ({"Host": '"><script>alert(1)</script>'}, "http://localhost"),
        ({"Host": "posts.example", "X-Forwarded-Proto": "javascript"}, "http://posts.example"),
    ],
)
def test_the_address_is_the_one_that_the_reader_asked(
    headers: dict[str, str], origin: str, anna_and_bob: Registry, tmp_path: Path
) -> None:
    with serving(anna_and_bob, tmp_path / "cache", FakeEngines()) as running:
        answer = requests.get(running.inference + "/", headers=headers, timeout=9)
        assert tags_of(answer)["og:image"] == f"{origin}/page/previews/anna.png"
        assert "<script>alert" not in answer.text


def test_where_a_token_is_asked_for_a_link_shows_nobody(
    anna_and_bob: Registry, tmp_path: Path
) -> None:
    token = {"HUGGINGTWEETS_INFERENCE_TOKEN": "secret"}
    with serving(anna_and_bob, tmp_path / "cache", FakeEngines(), environment=token) as running:
        assert "og:image" not in tags_of(requests.get(running.inference + "/", timeout=9))
        address = running.inference + "/page/previews/anna.png"
        assert requests.get(address, timeout=9).status_code == 401
        bearing = {"Authorization": "Bearer secret"}
        assert requests.get(address, headers=bearing, timeout=9).content == picture()


def test_without_a_persona_that_has_one_the_page_has_no_such_tags(running: Running) -> None:
    assert "og:image" not in tags_of(requests.get(running.inference + "/", timeout=9))
