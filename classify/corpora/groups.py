"""Which songs belong together."""

from collections.abc import Sequence


def merged(keys: Sequence[Sequence[str]]) -> list[str]:
    """Name a group for each song, so that songs with a key in common share one.

    Parameters
    ----------
    keys : sequence of sequences of str, length n_songs
        What each song is known by (its own group, its title, a digest of its bytes); at least one
        key a song. Sharing is transitive: a song that shares one key with a second song and
        another key with a third brings all three together.

    Returns
    -------
    list of str, length n_songs
        The first key of the first song of each group.
    """
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for own in keys:
        for other in own[1:]:
            parent[root(other)] = root(own[0])
    names: dict[str, str] = {}
    return [names.setdefault(root(own[0]), own[0]) for own in keys]
