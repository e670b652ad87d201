"""Results: what is stored of an experiment, where, and whether the code has changed since.

A module `kN.py` (claim N of the book) or `chNN_….py` (a measurement of chapter NN) is an experiment when it has
    TITLE, CLAIM, AGAINST   what is measured, the claim, and what would count against it
    DEFAULT, QUICK          settings: of the book, and of the tests
    measure(settings, report) -> {"setup": …, "numbers": …}, plain data; report(share, what) tells of progress
    figure(result, dark=False) -> matplotlib Figure, drawn from the stored result alone
    summary(result) -> the words and numbers that a page may quote
"""

from __future__ import annotations

import base64
import html
import importlib
import importlib.metadata
import io
import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.sources import FOLDER, source_hash

if TYPE_CHECKING:
    from IPython.display import HTML

Result = dict[str, Any]
Report = Callable[[float, str], None]

RESULTS = FOLDER / "results"
ROOTS = ("TITLE", "CLAIM", "AGAINST", "DEFAULT", "measure")
LIBRARIES = ("torch", "numpy", "scikit-learn", "mlxtend", "mnist1d")


def silent(share: float, what: str) -> None:
    """A report of progress that goes nowhere."""


def names() -> list[str]:
    """The experiments: those of the claims in their order, k1, k2, …, then those of single chapters, ch02_…"""
    claims = sorted((path.stem for path in FOLDER.glob("k[0-9]*.py")), key=lambda name: int(name[1:]))
    return claims + sorted(path.stem for path in FOLDER.glob("ch[0-9][0-9]_*.py"))


def module(name: str) -> Any:
    """The module of the experiment `name`."""
    if name not in names():
        raise KeyError(f"no experiment called {name!r}; there are {', '.join(names())}")
    return importlib.import_module(f"experiments.{name}")


def run(name: str, settings: Any = None, report: Report = silent) -> Result:
    """The result of the experiment `name`: the claim, the set-up, the numbers and the circumstances, plain data."""
    from experiments.train import one_thread, seeded

    experiment = module(name)
    settings = experiment.DEFAULT if settings is None else settings
    code, started = sources(name), time.process_time()
    with one_thread(), seeded(0):
        measured = experiment.measure(settings, report)
    result = {
        "name": name,
        "title": experiment.TITLE,
        "claim": experiment.CLAIM,
        "against": experiment.AGAINST,
        "seeds": list(settings.seeds),
        "settings": asdict(settings),
        **measured,
        "cpu_seconds": round(time.process_time() - started, 1),
        "versions": versions(),
        "sources": code,
    }
    return json.loads(json.dumps(result, allow_nan=False))


def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that the numbers depend on."""
    installed = {library: importlib.metadata.version(library).split("+")[0] for library in LIBRARIES}
    return {"python": platform.python_version(), **installed}


def sources(name: str) -> str:
    """The hash of the code that the result of `name` depends on."""
    return source_hash(name, ROOTS)


def store(result: Result, folder: Path = RESULTS) -> Path:
    """The file to which `result` was written, as text that gives readable differences."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result['name']}.json"
    beside = path.with_suffix(".part")
    beside.write_text(compact(result) + "\n", encoding="utf-8")
    beside.replace(path)
    return path


def compact(value: Any, indent: str = "") -> str:
    """`value` as JSON: objects over several lines, and a list of numbers on one."""
    if isinstance(value, dict) and value:
        inner = indent + "  "
        items = (f"{inner}{json.dumps(key)}: {compact(item, inner)}" for key, item in value.items())
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, list | dict) for item in value):
        inner = indent + "  "
        return "[\n" + ",\n".join(inner + compact(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)


def load(name: str, folder: Path = RESULTS) -> Result:
    """The stored result of the experiment `name`."""
    path = folder / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; make it with: python -m experiments.{name}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is damaged ({error}); make it anew with: python -m experiments.{name}") from error


def is_stale(name: str, folder: Path = RESULTS) -> bool:
    """Whether there is no whole result of `name`, or the code it depends on has changed since it was made."""
    try:
        return load(name, folder)["sources"] != sources(name)
    except (FileNotFoundError, ValueError, KeyError):
        return True


def summary(name: str) -> dict[str, str]:
    """The words and numbers of the stored result of `name` that a page may quote."""
    return module(name).summary(load(name))


def show(name: str) -> HTML:
    """The figure of the stored result of `name` for a page: one picture for light pages and one for dark ones."""
    from IPython.display import HTML

    experiment, result = module(name), load(name)
    alt = html.escape(experiment.summary(result)["alt"], quote=True)
    pictures = (
        f'<img class="{shown}" alt="{alt}" width="520" src="{_data_url(experiment.figure(result, dark=dark))}">'
        for shown, dark in (("only-light", False), ("only-dark dark-light", True))
    )
    return HTML(f'<div class="experiment" id="figure-{name}">{"".join(pictures)}</div>')


def _data_url(figure: Any) -> str:
    """`figure` as a lossless WebP of few colours, sharp at twice its size and a third of the bytes of its SVG."""
    from PIL import Image

    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=190)
    few = Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    few.convert("RGB").save(packed, format="webp", lossless=True, method=4)
    return "data:image/webp;base64," + base64.b64encode(packed.getvalue()).decode()


def spread(by_seed: Sequence[Any]) -> dict[str, Any]:
    """Numbers of every seed, with their mean and standard deviation (n - 1) over the seeds, the first axis."""
    import numpy as np

    table = np.asarray(by_seed, dtype=float)
    rounded = {"by_seed": table, "mean": table.mean(0), "std": table.std(0, ddof=1)}
    return {key: _significant(value) for key, value in rounded.items()}


def _significant(values: Any) -> Any:
    """`values` as nested lists of numbers with six significant digits."""
    if getattr(values, "ndim", 0) == 0:
        return float(f"{float(values):.6g}")
    return [_significant(value) for value in values]


def percent(spread: dict[str, Any], *at: int) -> str:
    """A share from 0 to 1 as "97.8 ± 0.3 %", mean and standard deviation; `at` are indices into a list of shares."""
    mean, std = spread["mean"], spread["std"]
    for index in at:
        mean, std = mean[index], std[index]
    return f"{100 * mean:.1f} ± {100 * std:.1f} %"
