"""A person at the page, in a real Chromium: from the first run to a list that is taken along.

The flows take minutes and are marked slow; each begins with a database of its own. What a browser
asks for is recorded, and nothing may come from, or go to, another machine.
"""

import csv
import io
import shutil
import time
from importlib.resources import files

import pytest
from msgspec import structs

from classify.app.room import Room, add_model
from classify.app.tables import Comparison
from classify.generation.generators.deep_bach import DeepBach
from classify.inference import saved_generator
from classify.progress import SILENT
from classify.representations import melody as melodies
from classify.representations.melody import Melody
from classify.songs import midi
from tests.app.conftest import build
from tests.conftest import write_song
from tests.generation.songs import Drawn, drawn_voices, made

pytestmark = pytest.mark.slow

#: Every page, once there is something on it.
PAGES = ("/", "/library/1", "/songs/1", "/playlists", "/playlists/1", "/playlists/1/sheet",
         "/generate", "/map", "/listeners", "/comparisons", "/api", "/nowhere")  # fmt: skip


def order(visit):
    return [int(item.get_attribute("data-song")) for item in visit.all("#songs > li[data-song]")]


def test_from_the_first_run_to_a_list_that_plays(visit):
    from selenium.webdriver.common.keys import Keys

    visit.tab_to("#begin")
    visit.press(Keys.ENTER)
    visit.until(lambda: visit.all("#first-progress progress"))
    visit.until(lambda: "Ready" in visit.one("#first-progress").text, 600)
    visit.go("/library")
    visit.until(lambda: visit.all("#rows a"))
    assert int(visit.one("#total").text.split()[0].replace(",", "")) > 500
    build(visit)
    visit.tab_to("#play")
    visit.press(Keys.ENTER)
    loud = "return Math.max(0, ...window.through.players.map(player => player.level()))"
    visit.until(lambda: visit.driver.execute_script(loud) > 0.001, 20)


def test_a_large_folder_is_stopped_and_gone_on_with(visit, trained, tmp_path):
    add_model(Room(visit.page.place, visit.page.database, SILENT), trained, use=True)
    for number in range(1000):
        write_song(tmp_path / "many" / f"{number:04d}.mid", number)
    (tmp_path / "many" / "broken.mid").write_bytes(b"MThd and nothing else")
    visit.go("/library")
    visit.click("#add-folder")
    visit.until(lambda: visit.one("#folder-path").get_attribute("value"))
    visit.one("#folder-path").clear()
    visit.one("#folder-path").send_keys(str(tmp_path / "many"))
    visit.click("#folder-choose")
    visit.until(lambda: visit.all("#reading .job button"))
    visit.click("#reading .job button")
    visit.until(lambda: visit.all("#reading .job.cancelled"))
    visit.click("#reading .job.cancelled button")
    visit.until(lambda: visit.ask("/libraries")[0]["read"])
    library = visit.ask("/libraries")[0]
    assert library["songs"] == 1000 and library["skipped"] == 1
    visit.go("/library/1")
    visit.until(lambda: visit.one("#total").text.startswith("1,000"))
    visit.click("#skipped summary")
    visit.until(lambda: "broken.mid" in visit.one("#skipped-rows").text)
    assert len(visit.all("#rows tr")) < 60  # only the rows in view are there


def test_ten_labels_adapt_the_model_and_the_page_says_whether_it_helped(ready):
    from selenium.webdriver.support.select import Select

    ready.go("/listeners")
    ready.one("#new [name=name]").send_keys("Mrs. K")
    ready.click("#new button")
    ready.until(lambda: ready.all("#suggest"))
    ready.click("#suggest")
    ready.until(lambda: len(ready.all("#ten select")) == 10)
    for item in ready.all("#ten li"):  # the opposite of what the model hears
        heard = item.find_element("css selector", ".mood-bar").get_attribute("aria-label")
        opposite = "Calming" if heard.startswith("Happy") else "Happy"
        Select(item.find_element("css selector", "select")).select_by_visible_text(opposite)
    ready.until(lambda: len(ready.all("#labels tr")) == 10)
    ready.click("#adapt")
    ready.until(lambda: "Adapting helped" in ready.one("#report").text)
    used = [model for model in ready.ask("/models") if model["used"]]
    assert used[0]["listener"] == "Mrs. K"


