"""Tasks on a Dask cluster: the executor, its side on workers, and the site that both are on."""

from classify.compute.dask.executor import DaskExecutor

__all__ = ["DaskExecutor"]
