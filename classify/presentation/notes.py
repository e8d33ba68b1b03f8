"""How pitches and keys are named: with the sharps and flats that keys are usually written with."""

#: Pitch classes from C up. Black keys have the name of the commoner key on them.
PITCHES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")

#: Keys that are spelled in the other way than their pitch: by tonic and whether it is minor.
_KEYS = {(1, False): "D♭", (8, True): "G♯"}


def pitch_name(pitch: float) -> str:
    """Name the nearest MIDI pitch, with 60 as C4.

    >>> pitch_name(60), pitch_name(61)
    ('C4', 'C♯4')
    """
    nearest = round(pitch)
    return f"{PITCHES[nearest % 12]}{nearest // 12 - 1}"


def key_name(tonic: int, minor: bool) -> str:
    """Name a key by the pitch class of its tonic, 0 to 11 from C.

    >>> key_name(1, minor=False), key_name(1, minor=True)
    ('D♭ major', 'C♯ minor')
    """
    name = _KEYS.get((tonic, minor), PITCHES[tonic])
    return f"{name} {'minor' if minor else 'major'}"