def test_a_list_is_dragged_locked_rebuilt_undone_and_taken_along(ready):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    build(ready)
    built = order(ready)
    items = ready.all("#songs > li")
    ActionChains(ready.driver).drag_and_drop(
        items[0].find_element("css selector", ".grip"), items[2]
    ).perform()
    ready.until(lambda: order(ready) != built and ready.one("#undo").is_enabled())
    dragged = order(ready)
    assert sorted(dragged) == sorted(built)
    ready.one("#songs > li").send_keys(Keys.ALT, Keys.ARROW_DOWN)
    ready.until(lambda: order(ready)[1] == dragged[0])
    ready.press("l")  # the focus went along
    ready.until(lambda: len(ready.all("#songs > li.locked")) == 1)
    ready.click("#rebuild")
    ready.until(lambda: ready.ask("/playlists/1")["change"] == "built")
    ready.until(lambda: ready.one("#rebuild").is_enabled() and dragged[0] in order(ready))
    ready.click("h1")
    for _ in range(4):
        before = ready.ask("/playlists/1")["edition"]
        keys = ActionChains(ready.driver).key_down(Keys.CONTROL).send_keys("z")
        keys.key_up(Keys.CONTROL).perform()
        ready.until(lambda was=before: ready.ask("/playlists/1")["edition"] > was)
    ready.until(lambda: order(ready) == built)
    titles = [song["title"] for song in ready.ask("/playlists/1")["songs"]]
    rows = list(csv.DictReader(io.StringIO(ready.text("/playlists/1/export?kind=csv"))))
    assert [row["title"] for row in rows] == titles


def test_a_song_is_made_heard_and_found_in_the_library(player, ready):
    from selenium.webdriver.common.keys import Keys

    ready.go("/generate")
    ready.tab_to("#knobs-box summary")
    ready.press(Keys.ENTER)
    ready.tab_to("#knobs input[type=checkbox]")
    ready.press(" ")
    ready.tab_to("#wishes button.main")
    ready.press(Keys.ENTER)
    ready.until(lambda: ready.all(".new-song .play:not(:disabled)"))
    ready.until(
        lambda: ready.driver.execute_script("return document.activeElement.matches('.play')")
    )
    ready.press(Keys.ENTER)
    loud = "return document.querySelector('.new-song').listen.player.level()"
    ready.until(lambda: ready.driver.execute_script(loud) > 0.001, 20)
    assert f"played by {player}" in ready.one("#sound").text
    ready.tab_to(".new-song .keep")
    ready.press(Keys.ENTER)
    ready.until(lambda: len(ready.ask("/libraries")) == 2 and ready.ask("/libraries")[1]["read"])
    ready.go("/library/2")
    ready.until(lambda: "New song 1" in ready.one("#rows").text)


def composer(visit, folder, drawn, **about):
    """Add a composer whose weights are drawn, not learned."""
    record = saved_generator.load(folder / "composer").about
    saved_generator.write(folder / "drawn", structs.replace(record, **about), drawn)
    add_model(Room(visit.page.place, visit.page.database, SILENT), folder / "drawn")


def find(visit, field, title):
    """Choose a song by a part of its title, by keyboard alone."""
    from selenium.webdriver.common.keys import Keys

    visit.tab_to(f"{field} input")
    visit.press(title)
    visit.until(lambda: visit.all(f"{field} li button"))
    visit.press(Keys.ENTER, Keys.ENTER)
    visit.until(lambda: title in visit.one(f"{field} p").text)


