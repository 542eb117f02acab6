"""The picture of a version, from what the stages said of it."""

from collections.abc import Sequence
from pathlib import Path

from components.publish.card import CardFacts, languages
from components.publish.inputs import Story
from components.publish.preview.picture import Preview, draw_preview
from components.publish.preview.quote import choose_quote


def preview_of(story: Story, facts: CardFacts, pictures: Sequence[Path]) -> bytes:
    """The picture as a PNG: whom the model imitates, what it wrote, and that a machine did."""
    authors = story.prepared.persona_authors
    return draw_preview(
        Preview(
            title=" & ".join(story.names),
            handles=" ".join(f"@{author}" for author in authors),
            model=f"{facts.persona}@{facts.version}",
            quote=choose_quote(story.samples, authors),
            pictures=pictures,
            language=languages(story.prepared)[0],
        )
    )
