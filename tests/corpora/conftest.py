"""Strangers' files are read here, so they are read in processes with limits."""

import pytest


@pytest.fixture(autouse=True)
def _in_processes(local_processes: None) -> None: ...
