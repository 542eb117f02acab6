"""report.html in a real browser."""

from pathlib import Path

import pytest
from support.browser import rendered
from support.finished import make_base, make_dataset, make_model
from support.judged import make_story
from support.tiny_models import make_tiny_model

from components.contracts.posts import Sample
from components.evaluate.page.page import render_page

pytestmark = pytest.mark.browser

EVIL = "<script>document.body.dataset.hacked = 1</script><img src=x onerror='hack()'>"
PROBE = """<script>
document.body.dataset.wide = document.documentElement.scrollWidth > window.innerWidth;
document.body.dataset.asked = performance.getEntriesByType("resource").length;
</script>"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    make_dataset(tmp_path / "dataset")
    weights = make_tiny_model(tmp_path / "tiny")
    base = make_base(tmp_path / "base", weights)
    trained = make_model(tmp_path / "model", weights, tmp_path / "dataset", base)
    texts = (EVIL, "a lamp that reads to me " * 10, "unbroken" * 40)
    samples = [
        Sample(prompt="My dream is", index=index, text=text, finish_reason="stop")
        for index, text in enumerate(texts)
    ]
    html = render_page(make_story(tmp_path / "again", samples, trained=trained), public=False)
    path = tmp_path / "report.html"
    path.write_text(html.replace("</body>", PROBE + "</body>"), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [500, 1200])
def test_it_fits_the_window_asks_for_nothing_and_runs_no_post(
    page: Path, tmp_path: Path, width: int
) -> None:
    document = rendered(page, tmp_path / "profile", width=width)
    assert 'data-wide="false"' in document
    assert 'data-asked="0"' in document
    assert "data-hacked" not in document
    assert document.count("a lamp that reads to me") >= 10
