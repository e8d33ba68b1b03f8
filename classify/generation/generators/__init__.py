"""One generator a file; each names its class as `GENERATOR`."""
