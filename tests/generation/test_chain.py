"""Exact sampling: every probability is held against enumeration of all sequences."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from scipy import stats

from classify.generation.chain import BEGIN, Chain, Counts
from classify.generation.sampling import Impossible, Passes, Sampler

SONGS = ["abcab", "abdba", "bacab", "ccabd", "adcba", "dabca"]
TICKS = {"a": 1, "b": 2, "c": 1, "d": 3}


def probability(chain, sequence, start=None):
    """Multiply the chain's own probabilities along a sequence, and that of ending there."""
    node, total = chain.begin if start is None else start, 1.0
    for number in sequence:
        edges = chain.edges(node)
        (place,) = np.flatnonzero(chain.symbol[edges] == number) if (
            chain.symbol[edges] == number).any() else (None,)  # fmt: skip
        if place is None:
            return 0.0
        total *= chain.probability[edges][place]
        node = chain.target[edges][place]
    return total * chain.end[node]


def enumerated(chain, weights):
    """Give the mass of every sequence that lasts exactly all ticks."""
    n_ticks, mass = len(weights), {}
    for length in range(1, n_ticks + 1):
        for sequence in product(range(len(chain.symbols)), repeat=length):
            ends = np.cumsum(chain.ticks[list(sequence)])
            if ends[-1] == n_ticks:
                begins = ends - chain.ticks[list(sequence)]
                share = probability(chain, sequence) * weights[begins, list(sequence)].prod()
                if share > 0:
                    mass[sequence] = share
    return mass


