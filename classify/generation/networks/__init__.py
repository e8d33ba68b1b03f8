"""Networks of generators: built and trained by Keras, sampled in NumPy."""
