"""Functions that Numba compiles: once for each machine, kept on disk, by one program at a time.

Compiled code stands in `__pycache__` beside the package, or in the user's cache folder where that
cannot be written. It is compiled again when any file of the package or Numba changes, unlike
Numba's own cache, which looks at the file of the called function alone.

Sums are added up in the order in which they are written, in one thread, so no machine load and no
number of processes changes a digit.
"""

import hashlib
import logging
import platform
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, ParamSpec, TypeVar

from filelock import FileLock
from numba import __version__, config, njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

from classify.files import cache_folder

P = ParamSpec("P")
T = TypeVar("T")

LOG = logging.getLogger("classify")

#: Said when there is no compiled code for this machine yet.
COMPILING = "Compiling the musical features for this machine, once; it takes about a minute."


@cache
def stamp() -> str:
    """Give a hash of this package's sources, Numba and Python: code of others is not used."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    made_by = f"{__version__} {sys.version_info[:2]} {platform.machine()}".encode()
    sources = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(sources + made_by).hexdigest()[:16]


@cache
def folder() -> Path:
    """Give the folder of compiled code: beside the sources, or in the user's cache."""
    beside = Path(__file__).parent / "__pycache__"
    try:
        beside.mkdir(exist_ok=True)
        (beside / "compiled.lock").touch()
    except OSError:
        beside = cache_folder() / "compiled"
        beside.mkdir(parents=True, exist_ok=True)
    return beside


#: Nothing is shared between threads, and nothing reordered: numbers depend on the input alone.
OPTIONS = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


class _Locator(_CacheLocator):  # type: ignore[misc]
    """Tells Numba where a function's compiled code stands, and of which sources it is."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = f"{function.__module__}.{function.__qualname__}"

    def get_cache_path(self) -> str:
        return str(folder())

    def get_source_stamp(self) -> str:
        return stamp()

    def get_disambiguator(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()[:8]

    @classmethod
    def from_function(cls, function: Callable[..., Any], _: str) -> "_Locator":
        return cls(function)


class _Files(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes: ClassVar = [_Locator]


class _Cache(FunctionCache):  # type: ignore[misc]
    _impl_class = _Files


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile a function when it is first called.

    It may use numbers, NumPy arrays, other compiled functions, and named tuples of these. A
    division by 0 gives infinity or NaN, as in NumPy; an index out of bounds is not noticed.

    Examples
    --------
    >>> @compiled
    ... def plus_one(x):
    ...     return x + 1
    >>> plus_one(1.0)
    2.0
    """
    made = njit(**OPTIONS)(function)
    if not function.__module__.startswith(__package__):
        return made  # its sources are not in `stamp`
    if made is not function:  # it is where NUMBA_DISABLE_JIT asks for plain Python
        made._cache = _Cache(made.py_func)
    return made


def inner(function: Callable[P, T]) -> Callable[P, T]:
    """Compile a function that only compiled ones call: it becomes a part of them."""
    return njit(**OPTIONS, no_cpython_wrapper=True)(function)


def compile_once(everything: Callable[[], object]) -> None:
    """Let one program compile while others wait, and say so, unless it is done.

    Parameters
    ----------
    everything : callable
        Calls every compiled function.
    """
    done = folder() / f"compiled-{stamp()}"
    if config.DISABLE_JIT or done.exists():
        return
    with FileLock(folder() / "compiled.lock"):
        if done.exists():
            return
        LOG.warning(COMPILING)
        everything()
        for earlier in folder().glob("compiled-*"):
            earlier.unlink()
        done.touch()
