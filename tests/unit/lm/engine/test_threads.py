"""Threads of a server that wait for each other."""

from components.lm.engine.threads import wait_briefly


def test_threads_wait_briefly_unless_the_environment_says_how_long() -> None:
    for given, wanted in (
        ({}, {"GOMP_SPINCOUNT": "10000"}),
        ({"GOMP_SPINCOUNT": "7"}, {"GOMP_SPINCOUNT": "7"}),
        ({"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": "active"}),
    ):
        environment: dict[str, str] = dict(given)
        wait_briefly(environment)
        assert environment == wanted
