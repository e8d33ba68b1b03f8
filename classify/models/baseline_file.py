"""Fitted classical models in files of skops, which holds types and arrays and no code.

`import skops.io` takes longer than all else of a short program, since it imports the whole of
scikit-learn to learn which types there are. The types of our own models are few, so files of these
are read here: of skops' format (protocol 2) the kinds of values that occur, and of types those that
are named below. A file with anything else, or of another protocol, is left to skops, which reads
or refuses it. So what is read here is never more than skops accepts, and makes the same object.
"""

import io
import json
import math
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar
from zipfile import ZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError

#: scikit-learn types that skops must be told to trust; everything else is refused on loading.
TRUSTED = {
    "numpy.clip",  # bounds the values that a regression sees
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",  # a dict, in which a vote keeps its members
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "aeon.transformations.collection.convolution_based._minirocket.MiniRocket",
    "classify.baselines.minirocket.by_channel",
    "classify.baselines.song_choice.SelectedEnsemble",
    "classify.baselines.song_stack.StackedEnsemble",
    "classify.baselines.song_vote.SongVote",
}

#: What skops calls its format.
PROTOCOL = 2

#: Estimators that are made here: given their attributes, as when they are unpickled.
ESTIMATORS = {
    "sklearn.ensemble._forest.ExtraTreesClassifier",
    "sklearn.ensemble._forest.RandomForestClassifier",
    "sklearn.ensemble._voting.VotingClassifier",
    "sklearn.linear_model._logistic.LogisticRegression",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.QuantileTransformer",
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.preprocessing._function_transformer.FunctionTransformer",
    "sklearn.preprocessing._label.LabelEncoder",
    "sklearn.tree._classes.DecisionTreeClassifier",
    "sklearn.tree._classes.ExtraTreeClassifier",
    "classify.baselines.song_vote.SongVote",
}

#: Other types and functions that may be named, and loaders of skops that name them.
OTHERS = {
    "DictNode": {"builtins.dict", "sklearn.utils._bunch.Bunch"},
    "FunctionNode": {"numpy.clip"},
    "ListNode": {"builtins.list"},
    "NdArrayNode": {"numpy.ndarray", "numpy.bool", "numpy.float32", "numpy.float64", "numpy.int64"},
    "ObjectNode": ESTIMATORS,
    "TreeNode": {"sklearn.tree._tree.Tree"},
    "TupleNode": {"builtins.tuple"},
    "TypeNode": {"builtins.str", "builtins.int", "builtins.float", "builtins.bool"},
}

#: How NumPy's files begin, of the version that all but those with odd fields have.
NPY_1 = np.lib.format.magic(1, 0)

State = dict[str, Any]


class LeftToSkops(Exception):
    """A file holds something that is not read here."""


def read(path: Path) -> Any:
    """Read an estimator; types are looked at before anything is made of them.

    Parameters
    ----------
    path : Path
        That `skops.io.dump` wrote.

    Raises
    ------
    InputError
        If it holds types that no model of ours has.
    """
    try:
        return read_plain(path)
    except LeftToSkops:
        return _read_by_skops(path)


def _read_by_skops(path: Path) -> Any:
    from skops import io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return io.load(path, trusted=sorted(TRUSTED))
    except UntrustedTypesFoundException:
        surprising = sorted(set(io.get_untrusted_types(file=path)) - TRUSTED)
        raise InputError(
            f"{path}: holds types that no model of ours has: {', '.join(surprising)}"
        ) from None


def read_plain(path: Path) -> Any:
    """Read an estimator without skops.

    Raises
    ------
    LeftToSkops
        If it holds anything that is not known here.
    """
    with ZipFile(path) as file:
        schema = msgspec.json.decode(file.read("schema.json"))
        if schema.get("protocol") != PROTOCOL:
            raise LeftToSkops
        return _Reader(file).value(schema)


def _array_of(data: bytes) -> NDArray[Any]:
    """Give an array in NumPy's format; trees have thousands, and few kinds of headers."""
    begin = 10 + int.from_bytes(data[8:10], "little")
    if data[:8] != NPY_1:
        return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
    shape, in_columns, dtype = _header(data[8:begin])
    array = np.frombuffer(data, dtype, math.prod(shape), begin)
    return array.reshape(shape, order="F" if in_columns else "C").copy("A")


@lru_cache(maxsize=4096)
def _header(data: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    shape, in_columns, dtype = np.lib.format.read_array_header_1_0(io.BytesIO(data))
    return shape, in_columns, dtype


class _Reader:
    """Makes the values of a file; what stands in it several times is one object."""

    def __init__(self, file: ZipFile) -> None:
        self.file = file
        self._made: dict[int, Any] = {}

    def value(self, state: State) -> Any:
        """Make a value of what the file says of it."""
        id = state.get("__id__", 0)
        if id in self._made:
            return self._made[id]
        loader = state["__loader__"]
        if loader == "JsonNode":
            value = json.loads(state["content"])
        elif f"{state['__module__']}.{state['__class__']}" in OTHERS.get(loader, ()):
            value = self.LOADERS[loader](self, state)
        else:
            raise LeftToSkops
        if id:
            self._made[id] = value
        return value

    def _named(self, state: State) -> Any:
        return getattr(import_module(state["__module__"]), state["__class__"])

    def _dict(self, state: State) -> Any:
        made, kinds = self._named(state)(), self.value(state["key_types"])
        for kind, (key, value) in zip(kinds, state["content"].items(), strict=True):
            made[kind(key)] = self.value(value)
        return made

    def _list(self, state: State) -> list[Any]:
        return [self.value(one) for one in state["content"]]

    def _tuple(self, state: State) -> tuple[Any, ...]:
        return tuple(self.value(one) for one in state["content"])

    def _array(self, state: State) -> Any:
        if state["type"] != "numpy":
            raise LeftToSkops
        array = _array_of(self.file.read(state["file"]))
        return array if state["__class__"] == "ndarray" else self._named(state)(array)

    def _object(self, state: State) -> Any:
        kind = self._named(state)
        made = kind.__new__(kind)
        made.__setstate__(self.value(state["content"]))
        return made

    def _tree(self, state: State) -> Any:
        made = self._named(state)(*self.value(state["__reduce__"]["args"]))
        made.__setstate__(self.value(state["content"]))
        return made

    LOADERS: ClassVar[dict[str, Callable[["_Reader", State], Any]]] = {
        "DictNode": _dict,
        "FunctionNode": _named,
        "ListNode": _list,
        "NdArrayNode": _array,
        "ObjectNode": _object,
        "TreeNode": _tree,
        "TupleNode": _tuple,
        "TypeNode": _named,
    }
