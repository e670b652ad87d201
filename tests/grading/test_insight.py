"""The page on a class: what it counts, against other programs' numbers, and that it needs nothing but itself."""

from __future__ import annotations

import io
import json
import random

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from batches import run, write
from rich.console import Console
from scipy import stats
from small_course import OUTER, STEM, cell

from autograder import cli
from autograder.grading.insight import notebooks, similar
from autograder.grading.insight.command import insight
from autograder.grading.insight.figures import score_bars, time_bars
from autograder.grading.insight.records import Attempt, Group, Item, Paper
from autograder.grading.insight.statistics import ItemStatistics, correlation, item_statistics, reading, wilson
from autograder.grading.ledger import GradingProblem
from autograder.grading.nbgrader_steps import NOTES
from autograder.grading.sample import renamed

# --- the numbers ---


@pytest.mark.parametrize(("right", "papers"), [(0, 5), (3, 7), (29, 30), (12_345, 30_000)])
def test_the_interval_of_a_share_is_wilson_s(right, papers):
    ours, theirs = wilson(right, papers), stats.binomtest(right, papers).proportion_ci(method="wilson")
    assert (ours.value, ours.low, ours.high) == pytest.approx((right / papers, theirs.low, theirs.high), abs=1e-9)


def test_discrimination_is_the_point_biserial_with_fisher_s_interval():
    luck = np.random.default_rng(0)
    right = luck.integers(0, 2, 40)
    rest = luck.normal(size=40) + right
    ours = correlation(right, rest)
    theirs = stats.pearsonr(right, rest).confidence_interval(0.95)
    assert ours is not None and ours.value == pytest.approx(stats.pointbiserialr(right, rest).statistic)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize(("first", "second"), [([1] * 12, range(12)), (range(9), range(9))], ids=["constant", "few"])
def test_no_correlation_is_given_where_there_is_none(first, second):
    assert correlation(list(first), list(second)) is None


def group_of(rows: list[tuple[float, float]]) -> Group:
    """A class with two exercises of 2 and 3 points."""
    items = Item("n", "a", "a", 2.0), Item("n", "b", "b", 3.0)
    papers = []
    for number, scores in enumerate(rows):
        states = [
            "right" if s == i.max_score else "not begun" if s < 0 else "wrong"
            for s, i in zip(scores, items, strict=True)
        ]
        attempts = {i.key: Attempt(state, max(s, 0.0)) for i, state, s in zip(items, states, scores, strict=True)}
        papers.append(Paper(f"s{number}", f"S{number}", sum(max(s, 0) for s in scores), attempts))
    return Group("n", len(papers), items, tuple(papers))


def test_an_exercise_is_correlated_with_the_others_and_not_with_itself():
    luck = random.Random(2)
    rows = [(2.0 * luck.randrange(2), 3.0 * luck.randrange(2)) for _ in range(40)]
    group = group_of(rows)
    found = item_statistics(group, group.items[0])
    first, second = zip(*rows, strict=True)
    assert found.discrimination and found.discrimination.value == pytest.approx(stats.pearsonr(first, second).statistic)
    assert found.difficulty == pytest.approx(np.mean(first) / 2.0)


def test_who_has_not_begun_is_left_out_of_the_statistics():
    group = group_of([(2.0, 3.0), (0.0, 3.0), (-1.0, -1.0)])
    assert item_statistics(group, group.items[0]).papers == 2


def test_nothing_is_read_into_a_small_class():
    group = group_of([(2.0, 3.0), (0.0, 0.0), (2.0, 0.0)])
    assert [reading(item_statistics(group, item)) for item in group.items] == ["", ""]


def test_an_exercise_that_the_good_fail_is_pointed_out():
    found = ItemStatistics(200, wilson(100, 200), 0.5, correlation([0, 1] * 100, [1, 0] * 99 + [0, 1]))
    assert "Who does well elsewhere does worse here" in reading(found)


