from components.evaluate.measures.markov import LONGEST, markov_texts

TRAINING = ["the cat sat on the mat", "the cat ran to the door", "a dog sat on the rug"]


def test_every_three_words_stand_in_a_training_post() -> None:
    runs = {tuple(words[at : at + 3]) for words in map(str.split, TRAINING) for at in range(9)}
    for text in markov_texts(TRAINING, 50, seed=1):
        words = text.split()
        assert all(tuple(words[at : at + 3]) in runs for at in range(len(words) - 2))


def test_it_ends_even_where_the_chain_runs_in_circles() -> None:
    texts = markov_texts(["go " * 500], 3, seed=1)
    assert all(len(text.split()) <= LONGEST for text in texts)


def test_the_seed_alone_decides() -> None:
    assert markov_texts(TRAINING, 9, seed=1) == markov_texts(TRAINING, 9, seed=1)
    assert markov_texts(TRAINING, 9, seed=1) != markov_texts(TRAINING, 9, seed=2)
