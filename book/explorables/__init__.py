"""Demos that are declared once and live twice: on a kernel, and on a page of the book without one.

Three calls make a demo, and each returns an object that shows itself when it is the last expression of a cell:

    from explorables import explore, show, steps, style, widget

    def shifted(shift, model):
        \"\"\"Accuracy of the {model} when the digit is moved by {shift}.\"\"\"
        figure, axes = plt.subplots()
        axes.plot(..., color=style.BLUE)
        return figure

    explore(shifted, shift=steps(range(11), unit="px"), model=["MLP", "CNN"], play="shift",
            caption="What to see.", try_this="Move the digit by 4 px.")

    show(lambda: k1.figure(result), caption="...", alt="...")          # one picture without a control

    widget("ch03_digit.js", data={"weights": array}, caption="...", alt="...")    # continuous input, in the browser

`explore(fn, **grid)`: `fn(**parameters)` draws and returns one matplotlib figure. A parameter's values say its control:

    range, list or array of numbers     slider            steps(values, label=, unit=, format=, start=)
    list of strings                     select            choice(values or {label: value}, label=, start=)
    [False, True], or one of them       switch            toggle(start=, label=)

Figures are drawn under `style.applied()`: transparent ground and the colour-blind-safe names `style.BLUE`, `ORANGE`,
..., readable on light and on dark pages; `style.INK` (text and axes) takes the colour of the page's text,
`style.PAPER` that of its ground. The default size is right for a phone; text that would be too small there is an
error.
"""

from explorables import style
from explorables.afm import widget
from explorables.controls import choice, steps, toggle
from explorables.explore import explore, show

__all__ = ["choice", "explore", "show", "steps", "style", "toggle", "widget"]