def test_a_melody_gets_voices_and_one_bar_of_that_is_written_again(ready, tmp_path):
    from selenium.webdriver.common.keys import Keys

    composer(ready, tmp_path, drawn_voices(DeepBach), name="deep-bach", title="DeepBach", moods=[])
    melody = melodies.decode(Melody((60, 62, 64, 65) * 4, (4,) * 16, 4, (4, 4)), tempo=90)
    midi.write_song(tmp_path / "songs" / "Happy" / "melody.mid", melody)
    ready.go("/library/1")
    ready.click("#read")
    ready.until(lambda: ready.ask("/libraries")[0]["songs"] == 37)
    ready.go("/generate")
    ready.tab_to("#from summary")
    ready.press(Keys.ENTER)
    ready.until(lambda: "DeepBach; MuseGAN" in ready.one("#cannot").text)  # instead of Markov
    ready.tab_to("#wishes [name=model]")
    ready.press("D")
    ready.tab_to("[name=how]")
    ready.press("keep its")
    find(ready, "#from-first", "melody")
    assert not ready.one("#length").is_displayed() and ready.one("[name=voices]").is_displayed()
    ready.tab_to("#wishes button.main")
    ready.press(Keys.ENTER)
    ready.until(lambda: "melody that were kept: 1" in ready.one(".new-song").text)
    ready.tab_to(".again input")
    ready.press(Keys.CONTROL, "a", Keys.NULL, "2", Keys.ENTER)
    ready.until(lambda: "New song 1 that were written again: 2" in ready.one(".new-song").text)
    assert barriers(ready) == []
    one, again = (ready.ask(f"/generated/{number}")["notes"] for number in (1, 2))
    assert one["pitch"] != again["pitch"] and one["seconds"] == again["seconds"]


def test_steps_from_one_song_to_another_are_made_heard_and_kept(ready, tmp_path):
    from selenium.webdriver.common.keys import Keys

    space = Drawn(quick=True).fit(made(24), ["Calming", "Happy"] * 12)
    composer(ready, tmp_path, space, name="music-vae", title="MusicVAE", moods=space.moods)
    for number in (0, 2):
        midi.write_song(tmp_path / "songs" / "Happy" / f"tune {number}.mid", made(3)[number])
    ready.go("/library/1")
    ready.click("#read")
    ready.until(lambda: ready.ask("/libraries")[0]["songs"] == 38)
    ready.go("/generate")
    ready.tab_to("#ways summary")
    ready.press(Keys.ENTER)
    find(ready, "#way-first", "tune 0")
    find(ready, "#way-second", "tune 2")
    ready.tab_to("#way button.main")
    ready.press(Keys.ENTER)
    ready.until(lambda: len(ready.all(".way [data-step]")) == 5)
    ready.until(
        lambda: ready.driver.execute_script("return document.activeElement.matches('.all')")
    )
    ready.press(Keys.ENTER)
    loud = "return document.querySelector('.way').listen.player.level()"
    ready.until(lambda: ready.driver.execute_script(loud) > 0.001, 20)
    ready.click(".way tr:nth-child(4) [data-step]")
    ready.until(lambda: "step 3" in ready.one(".way .keep").text)
    ready.click(".way .keep")
    ready.until(lambda: len(ready.ask("/libraries")) == 2 and ready.ask("/libraries")[1]["read"])
    assert barriers(ready) == []
    ready.go("/library/2")
    ready.until(lambda: "tune 0 → tune 2, 3-5" in ready.one("#rows").text)
    ready.go("/songs/1")
    ready.click("a[href$='how=mood']")
    ready.until(lambda: ready.one("#way-first p").text.startswith("Chosen: "))


