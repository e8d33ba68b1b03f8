"""Numbers and names as readers see them, against examples worked by hand."""

import pytest

from classify.presentation import notes, numbers


@pytest.mark.parametrize(
    ("share", "text"), [(0.041, "4.1"), (-0.01, "−1.0"), (-0.0001, "0.0"), (0, "0.0")]
)
def test_points_have_a_proper_minus(share, text):
    assert numbers.points(share) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.71, "71 %"),
        (1, "> 99 %"),
        (0.001, "< 1 %"),
        (0.994, "99 %"),
        (0.9951, "> 99 %"),
        (0.009, "1 %"),
    ],
)
def test_no_probability_is_nothing_or_everything(share, text):
    assert numbers.probability(share) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0007, "< .001"), (0.00999, ".010"), (0.001, ".001"), (1, "1.000"), (0, "< .001")],
)
def test_p_values_have_one_form(p, text):
    assert numbers.p_value(p) == text
    assert numbers.p_equals(p) == f"p {'' if text[0] == '<' else '= '}{text}"


@pytest.mark.parametrize(
    ("place", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (12, "12th"), (21, "21st")]
)
def test_places(place, text):
    assert numbers.ordinal(place) == text


def test_pitches_have_names():
    assert [notes.pitch_name(pitch) for pitch in (0, 60, 61, 127)] == ["C-1", "C4", "C♯4", "G9"]


def test_keys_are_named_as_they_are_written():
    """The major keys with the fewest signs; minor keys too, where G♯ minor is the commoner."""
    majors = ["C", "D♭", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"]
    minors = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B"]
    assert [notes.key_name(i, False) for i in range(12)] == [f"{name} major" for name in majors]
    assert [notes.key_name(i, True) for i in range(12)] == [f"{name} minor" for name in minors]