@pytest.mark.parametrize("highest", [1.0, 7.0, 44.0, 100.0, 0.5])
def test_every_score_is_in_one_bar(highest):
    scores = np.array([0.0, highest / 2, highest, highest])
    bars = score_bars(scores, highest)
    assert sum(bar.count for bar in bars) == 4 and len(bars) <= 13
    for bar in bars:
        last = bar is bars[-1]
        assert bar.count == sum(bar.low <= score and (score < bar.high or last) for score in scores)


@pytest.mark.parametrize(
    ("seconds", "ends"),
    [
        ([0.004, 0.1, 0.2, 3.0, 200.0], (0.01, 500)),
        ([0.0, 0.0], (0.01, 0.02)),
        ([0.3], (0.2, 0.5)),
        ([1e6], (20_000, 50_000)),
    ],
    ids=["many", "none-took-any", "one", "weeks"],
)
def test_every_time_is_in_one_bar(seconds, ends):
    bars = time_bars(np.array(seconds))
    assert sum(bar.count for bar in bars) == len(seconds)
    assert (bars[0].low, bars[-1].high) == ends


# --- near-identical ---

CODE = """def solve(x, y):
    total = torch.zeros(len(x))
    for i, (a, b) in enumerate(zip(x, y)):
        if a > b: total[i] = a * 3 + b
        else: total[i] = (b - a) ** 2 / {number}
    return total.cumsum(0) - total.mean() * {number}"""


def sketches(**papers: list[str]) -> dict[str, similar.Sketch]:
    made = {name: similar.sketch(sources, similar.baseline(())) for name, sources in papers.items()}
    return {name: each for name, each in made.items() if each}


def other(number: int) -> str:
    """Code that is nobody else's."""
    luck = random.Random(number)
    lines = [f"    v{i} = x {luck.choice('+-*/')} {luck.randrange(999)} {luck.choice('+-*/')} y" for i in range(20)]
    return "\n".join([f"def solve{number}(x, y):", *lines, "    return v0"])


def test_other_names_comments_and_spaces_make_no_other_code():
    source = CODE.format(number=7)
    changed = "# mine\n" + renamed(source).replace("    ", "  ").replace("solve", "answer")
    one, two = similar.sketch([source], similar.baseline(())), similar.sketch([changed], similar.baseline(()))
    assert one and two and similar.similarity(similar.tokens(source), similar.tokens(changed)) > 0.9
    assert similar.tokens("x  =  y # a") == similar.tokens("alpha = beta") != similar.tokens("alpha + beta")


def test_a_copy_with_other_names_is_found_among_others():
    papers = {f"s{number}": [other(number)] for number in range(30)}
    (found,) = similar.candidates(sketches(**papers, thief=[other(3).replace("v", "w")]))
    assert {found.left, *found.equal, found.right} == {"s3", "thief"} and found.similarity == 1.0


def test_equal_papers_are_one_group_however_many_they_are():
    papers = {f"s{number}": [other(number)] for number in range(30)}
    copies = {f"c{number}": [other(100)] for number in range(15)}
    (found,) = similar.candidates(sketches(**papers, **copies))
    assert len(found.equal) == 13 and found.left.startswith("c") and found.right.startswith("c")


def test_what_many_wrote_connects_nobody():
    papers = {f"s{number}": [CODE.format(number=7), other(number)] for number in range(30)}
    assert similar.candidates(sketches(**papers)) == []


def test_what_was_released_is_nobody_s_own():
    released = CODE.format(number=7)
    assert similar.sketch([released], similar.baseline([released])) is None
    left = similar.own(similar.tokens(released + "\nanswer = x[0] ^ 99"), similar.baseline([released]))
    assert "99" in left and "cumsum" not in left


def test_code_that_is_not_python_has_the_tokens_before_the_place_where_it_ends_to_be():
    assert similar.tokens("x = 1\ny = (2,") == ("v", "=", "1", "v", "=", "(", "2", ",")
    assert similar.tokens("%%bash\nls") and similar.tokens("") == ()


def test_nobody_is_like_nobody():
    assert similar.candidates({}) == []


# --- the page ---


