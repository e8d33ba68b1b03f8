"""Groups of songs that belong together."""

from collections.abc import Sequence


def group_by_shared_keys(keys: Sequence[Sequence[str]]) -> list[str]:
    """Name a group for each song, so that songs with a key in common share one.

    Parameters
    ----------
    keys : sequence of sequences of str, length n_songs
        Keys of each song (a group, a title, a digest of its bytes), at least one. Sharing is
        transitive: a song that shares one key with a second song and another key with a third
        puts all three into one group.

    Returns
    -------
    list of str, length n_songs
        The first key of the first song of each group.

    Examples
    --------
    >>> group_by_shared_keys([["a", "x"], ["b"], ["c", "x", "y"], ["d", "y"]])
    ['a', 'b', 'a', 'a']
    """
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for first, *others in keys:
        for other in others:
            parent[root(other)] = root(first)
    names: dict[str, str] = {}
    return [names.setdefault(root(first), first) for first, *_ in keys]
