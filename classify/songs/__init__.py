"""Reading: one file in, one Song out."""

from classify.songs.song import NOTE, Song, UnusableSong

__all__ = ["NOTE", "Song", "UnusableSong"]
