"""Reading: one file in, one Song out."""

from classify.songs.song import GENERATED, NOTE, Song, UnusableSong

__all__ = ["GENERATED", "NOTE", "Song", "UnusableSong"]
