import re
from pathlib import Path

import pytest
import torch
import yaml
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from support.finished import Folders, make_finished

from components.contracts.posts import Sample
from components.publish.card import CardFacts, render_card
from components.publish.inputs import Story, read_story

EVIL = "Ro|sa <script>alert(1)</script>\n# Thorn\n---\n![x](https://evil.example/x.png)"
FACTS = CardFacts("gardener", 3, "Apache-2.0")


def card(story: Story, facts: CardFacts = FACTS) -> str:
    return render_card(story, facts, ["picture-1.jpg"])


def tables(markdown: str) -> list[list[list[str]]]:
    """The tables of a card as rows of cells."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", markdown, re.MULTILINE)
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        for block in blocks
    ]


def test_the_front_matter_is_what_the_hub_reads(folders: Folders) -> None:
    text = card(read_story(*folders))
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["language"] == ["en"]
    assert front["license"] == "apache-2.0"
    assert front["base_model"] == "made-up/tiny"
    assert front["pipeline_tag"] == "text-generation"
    assert front["thumbnail"] == "preview.png"
    assert front["widget"] == [{"text": "My dream is"}]
    assert "huggingtweets" in front["tags"]
    assert front["ai_generated"] is True
    assert front["digital_source_type"].endswith("/trainedAlgorithmicMedia")
    assert ModelCard(text).data.eval_results[0].metric_value == 2.25


def test_the_terms_that_allow_training_are_said(folders: Folders) -> None:
    story = read_story(*folders)
    assert "What allows training" not in card(story)
    terms = {"terms": f"agreement 7 {EVIL}"}
    collected = [report.model_copy(update=terms) for report in story.prepared.collected]
    prepared = story.prepared.model_copy(update={"collected": tuple(collected)})
    text = card(story._replace(prepared=prepared))
    assert "agreement 7" in text
    assert "<script>" not in text


def test_the_title_names_the_author_and_the_bot(folders: Folders) -> None:
    text = card(read_story(*folders))
    assert "# Rosa Thorn 🤖 AI Bot\n" in text
    assert "**@gardener bot** · gardener@3" in text
    assert '<img src="picture-1.jpg"' in text


def test_a_mixed_persona_names_everybody(mixed: Folders) -> None:
    text = card(read_story(*mixed))
    assert "# baker\\_2 & Rosa Thorn 🤖 AI Bot\n" in text
    assert "**@baker\\_2 & @gardener bot**" in text


@pytest.mark.parametrize("kind", ["folders", "mixed"])
def test_the_table_of_counts_adds_up(kind: str, request: pytest.FixtureRequest) -> None:
    head, _, *rows = tables(card(read_story(*request.getfixturevalue(kind))))[0]
    assert [rows[0][0], rows[1][0], rows[2][0], rows[-1][0]] == [
        "Tweets downloaded",
        "Retweets",
        "Short tweets",
        "Tweets kept",
    ]
    columns = list(zip(*(map(int, row[1:]) for row in rows), strict=True))
    assert len(columns) == len(head) - 1 == {"folders": 1, "mixed": 3}[kind]
    for downloaded, *rest in columns:
        assert downloaded == sum(rest)


def test_hyperparameters_figures_and_consent_are_said(folders: Folders) -> None:
    text = card(read_story(*folders))
    assert "| learning rate | 0.0001 |" in text
    assert "| This model | 2.25 (2.12 to 2.38) |" in text
    assert "better than its base model does: it needs 2.25 bits" in text
    assert "a made-up author: no real person wrote these posts" in text
    assert "made-up/tiny, revision abc123" in text


def test_each_source_of_an_author_states_its_consent(folders: Folders) -> None:
    story = read_story(*folders)
    first = story.prepared.collected[0]
    others = [first, first.model_copy(update={"consent": "own-archive"})]
    prepared = story.prepared.model_copy(update={"collected": (first, *others)})
    text = card(story._replace(prepared=prepared))
    assert text.count("a made-up author: no real person wrote these posts") == 1
    assert text.count("the author's own archive, given by its owner") == 1


def test_links_where_tracked_and_digests_where_not(folders: Folders) -> None:
    story = read_story(*folders)
    assert f"`sha256:{story.trained.dataset_sha256}`" in card(story)
    tracked = story._replace(
        prepared=story.prepared.model_copy(update={"tracking": {"url": "https://w.example/d"}}),
        trained=story.trained.model_copy(
            update={"tracking": {"url": "https://w.example/t", "artifact": "https://w.example/m"}}
        ),
    )
    for link in (
        "[the prepared data](https://w.example/d)",
        "[the training run](https://w.example/t)",
        "[the final model](https://w.example/m)",
    ):
        assert link in card(tracked)


def test_the_same_story_gives_the_same_card(folders: Folders) -> None:
    assert card(read_story(*folders)) == card(read_story(*folders))


def test_nothing_from_outside_becomes_markup(weights: Path, tmp_path: Path) -> None:
    samples = [Sample(prompt=EVIL, index=0, text=EVIL, finish_reason="stop")]
    folders = make_finished(tmp_path, weights, ["gardener"], [EVIL], samples)
    text = card(read_story(*folders))
    assert yaml.safe_load(text.split("---\n")[1])["license"] == "apache-2.0"
    page = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(text)
    assert "<script" not in page
    assert 'evil.example/x.png"' not in page
    assert page.count("<h1>") == 1
    assert tables(text)[0][0] == ["", "@gardener"]


def test_languages_fall_back(folders: Folders) -> None:
    story = read_story(*folders)
    expected = {
        (): ["en"],
        (("ja", 0.05), ("fr", 0.04)): ["ja"],
        (("fr", 0.6), ("en", 0.4)): ["fr", "en"],
    }
    for languages, named in expected.items():
        prepared = story.prepared.model_copy(update={"languages": dict(languages)})
        text = card(story._replace(prepared=prepared))
        assert yaml.safe_load(text.split("---\n")[1])["language"] == named


def test_a_base_model_that_is_not_of_the_hub_is_not_linked(folders: Folders) -> None:
    story = read_story(*folders)
    fetched = story.fetched.model_copy(update={"id": "gs://bucket/model", "source": "storage"})
    text = card(story._replace(fetched=fetched), FACTS._replace(license=None))
    front = yaml.safe_load(text.split("---\n")[1])
    assert "base_model" not in front
    assert front["license"] == "unknown"


def test_a_gate_that_failed_is_said_with_the_flag_that_overruled_it(folders: Folders) -> None:
    story = read_story(*folders)
    gates = [story.evaluated.gate.model_copy(update={"passed": passed}) for passed in (True, False)]
    for gate, verdict in zip(gates, ("passed.\n", "asked with `--no-gate`.\n"), strict=True):
        evaluated = story.evaluated.model_copy(update={"gate": gate})
        text = card(story._replace(evaluated=evaluated))
        (line,) = (line for line in text.splitlines(keepends=True) if "**The gate**" in line)
        assert line.endswith(verdict)
        assert f"{line}\n- " in text


@pytest.mark.filterwarnings("default")
def test_a_gguf_file_is_named_with_how_to_use_it(folders: Folders) -> None:
    story = read_story(*folders)
    assert "gguf" not in card(story)
    text = card(story, FACTS._replace(gguf="q8_0"))
    assert "llama-server --model gardener-q8_0.gguf" in text
    (modelfile,) = (block for block in text.split("```\n") if block.startswith("FROM "))
    lines = [line.split(" ", 1) for line in modelfile.splitlines()]
    assert lines[:2] == [["FROM", "./gardener-q8_0.gguf"], ["TEMPLATE", '"{{ .Prompt }}"']]
    assert {word for word, _ in lines[2:]} == {"PARAMETER"}


def test_the_code_on_the_card_runs(folders: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    code = re.search(r"```python\n(.*?)```", card(read_story(*folders)), re.DOTALL)
    assert code is not None
    torch.manual_seed(0)
    exec(code[1].replace('model = "."', f"model = {str(folders.model)!r}"), {})
    printed = capsys.readouterr().out
    assert printed.count("My dream is") == 5
