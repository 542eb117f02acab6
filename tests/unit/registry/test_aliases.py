import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.registries import write

from components.contracts.errors import BadInputError
from components.contracts.registry import AliasMove
from components.registry import Registry
from components.registry.aliases import previous_version


@pytest.fixture
def registry(registry: Registry) -> Registry:
    for _ in range(3):
        registry.publish("jane", write, {})
    return registry


def history(registry: Registry) -> list[int]:
    alias = registry.alias("jane", "production")
    return [move.version for move in alias.history] if alias else []


def test_an_alias_points_where_it_moved_last(registry: Registry) -> None:
    assert registry.alias("jane", "production") is None
    for version in (2, 1, 1):
        assert registry.move_alias("jane", "production", version).version == version
    assert history(registry) == [2, 1, 1]
    assert registry.alias("jane", "candidate") is None


def test_rollbacks_go_back_one_by_one_and_stand_in_the_history(registry: Registry) -> None:
    for version in (1, 2, 3):
        registry.move_alias("jane", "production", version)
    assert registry.rollback("jane", "production").version == 2
    assert registry.rollback("jane", "production").version == 1
    with pytest.raises(BadInputError, match="nowhere to go back to"):
        registry.rollback("jane", "production")
    assert history(registry) == [1, 2, 3, 2, 1]
    registry.move_alias("jane", "production", 3)
    assert registry.rollback("jane", "production").version == 1


def test_there_is_no_way_back_from_where_an_alias_never_was(registry: Registry) -> None:
    with pytest.raises(BadInputError, match="nowhere to go back to"):
        registry.rollback("jane", "production")
    assert history(registry) == []


def test_an_alias_moves_to_versions_that_exist_and_is_one_of_three(registry: Registry) -> None:
    with pytest.raises(BadInputError, match="jane has no version 4"):
        registry.move_alias("jane", "production", 4)
    with pytest.raises(BadInputError, match="use latest, candidate, production"):
        registry.move_alias("jane", "champion", 1)
    assert history(registry) == []


@given(st.lists(st.sampled_from([1, 2, 3, None]), max_size=20))
def test_rolling_back_undoes_promotes_like_a_stack(acts: list[int | None]) -> None:
    """A number promotes, None rolls back where that is possible."""
    moves: list[AliasMove] = []
    stack: list[int] = []
    for act in acts:
        version = previous_version(moves) if act is None else act
        assert act is not None or version == (stack[-2] if len(stack) > 1 else None)
        if version is None:
            continue
        if act is None:
            stack.pop()
        else:
            stack.append(act)
        moves.append(
            AliasMove.model_validate(
                {
                    "version": version,
                    "manifest_sha256": "",
                    "moved_at": "2026-01-01T00:00:00Z",
                    "rollback": act is None,
                }
            )
        )
        assert stack[-1] == version
