"""What plays songs on the page, in a real Chromium: recorded instruments or the synthesiser."""

import mido
import pytest

from classify.app.judging import read_library
from classify.app.room import Room
from classify.presentation import instruments, soundfonts
from classify.progress import SILENT
from tests.app.conftest import add_folder, build

pytestmark = pytest.mark.slow

LOUD = "return window.listen.player.level() > 0.001"


def test_a_song_is_played_slower_repeated_and_left(player, ready):
    """Either player is where it says, repeats a passage, and is silent when it is told to be."""
    from selenium.webdriver.common.keys import Keys

    ready.go("/songs/1")
    ready.until(lambda: ready.all(".play:not(:disabled)"))
    ready.tab_to(".play")
    ready.press(Keys.ENTER)

    def asked(what):
        return ready.driver.execute_script(f"return window.listen.player.{what}")

    ready.until(lambda: asked("level()") > 0.001, 20)
    assert f"played by {player}" in ready.one("#sound").text
    ready.driver.execute_script("window.listen.seek(2)")
    ready.driver.execute_script("window.listen.player.loop = [1, 3]")
    ready.tab_to("[aria-label='Tempo, percent']")
    ready.press(Keys.END)
    assert asked("speed") == 1.5
    ready.until(lambda: 1 <= asked("position") < 1.5, 20)  # it went back to A
    heard = ready.until(lambda: asked("level()") > 0.001 and asked("position"), 20)
    ready.until(lambda: asked("position") > heard, 20)
    ready.press(" ")  # pauses
    ready.until(lambda: not asked("playing"))
    there = asked("position")
    ready.until(lambda: asked("level()") < 1e-4, 20)
    ready.driver.execute_script("window.listen.press()")  # goes on from there
    ready.until(lambda: asked("position") > there and asked("level()") > 0.001, 20)


def test_a_list_is_played_through_and_songs_fade_into_each_other(player, ready):
    build(ready)
    ready.click("#play")
    levels = "return window.through.players.map(player => player.level())"
    ready.until(lambda: max(ready.driver.execute_script(levels)) > 0.001, 20)
    assert f"played by {player}" in ready.one("#sound").text
    first = "window.first = window.through.players[0]; return window.first.playing"
    assert ready.driver.execute_script(first)
    ready.click("#skip")
    both = "return window.first.level() > 1e-4 && window.through.players[0].level() > 1e-4"
    ready.until(lambda: ready.driver.execute_script(both), 20)
    ready.until(lambda: not ready.driver.execute_script("return window.first.playing"), 20)
    assert ready.driver.execute_script("return window.through.players[0].playing")
    ready.click("#skip")  # the first one's sound is used again
    ready.until(lambda: max(ready.driver.execute_script(levels)) > 0.001, 20)
    ready.click("#play")
    assert ready.driver.execute_script("return window.through.players.length") == 0


def orchestra(path):
    """Write a song of 17 programs and two drum kits, which no 16 channels hold at once."""
    song = mido.MidiFile()
    for number in range(19):
        track, kit = mido.MidiTrack(), number > 16
        song.tracks.append(track)
        channel = 9 if kit else number % 15 + (number % 15 >= 9)
        program = 25 * (number - 17) if kit else 5 * number
        later = 4800 if number in (15, 16, 18) else 0  # after another program of its channel
        track.append(mido.Message("program_change", channel=channel, program=program, time=later))
        for _ in range(8):
            for velocity, ticks in ((90, 0), (0, 480)):
                track.append(mido.Message("note_on", channel=channel, note=60, velocity=velocity,
                                          time=ticks))  # fmt: skip
    path.parent.mkdir(parents=True)
    song.save(path)


@pytest.fixture
def played(visit, tmp_path):
    """Open a song for an orchestra, ready to be played."""
    orchestra(tmp_path / "orchestra" / "song.mid")
    library = add_folder(visit.page, tmp_path / "orchestra")
    read_library(Room(visit.page.place, visit.page.database, SILENT), library)
    visit.go("/songs/1")
    visit.until(lambda: visit.all(".play:not(:disabled)"))
    return visit


@pytest.mark.parametrize("player", [True], ids=["recorded"], indirect=True)
def test_every_program_and_kit_is_played_by_an_instrument_of_its_own(player, played):
    played.click(".play")
    played.until(lambda: played.driver.execute_script(LOUD), 20)
    channels = (
        "return window.listen.player._band.synth.midiChannels.map(one => "
        "[one.patch.program, one.patch.isGMGSDrum])"
    )
    expected = [[5 * number, False] for number in range(17)]
    expected.insert(9, [0, True])

    def chosen():
        given = played.driver.execute_script(channels)
        return given[:18] == expected and given[25] == [25, True]

    played.until(chosen, 20)


@pytest.mark.parametrize("player", [True], ids=["recorded"], indirect=True)
def test_a_damaged_soundfont_is_said_and_the_small_synthesiser_plays(
    player, played, tmp_path, monkeypatch
):
    damaged = tmp_path / "damaged" / instruments.SOUNDFONT
    damaged.parent.mkdir()
    damaged.write_bytes(b"RIFF and no soundfont" * 100)
    monkeypatch.setattr(soundfonts, "folder", lambda: damaged.parent)
    played.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    played.click(".play")
    played.until(lambda: played.driver.execute_script(LOUD), 20)
    for place in ("#sound", "#said"):
        assert "played by a small synthesiser: " in played.one(place).text
    played.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
