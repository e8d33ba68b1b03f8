"""Songs as arrays: windows of notes, notes with all that is known of them, musical features."""