def test_a_song_is_found_and_heard_on_the_map_and_a_way_begins_there(ready, tmp_path):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    space = Drawn(quick=True).fit(made(24), ["Calming", "Happy"] * 12)
    composer(ready, tmp_path, space, name="music-vae", title="MusicVAE", moods=space.moods)
    ready.go("/generate")
    ready.driver.execute_script("document.querySelector('#ways').open = true")
    ready.click("#way a[href='/map']")
    ready.tab_to("#which button.main")
    ready.press(Keys.ENTER)
    ready.until(lambda: "songs are on the map" in ready.one("#state").text)
    assert barriers(ready) == []
    ready.tab_to("#find")
    ready.press(*"new-3")
    ready.until(lambda: ready.one("#near-title").text.endswith(": 1"))
    ready.tab_to("#near button")
    ready.press(Keys.ENTER)
    ready.until(lambda: ready.one("#told").text.startswith("new-3"))
    loud = "return document.querySelector('#map').listen?.player.level() ?? 0"
    ready.until(lambda: ready.driver.execute_script(loud) > 0.001, 20)
    ready.click("#acts .start")
    ready.tab_to("#points")
    heard = set()
    for way in (Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ARROW_UP, Keys.ARROW_DOWN):
        ready.press(way)
        heard.add(ready.one("#told").text)
    assert len(heard) > 1
    place = ready.one("#points")
    for right in range(-200, 201, 20):  # until the pointer meets a song
        ActionChains(ready.driver).move_to_element_with_offset(place, right, 0).click().perform()
    ready.until(lambda: not ready.one("#told").text.startswith("new-3"))
    ready.click("#acts .way-there")
    ready.until(lambda: ready.one("#way-second p").text.startswith("Chosen: "))
    assert ready.one("#way-first p").text == "Chosen: new-3"


def test_a_comparison_is_watched_read_and_its_model_used(ready):
    ready.go("/comparisons")
    ready.click("#new button.main")
    ready.until(lambda: ready.all("iframe.report"), 300)
    before = [model["id"] for model in ready.ask("/models") if model["used"]]
    ready.click(".use-from")
    ready.until(lambda: "in use now" in ready.one("#doing").text, 300)
    assert [model["id"] for model in ready.ask("/models") if model["used"]] != before
    beside_another(ready)


def beside_another(visit):
    """Lay the comparison beside another, by keyboard alone."""
    from selenium.webdriver.common.keys import Keys

    with visit.page.database.writing() as session:
        first = session.get(Comparison, 1)
        folder = shutil.copytree(first.folder, visit.page.place.runs / "again")
        session.add(Comparison(name="<i>Again", corpus=first.corpus, folder=str(folder)))
    visit.go("/comparisons")
    visit.tab_to("[name=run]")
    visit.press(" ")
    visit.tab_to("#sides button.main")
    visit.press(Keys.ENTER)
    visit.until(lambda: "two to twelve" in visit.one("#sides-told").text)
    visit.until(lambda: visit.driver.execute_script(
        "return document.activeElement.matches('[name=run]:not(:checked)')"
    ))  # fmt: skip
    visit.press(" ")
    visit.tab_to("#sides button.main")
    visit.press(Keys.ENTER)
    visit.until(lambda: visit.one("iframe.report").is_displayed())
    visit.driver.switch_to.frame(visit.one("iframe.report"))
    visit.until(lambda: "What differed" in visit.one("body").text)
    assert "<i>Again" in visit.one("body").text
    visit.driver.switch_to.default_content()
    assert barriers(visit) == []


def barriers(visit):
    """Name what is a serious barrier on the page that is shown, as axe-core finds it."""
    axe = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    visit.driver.execute_script(axe)
    return visit.driver.execute_async_script(
        "const done = arguments[0]; axe.run().then(r => done(r.violations"
        ".filter(v => ['serious', 'critical'].includes(v.impact))"
        ".map(v => `${v.id}: ${v.nodes[0].html}`)))"
    )


def test_pages_that_were_left_keep_no_connection(ready):
    """A browser has six connections to a server; the seventh page would wait for a minute."""
    ready.driver.set_page_load_timeout(20)
    for number in range(14):
        ready.go(PAGES[number % 2 * 3])
        time.sleep(0.5)  # until it follows what jobs do
    ready.driver.set_page_load_timeout(300)


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_every_page_fits_and_no_serious_barrier_is_found(ready, width, theme):
    build(ready)
    ready.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    ready.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]},
    )
    for path in PAGES:
        ready.go(path)
        time.sleep(1)
        ready.driver.execute_script(
            "document.querySelectorAll('details').forEach(one => { one.open = true; })"
        )
        wide = "return document.documentElement.scrollWidth"
        assert ready.driver.execute_script(wide) <= width, path
        assert barriers(ready) == [], path
    ready.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
