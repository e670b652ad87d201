"""Ctrl-C in the middle of a command: nothing half is left, the message says so, and the next call finishes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from small_course import OUTER, STEM, Course, cell

from autograder.authoring.begin import begin
from autograder.checking.references import load_reference

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ["ch21_one", "ch22_two", "ch23_three"]

pytestmark = pytest.mark.slow


def start(folder: Path, package: Path, *words: str) -> subprocess.Popen[str]:
    """A command in `folder`, with the package that lies in `package`, that can be interrupted though these tests may
    run in the background.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(package), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-W", "ignore", "-m", "autograder", *words]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=folder, env=environment, preexec_fn=interruptible, **pipe)


def interruptible() -> None:
    """Undoes what a shell gives to what it starts in the background: that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupt(running: subprocess.Popen[str], when: Callable[[], bool]) -> str:
    """What a command says that is stopped as soon as `when` holds."""
    until = time.monotonic() + 120
    while not when():
        assert running.poll() is None and time.monotonic() < until, running.communicate()[0]
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=60)[0]
    assert running.returncode == 130, said
    assert "Stopped. What was finished is kept" in said and "Traceback" not in said
    return said


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with three small chapters and nothing made of them."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(
        ROOT / "autograder", root / "autograder", ignore=shutil.ignore_patterns("__pycache__", "*.safetensors")
    )
    for name in ("nbgrader_config.py", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    (root / "book" / "explorables").mkdir(parents=True)
    shutil.copy(ROOT / "book" / "_toc.yml", root / "book")
    for stem in CHAPTERS:
        begin(stem, "", root)
    return root


def rubbish(root: Path) -> list[str]:
    """Files that were begun and not finished."""
    return [str(path) for path in root.rglob("*.partial")]


def test_building_again_goes_on_after_ctrl_c(copy):
    made = copy / "exercises" / CHAPTERS[0] / f"{CHAPTERS[0]}.ipynb"
    interrupt(start(copy, copy, "build"), made.is_file)
    for path in (copy / "exercises").rglob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
    assert rubbish(copy) == []
    again = start(copy, copy, "build")
    assert again.wait(120) == 0, again.communicate()[0]
    again.stdout.close()
    assert sorted(path.stem for path in (copy / "exercises").rglob("*.ipynb")) == CHAPTERS


def test_freezing_again_goes_on_after_ctrl_c(copy):
    references = copy / "autograder" / "references"
    interrupt(start(copy, copy, "freeze"), (references / f"{CHAPTERS[0]}.safetensors").is_file)
    for path in references.glob("*.safetensors"):
        assert load_reference(path).exercises
    assert rubbish(copy) == []
    again = start(copy, copy, "freeze")
    assert again.wait(120) == 0, again.communicate()[0]
    again.stdout.close()
    assert sorted(path.stem for path in references.glob("*.safetensors")) == CHAPTERS


def test_grading_again_goes_on_after_ctrl_c(course: Course, solved):
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Judge.references = {str(course.root / 'references')!r}\n")
    for number in range(6):
        cell(solved, "outer").source = f"{OUTER}\n\nimport time\ntime.sleep(0.6)  # {number}"
        course.submit(f"s{number}", solved)
    words = ("grade", STEM, "--jobs", "2")
    graded = course.data / "autograded"
    interrupt(start(course.root, ROOT, *words), lambda: len(list(graded.glob(f"*/{STEM}/{STEM}.ipynb"))) >= 2)
    assert rubbish(course.root) == []
    again = start(course.root, ROOT, *words)
    said = again.communicate(timeout=120)[0]
    assert again.returncode == 0, said
    kept = re.search(r"(\d) graded, (\d) unchanged, 0 failed", said)
    assert kept and int(kept[1]) + int(kept[2]) == 6 and int(kept[2]) >= 1
    assert all(course.grades(f"s{number}")["check-outer"].score == 3.0 for number in range(6))
