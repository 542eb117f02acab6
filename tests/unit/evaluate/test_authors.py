import shutil
from collections import Counter
from pathlib import Path

import pytest
from support.finished import make_dataset

from components.contracts.errors import BadInputError
from components.evaluate.authors import INVENTED, read_author, read_reference_authors
from components.text.ngrams import words_of


@pytest.fixture
def author(tmp_path: Path) -> Path:
    make_dataset(tmp_path / "judged", authors=["gardener"])
    return tmp_path / "judged"


def test_the_invented_authors_are_there_and_none_repeats_itself(author: Path) -> None:
    others = read_reference_authors(None, read_author(author))
    assert len(others) >= 8
    texts = [text for other in others for text in (*other.train_texts, *other.test_texts)]
    assert len(set(texts)) == len(texts) > 900
    runs = Counter(
        run
        for words in map(words_of, texts)
        for run in {words[at : at + 5] for at in range(len(words) - 4)}
    )
    assert [run for run, times in runs.items() if times > 2] == []
    assert {path.name for path in INVENTED.iterdir()} == {o.names[0] for o in others}


def test_the_judged_author_is_not_among_the_others(author: Path, tmp_path: Path) -> None:
    folder = tmp_path / "authors"
    shutil.copytree(author, folder / "same")
    make_dataset(folder / "other", authors=["Sailor"])
    others = read_reference_authors(folder, read_author(author))
    assert [other.names for other in others] == [("Sailor",)]


def test_a_folder_without_anybody_else_is_refused(author: Path, tmp_path: Path) -> None:
    judged = read_author(author)
    with pytest.raises(BadInputError, match="is not a folder"):
        read_reference_authors(tmp_path / "missing", judged)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match="a train-dataset for each author"):
        read_reference_authors(tmp_path / "empty", judged)
    with pytest.raises(BadInputError, match="not a train-dataset: it holds no train.jsonl"):
        (tmp_path / "wrong" / "someone").mkdir(parents=True)
        read_reference_authors(tmp_path / "wrong", judged)
    shutil.copytree(author, tmp_path / "alone" / "same")
    with pytest.raises(BadInputError, match="gardener alone"):
        read_reference_authors(tmp_path / "alone", judged)
