from components.evaluate.measures.safety import safe


def test_personal_data_and_others_are_counted() -> None:
    texts = ["write to ann@example.org", "call +1 650 253 0000", "hi @bob", "as @Ann says", "tea"]
    found = safe(texts, ["ann"], seed=0)
    assert found.personal_data.value == 0.4
    assert found.third_party_mentions.value == 0.2
