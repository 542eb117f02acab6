"""What the page is made of, and what it is told of a persona."""

import re
from pathlib import Path

import pytest
import requests
from support.fake_engine import FakeEngines
from support.servers import Running, publish, serving

from components.registry import Registry
from components.serve.page.about import title_of
from components.serve.page.card import card_html

PICTURES = {"pipeline.svg": "data:image/svg+xml;base64,QQ==", "picture-1.png": "data:image/png,x"}


def get(running: Running, path: str, token: str | None = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(running.inference + path, headers=headers, timeout=9)


def test_the_page_and_its_files_allow_nothing_from_elsewhere(running: Running) -> None:
    index = get(running, "/")
    assert index.headers["content-type"].startswith("text/html")
    named = re.findall(r'(?:src|href)="(page/[^"]+)"', index.text)
    kinds = {"page/icon.svg": "image/svg", "page/page.css": "text/css", "page/page.js": "text/java"}
    assert sorted(named) == sorted(kinds)
    for path, kind in kinds.items():
        answer = get(running, f"/{path}")
        assert answer.headers["content-type"].startswith(kind)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
    assert not re.search(r"<script(?! type=\"module\" src=)|\son\w+=|\sstyle=", index.text)
    assert requests.head(running.inference + "/", timeout=9).status_code == 200


@pytest.mark.parametrize(
    "path", ["/page/routes.py", "/page/index.html", "/page/..%2Fconfig.py", "/page/", "/page/x"]
)
def test_nothing_else_lies_beside_it(running: Running, path: str) -> None:
    answer = get(running, path)
    assert (answer.status_code, answer.json()["code"]) == (404, 404)


def test_the_personas(running: Running) -> None:
    listed = get(running, "/page/personas").json()
    assert listed == {
        "personas": [{"name": name, "title": "Rosa Thorn"} for name in ("jane", "john")]
    }


def test_one_persona(running: Running) -> None:
    told = get(running, "/page/personas/jane").json()
    assert (told["name"], told["title"], told["version"]) == ("jane", "Rosa Thorn", "1")
    assert told["picture"].startswith("data:image/png;base64,iVBOR")
    assert "<h3>Rosa Thorn 🤖 AI Bot</h3>" in told["card"]
    assert (
        f'<img class="portrait" alt="A picture of the author" src="{told["picture"]}">'
        in (told["card"])
    )
    assert "license" not in told["card"]
    assert told["counts"]["columns"] == ["@gardener"]
    assert told["counts"]["rows"][0] == ["Tweets downloaded", 72]
    assert told["counts"]["rows"][-1] == ["Tweets kept", 51]


def test_a_persona_that_is_not_there(running: Running) -> None:
    answer = get(running, "/page/personas/nobody")
    assert (answer.status_code, answer.json()["type"]) == (404, "ModelNotFoundException")


def test_who_may_not_ask_for_posts_sees_the_page_but_no_persona(
    registry: Registry, tmp_path: Path
) -> None:
    publish(registry)
    token = {"HUGGINGTWEETS_INFERENCE_TOKEN": "secret"}
    with serving(registry, tmp_path / "cache", FakeEngines(), environment=token) as running:
        assert get(running, "/").status_code == 200
        assert get(running, "/page/personas").status_code == 401
        assert get(running, "/page/personas/jane").status_code == 401
        assert get(running, "/page/personas", "secret").status_code == 200


HOSTILE = [
    "<script>alert(1)</script>",
    "a <b onclick=alert(1)>bold</b> word",
    "<img src=x onerror=alert(1)>",
    "[me](javascript:alert(1))",
    "[me](data:text/html,<script>alert(1)</script>)",
    "![me](https://elsewhere.example/track.png)",
    "![me](//elsewhere.example/track.png)",
    '<img src="https://elsewhere.example/track.png" alt="x">',
    "<style>body{display:none}</style>",
    "<!-- <script>alert(1)</script> -->",
    '[me](https://x.example/"onmouseover=alert(1)//)',
    '![a"onload=alert(1) b="](pipeline.svg)',
    "| a |\n|:--|\n| <svg/onload=alert(1)> |",
]


@pytest.mark.parametrize("markdown", HOSTILE)
def test_a_card_brings_no_script_no_style_and_no_address_to_load(markdown: str) -> None:
    html = card_html(f"# Card\n\n{markdown}\n", PICTURES)
    tags = re.findall(r"<[^>]*>", html)
    allowed = (
        r"</?(h3|p|table|thead|tbody|tr|td|em)>|<th scope=\"col\">|</th>|</a>"
        r'|<a (href="https://x\.example/[^"]*" )?rel="noopener noreferrer nofollow">'
        r'|<img class="" alt="[^"<>]*" src="data:image/svg\+xml;base64,QQ==">'
    )
    assert [tag for tag in tags if not re.fullmatch(allowed, tag)] == []


def test_a_card_keeps_its_tables_links_and_drawings() -> None:
    card = "| a | b |\n|:--|--:|\n| 1 | 2 |\n\n![How](pipeline.svg) [it](https://x.example/a)"
    html = card_html(card, PICTURES)
    assert '<th scope="col">b</th>' in html
    assert "<td>2</td>" in html
    assert '<img class="" alt="How" src="data:image/svg+xml;base64,QQ==">' in html
    assert '<a href="https://x.example/a" rel="noopener noreferrer nofollow">it</a>' in html


def test_a_card_without_front_matter_keeps_its_rules() -> None:
    assert card_html("# A\n\n---\n\nb\n\n---\n", {}).count("<hr") == 2


def test_a_name_stands_in_for_a_title() -> None:
    assert title_of("jane", None) == "jane"
