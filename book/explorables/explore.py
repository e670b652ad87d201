"""`explore` and `show`: a drawing function and its parameters become a demo."""

from __future__ import annotations

import inspect
import itertools
import math
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorables.controls import Control, control_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Alt = str | Callable[..., str]


@dataclass(frozen=True)
class Demo:
    """A declared demo: `fn(**parameters)` draws its picture, `controls` say what may be moved."""

    fn: Callable[..., Figure]
    controls: tuple[Control, ...]
    alt: Alt
    caption: str = ""
    try_this: str = ""
    play: str = ""

    @property
    def name(self) -> str:
        """Name of the drawing function, for messages."""
        return getattr(self.fn, "__qualname__", type(self.fn).__name__)

    def positions(self) -> Iterator[tuple[int, ...]]:
        """Every combination of positions of the controls, the last control moving fastest."""
        return itertools.product(*(range(len(control.values)) for control in self.controls))

    @property
    def start(self) -> tuple[int, ...]:
        """The combination that is shown first."""
        return tuple(control.start for control in self.controls)

    def parameters(self, position: tuple[int, ...]) -> dict[str, Any]:
        """What `fn` is given at `position`."""
        return {control.name: control.values[at] for control, at in zip(self.controls, position, strict=True)}

    def texts(self, position: tuple[int, ...]) -> dict[str, str]:
        """The parameters at `position` as the reader sees them."""
        return {control.name: control.texts[at] for control, at in zip(self.controls, position, strict=True)}

    def alt_at(self, position: tuple[int, ...]) -> str:
        """The text that stands for the picture at `position`."""
        if callable(self.alt):
            return str(self.alt(**self.parameters(position)))
        texts = self.texts(position)
        text = self.alt.format_map(texts)
        unsaid = [control for control in self.controls if control.name not in _fields(self.alt)]
        settings = ", ".join(f"{control.label} {texts[control.name]}" for control in unsaid)
        return f"{text.rstrip('.')}. {settings}." if settings else text

    def figure(self, position: tuple[int, ...]) -> Figure:
        """What `fn` draws at `position`, in the style of the book. Raises TypeError when that is no figure."""
        from matplotlib.figure import Figure

        from explorables import style

        with style.applied():
            figure = self.fn(**self.parameters(position))
        if not isinstance(figure, Figure):
            raise TypeError(
                f"{self.name}: expected a matplotlib Figure, got {type(figure).__name__}; end with `return figure`"
            )
        return figure

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from explorables import store

        if store.of_book() is not None:
            from explorables import page

            return {"text/html": page.demo_html(self, store.of_book()), "text/plain": self.alt_at(self.start)}
        from explorables import live

        return live.box(self)._repr_mimebundle_()


def explore(
    fn: Callable[..., Figure],
    *,
    caption: str = "",
    try_this: str = "",
    alt: Alt = "",
    play: str = "",
    max_frames: int = 100,
    **grid: Any,
) -> Demo:
    """A demo of `fn` over the product of `grid`, a control for each parameter.

    Arguments:
        fn: `fn(**parameters)` draws and returns one matplotlib figure.
        caption: says what to see; `code`, *emphasis* and $mathematics$ are understood.
        try_this: a question or a task that the reader can settle with the controls.
        alt: each picture in words: a template with parameters in braces ("Accuracy at shift {shift}"), or a function of
            the parameters. Without it the first paragraph of fn's docstring is the template. Parameters that a template
            does not name are added to it.
        play: the name of the parameter that a play button runs through.
        max_frames: the largest number of pictures; each is drawn when the book is built.

    Raises ValueError when there is no text for the pictures, or too many of them. For `grid` see the package.
    """
    controls = tuple(control_of(name, given) for name, given in grid.items())
    template = alt or _first_paragraph(fn)
    where = f"explore({getattr(fn, '__qualname__', fn)!s})"
    if not template:
        raise ValueError(
            f'{where}: no text for its pictures; give alt="... {{parameter}} ..." or a docstring to the function'
        )
    unknown = set() if callable(template) else _fields(template) - {control.name for control in controls}
    if unknown:
        raise ValueError(
            f"{where}: the text for its pictures names {sorted(unknown)}, which are no parameters: {template!r}"
        )
    frames = math.prod(len(control.values) for control in controls)
    if frames > max_frames:
        raise ValueError(f"{where}: {frames} frames, at most {max_frames}; thin out the values, or raise max_frames=")
    if play and play not in grid:
        raise ValueError(f"{where}: play={play!r} is no parameter; expected one of {sorted(grid)}")
    return Demo(fn, controls, template, caption, try_this, play)


def show(figure: Figure | Callable[[], Figure], *, caption: str = "", alt: Alt = "") -> Demo:
    """One picture without controls, in the same frame as the demos. A function is drawn in the book's style."""
    if callable(figure):
        return explore(figure, caption=caption, alt=alt)
    if not alt:
        raise ValueError('show: a figure without a text; give alt="..."')
    return Demo(lambda: figure, (), alt, caption)


def _first_paragraph(fn: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(fn) or "").split("\n\n")[0].split())


def _fields(template: str) -> set[str]:
    return {field.split(".")[0].split("[")[0] for _, field, _, _ in string.Formatter().parse(template) if field}
