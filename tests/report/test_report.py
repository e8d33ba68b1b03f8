"""The report as files, and as a real browser shows it."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classify.errors import InputError
from classify.files import read_json, write_json
from classify.report import sections, write_report
from tests.conftest import chromium
from tests.report.made_checks import add_checks, add_excerpts
from tests.report.made_runs import write_run


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    right = {"random-forest": 34, "svm": 30, "knn": 28, "nn3": 25, "bi-nn3": 27}
    leak = dict(zip([*right, "majority"], (35, 36, 39, 30, 31, 20), strict=True))
    folder = tmp_path_factory.mktemp("r") / "run"
    return write_report(write_run(folder, right, failed="logistic", leak=leak))


@pytest.fixture(scope="module")
def folds(tmp_path_factory) -> Path:
    right = {"random-forest": 34, "svm": 30, "nn3": 25, "nn1": 20}
    folder = tmp_path_factory.mktemp("f") / "run"
    uncalibrated = {"nn3": float("nan")}
    return write_report(
        write_run(folder, right, folds=5, repeats=2, temperature=uncalibrated, failed="knn")
    )


def test_the_report_is_one_file_that_needs_no_network(report):
    html = report.read_text()
    targets = re.findall(r"""(?:src|href)\s*=\s*["']?(#|.{5})""", html)
    assert targets and set(targets) == {"data:", "#"}
    assert not re.findall(r"url\(|@import|<script[^>]*src", html)
    policy = re.search(r'content="(default-src[^"]*)"', html)[1]
    assert "default-src 'none'" in policy and "script-src 'sha256-" in policy
    assert report.stat().st_size < 5e6


def test_every_model_is_in_both_reports(report):
    for text in (report.read_text(), report.with_name("report.md").read_text()):
        for title in ("MAJORITY", "RANDOM-FOREST", "SVM", "KNN", "NN3", "BI-NN3", "LOGISTIC"):
            assert title in text
        assert "85.0" in text and "90,053" in text and "no room" in text


def test_the_reports_open_with_the_answer(report):
    html = report.read_text()
    assert html.index("has the highest accuracy") < html.index("<table>")
    markdown = report.with_name("report.md").read_text().splitlines()
    assert any("has the highest accuracy" in line for line in markdown[:8])


def test_what_was_repaired_and_whom_to_cite(report):
    html, markdown = report.read_text(), report.with_name("report.md").read_text()
    assert "a RIFF &lt;around&gt; it was taken off" in html and "old|song.rmi" in html
    assert r"| old\|song.rmi | a RIFF" in markdown
    for text in (html, markdown):
        assert "Repaired: 1" in text and "@inproceedings{some2021," in text
        assert "Splits by clip leak." in text


def test_a_run_of_the_first_form_is_to_be_run_again(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 30})
    record = read_json(run / "run.json")
    del record["split"]["folds"]
    write_json(run / "run.json", record)
    with pytest.raises(InputError, match=r"is a run of an earlier version.*classify compare songs"):
        write_report(run)


def test_repeated_folds_are_named_everywhere(folds):
    for text in (folds.read_text(), folds.with_name("report.md").read_text()):
        assert "each tested once in each of 2 repeats of 5 folds" in text
        assert "Each song is tested once in each of 2 repeats of 5 folds" in text
        assert "folds ± " in text and "depth 3 (8×) or 4 (2×)" in text
        assert "probability really better" in text and "--folds gives one" not in text
        assert "not calibrated" in text
    html = folds.read_text()
    assert "Curves are those of the first fold." in html
    assert "counted once in each of 2 repeats" in html


def test_the_reader_meets_the_sections_in_order(report):
    html = report.read_text()
    order = [
        'class="result"',
        "<figure>",
        *(
            f">{title}</a></h2>"
            for title in (
                "All models",
                "Is the best model really better?",
                "Pareto-optimal: accuracy against training time",
                "Can its confidence be trusted?",
                "What a split by random windows would report",
                "Confusion matrix",
                "Classes, folds and further scores",
                "How the networks learned",
                "Corpus, windows and split",
                "How to get these numbers again",
            )
        ),
    ]
    places = [html.index(text) for text in order]
    assert places == sorted(places)


