"""The solver against brute force: every order of every subset of a few songs."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classify.playlists import solver
from classify.playlists.solver import Problem, relax, solve, total_cost


def made(seed, n_songs, n_stages, n_pins=0, twice=0.0):
    """Draw a problem; some songs stand for two stages, some share a key, some joins are closed."""
    draw = np.random.default_rng(seed)
    song, stage = [], []
    for of in range(n_songs):
        own = int(draw.integers(n_stages))
        both = of < n_pins or draw.random() < 0.2
        for one in range(n_stages) if both else [own]:
            song.append(of)
            stage.append(one)
    song, stage = np.array(song), np.array(stage)
    length = draw.integers(1, 8, n_songs)[song]
    transition = draw.uniform(0, 3, (len(song), len(song)))
    transition[draw.random(transition.shape) < 0.3] = np.inf
    transition[(song < n_pins)[:, None] | (song < n_pins)] = 1.0
    ahead = stage[None] - stage[:, None]
    transition[(ahead < 0) | (ahead > 1)] = np.inf
    key = np.where(draw.random(n_songs) < twice, 0, np.arange(n_songs))
    key[:n_pins] = n_songs + np.arange(n_pins)
    key = np.unique(key, return_inverse=True)[1]
    steps = int(draw.integers(12, 25))
    off_schedule = np.cumsum(draw.uniform(0, 0.2, (n_stages, steps + 1)), axis=1)
    return Problem(
        steps=steps,
        length=length,
        stage=stage,
        key=key[song],
        song=song,
        pin=np.where(song < n_pins, song, -1),
        cost=draw.uniform(0, 2, len(song)) * length,
        transition=transition,
        first=3.0 * stage,
        off_schedule=off_schedule,
        unfilled=float(draw.uniform(0.5, 4)),
    )


def brute(problem):
    """Cost of the cheapest list, by trying all; lists that are too long are not made longer."""
    best = np.inf
    nodes = range(len(problem.cost))
    for number in range(1, len(set(problem.song.tolist())) + 1):
        costs = [total_cost(problem, nodes) for nodes in permutations(nodes, number)]
        best = min(best, *costs)
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 3), st.integers(0, 1))
def test_no_order_of_few_songs_is_better(seed, n_songs, n_stages, n_pins):
    problem = made(seed, n_songs, n_stages, min(n_pins, n_songs), twice=0.3)
    if len(problem.cost) > 7:
        return
    solution, least = solve(problem), brute(problem)
    if solution is None:
        assert least == np.inf
    else:
        assert total_cost(problem, solution.nodes) == pytest.approx(solution.cost)
        assert solution.cost == pytest.approx(least) and solution.optimal


@pytest.mark.parametrize("seed", range(4))
def test_no_order_of_seven_songs_is_better(seed):
    problem = made(seed + 100, 7, 1)
    solution = solve(problem)
    assert solution.cost == pytest.approx(brute(problem)) and solution.optimal


def test_a_narrow_search_misses_the_best_and_still_gives_a_true_bound(monkeypatch):
    monkeypatch.setattr(solver, "NARROW", 1)
    monkeypatch.setattr(solver, "PRICE_STEPS", 1)
    missed = 0
    for seed in range(60):
        problem = made(seed, 5, 1, twice=0.2)
        solution, least = solve(problem, width=1), brute(problem)
        if solution is not None:
            assert solution.bound <= least + 1e-6
            assert solution.cost >= least - 1e-6
            missed += solution.cost > least + 1e-6
    assert missed, "a search as narrow as that is not expected to be lucky always"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_prices_never_lift_the_bound_above_the_best(seed):
    problem = made(seed, 5, 1, n_pins=1, twice=0.3)
    draw = np.random.default_rng(seed)
    price = draw.uniform(0, 3, problem.key.max() + 1)
    price[problem.key[problem.pin >= 0]] -= 2.0  # only a pin's price may be below 0
    assert relax(problem, price).bound <= brute(problem) + 1e-6


def test_a_larger_problem_is_solved_to_a_small_gap():
    solution = solve(made(7, 60, 2))
    assert solution.cost - solution.bound < 0.05 * solution.cost
