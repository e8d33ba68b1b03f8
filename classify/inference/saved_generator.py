"""A trained generator as a folder that loads anywhere, without pickle, or is refused in a sentence.

It is the same kind of folder as that of a classifier (`classify.models.artifacts`): a JSON file
says what it is, what it learned from and what it is worth, and lists size and SHA-256 of every
other file. Those are the generator itself, as `classify.generation.generator.Generator.save` writes
it (arrays without objects, values, and the weights of a network), and a card for people.
"""

from dataclasses import dataclass
from pathlib import Path

from classify.errors import InputError
from classify.files import atomic_write
from classify.generation import generator as generators
from classify.generation.generator import ARRAYS, NETWORK, VALUES, Generator
from classify.inference import generator_card
from classify.inference.generator_record import GeneratorRecord
from classify.models import artifacts

#: Raised when what is written changes; folders of any other number are refused.
FORMAT = 2

ABOUT, CARD, FOLDER = "generator.json", "model-card.md", "generator"
ALWAYS = frozenset({f"{FOLDER}/{ARRAYS}", f"{FOLDER}/{VALUES}", CARD})


KIND = artifacts.ArtifactType(
    "generator",
    ABOUT,
    "trained generator",
    FORMAT,
    (ALWAYS, ALWAYS | {f"{FOLDER}/{NETWORK}"}),
    GeneratorRecord,
)


@dataclass(frozen=True, eq=False)
class SavedGenerator:
    """A trained generator, ready to be asked for songs.

    Parameters
    ----------
    folder : Path
        Where it was read from.
    about : GeneratorRecord
        The content of generator.json.
    generator : Generator
        Itself.
    """

    folder: Path
    about: GeneratorRecord
    generator: Generator

    @property
    def name(self) -> str:
        """What to call it in outputs: its title, corpus, and the beginning of its hash."""
        about = self.about
        return f"{about.title} trained on {about.corpus.name} ({about.sha256[:12]})"


def is_generator(folder: Path) -> bool:
    """Tell the folder of a generator from that of a classifier."""
    return (folder / ABOUT).is_file()


def write(folder: Path, about: GeneratorRecord, generator: Generator) -> None:
    """Write a generator with its card, whole or not at all.

    Parameters
    ----------
    folder : Path
        Where to; a generator that is there is replaced.
    about : GeneratorRecord
        The content of generator.json; files and hashes are filled in here.
    generator : Generator
        Fitted.
    """
    with atomic_write(folder) as temporary:
        (temporary / FOLDER).mkdir(parents=True)
        generator.save(temporary / FOLDER)
        (temporary / CARD).write_text(generator_card.text(about), encoding="utf-8")
        artifacts.seal(temporary, about.as_dict(), KIND)


def load(folder: Path) -> SavedGenerator:
    """Read a generator; it makes the songs that the saved one made.

    Raises
    ------
    InputError
        If it is none, or one that is damaged, was changed, is of a newer kind, or holds anything
        that no generator of ours has. Nothing in it is executed.
    """
    about = artifacts.checked(folder, KIND)
    with artifacts.as_input_error(folder):
        if about.name not in generators.names():
            raise InputError(f"{folder}: this program knows no generator {about.name!r}")
        generator = generators.get(about.name).load(folder / FOLDER)
        if generator.moods != about.moods:
            raise InputError(f"{folder}: its files are of another generator than its {ABOUT}")
        return SavedGenerator(folder, about, generator)


def loaded(model: SavedGenerator | str | Path) -> SavedGenerator:
    """Load a generator, if it is not loaded yet."""
    return model if isinstance(model, SavedGenerator) else load(Path(model))
