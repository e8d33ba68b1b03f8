"""New songs: the contract of generators, and one generator a file."""
