"""Where work runs: one contract (`executor`), in this process, in others, or on a Dask cluster."""
