"""Passages that a chain goes on from, leads to, or leaves as they are."""

import numpy as np

from classify.errors import InputError
from classify.generation.chain import Chain, Floats
from classify.generation.request import Passage
from classify.generation.styles import ORDER, TICKS_PER_BEAT, Metre
from classify.representations import melody as melodies
from classify.representations.melody import Melody, bar_ticks
from classify.songs import Song

#: What any symbol is worth before a passage that was not learned.
STRANGE = 1e-6

#: Pitch (or `melodies.REST`) and ticks.
Symbol = tuple[int, int]


def melody_of(song: Song) -> Melody:
    """Write a song as a melody on the grid of chains; InputError where it has none."""
    melody = melodies.encode(song, TICKS_PER_BEAT)
    if melody is None:
        raise InputError(f"{song.path}: has no melody with beats to go on from")
    return melody


def symbols_of(song: Song, shift: int) -> list[Symbol]:
    """Write a whole song as symbols in the chain's key, from which it is `shift` semitones away."""
    melody = melody_of(song).transposed(-shift)
    return list(zip(melody.pitch, melody.ticks, strict=True))


def bars_of(song: Song) -> int:
    """Count the bars of a song's melody, the last of which may be cut short."""
    melody = melody_of(song)
    return -(-(melody.position + sum(melody.ticks)) // melody.bar_ticks)


def kept_of(
    passage: Passage, metre: Metre, n_ticks: int, shift: int, wish: str = "keep"
) -> tuple[list[Symbol], int, int]:
    """Cut the bars that stay out of their song; give them with their first and last step.

    The last bar of a song of which some are composed again (`wish` is "renew") may be cut short.
    """
    melody = melody_of(passage.song)
    bar = bar_ticks(metre, TICKS_PER_BEAT)
    begin, end = (passage.first - 1) * bar, passage.last * bar
    if melody.metre != metre:
        n, d = melody.metre
        raise InputError(f"{wish}: the song is in {n}/{d}, and the new one in "
                         f"{metre[0]}/{metre[1]}")  # fmt: skip
    if end > n_ticks:
        raise InputError(f"{wish}: bar {passage.last} lies beyond {n_ticks // bar} bars")
    symbols, place = [(melodies.REST, melody.position)] if melody.position else [], 0
    symbols += zip(melody.transposed(-shift).pitch, melody.ticks, strict=True)
    kept = []
    for pitch, ticks in symbols:
        first, last = max(place, begin), min(place + ticks, end)
        if last > first:
            kept.append((pitch, last - first))
        place += ticks
    missing = end - begin - sum(ticks for _, ticks in kept)
    if missing and wish == "renew":
        kept.append((melodies.REST, missing))
    elif missing:
        raise InputError(f"keep: the song has no bar {passage.last}")
    return kept, begin, end


def starts_after(chain: Chain, before: list[Symbol], most: int) -> list[int]:
    """Give the nodes after some symbols, or that of a beginning; in a chain that limits repeats.

    Those of shorter contexts follow, for wishes that what is usual after the longest one forbids.
    """
    nodes = chain.after(before[-ORDER:]) if before else [chain.begin]
    if not most:
        return nodes
    count, pitch = 1, before[-1][0] if before else None
    while before[-count - 1 : -count] and before[-count - 1][0] == pitch:
        count += 1
    # the empty context does not know the pitch before; those of its other lengths do
    same = [(symbol,) for symbol in chain.symbols if symbol[0] == pitch]
    if same:
        nodes = [node for node in nodes if chain.contexts[node]]
        nodes += [chain.after(symbol)[0] for symbol in same]
    return [node * most + min(count, most) - 1 for node in nodes]


def leading_to(chain: Chain, behind: list[Symbol], most: int) -> Floats:
    """Weigh nodes by how likely a passage follows; a strange one may follow any."""
    weights = np.full(chain.n_nodes, STRANGE)
    symbol = behind[0]
    if symbol in chain.symbols:
        edges = np.flatnonzero(chain.symbol == chain.symbols.index(symbol))
        np.add.at(weights, chain.source[edges], chain.probability[edges])
    if most and symbol[0] != melodies.REST:
        pitches = [pitch for pitch, _ in behind[:most]]
        again = next((n for n, pitch in enumerate(pitches) if pitch != symbol[0]), len(pitches))
        same = [
            bool(context) and context[-1] >= 0 and chain.symbols[context[-1]][0] == symbol[0]
            for context in chain.contexts
        ]
        count = np.arange(chain.n_nodes) % most + 1
        weights[np.array(same) & (count + again > most)] = 0
    return weights
