"""A page runs again when what it shows has changed, and only then."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def cache(root: Path) -> ModuleType:
    """The extension of the book that keys the cache."""
    spec = importlib.util.spec_from_file_location("source_keyed_cache", root / "book/_ext/source_keyed_cache.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A repository with two chapters' demos, what they share, and the pins."""
    demos = tmp_path / "book" / "explorables"
    demos.mkdir(parents=True)
    for name in ("explore", "ch03_convolution", "ch06_attention"):
        (demos / f"{name}.py").write_text(f"# {name}\n")
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\n")
    return tmp_path


@pytest.mark.parametrize(
    "changed", ["book/explorables/explore.py", "book/explorables/ch03_convolution.py", "requirements.txt"]
)
def test_a_page_runs_again_when_something_it_uses_is_edited(cache: ModuleType, house: Path, changed: str) -> None:
    before = cache.source_key(house, "ch03_convolution")
    (house / changed).write_text("# other\n")
    assert cache.source_key(house, "ch03_convolution") != before


def test_a_page_runs_again_when_a_module_is_added(cache: ModuleType, house: Path) -> None:
    before = cache.source_key(house, "ch03_convolution")
    (house / "book/explorables/frames.py").write_text("")
    assert cache.source_key(house, "ch03_convolution") != before


def test_the_demos_of_another_chapter_leave_a_page_alone(cache: ModuleType, house: Path) -> None:
    before = cache.source_key(house, "ch03_convolution")
    (house / "book/explorables/ch06_attention.py").write_text("# other\n")
    assert cache.source_key(house, "ch03_convolution") == before


def test_caches_of_old_states_are_removed(cache: ModuleType, house: Path) -> None:
    for state in range(5):
        (house / "requirements.txt").write_text(f"torch=={state}\n")
        latest = cache.cache_of(house, "index")
    kept = list((house / "_build/cache/pages/index").iterdir())
    assert len(kept) == cache.KEPT
    assert latest in kept
