"""The hash of the code behind a result: what changes it and what does not."""

from pathlib import Path

import pytest

from experiments.sources import depends_on, source_hash

K9 = '''
"""An experiment."""
from experiments import tools
from experiments.tools import helper

STEPS = 3


def measure(settings):
    """Docstring."""
    return helper(STEPS) + tools.other()


def figure(result):
    return STEPS


if __name__ == "__main__":
    measure(None)
'''
TOOLS = """
import math

SCALE = 2.0


def helper(x):
    return SCALE * x


def other():
    return math.pi


def unused():
    return 1
"""


@pytest.fixture
def package(tmp_path):
    (tmp_path / "k9.py").write_text(K9)
    (tmp_path / "tools.py").write_text(TOOLS)
    return tmp_path


def hash_after(package: Path, file: str, old: str, new: str) -> str:
    path = package / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return source_hash("k9", ["measure"], package)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("k9.py", "STEPS = 3", "STEPS = 4", id="constant"),
        pytest.param("k9.py", "+ tools", "- tools", id="expression"),
        pytest.param("tools.py", "SCALE = 2.0", "SCALE = 3.0", id="constant-behind-import"),
        pytest.param("tools.py", "math.pi", "math.e", id="function-behind-module"),
        pytest.param("tools.py", "SCALE = 2.0", "SCALE = 2.0\nprint(SCALE)", id="statement-at-import"),
    ],
)
def test_a_change_that_can_move_a_number_changes_the_hash(package, file, old, new):
    before = source_hash("k9", ["measure"], package)
    assert hash_after(package, file, old, new) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("k9.py", '"""Docstring."""', '"""Another."""', id="docstring"),
        pytest.param("k9.py", "STEPS = 3", "STEPS = 3  # a few", id="comment"),
        pytest.param("k9.py", "helper(STEPS) + tools.other()", "(helper(STEPS)\n        + tools.other())", id="layout"),
        pytest.param("k9.py", "    return STEPS\n", "    return 2 * STEPS\n", id="figure"),
        pytest.param("k9.py", "measure(None)", "print(measure(1))", id="command-line"),
        pytest.param("tools.py", "return 1", "return 2", id="function-not-used"),
    ],
)
def test_a_change_that_cannot_move_a_number_keeps_the_hash(package, file, old, new):
    before = source_hash("k9", ["measure"], package)
    assert hash_after(package, file, old, new) == before


def test_a_module_handed_on_as_a_whole_counts_whole(package):
    first = hash_after(package, "k9.py", "tools.other()", "len(dir(tools))")
    assert hash_after(package, "tools.py", "return 1", "return 2") != first


def test_the_modules_a_result_depends_on_are_named(package):
    assert depends_on("k9", ["measure"], package) == ["k9", "tools"]


def test_a_root_that_does_not_exist_is_named(package):
    with pytest.raises(KeyError, match=r"k9\.py defines no `missing`"):
        source_hash("k9", ["missing"], package)
