"""Builds: a second one draws and runs nothing, lost files are made again or named, and a bad demo stops the build."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from conftest import SITE, build

PAGE = """---
file_format: mystnb
kernelspec: {{name: python3}}
---
# Page

```{{code-cell}} python
from matplotlib import pyplot as plt
from explorables import explore

def line(slope):
    {doc}
    print("drawn", file=open("{log}", "a"))
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, slope])
    return figure

explore(line, slope=[1, 2, 3])
```
"""


@pytest.fixture
def book(tmp_path):
    """A book of one page with one demo of three frames, which writes a line to `log` for each drawing."""
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(SITE / "conf.py", source / "conf.py")
    conf = (source / "conf.py").read_text().replace(', "local_mathjax"', "")
    (source / "conf.py").write_text(conf)
    (source / "index.md").write_text(PAGE.format(log=tmp_path / "log", doc='"A line of slope {slope}."'))
    return tmp_path


def make(book):
    done = build(book / "source", book)
    return done.returncode, done.stdout + done.stderr


def drawings(book):
    return len((book / "log").read_text().splitlines())


def frames_of(book):
    return sorted((book / "html/_static/explorables/frames").iterdir())


@pytest.mark.slow
def test_a_build_can_be_repeated_and_repaired(book):
    code, output = make(book)
    assert code == 0, output
    assert drawings(book) == 3
    first = {path.name: path.read_bytes() for path in frames_of(book)}
    assert len(first) == 3

    shutil.rmtree(book / "html")
    shutil.rmtree(book / "doctrees")
    assert make(book)[0] == 0
    assert drawings(book) == 3, "the outputs came from the cache and the frames from the store"
    assert {path.name: path.read_bytes() for path in frames_of(book)} == first

    shutil.rmtree(book / "explorables")
    shutil.rmtree(book / "doctrees")
    assert make(book)[0] == 0
    assert drawings(book) == 6, "the store was gone, so the page ran again"
    assert {path.name: path.read_bytes() for path in frames_of(book)} == first

    next((book / "explorables/frames").iterdir()).unlink()
    code, output = make(book)
    assert code != 0
    assert "index: 1 files of its demos are missing, first frames/" in output
    assert "and build again" in output


@pytest.mark.slow
def test_a_file_that_no_page_names_any_more_leaves_the_build(book):
    assert make(book)[0] == 0
    page = book / "source/index.md"
    page.write_text(page.read_text().replace("slope=[1, 2, 3]", "slope=[1, 2]"))
    assert make(book)[0] == 0
    assert len(frames_of(book)) == 2


@pytest.mark.slow
def test_a_demo_without_a_text_stops_the_build_and_names_the_page(book):
    (book / "source/index.md").write_text(PAGE.format(log=book / "log", doc="pass"))
    code, output = make(book)
    assert code != 0
    assert "index.md" in output


@pytest.mark.slow
def test_the_same_demo_twice_on_a_page_stops_the_build(book):
    page = book / "source/index.md"
    page.write_text(page.read_text() + "\n```{code-cell} python\nexplore(line, slope=[1, 2, 3])\n```\n")
    code, output = make(book)
    assert code != 0
    assert "index: the demo explorable-demo-" in output
    assert "stands twice on the page" in output
