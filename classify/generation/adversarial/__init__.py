"""Generators that learn against an adversary which tells their music from real music (GANs)."""
