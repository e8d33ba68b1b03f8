"""Where work runs: processes with limits on time and memory, one contract for all work."""