def test_every_picture_is_saved_too(report):
    saved = {path.stem for path in (report.parent / "figures").glob("*.svg")}
    assert {"scores", "differences", "risk-coverage", "leak", "reliability-svm"} <= saved
    assert report.read_text().count("<img ") == len(saved)


def few(
    folder: Path, keep: Callable[[pd.Series], pd.Series], right: dict[str, int], **more
) -> Path:
    """Write a run with all that a run can have, of which only some songs are left."""
    run = write_run(folder, right, leak=dict.fromkeys(right, 30), **more)
    if right:
        answers = np.arange(40) < 30
        train = {"half": 20, "quarter": 10}
        curve = {(model, part): answers for model in right for part in train}
        add_checks(run, "learning-curve", curve, {"half": 0.5, "quarter": 0.25}, n_train=train)
        changed = {(model, "transposed +3"): answers for model in right}
        add_checks(run, "robustness", changed, {"transposed +3": 3})
    add_excerpts(run, ["song <0>.mid", "song <1>.mid"])
    for name in ("predictions", "checks"):
        path = run / f"{name}.parquet"
        if path.is_file():
            table = pd.read_parquet(path)
            table[keep(table.song.str.extract(r"(\d+)")[0].astype(int))].to_parquet(
                path, index=False
            )
    return run


@pytest.mark.parametrize(
    ("keep", "right"),
    [
        (lambda n: n < 2, {"svm": 40, "nn3": 0}),
        (lambda n: n < 2, {}),
        (lambda n: n % 40 == 0, {"svm": 38}),
        (lambda n: n % 2 == 0, {"svm": 38}),
    ],
    ids=["a song a class", "no model was scored", "one song", "one class"],
)
def test_every_section_copes_with_few_songs(tmp_path, right, keep):
    text = write_report(few(tmp_path / "run", keep, right)).read_text()
    assert "Corpus, windows and split" in text


def test_one_number_of_songs_is_no_learning_curve(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 38})
    add_checks(run, "learning-curve", {("svm", "half"): np.ones(40, bool)}, {"half": 0.5})
    assert "so few that no model could be trained on fewer" in write_report(run).read_text()


@pytest.mark.may_leave_out
def test_a_section_that_fails_costs_nothing_else(tmp_path, monkeypatch, caplog):
    (tmp_path / "odd.py").write_text(
        "from classify.report.blocks import Figure\nTITLE, ORDER = 'Odd', 1\n"
        "def blocks(view):\n    yield Figure('odd', lambda: 1 / 0, 'nothing')\n"
    )
    (tmp_path / "odder.py").write_text(
        "TITLE, ORDER = 'Odder', 2\ndef blocks(view):\n    yield min([])\n"
    )
    monkeypatch.setattr(sections, "__path__", [*sections.__path__, str(tmp_path)])
    report = write_report(write_run(tmp_path / "run", {"svm": 38}))
    for text in (report.read_text(), report.with_suffix(".md").read_text(), caplog.text):
        assert "it failed (ZeroDivisionError: division by zero)" in text
        assert "it failed (ValueError: min() " in text
    assert "All models" in report.read_text()


@pytest.mark.slow
def test_sixteen_models_stay_small(tmp_path):
    names = [f"model-{i}" for i in range(16)]
    right = {name: 39 - i for i, name in enumerate(names)}
    made = write_report(write_run(tmp_path / "run", right, leak=right))
    assert made.stat().st_size < 5e6


def test_a_run_of_an_earlier_version_still_gives_a_report(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 30})
    record = read_json(run / "run.json")
    for name in ("repaired", "note", "citation"):
        del record["corpus"][name]
    write_json(run / "run.json", record)
    assert "Repaired" not in write_report(run).read_text()


def test_file_names_cannot_write_html(report):
    html = report.read_text()
    assert "&lt;b&gt;bad|one&lt;/b&gt;.mid" in html and "<b>bad" not in html


def test_every_picture_has_words(report):
    pictures = re.findall(r"<img [^>]*>", report.read_text())
    # scores, differences, front, two curves, three of reliability, risks, leak, six of confusion,
    # two of learning
    assert len(pictures) == 1 + 1 + 1 + 2 + 3 + 1 + 1 + 6 + 2
    for picture in pictures:
        assert len(re.search(r'alt="([^"]*)"', picture)[1]) > 40


def test_the_same_files_give_the_same_report(report):
    before = report.read_bytes()
    assert write_report(report.parent).read_bytes() == before


