"""The model card: what this model is, where it came from, how good it is and how to use it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
from huggingface_hub import ModelCardData
from markupsafe import Markup

from components.contracts.artifacts import PREVIEW
from components.contracts.evaluation import Measure
from components.contracts.mark import DIGITAL_SOURCE_TYPE
from components.contracts.reports import Consent, FetchReport, PrepareReport
from components.publish.config import GgufDtype
from components.publish.eval_results import eval_results
from components.publish.inputs import Story
from components.publish.markdown import link, plain

ROOM = Path(__file__).parent
LEAST_SHARE = 0.1
"""A language with less of the posts than this is not the model's."""
UNKNOWN_LICENSE = "unknown"
"""The Hub's word where nobody has said: huggingface.co/docs/hub/repositories-licenses."""
CONSENT: dict[Consent, str] = {
    "own-archive": "the author's own archive, given by its owner",
    "written-consent": "the author agreed in writing",
    "public-figure": "public posts of a public figure, used for research",
    "fictional": "a made-up author: no real person wrote these posts",
}
_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)


class CardFacts(NamedTuple):
    """What a card says beyond the reports."""

    persona: str
    version: int
    license: str | None
    """An SPDX name."""
    gguf: GgufDtype | None = None
    """The dtype of the GGUF file beside the model, if there is one."""
    is_adapter: bool = False
    """Whether it is an adapter of the base model and no whole model."""

    @property
    def gguf_file(self) -> str:
        """The name of that file; by its end Ollama and the Hub know the dtype."""
        return f"{self.persona}-{self.gguf}.gguf"


def render_card(story: Story, facts: CardFacts, pictures: Sequence[str]) -> str:
    """The card as Markdown under YAML front matter: equal facts, equal bytes.

    Every value is escaped on its way into the Markdown unless it is a `Markup` of ours.

    Args:
        story: the reports of the stages.
        facts: the rest.
        pictures: files of the package that show the authors.
    """
    environment = jinja2.Environment(  # noqa: S701 - `finalize` escapes, for Markdown
        loader=jinja2.FileSystemLoader(ROOM),
        finalize=plain,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "number": "{:,}".format,
        "decimals": "{:.2f}".format,
        "figure": figure,
        "share": share,
        "only_share": lambda measure: f"{100 * measure.value:.1f}%",
        "literal": Markup,
    }
    return environment.get_template("card.md.jinja").render(
        front_matter=Markup(_front_matter(story, facts)),  # noqa: S704 - YAML, not prose
        story=story,
        facts=facts,
        names=_joined(story.names),
        handles=_joined([f"@{author}" for author in story.prepared.persona_authors]),
        pictures=[Markup(name) for name in pictures],  # noqa: S704 - our own file names
        counts=story.prepared.count_table(),
        consent=_consent(story.prepared),
        data_link=link("the prepared data", story.prepared.tracking.get("url", "")),
        run_link=link("the training run", story.trained.tracking.get("url", "")),
        model_link=link("the final model", story.trained.tracking.get("artifact", "")),
    )


def figure(measure: Measure) -> Markup:
    """`2.25 (2.13 to 2.38)`."""
    return Markup(f"{measure.value:.2f} ({measure.low:.2f} to {measure.high:.2f})")  # noqa: S704


def share(measure: Measure) -> Markup:
    """`1.2% (0.6% to 2.4%)`."""
    value, low, high = (f"{100 * part:.1f}%" for part in (measure.value, measure.low, measure.high))
    return Markup(f"{value} ({low} to {high})")  # noqa: S704 - numbers


def _consent(prepared: PrepareReport) -> list[tuple[str, str, str, str | None]]:
    """Author, basis, kind of source, terms: a row for each author, or for each differing source."""
    rows = [
        (author, CONSENT[report.consent], report.source.partition(":")[0], report.terms)
        for author in prepared.persona_authors
        for report in prepared.collected_of(author)
    ]
    return list(dict.fromkeys(rows))


def _front_matter(story: Story, facts: CardFacts) -> str:
    """The card's metadata as YAML, in the Hub's terms: huggingface.co/docs/hub/model-cards."""
    data = ModelCardData(
        language=languages(story.prepared),
        thumbnail=PREVIEW,
        license=facts.license.lower() if facts.license else UNKNOWN_LICENSE,
        library_name="peft" if facts.is_adapter else "transformers",
        tags=["huggingtweets"],
        base_model=_hub_id(story.fetched),
        base_model_relation=_relation(story.fetched, facts),
        pipeline_tag="text-generation",
        widget=[{"text": "My dream is"}],
        model_name=facts.persona,
        ai_generated=True,
        digital_source_type=DIGITAL_SOURCE_TYPE,
        eval_results=eval_results(story.evaluated),
    )
    return str(data.to_yaml(line_break="\n")) + "\n"


def languages(prepared: PrepareReport) -> list[str]:
    """The languages of the posts, the most frequent first; English where none was found out."""
    shares = sorted(prepared.languages.items(), key=lambda item: -item[1])
    often = [language for language, part in shares if part >= LEAST_SHARE]
    return often or [language for language, _ in shares[:1]] or ["en"]


def _hub_id(fetched: FetchReport) -> str | None:
    """The base model's name on the Hub, if it is one."""
    named = fetched.source in ("hub", "bundled") and _HUB_ID.fullmatch(fetched.id)
    return fetched.id if named else None


def _relation(fetched: FetchReport, facts: CardFacts) -> str | None:
    """What the model is to its base, where the card names that."""
    if not _hub_id(fetched):
        return None
    return "adapter" if facts.is_adapter else "finetune"


def _joined(names: Sequence[str]) -> Markup:
    return Markup(" & ".join(plain(name) for name in names))  # noqa: S704 - escaped one by one
