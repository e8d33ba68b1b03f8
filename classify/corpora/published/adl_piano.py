"""ADL Piano MIDI: piano parts of popular and other music, filed by genre.

The archive has a folder `adl-piano-midi/` with `Genre/Subgenre/Artist/Song.mid`. The label is the
genre, the first of the three. Most files are the piano tracks of the Lakh MIDI data set. Its
authors filed artists, not songs, under genres; an artist is a group within a genre.
"""

from pathlib import Path

from classify.corpora.labels import Entry, Listing
from classify.corpora.published._copy import Published, midi_files, with_subfolders
from classify.corpora.walk import Skipped, relative_name

CORPUS = Published(
    name="adl-piano",
    title="ADL Piano MIDI",
    citation="""@inproceedings{ferreira2020computer,
  author = {Ferreira, Lucas N. and Lelis, Levi H. S. and Whitehead, Jim},
  title = {Computer-Generated Music for Tabletop Role-Playing Games},
  booktitle = {Proc. AAAI Conf. on Artificial Intelligence and Interactive Digital Entertainment},
  year = {2020}
}""",
    licence="No licence for the music, which is in copyright; collected from the Lakh MIDI data "
    "set and the web.",
    home="https://github.com/lucasnfe/adl-piano-midi",
    url="https://github.com/lucasnfe/adl-piano-midi/raw/master/midi/adl-piano-midi.zip",
    layout="adl-piano-midi.zip unpacked (adl-piano-midi/Genre/Subgenre/Artist/Song.mid)",
    window=200,
    files={"as published": 11086, "as unpacked": 11073},
    note="The genre is that of the artist, not of the song. The archive names a few files twice, "
    "so fewer come out of it than its authors count. Songs of one artist are kept together; one "
    "song by two artists (a cover) is not.",
)

#: The genres by which a copy is known; a folder beside them is a genre too.
GENRES = (
    "Ambient", "Blues", "Children", "Classical", "Country", "Electronic", "Folk", "Jazz", "Latin",
    "Pop", "Rap", "Reggae", "Religious", "Rock", "Soul", "Soundtracks", "World",
)  # fmt: skip
ARCHIVE = "adl-piano-midi.zip"


def listing(folder: Path) -> Listing:
    """List the songs of a copy: label the genre, group the artist within it."""
    root = _root(folder)
    entries, skipped = [], []
    for path in midi_files(root):
        name, parts = relative_name(path, folder), path.relative_to(root).parts
        if len(parts) != 4:
            reason = "does not lie in a folder Genre/Subgenre/Artist"
            skipped.append(Skipped(name, reason))
            continue
        genre, subgenre, artist, _ = (relative_name(Path(part), Path()) for part in parts)
        extra = {"subgenre": subgenre, "artist": artist}
        entries.append(Entry(path, name, genre, f"{genre}/{artist}", extra=extra))
    return Listing(CORPUS.name, entries, skipped)


def _root(folder: Path) -> Path:
    """Find the folder of the genres: the given one, in it, or in midi/ of a checkout."""
    places = [*with_subfolders(folder), folder / "midi" / "adl-piano-midi"]
    for place in places:
        if any((place / genre).is_dir() for genre in GENRES):
            return place
    for place in places:
        if (place / ARCHIVE).is_file():
            raise CORPUS.packed(place / ARCHIVE, place)
    raise CORPUS.refusal(folder, "has no folder of a genre (Ambient, Blues, ...)")
