"""Extremely randomised trees as plain arrays, so that a generator that has them needs no pickle."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

#: Trees, songs of the smallest leaf, most leaves of a tree, and share of features that a split
#: chooses among.
TREES, SMALLEST_LEAF, MOST_LEAVES, SHARE = 200, 3, 256, 0.2

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees whose mean says how probable each class is (Geurts et al. 2006).

    Parameters
    ----------
    root : ndarray of int, shape (n_trees,)
        The node at which each tree begins.
    feature : ndarray of int, shape (n_nodes,)
        Column that a node looks at.
    threshold : ndarray of float, shape (n_nodes,)
        It goes to the left where the column is at most this.
    left, right : ndarray of int, shape (n_nodes,)
        The nodes that follow; a leaf is followed by itself.
    share : ndarray of float, shape (n_nodes, n_classes)
        How probable the classes are at each node.
    """

    root: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    share: Floats

    @classmethod
    def fit(cls, x: Floats, classes: Sequence[str]) -> "Forest":
        """Grow trees; each class counts as much as any other.

        Parameters
        ----------
        x : ndarray, shape (n_songs, n_features)
            Features.
        classes : sequence of str
            Of each song. Probabilities are in the order of their sorted names.

        Examples
        --------
        >>> x = np.repeat([[0.0], [1.0]], 5, axis=0)
        >>> Forest.fit(x, ["a"] * 5 + ["b"] * 5).probabilities(np.array([[0.1]])).round().tolist()
        [[1.0, 0.0]]
        """
        from sklearn.ensemble import ExtraTreesClassifier

        model = ExtraTreesClassifier(
            TREES, min_samples_leaf=SMALLEST_LEAF, max_leaf_nodes=MOST_LEAVES, max_features=SHARE,
            class_weight="balanced", random_state=0,
        ).fit(x, list(classes))  # fmt: skip
        return cls._of_trees([one.tree_ for one in model.estimators_])

    @classmethod
    def _of_trees(cls, trees: Sequence[Any]) -> "Forest":
        """Lay scikit-learn's trees one behind another."""
        first = np.cumsum([0, *(tree.node_count for tree in trees)])
        sides = []
        for name in ("children_left", "children_right"):
            parts = []
            for tree, begin in zip(trees, first, strict=False):
                to = getattr(tree, name)
                parts.append(begin + np.where(to < 0, np.arange(len(to)), to))
            sides.append(np.concatenate(parts).astype(np.int64))
        return cls(
            first[:-1].astype(np.int64),
            np.concatenate([tree.feature.clip(0) for tree in trees]).astype(np.int64),
            np.concatenate([tree.threshold for tree in trees]).astype(np.float64),
            *sides,
            np.concatenate([tree.value[:, 0] for tree in trees]).astype(np.float64),
        )

    def probabilities(self, x: Floats) -> Floats:
        """Say how probable each class is, shape (n_songs, n_classes)."""
        x = np.asarray(x, np.float32)  # as scikit-learn compares
        song, node = np.arange(len(x))[:, None], np.tile(self.root, (len(x), 1))
        while True:
            goes_left = x[song, self.feature[node]] <= self.threshold[node]
            following = np.where(goes_left, self.left[node], self.right[node])
            if (following == node).all():
                return np.asarray(self.share[node].mean(axis=1))
            node = following

    def state(self) -> dict[str, NDArray[Any]]:
        """Give arrays that trees are made of again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Make trees of what `state` gave.

        Raises
        ------
        KeyError, ValueError
            If arrays are missing, or lead to nodes that are not there.
        """
        forest = cls(**{field.name: arrays[field.name] for field in fields(cls)})
        nodes = np.concatenate([forest.root, forest.left, forest.right])
        if nodes.min(initial=0) < 0 or nodes.max(initial=-1) >= len(forest.share):
            raise ValueError("holds trees that lead nowhere")
        onward = np.arange(len(forest.left))
        if ((forest.left < onward) | (forest.right < onward)).any():
            raise ValueError("holds trees that lead back")  # they would never end
        return forest