@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_samples_have_the_probabilities_of_enumeration(order, seed):
    chain = Chain.fit(SONGS, TICKS, order)
    draw = np.random.default_rng(seed)
    weights = np.where(draw.random((6, 4)) < 0.2, 0, draw.random((6, 4)))
    mass = enumerated(chain, weights)
    if not mass:
        with pytest.raises(Impossible):
            Sampler(chain, weights)
        return
    sampler = Sampler(chain, weights)
    total = sum(mass.values())
    assert np.exp(sampler.log_mass) == pytest.approx(total, rel=1e-12)
    for sequence, share in mass.items():
        assert np.exp(sampler.log_probability(sequence)) == pytest.approx(share / total, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_a_tilt_is_as_if_every_tick_had_it(seed):
    chain, draw = Chain.fit(SONGS, TICKS, 2), np.random.default_rng(seed)
    weights, tilt = draw.random((6, 4)) * (draw.random((6, 4)) > 0.2), draw.random(4)
    tilted, _ = Passes(chain, weights).backward(chain.end, tilt)
    expected, _ = Passes(chain, weights * tilt).backward(chain.end)
    np.testing.assert_allclose(tilted, expected, rtol=1e-12)
    assert expected[0].any()


@pytest.mark.slow
def test_a_hundred_thousand_samples_fit_their_distribution():
    chain = Chain.fit(SONGS, TICKS, 2)
    weights = np.ones((5, 4))
    weights[2, 0] = 0.25
    mass = enumerated(chain, weights)
    sampler, draw = Sampler(chain, weights), np.random.default_rng(0)
    drawn = [tuple(sampler.draw(draw)) for _ in range(100_000)]
    counted = Counter(drawn)
    counts = [counted[sequence] for sequence in mass]
    assert sum(counts) == len(drawn)
    expected = np.array(list(mass.values())) * len(drawn) / sum(mass.values())
    assert stats.chisquare(counts, expected).pvalue > 0.001


def test_probabilities_of_a_node_and_of_ending_there_sum_to_one():
    chain = Chain.fit(SONGS, TICKS, 3)
    for node in range(chain.n_nodes):
        assert chain.probability[chain.edges(node)].sum() + chain.end[node] == pytest.approx(1)


def test_long_contexts_that_leave_no_choice_are_not_used():
    chain = Chain.fit(["abx", "aby", "cbx"], dict.fromkeys("abcxy", 1), 2)
    kept = {tuple(chain.symbols[i] if i != BEGIN else "^" for i in c) for c in chain.contexts}
    assert kept == {(), ("a", "b"), *((name,) for name in "^abcxy")}


def test_long_pieces_do_not_underflow():
    chain = Chain.fit(SONGS, TICKS, 2)
    sampler = Sampler(chain, np.full((3000, 4), 0.01))
    assert np.isfinite(sampler.log_mass) and sampler.log_mass < -5000
    drawn = sampler.draw(np.random.default_rng(0))
    assert chain.ticks[drawn].sum() == 3000


def test_long_pieces_do_not_overflow():
    """Symbols that are wanted very much weigh as much in a long piece as in a short one."""
    chain = Chain.fit(["abab", "aabb", "bbaa"], {"a": 1, "b": 1}, order=1)
    plain, heavy = (Sampler(chain, np.full((800, 2), weight)) for weight in (1.0, np.exp(20.0)))
    assert heavy.log_mass == pytest.approx(plain.log_mass + 800 * 20)
    assert len(heavy.draw(np.random.default_rng(0))) == 800


def test_a_piece_goes_on_from_what_came_before():
    chain = Chain.fit(SONGS, TICKS, 2)
    starts = chain.after("xab")
    contexts = [[chain.symbols[i] for i in chain.contexts[start]] for start in starts]
    assert contexts == [["a", "b"], ["b"], []]
    sampler = Sampler(chain, np.ones((4, 4)), starts)
    assert sampler.start == starts[0]
    assert chain.ticks[sampler.draw(np.random.default_rng(1))].sum() == 4


@pytest.mark.parametrize("order", [1, 2])
def test_a_chain_that_forgets_is_the_one_that_was_learned_with_less(order):
    long, short = (Chain.fit(SONGS, TICKS, n).of_order(order) for n in (3, order))
    assert long.contexts == short.contexts
    for name in ("first", "symbol", "target", "probability", "end"):
        np.testing.assert_array_equal(getattr(long, name), getattr(short, name))


def test_a_mixture_of_one_kind_is_the_chain_of_its_songs():
    kinds = [0, 1, 0, 1, 0, 1]
    counts = Counts.fit(SONGS, TICKS, kinds, 2)
    mixed, alone = counts.chain(np.array([2.0, 0.0])), Chain.fit(SONGS[::2], TICKS, 2)
    weights = np.where(np.random.default_rng(0).random((5, 4)) < 0.3, 0.5, 1)
    own = set(alone.contexts)
    for node, context in enumerate(mixed.contexts):
        edges = mixed.edges(node)
        total = mixed.probability[edges].sum() + mixed.end[node]
        assert total == pytest.approx(1) or (total == 0 and context not in own)
    # contexts that left a choice in all songs but not in these do not change a sequence's mass
    assert Sampler(mixed, weights).log_mass == pytest.approx(
        np.log(sum(enumerated(mixed, weights).values()))
    )


def test_what_is_forbidden_is_taken_back():
    chain, draw = Chain.fit(SONGS, TICKS, 1), np.random.default_rng(0)
    sampler = Sampler(chain, np.ones((6, 4)))
    a, b = chain.symbols.index("a"), chain.symbols.index("b")

    def forbidden(drawn):
        return drawn[-2:] == [a, b]

    drawn = [sampler.draw(draw, forbidden) for _ in range(300)]
    for one in drawn:
        assert chain.ticks[one].sum() == 6
        assert not any(forbidden(one[:n]) for n in range(len(one) + 1))
    possible = {s for s in enumerated(chain, np.ones((6, 4))) if (a, b) not in zip(s, s[1:])}  # noqa: B905, RUF007
    assert set(map(tuple, drawn)) <= possible and len(set(map(tuple, drawn))) > 20
    with pytest.raises(Impossible):
        sampler.draw(draw, lambda drawn: True)
