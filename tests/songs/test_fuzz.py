"""Damaged songs through the whole reader; `make fuzz` sends many more."""

from tests.fuzz import fuzz


def test_no_mutation_harms_the_reader(tmp_path):
    outcome = fuzz(400, 7, tmp_path)
    assert outcome.bad == []
    assert sum(outcome.kinds.values()) == 400
    assert min(outcome.kinds[kind] for kind in ("read", "repaired", "refused")) > 10
