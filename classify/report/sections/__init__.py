"""The report's sections, one file each; found by walking this folder, ordered by their `ORDER`."""
