"""How figures, numbers and notes look: the same in reports, explanations and playlists."""
