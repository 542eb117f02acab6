from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from hypothesis import given
from hypothesis import strategies as some
from support.pushed_versions import CARD

from components.contracts.errors import BadInputError
from components.push.card import HubFacts, card_for_hub

SHOWN = HubFacts(
    to="jane/bot",
    license=None,
    base_license="apache-2.0",
    base_model="made-up/tiny",
    is_adapter=False,
    thumbnail=None,
    passed=True,
)


def metadata(card: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return found


def test_the_metadata_is_what_the_hub_reads_today() -> None:
    data = metadata(card_for_hub(CARD, SHOWN))
    assert data == {
        "language": ["en"],
        "license": "apache-2.0",
        "library_name": "transformers",
        "tags": ["huggingtweets"],
        "base_model": "made-up/tiny",
        "base_model_relation": "finetune",
        "pipeline_tag": "text-generation",
        "widget": [{"text": "My dream is"}],
        "model-index": [{"name": "jane", "results": []}],
    }


def test_an_adapter_says_so() -> None:
    data = metadata(card_for_hub(CARD, SHOWN._replace(is_adapter=True)))
    assert (data["library_name"], data["base_model_relation"]) == ("peft", "adapter")


def test_a_base_model_that_is_not_on_the_hub_has_no_relation() -> None:
    card = CARD.replace("base_model: made-up/tiny\n", "")
    data = metadata(card_for_hub(card, SHOWN._replace(base_model=None)))
    assert not {"base_model", "base_model_relation"} & data.keys()


def test_a_picture_is_named_by_its_whole_address() -> None:
    card = CARD.replace("pipeline_tag", "thumbnail: picture-1.png\npipeline_tag")
    address = "https://hub.test/jane/bot/resolve/main/preview.png"
    assert metadata(card_for_hub(card, SHOWN._replace(thumbnail=address)))["thumbnail"] == address
    assert "thumbnail" not in metadata(card_for_hub(card, SHOWN))


def test_the_code_on_the_card_loads_it_from_the_hub() -> None:
    card = card_for_hub(CARD, SHOWN)
    assert 'model = "jane/bot"\n' in card
    assert 'model = "."' not in card


def test_so_does_the_code_on_the_card_of_an_adapter() -> None:
    card = card_for_hub(CARD.replace("model = ", "adapter = "), SHOWN)
    assert 'adapter = "jane/bot"\n' in card


def test_the_text_stays_as_it_was() -> None:
    before, after = CARD.split("\n---\n")[1], card_for_hub(CARD, SHOWN).split("\n---\n")[1]
    assert [one for one in before.splitlines() if "model =" not in one] == [
        one for one in after.splitlines() if "model =" not in one
    ]


def test_the_same_card_again_is_the_same() -> None:
    once = card_for_hub(CARD, SHOWN)
    assert card_for_hub(once, SHOWN) == once


@pytest.mark.parametrize("card", ["# Jane\n\ntext\n", "", "no title"])
@pytest.mark.parametrize("passed", [True, False])
def test_a_card_without_metadata_gets_some(card: str, passed: bool) -> None:
    made = card_for_hub(card, SHOWN._replace(passed=passed))
    assert metadata(made)["base_model"] == "made-up/tiny"
    assert not passed or made.endswith(f"---\n\n{card}")
    assert ("did not pass the gate" in made) is not passed


@pytest.mark.parametrize("front", ["a: [", "- a list", "just words", "a: !!python/object:os.x {}"])
def test_metadata_that_cannot_be_read_is_refused(front: str) -> None:
    with pytest.raises(BadInputError, match="the metadata of the version's card"):
        card_for_hub(f"---\n{front}\n---\n\n# Jane\n", SHOWN)


@pytest.mark.parametrize(
    ("asked", "base", "stated", "made"),
    [
        (None, "apache-2.0", "apache-2.0", {"license": "apache-2.0"}),
        ("MIT", "apache-2.0", "apache-2.0", {"license": "mit"}),
        (None, "llama3.2", "unknown", {"license": "llama3.2"}),
        (None, None, "unknown", {"license": "unknown"}),
        ("GPL-3.0-or-later", "mit", "mit", {"license": "gpl-3.0"}),
        ("Made-Up 2.0!", "mit", "mit", {"license": "other", "license_name": "made-up-2.0"}),
    ],
)
def test_the_license_is_one_that_the_hub_knows_and_the_base_model_allows(
    asked: str | None, base: str | None, stated: str, made: dict[str, str]
) -> None:
    card = CARD.replace("license: apache-2.0", f"license: {stated}\nlicense_link: LICENSE")
    data = metadata(card_for_hub(card, SHOWN._replace(license=asked, base_license=base)))
    wanted = made if made["license"] != stated else {**made, "license_link": "LICENSE"}
    assert {name: value for name, value in data.items() if "license" in name} == wanted


@pytest.mark.parametrize("base", ["gpl-3.0", "cc-by-nc-4.0", "cc-by-sa-4.0", "llama3.2", "other"])
def test_a_license_that_the_base_model_does_not_allow_is_refused(base: str) -> None:
    with pytest.raises(BadInputError, match=f"under {base}.*--license {base}"):
        card_for_hub(CARD, SHOWN._replace(base_license=base.upper()))
    asked = SHOWN._replace(base_license=base, license=base)
    assert metadata(card_for_hub(CARD, asked))["license"] == base


@given(some.dictionaries(some.text(), some.none() | some.text() | some.lists(some.text())))
def test_whatever_a_card_states_stays_readable(stated: dict[str, Any]) -> None:
    own = ("tags", "license", "base_model", "library_name")
    front = yaml.safe_dump({name: value for name, value in stated.items() if name not in own})
    card = f"---\n{front}---\n\n# Jane\n"
    try:
        made = card_for_hub(card, SHOWN)
    except BadInputError:
        return
    assert ModelCard(made, ignore_metadata_errors=True).data.base_model == "made-up/tiny"
