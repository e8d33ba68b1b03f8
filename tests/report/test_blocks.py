"""The same blocks in HTML, Markdown and LaTeX; and sections, which are found by walking."""

import shutil

import pytest
from lxml import html as parser

from classify import report
from classify.presentation.figures import canvas
from classify.report import html, latex, markdown, sections
from classify.report.blocks import (
    Cell,
    Chapter,
    Details,
    Figure,
    Table,
    TableRow,
    Text,
    columns,
    figures,
    walk,
)
from tests.report.made_runs import write_run

ODD = "a <b>|`c`_d & $e$ [f]"


def figure(name: str, small: bool = False) -> Figure:
    return Figure(name, lambda: canvas(1, 1)[0], f"What {name} shows: {ODD}", "", small)


TABLE = Table(
    [*columns("model"), *columns("accuracy", "macro-F1", over="test part")],
    [
        TableRow(["SVM", Cell("82.5", "65.7–92.1"), "80.0"], "baseline best"),
        TableRow([ODD, Cell("failed", span=2)], "failed"),
    ],
    f"Caption of {ODD}",
    label="tab:one",
)
BLOCKS = [
    Text(f"One {ODD}.", "Use `--folds`."),
    Text("Beware.", kind="warning"),
    TABLE,
    figure("one", small=True),
    figure("two", small=True),
    Details("More", [figure("three"), Text("x  = <1>\ny", kind="code")]),
    Table(columns("paper"), [TableRow(["only"])], label="tab:two", paper_only=True),
]


@pytest.fixture
def page(tmp_path):
    pictures = {name: tmp_path / f"{name}.svg" for name in ("one", "two", "three")}
    for path in pictures.values():
        path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    text = html.page(
        f"Page {ODD}", [Chapter("", [Text("Start.")]), Chapter("Two", BLOCKS)], pictures
    )
    return text, parser.fromstring(text)


def test_html_escapes_everything_and_keeps_the_order(page):
    text, tree = page
    assert "<b>" not in text and "<script" not in text
    assert tree.findtext(".//h1").startswith("Page a <b>|")
    assert [heading.text_content() for heading in tree.iter("h2")] == ["Two"]
    assert "--folds" in [code.text for code in tree.iter("code")]
    assert tree.xpath("//p[@role='alert']/text()") == ["Beware."]
    assert tree.findtext(".//pre") == "x  = <1>\ny"
    assert all(ODD in alt for alt in tree.xpath("//img/@alt"))


def test_html_groups_columns_and_neighbours(page):
    _, tree = page
    assert tree.xpath("//th[@colspan='2']/text()") == ["test part"]
    assert tree.xpath("//tr[@class='baseline best']/td[2]/small/text()") == ["65.7–92.1"]
    assert tree.xpath("//tr[@class='failed']/td[2]/@colspan") == ["2"]
    assert len(tree.xpath("//div[@class='grid']/figure")) == 2
    assert len(tree.xpath("//details/figure")) == 1
    assert not tree.xpath("//table[thead//th='paper']")


def test_markdown_has_the_same_with_links_to_figures():
    text = markdown.page(f"Page {ODD}", [Chapter("Two", BLOCKS)])
    lines = text.splitlines()
    assert lines[0] == r"# Page a \<b>\|\`c\`\_d & $e$ \[f\]"
    assert "Use `--folds`." in lines and "**Beware.**" in lines
    assert "| model | accuracy, test part | macro-F1, test part |" in lines
    assert "| SVM | 82.5 (65.7–92.1) | 80.0 |" in lines
    assert r"| a \<b>\|\`c\`\_d & $e$ \[f\] | failed |  |" in lines
    assert "](figures/three.svg)" in text and "    x  = <1>\n    y" in text
    assert "only" not in text


def test_latex_has_the_tables_with_a_label():
    text = latex.tables(BLOCKS, "Songs.", "One hold-out.")
    assert text.count(r"\begin{table}") == 2 and r"\label{tab:two}" in text
    assert r"\caption{Songs. Caption of a $<$b$>$\textbar{}`c`\_d \& \$e\$ [f] One" in text
    assert r"SVM & 82.5 (65.7--92.1) & 80.0 \\" in text
    assert r"\multicolumn{2}{l}{failed} \\" in text


def test_blocks_within_details_are_found():
    assert [one.name for one in figures(BLOCKS)] == ["one", "two", "three"]
    assert len(list(walk(BLOCKS))) == len(BLOCKS) + 2


def test_cards_show_rows_as_cards_where_there_is_room(tmp_path):
    path = tmp_path / "roll.svg"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    rows = [TableRow(["one.mid", "calm"]), TableRow(["two.mid", "happy"])]
    table = Table(columns("song", "class"), rows, cards=[figure("roll"), None])
    tree = parser.fromstring(html.page("", [Chapter("", [table])], {"roll": path}))
    assert tree.xpath("//li/strong/text()") == ["one.mid", "two.mid"]
    assert tree.xpath("//li/span/text()") == ["class calm", "class happy"]
    assert len(tree.xpath("//li/img")) == 1 and [f.name for f in figures([table])] == ["roll"]
    assert "| two.mid | happy |" in markdown.page("", [Chapter("", [table])])


def test_a_new_section_is_one_file(tmp_path, monkeypatch):
    """No list is edited: a file beside the others is in every page, at the place it names."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "groups.py").write_text(
        "from classify.report.blocks import Text\n"
        "TITLE, ORDER = 'Groups of songs', 25\n"
        "def blocks(view):\n"
        "    yield Text(f'{view.n_test_groups} groups were tested.')\n"
    )
    monkeypatch.setattr(sections, "__path__", [*sections.__path__, str(folder)])
    titles = [section.TITLE for section in report.all_sections()]
    assert titles.index("Groups of songs") == titles.index("All models") + 1
    page = report.write_report(write_run(tmp_path / "run", {"svm": 38}))
    for text in (page.read_text(), page.with_suffix(".md").read_text()):
        assert "Groups of songs" in text and "40 groups were tested." in text
    shutil.rmtree(folder)


def test_no_two_sections_share_a_place():
    orders = [section.ORDER for section in report.all_sections()]
    assert len(orders) == len(set(orders)) >= 18 and orders == sorted(orders)
