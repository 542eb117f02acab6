import re
from html.parser import HTMLParser
from pathlib import Path

from support.finished import make_dataset, make_evaluation_report
from support.judged import make_story

from components.contracts.posts import Sample
from components.contracts.reports import BaseModelFacts, CurvePoint, TrainReport
from components.evaluate.authors import read_author
from components.evaluate.page.page import percent, render_page

EVIL = "</li><script>alert('hi')</script><img src=x onerror=alert(1)>"


def page(
    folder: Path, *samples: Sample, display_name: str | None = None, public: bool = False
) -> str:
    trained = TrainReport(
        tokens=1, seconds=1, tokens_per_second=1, best_validation_loss=1, best_step=1,
        curve=[CurvePoint(step=1, train_loss=2, validation_loss=1)], hyperparameters={},
        base_model=BaseModelFacts(id="made-up/tiny", revision=None, sha256="y"), seed=0,
        device="d", dtype="fp32", dataset_sha256="z", versions={},
    )  # fmt: skip
    story = make_story(folder / "dataset", samples, display_name=display_name, trained=trained)
    return render_page(story, public=public)


def sample(text: str, prompt: str = "", index: int = 0) -> Sample:
    return Sample(prompt=prompt, index=index, text=text, finish_reason="stop")


class Tags(HTMLParser):
    """Collects the tags of a page and what they load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.loads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.loads += [f"{key}={value}" for key, value in attrs if key in ("src", "href", "srcset")]


def test_posts_and_names_are_escaped(tmp_path: Path) -> None:
    html = page(tmp_path, sample(EVIL), sample(EVIL, prompt=EVIL), display_name=EVIL)
    tags = Tags(html)
    assert "script" not in tags.names
    assert "img" not in tags.names
    assert html.count("&lt;script&gt;alert(&#39;hi&#39;)") >= 4


def test_controls_are_written_out(tmp_path: Path) -> None:
    html = page(tmp_path, sample("one\x00two\x1b[2J\u202ethree"), display_name="A\x07")
    assert "one\\x00two\\x1b[2J\\u202ethree" in html
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", html)


def test_the_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    html = page(tmp_path, sample("hello"))
    assert Tags(html).loads == []
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_a_sample_that_copies_says_so(tmp_path: Path) -> None:
    make_dataset(tmp_path / "read")
    post = max((row.text for row in read_author(tmp_path / "read").train), key=len)
    first, _, rest = post.partition(" ")
    copy = sample(f" {rest}", prompt=first)
    assert page(tmp_path / "a", copy).count("<mark") >= 1
    assert page(tmp_path / "b", sample("something of its own")).count("<mark") == 0


def test_of_the_posts_from_nothing_ten_are_shown(tmp_path: Path) -> None:
    html = page(tmp_path, *(sample(f"post number {index}", index=index) for index in range(30)))
    assert "post number 9<" in html
    assert "post number 10<" not in html


def test_the_public_page_quotes_nobody(tmp_path: Path) -> None:
    make_dataset(tmp_path / "read")
    author = read_author(tmp_path / "read")
    written = sample("a lamp that reads to me", prompt="My dream is")
    copy = sample(max(author.train_texts, key=len))
    html = page(
        tmp_path, written, copy, *(sample(f"own {n} words") for n in range(20)), public=True
    )
    for text in (*author.train_texts, *author.test_texts, written.text, "own 1 words"):
        assert text not in html
    assert "quotes nobody" in html
    assert "It passed the gate" in html


def test_texts_from_a_file_are_not_called_a_models(tmp_path: Path) -> None:
    made = make_evaluation_report()
    bits = made.bits_per_byte.model_copy(update={"finetuned": None, "base": None})
    given = {"model_sha256": None, "sampling": {}, "bits_per_byte": bits}
    report = made.model_copy(update=given)
    story = make_story(tmp_path / "dataset", [sample("tea")], report=report)
    html = render_page(story, public=False)
    assert "these texts" in html
    assert "this model" not in html
    assert "written by a machine" not in html


def test_a_failed_gate_says_which_condition(tmp_path: Path) -> None:
    report = make_evaluation_report(passed=False)
    html = render_page(
        make_story(tmp_path / "dataset", [sample("tea")], report=report), public=True
    )
    assert "It did not pass the gate" in html
    assert "7.2% at worst" in html


def test_percent_has_no_idle_digits() -> None:
    assert [percent(share) for share in (0, 0.0124, 0.03, 1)] == ["0%", "1.2%", "3%", "100%"]
