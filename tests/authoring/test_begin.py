"""A new chapter is whole at once: built, frozen, audited, in the book; and a failure leaves nothing half behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from autograder.authoring.begin import OWN_PART, begin
from autograder.authoring.percent import AuthoringError

ROOT = Path(__file__).resolve().parents[2]
STEM, TITLE = "ch17_smoothing", "Smoothing: told that the recent counts more"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository without a chapter."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "book" / "explorables").mkdir(parents=True)
    shutil.copy(ROOT / "book" / "_toc.yml", tmp_path / "book")
    return tmp_path


def own(root: Path) -> list[str]:
    """The chapters in the part of one's own."""
    parts = yaml.safe_load((root / "book" / "_toc.yml").read_text())["parts"]
    return [page["file"] for part in parts if part["caption"] == OWN_PART for page in part["chapters"]]


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_every_file_bears_the_stem_and_none_the_example_s(root):
    for path in begin(STEM, TITLE, root):
        assert "ch10_example" not in path.read_text() and "ch10_example" not in path.name
    assert (root / "book" / f"{STEM}.md").read_text().count(f"\n# {TITLE}\n") == 1
    assert (root / "solutions" / STEM / f"{STEM}.py").read_text().startswith("# %% [markdown]\n# # Smoothing\n")


def test_the_table_of_contents_lists_it_after_the_book_s_own(root):
    begin(STEM, "", root)
    begin("ch18_more", "", root)
    assert own(root) == [STEM, "ch18_more"]
    parts = yaml.safe_load((root / "book" / "_toc.yml").read_text())["parts"]
    assert [part["caption"] for part in parts][-2] == OWN_PART


REFUSED = {
    "no-stem": ("Smoothing", "is no stem. Write one such as ch10_smoothing"),
    "climbs": ("ch17_../../x", "is no stem"),
    "number-taken": ("ch17_other", "there is a chapter ch17 already"),
    "there-already": (STEM, "there is a chapter ch17 already"),
}


@pytest.mark.parametrize(("stem", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_a_new_chapter_is_refused_and_nothing_written(root, stem, why):
    begin(STEM, "", root)
    before = files(root)
    with pytest.raises(AuthoringError, match=why):
        begin(stem, "", root)
    assert files(root) == before


def test_a_file_in_the_way_is_kept(root):
    (root / "book" / f"{STEM}.md").write_text("mine")
    with pytest.raises(AuthoringError, match="this file is there already"):
        begin(STEM, "", root)
    assert (root / "book" / f"{STEM}.md").read_text() == "mine" and own(root) == []


def test_an_interruption_leaves_nothing_of_it(root, monkeypatch):
    before, write = files(root), Path.write_text

    def interrupted(path: Path, *arguments: str, **options: str) -> int:
        if path.name == "mistakes.py":
            raise KeyboardInterrupt
        return write(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        begin(STEM, "", root)
    assert files(root) == before


class Copy:
    """A copy of the repository without its chapters, and commands in it as an author types them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        named = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True)
        for name in named.stdout.decode().split("\0"):
            if (
                name
                and (ROOT / name).is_file()
                and not re.match(r"(solutions|exercises)/ch|tests/(?!course/test_inv)", name)
            ):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)

    def run(self, name: str, *words: str) -> str:
        """What a program of the environment says; it must succeed."""
        script = Path(sys.executable).with_name(name)
        program = [str(script)] if name == "jupyter-book" else [sys.executable, "-m", name]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{self.folder}:{self.folder / 'book'}"}
        done = subprocess.run([*program, *words], cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the repository with a new chapter."""
    made = Copy(tmp_path_factory.mktemp("copy"))
    made.run("autograder", "new-chapter", STEM, "--title", TITLE)
    return made


@pytest.mark.slow
def test_a_new_chapter_passes_the_audit_and_every_invariant(copy):
    copy.run("autograder", "audit", STEM)
    said = copy.run("pytest", "-q", "-p", "no:cacheprovider", "tests/course/test_invariants.py", "-k", STEM)
    assert "passed" in said and "skipped" not in said


@pytest.mark.slow
def test_its_page_is_built_without_a_warning_and_shows_its_demo(copy):
    toc = copy.folder / "book" / "_toc.yml"
    parts = [{"caption": OWN_PART, "chapters": [{"file": STEM}]}]
    toc.write_text(yaml.safe_dump({"format": "jb-book", "root": "notation", "parts": parts}))  # not all ten again
    copy.run("jupyter-book", "build", "book", "-W", "-n", "--keep-going")
    page = (copy.folder / "_build" / "html" / f"{STEM}.html").read_text()
    assert "Share of the new value" in page and f"{STEM}.ipynb" in page


@pytest.mark.slow
def test_a_course_can_teach_it(copy):
    copy.run("autograder", "new-course", str(copy.folder / "course"), STEM)
    assert "running_mean = 4\nwhich-share = 2" in (copy.folder / "course" / "course.toml").read_text()


# What an author writes who adds an exercise as CONTRIBUTING.md says, by file of the chapter.
ADDED = {
    f"{STEM}.py": '''

# %% [markdown]
# ## 2. What a value weighs later

# %% exercise="weights"
def weights(steps: int, share: float) -> Tensor:
    """The weight in the mean of the value that lies 0, 1, … steps back, (steps,): share * (1 - share) ** k.

    steps: how many, at least 1. share: in (0, 1].
    """
    ### BEGIN SOLUTION
    return share * (1 - share) ** torch.arange(steps)
    ### END SOLUTION

# %% check="weights"
check(weights)
''',
    "cases.py": """

@exercise(points=2, minutes=5, difficulty=1)
def weights(draw):
    yield case("some steps", draw.integer(5, 9), 0.3)
    yield case("one step", 1, 0.6)
    yield case("a small share", 12, 0.05)
""",
    "mistakes.py": '''

@mistake("weights")
def oldest_first(steps, share):
    """The weights run backwards.

    Element 0 belongs to the newest value, which weighs most.
    """
    return share * (1 - share) ** torch.arange(steps).flip(0)


@mistake("weights")
def without_the_share(steps, share):
    """The first weight is 1, whatever the share is.

    Even the newest value has no more than its share.
    """
    return (1 - share) ** torch.arange(steps)


@mistake("weights")
def counted_from_one(steps, share):
    """Every weight is too small by one factor of 1 - share.

    The newest value lies 0 steps back.
    """
    return share * (1 - share) ** torch.arange(1, steps + 1)
''',
    "variants.py": """

@variant("weights")
def in_a_loop(steps, share):
    return torch.tensor([share * (1 - share) ** k for k in range(steps)])


@variant("weights")
def step_by_step(steps, share):
    factors = torch.full((steps,), 1 - share)
    factors[0] = share
    return factors.cumprod(0)
""",
}


@pytest.mark.slow
def test_an_exercise_is_added_as_the_guide_says(copy):
    for name, text in ADDED.items():
        with (copy.folder / "solutions" / STEM / name).open("a") as file:
            file.write(text)
    copy.run("autograder", "build", STEM)
    copy.run("autograder", "freeze", STEM)
    assert "3 of 3" in copy.run("autograder", "audit", STEM)
    assert "def weights" in (copy.folder / "exercises" / STEM / f"{STEM}.ipynb").read_text()
