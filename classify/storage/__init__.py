"""What commands read from and write to a bucket or a server: copies on this machine, kept in step.

Work is done on local files, as ever. What is read from an address is copied first, several files at
once, and only those whose size or tag is another than last time. What is written to one is made in
a copy of what lies there; whatever is finished meanwhile is sent there every few seconds, so that
the same command goes on with it on another machine. What it is work for decides, there as here,
whether finished work is used again.

Stores rename nothing in one step. Data are therefore sent before the JSON files that say that they
are there, and beside each result lies a small file, `.<name>.state`: it says that the result is
being written, and by whom, or that all of it is there. Nobody reads what is not whole, and nobody
writes where another does.
"""

import functools
import inspect
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec, TypeVar

from classify.addresses import COPIES, address_of, shown
from classify.errors import InputError
from classify.options import flag
from classify.progress import SILENT
from classify.storage.copies import local_path, read_copy
from classify.storage.mirror import written

__all__ = ["local_path", "read_copy", "stored", "written"]

T = TypeVar("T")
P = ParamSpec("P")

#: Parameters that are addresses of another kind.
OTHERS = ("cluster", "command")


def stored(
    reads: Collection[str] = (), writes: Collection[str] = ()
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a function take addresses, as s3://bucket/songs, where it takes paths.

    Parameters
    ----------
    reads, writes : collection of str
        Names of parameters that name what is read or written. An address that another parameter is
        given is refused.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def through(*given: P.args, **named: P.kwargs) -> T:
            bound = signature.bind(*given, **named)
            progress = bound.arguments.get("progress", SILENT)
            with ExitStack() as stack:

                def local(name: str, value: Any) -> Any:
                    if isinstance(value, list | tuple):
                        return type(value)(local(name, one) for one in value)
                    address = None if name in OTHERS else address_of(value)
                    if address is None:
                        return value
                    if name in writes:
                        return stack.enter_context(written(address, progress))
                    if name not in reads:
                        takes = ", ".join(f"--{flag(one)}" for one in (*reads, *writes))
                        raise InputError(
                            f"{address}: --{flag(name)} takes a path on this machine"
                            + (f"; an address is taken by {takes}" if takes else "")
                        )
                    return address.corpus + str(read_copy(address, progress))

                stack.enter_context(_addresses_said())
                for name, value in bound.arguments.items():
                    if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                        bound.arguments[name] = {n: local(n, v) for n, v in value.items()}
                    else:
                        bound.arguments[name] = local(name, value)
                return function(*bound.args, **bound.kwargs)

        return through

    return decorate


@contextmanager
def _addresses_said() -> Iterator[None]:
    """Name addresses in refusals, not their copies."""
    try:
        yield
    except InputError as error:
        if COPIES not in str(error) or type(error) is not InputError:
            raise
        raise InputError(shown(str(error))) from None
