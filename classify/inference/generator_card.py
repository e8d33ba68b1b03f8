"""The card of a generator: what it says of itself to people, in Markdown (Mitchell et al. 2019)."""

from classify.inference.generator_record import GeneratorRecord

#: Stands in everything that a generator says.
NO_DEVICE = (
    "This is no medical device: it makes music. That a song was asked for in a mood does not mean "
    "that a listener will feel it, and whether new music serves in therapy is for a therapist and "
    "the listener to judge."
)


def text(about: GeneratorRecord) -> str:
    """Write the card of what generator.json says."""
    corpus, copying = about.corpus, about.copying
    moods = ", ".join(about.moods) or "none"
    blocks = [
        f"# {about.title}, trained on {corpus.name}",
        NO_DEVICE,
        "## What it is for",
        f"It makes new songs as MIDI files. Moods: {moods}. It keeps without exception: "
        f"{', '.join(about.keeps)}.",
        *([f"It aims at, without a promise: {', '.join(about.aims)}."] if about.aims else []),
        *about.remarks,
        "## What it learned from",
        f"{corpus.songs:,} songs in {corpus.groups:,} groups; {corpus.skipped:,} were skipped. "
        f"Fingerprint `{corpus.fingerprint[:16]}`.",
        *[line for line in (corpus.licence, corpus.note) if line],
        *([f"```\n{corpus.citation.strip()}\n```"] if corpus.citation else []),
        "New songs are made of what these songs have in common; what may be done with them depends "
        "on their licence, too.",
        "## What its songs are like",
        _knobs(about),
        "## Copying",
        f"The longest run of notes that a song shares with one of another group, in any key, has "
        f"{copying.median:g} notes in the median, and {copying.limit} or fewer in 95 of 100. A new "
        f"song shares at most {copying.limit}, unless another limit is asked for.",
        "## How it was made",
        f"classify {about.classify}, {about.created}: `{about.command}`; it learned for "
        f"{about.seconds:.1f} s.",
        f"Versions: {', '.join(f'{name} {number}' for name, number in about.versions.items())}.",
    ]  # fmt: skip
    return "\n\n".join(blocks) + "\n"


def _knobs(about: GeneratorRecord) -> str:
    """Lay the medians of all knobs side by side, mood by mood."""
    columns = list(about.knobs[""])
    rows = [
        f"| {mood or 'all songs'} | "
        + " | ".join(f"{values[name][1]:.3g}" if name in values else "" for name in columns)
        + " |"
        for mood, values in about.knobs.items()
    ]
    head = f"| median | {' | '.join(columns)} |"
    return "\n".join([head, "|" + "---|" * (len(columns) + 1), *rows])
