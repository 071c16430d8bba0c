"""The long fault tests use what the end-to-end tests have."""

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import built_binary


@pytest.fixture(scope="session")
def binary():
    return built_binary()
