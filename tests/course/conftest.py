"""What the tests of the solutions share: a chapter's solution, and numbers to try it on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from autograder.authoring.chapter import load_chapter


@pytest.fixture(scope="module")
def solution(request: pytest.FixtureRequest, root: Path) -> ModuleType:
    """The solution of the chapter whose number the test file names: chNN of test_chNN_oracles.py."""
    number = request.path.stem.split("_")[1]
    [folder] = (root / "solutions").glob(f"{number}_*")
    return load_chapter(folder.name).solution


@pytest.fixture
def normal() -> Callable[..., torch.Tensor]:
    """Draws a float64 tensor of a shape from the normal distribution, from one seed in every test."""
    generator = torch.Generator().manual_seed(7)
    return lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