def test_a_folder_without_a_finished_run(tmp_path):
    with pytest.raises(InputError, match="holds no run"):
        write_report(tmp_path)
    run = read_json(write_run(tmp_path / "whole", {"svm": 30}) / "run.json")
    write_json(tmp_path / "run.json", {name: run[name] for name in run if name != "finished"})
    with pytest.raises(InputError, match="has not finished; give its command again"):
        write_report(tmp_path)
    for damaged in ("", "{", "[]", "{}", "\x00"):
        (tmp_path / "run.json").write_text(damaged)
        with pytest.raises(InputError, match=r"run.json: is damaged"):
            write_report(tmp_path)


@pytest.mark.parametrize("name", ["scores.csv", "predictions.parquet"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "junk"])
def test_a_run_with_a_damaged_table(tmp_path, name, damage):
    file = write_run(tmp_path / "run", {"svm": 30}) / name
    data = {"empty": b"", "cut": file.read_bytes()[:600], "junk": b"\xff junk"}.get(damage)
    file.unlink() if data is None else file.write_bytes(data)
    with pytest.raises(InputError, match=f"{name}: is missing or damaged"):
        write_report(tmp_path / "run")


def test_class_names_that_mean_something_to_a_plotter(tmp_path):
    run = write_run(tmp_path / "run", {"svm": 30}, labels=("$\\frac$ <i>|", "A$AP"))
    html = write_report(run).read_text()
    assert "&lt;i&gt;" in html and "<i>" not in html
    assert r"\|" in (run / "report.md").read_text()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("chromium"), "--disable-quic") as started:
        yield started


@pytest.mark.parametrize("width", [1280, 500, 390])
def test_the_page_fits_its_window_and_every_picture_shows(browser, report, width):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.get(report.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    broken = "return [...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    assert browser.execute_script(broken) == 0
    answer = browser.find_element("css selector", ".result")
    assert answer.rect["y"] < 900 and answer.rect["x"] + answer.rect["width"] <= width
    errors = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert not errors


def test_what_is_folded_is_printed(browser, report):
    browser.get(report.as_uri())
    hidden = (
        "return [...document.querySelectorAll('details > *:not(summary)')]"
        ".filter(e => !e.checkVisibility()).length"
    )
    assert browser.execute_script(hidden) > 3
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.execute_script(hidden) == 0
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_contents_lead_to_headings_that_lead_to_themselves(report):
    html = report.read_text()
    places = re.findall(r'<li><a href="#([^"]+)">', html)
    assert len(places) >= 4
    for place in places:
        assert f'<h2 id="{place}"><a href="#{place}">' in html


def test_tables_sort_and_rolls_play(browser, tmp_path):
    run = write_run(tmp_path / "run", {"svm": 30, "knn": 34, "nn3": 25})
    add_excerpts(run, [f"song <{i}>.mid" for i in range(40)])
    browser.get(write_report(run).as_uri())
    first = "return document.querySelector('table tbody tr td').textContent"
    before = browser.execute_script(first)
    title = browser.find_elements("css selector", "th button.sort")[1]
    title.click(), title.click()  # the lowest accuracy first
    assert browser.execute_script(first) != before
    button = browser.find_element("css selector", "button[data-notes]")
    browser.execute_script("""
        const measure = AudioContext.prototype.createAnalyser;
        AudioContext.prototype.createAnalyser = function () {
            return window.heard = measure.call(this);
        };
    """)
    browser.execute_script("arguments[0].scrollIntoView(); arguments[0].click()", button)
    level = """
        const done = arguments[0], wave = new Float32Array(2048), end = Date.now() + 5000;
        (function listen() {
            let loud = 0;
            if (window.heard) {
                heard.getFloatTimeDomainData(wave);
                loud = Math.max(...wave.map(Math.abs));
            }
            loud > 0.001 || Date.now() > end ? done(loud) : setTimeout(listen, 50);
        })();
    """
    assert browser.execute_async_script(level) > 0.001
    assert button.text == "Stop"
    assert not [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(browser, report, scheme):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(report.as_uri())
    style = "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
    ink, paper = (
        np.array(re.findall(r"\d+", one), float)[:3].mean() for one in browser.execute_script(style)
    )
    assert (ink < paper) == (scheme == "light") and abs(ink - paper) > 150
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