@pytest.fixture
def class_(course, solved):
    """ada is right; bob and eve made the same mistake, eve as a copy of bob; max had not begun; pat lost a test cell;
    kim handed in no notebook; sam's code raises."""
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Judge.references = {str(course.root / 'references')!r}\n")
    with course.gradebook() as gradebook:
        gradebook.update_or_create_student("ada", first_name="Ada", last_name="<b>Lovelace</b>")
        gradebook.update_or_create_student("late")
    course.submit("ada", solved)
    course.submit("max", course.notebook())
    cell(solved, "outer").source = "def outer(a, b):\n    raise ValueError(a)"
    course.submit("sam", solved)
    cell(solved, "outer").source = OUTER.replace("a[:, None] * b[None, :]", "a[None, :] * b[:, None]")
    cell(solved, "Scale").source += f"\n\n{other(5)}"
    course.submit("bob", solved)
    cell(solved, "Scale").source = renamed(cell(solved, "Scale").source)
    course.submit("eve", solved)
    lost = course.notebook()
    lost.cells.remove(cell(lost, "check-outer"))
    course.submit("pat", lost)
    write(course, "kim", b"no notebook")
    run(course)
    return course


def made(course, **options) -> tuple[dict, str]:
    """The figures and the page."""
    page, figures = course.root / "class.html", course.root / "class.json"
    insight(course.root, STEM, page, figures, options.get("book", ""), Console(file=io.StringIO()))
    return json.loads(figures.read_text()), page.read_text()


def test_mistakes_are_counted_by_name_with_what_students_are_told(class_):
    figures, page = made(class_, book="https://book.example/")
    (mistake,) = figures["mistakes"]
    assert (mistake["exercise"], mistake["mistake"], mistake["students"]) == ("outer", "transposed", ["bob", "eve"])
    assert mistake["words"] == "Rows and columns have changed places."
    assert "Transposed" in page and f'href="https://book.example/{STEM}.html"' in page
    (unnamed,) = figures["unnamed"]
    assert (unnamed["exercise"], unnamed["words"], unnamed["students"]) == ("outer", "it raised an exception", ["sam"])


def test_what_became_of_each_exercise_is_counted(class_):
    figures, _ = made(class_)
    outer, scale, explain = figures["exercises"]
    assert outer["states"] == {"right": 1, "wrong": 3, "not begun": 2, "not judged": 1}
    assert figures["begun"] == outer["statistics"]["papers"] == 4  # without max and pat, and without kim
    assert scale["states"]["right"] == 4
    assert explain["states"]["waiting"] and explain["written"]
    assert (figures["handed_in"], figures["enrolled"], figures["judged"]) == (7, 8, 7)
    assert sum(bar["count"] for bar in figures["scores"]) == 7


def test_who_needs_a_person_is_listed_by_kind(class_):
    figures, _ = made(class_)
    found = {(each["student"], each["concern"]["kind"]) for each in figures["people"]}
    assert ("pat", "changed") in found and {student for student, _ in found} == {"pat", "kim"}


def test_who_has_been_looked_at_is_not_listed_any_more(class_):
    with class_.gradebook() as gradebook:
        for grade in gradebook.find_submission_notebook(STEM, STEM, "pat").grades:
            grade.manual_score, grade.needs_manual_grade = 0.0, False
        gradebook.db.commit()
    assert {each["student"] for each in made(class_)[0]["people"]} == {"kim"}


def test_many_reasons_to_look_at_one_submission_are_one_card(class_, solved):
    for each in solved.cells:
        each.metadata.pop("nbgrader", None)
    class_.submit("lea", solved)
    run(class_)
    figures, page = made(class_)
    assert sum(each["student"] == "lea" for each in figures["people"]) > 3
    assert page.count("<b>lea</b>") == 1 and "more of this kind" in page


def test_a_cell_that_ran_out_of_time_is_named(class_):
    path = class_.data / "autograded" / "bob" / STEM / f"{STEM}.ipynb"
    notebook = json.loads(path.read_text())
    stopped = {"output_type": "error", "ename": "TIMEOUT", "evalue": "", "traceback": []}
    next(each for each in notebook["cells"] if each["id"] == "Scale")["outputs"] = [stopped]
    path.chmod(0o644)
    path.write_text(json.dumps(notebook))
    (found,) = [each["concern"] for each in made(class_)[0]["people"] if each["student"] == "bob"]
    assert found == {"kind": "timed out", "words": "ran out of time: Scale"}


