"""The demos of ch10_example: running means.

>>> from explorables import ch10_example as demos
>>> demos.smoothing()               # how fast the past fades
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from explorables import explore, steps, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from explorables.explore import Demo

LENGTH, OPENED = 120, 40  # steps, and the one at which the value jumps


def smoothing() -> Demo:
    """A noisy jump, and its running mean."""
    return explore(
        smoothed,
        share=steps([0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0], label="Share of the new value", start=0.1),
        caption="Dots: measured. Dashed: the truth. Line: the running mean, which follows late when the share is "
        "small, and jitters with the measurements when it is large.",
        try_this="Find the largest share at which the line still looks smooth. How late is it at the top?",
    )


def smoothed(share: float) -> Figure:
    """A jump from 0 to 1 with noise, and its running mean with a share of {share}."""
    from matplotlib import pyplot as plt

    truth = (np.arange(LENGTH) >= OPENED).astype(float)
    measured = truth + 0.25 * np.random.default_rng(0).normal(size=LENGTH)
    mean = [measured[0]]
    for value in measured[1:]:
        mean.append(share * value + (1 - share) * mean[-1])
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3.0))
    axes.plot(measured, ".", color=style.BLUE)
    axes.plot(truth, "--", color=style.INK)
    axes.plot(mean, color=style.ORANGE)
    axes.set(xlabel="step", ylabel="value", ylim=(-0.8, 1.8))
    return figure
