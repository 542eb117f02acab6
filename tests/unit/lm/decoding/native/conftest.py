import pytest
from support.native_kernels import LEVELS_HERE


@pytest.fixture(autouse=True)
def _the_library(request: pytest.FixtureRequest) -> None:
    """Without a compiler only what happens then can be tested."""
    if not LEVELS_HERE and request.module.__name__.rpartition(".")[2] != "test_build":
        pytest.skip("the decoder in C cannot be compiled here")
