"""Generators with a latent space: songs as phrases, phrases as points, and what lies between."""