def test_a_copy_is_shown_beside_what_it_is_like(class_):
    figures, page = made(class_)
    (pair,) = figures["pairs"]
    assert {pair["alike"]["left"], pair["alike"]["right"]} == {"bob", "eve"} and pair["cells"] == ["outer", "Scale"]
    assert "never a verdict" in page


def test_names_are_text_and_nothing_else(class_):
    assert "<b>Lovelace</b>" not in made(class_)[1]


def test_grading_one_by_one_through_nbgrader_tells_as_much(class_):
    before, _ = made(class_)
    for student in ("ada", "bob", "eve"):
        assert class_.autograde(student)["success"]
    after, _ = made(class_)
    assert after["mistakes"] == before["mistakes"] and after["exercises"] == before["exercises"]


def test_what_was_graded_without_notes_is_said(class_):
    path = class_.data / "autograded" / "bob" / STEM / f"{STEM}.ipynb"
    notebook = json.loads(path.read_text())
    del notebook["metadata"][NOTES]
    path.chmod(0o644)
    path.write_text(json.dumps(notebook))
    (class_.data / "autograded" / "eve" / STEM / f"{STEM}.ipynb").unlink()
    figures, page = made(class_)
    assert (figures["judged"], figures["handed_in"], figures["mistakes"]) == (5, 7, [])
    assert f"autograder grade {STEM} --force" in page


def test_the_notes_are_where_grading_leaves_them():
    assert notebooks.NOTES == NOTES


def test_several_processes_read_what_one_reads(class_, monkeypatch):
    alone, _ = made(class_)
    monkeypatch.setattr(notebooks, "_FEW", 1)
    together, _ = made(class_)
    assert together == alone


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (375, "dark"), (1280, "light"), (1280, "dark")])
def test_the_page_asks_for_nothing_and_fits(class_, page_factory, width, scheme):
    made(class_)
    visit = page_factory(class_.root / "class.html", width=width, scheme=scheme)
    assert visit.external == [] and visit.errors == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    visit.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(visit.page).response["violations"]
    assert not [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]


def test_bars_are_as_high_as_what_they_count(class_, page_factory):
    figures, _ = made(class_)
    page = page_factory(class_.root / "class.html").page
    heights = [
        each["height"]
        for each in page.locator("#scores .bar").evaluate_all("all => all.map(e => e.getBoundingClientRect())")
    ]
    counts = [bar["count"] for bar in figures["scores"]]
    unit = max(heights) / max(counts)
    assert heights == pytest.approx([max(1.0, unit * count) for count in counts], abs=0.6) and len(set(counts)) > 2


def test_the_command_writes_the_page_beside_the_course_s_data(class_, monkeypatch, capsys):
    monkeypatch.chdir(class_.root)
    assert cli.main(["insight", STEM, "--json", "-"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["assignment"] == STEM and "keep it among those who grade" in said.err
    assert (class_.data / "insight" / f"{STEM}.html").read_text().startswith("<!doctype html>")


def test_nothing_graded_is_one_line_with_the_command_that_grades(course):
    with pytest.raises(GradingProblem, match=f"no submission of {STEM} is graded yet. Grade them: autograder grade"):
        insight(course.root, STEM, None, None, "", Console(file=io.StringIO()))


def test_an_unknown_assignment_is_named_with_those_that_are_known(course):
    with pytest.raises(GradingProblem, match=f"no assignment ch98; it has {STEM}"):
        insight(course.root, "ch98", None, None, "", Console(file=io.StringIO()))


def test_a_file_that_is_no_database_is_named(course):
    (course.data / "gradebook.db").write_bytes(b"not a database at all, but long enough to look at" * 30)
    with pytest.raises(GradingProblem, match="the gradebook cannot be read: file is not a database"):
        insight(course.root, STEM, None, None, "", Console(file=io.StringIO()))
