"""Where work runs: one contract (`executor`), in this process (`inline`) or in others (`local`)."""
