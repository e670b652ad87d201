"""The bill of the whole book: every net that was measured, what it was told, what it cost and what it bought.

Accuracies, counts of parameters and counts of examples come from the stored results. FLOPs are counted here, by torch's
own counter, on the nets that the experiments build; nothing is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from experiments import ch09_strength, k1, k2, k3, k4, k5, k7, k8, models, record, rivals, sequences, worth


@dataclass(frozen=True, slots=True)
class Row:
    """One net in one experiment.

    Fields
        chapter, experiment: where it stands; task: what `accuracy` (0 to 1) is of
        told: what was built in, in words
        parameters, flops: flops of the forward pass of one example; None where they were not counted
        examples: how many it learned from
        saved: how many times fewer examples than the net of the same experiment that is told nothing; None where the
            experiment does not say; at_least: the true factor is this or larger
    """

    chapter: str
    experiment: str
    net: str
    told: str
    task: str
    parameters: int
    examples: int
    accuracy: float | None = None
    spread: float | None = None
    flops: int | None = None
    saved: float | None = None
    at_least: bool = False


def rows() -> list[Row]:
    """All rows, in the order of the chapters."""
    parts: list[Callable[[], Iterator[Row]]] = [_k1, _k2, _k3, _k4, _k5, _k7, _k8]
    if "k10" in record.names():
        parts.append(_k10)
    return [row for part in [*parts, _k11] for row in part()]


def flops(net: nn.Module, *inputs: Tensor) -> int:
    """FLOPs of a forward pass for one example; `inputs` hold two, as batch normalization needs."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        net(*inputs)
    return int(counter.get_total_flops()) // 2


def _of(found: dict[str, Any], *at: int) -> dict[str, float]:
    """Mean and spread of an accuracy, as fields of a row."""
    mean, std = found["mean"], found["std"]
    for index in at:
        mean, std = mean[index], std[index]
    return {"accuracy": mean, "spread": std}


def _k1() -> Iterator[Row]:
    result, pixels = record.load("k1"), 4
    told = {
        k1.MLP: "nothing",
        k1.FLAT: "near pixels; one kernel for all places",
        k1.STRIDED: "near pixels; one kernel for all places; the largest answer wins, at every fourth place",
        k1.DENSE: "near pixels; one kernel for all places; the largest answer wins, at every place",
    }
    built = k1.matched(k1.DEFAULT)
    canvas = torch.zeros(2, 1, k1.DEFAULT.canvas, k1.DEFAULT.canvas)
    for kind, words in told.items():
        yield Row(
            "ch03_convolution",
            "k1",
            k1.LABELS[kind],
            words,
            f"digits, moved {pixels} pixels",
            result["setup"]["parameters"][kind],
            result["settings"]["train_examples"],
            **_of(result["numbers"][kind], pixels),
            flops=flops(built[kind](), canvas),
        )


def _k2() -> Iterator[Row]:
    result = record.load("k2")
    built, picture = k2.matched(k2.DEFAULT), torch.zeros(2, 1, 28, 28)
    for kind in (k2.MLP, k2.FLAT):
        told = "nothing" if kind == k2.MLP else "near pixels; one kernel for all places"
        for order, task in zip(k2.ORDERS, ("digits", "digits, pixels shuffled"), strict=True):
            yield Row(
                "ch03_convolution",
                "k2",
                k2.LABELS[kind],
                told,
                task,
                result["setup"]["parameters"][kind],
                result["settings"]["train_examples"],
                **_of(result["numbers"]["accuracy"][kind][order]),
                flops=flops(built[kind](), picture),
            )


def _k3() -> Iterator[Row]:
    result, settings = record.load("k3"), k3.DEFAULT
    needed = {
        kind: max(result["numbers"]["needed_clean"][f"{kind}_least_squares"]) for kind in ("dense", "convolution")
    }
    signal = torch.zeros(2, 1, settings.length)
    nets = {
        "dense": ("dense layer", "nothing", nn.Linear(settings.length, settings.length, bias=False)),
        "convolution": (
            "convolution",
            "near numbers; one kernel for all places",
            nn.Conv1d(1, 1, settings.kernel, padding=settings.kernel // 2, bias=False),
        ),
    }
    for kind, (net, told, layer) in nets.items():
        yield Row(
            "ch03_convolution",
            "k3",
            net,
            told,
            "learn a filter to an error of 1 %",
            models.count_parameters(layer),
            needed[kind],
            flops=flops(layer, signal),
            saved=needed["dense"] / needed[kind],
        )


def _k4() -> Iterator[Row]:
    result = record.load("k4")
    numbers, settings = result["numbers"], result["settings"]
    net = flops(models.mlp(settings["side"] ** 2, settings["hidden"]), torch.zeros(2, settings["side"] ** 2))
    cases = (
        ("mirror", "digits or their mirror images", "a mirror that is there", settings["sizes"], 2),
        ("eight", "digits, turned and mirrored", "eight moves that are there", settings["sizes_eight"], 8),
        ("false", "digits", "half a turn, which makes a six a nine", settings["sizes_false"], 2),
    )
    for world, task, told, sizes, copies in cases:
        for kind in (k4.PLAIN, k4.AVERAGED):
            plain, at = kind == k4.PLAIN, len(sizes) - 1
            factor = numbers["factor"].get(world, {"mean": None})["mean"]
            yield Row(
                "ch04_symmetry",
                "k4",
                "MLP" if plain else "MLP, averaged over the group",
                "nothing" if plain else told,
                task,
                result["setup"]["parameters"],
                sizes[-1],
                **_of(numbers[world][kind], at),
                flops=net if plain else copies * net,
                saved=None if factor is None else 1.0 if plain else factor,
            )


def _k5() -> Iterator[Row]:
    result = record.load("k5")
    settings = result["settings"]
    at = settings["gaps"].index(16)
    told = {
        k5.RNN: "one step after the other",
        k5.GRU: "one step after the other; the state stays unless told",
        k5.CONVOLUTION: "the near past; one kernel for all times",
        k5.ATTENTION: "any element may matter to any other",
    }
    symbols, vocabulary = settings["symbols"], settings["symbols"] + settings["distractors"] + 1
    for kind, words in told.items():
        net = sequences.Recall(kind, settings["width"], settings["gaps"][at] + 2, vocabulary, symbols)
        yield Row(
            "ch05_recurrence" if kind != k5.ATTENTION else "ch06_attention",
            "k5",
            k5.LABELS[kind],
            words,
            f"recall across {settings['gaps'][at]} steps",
            models.count_parameters(net),
            settings["updates"] * settings["batch"],
            **_of(result["numbers"]["recall"][kind], at),
            flops=flops(net, torch.zeros(2, settings["gaps"][at] + 2, dtype=torch.long)),
        )


def _k7() -> Iterator[Row]:
    result = record.load("k7")
    told = {
        k7.MLP: "nothing",
        k7.CNN: "near words; one kernel for all places",
        k7.BARE: "any word may matter to any other; order does not",
        k7.PLACED: "any word may matter to any other; order may",
    }
    for kind, words in told.items():
        yield Row(
            "ch06_attention",
            "k7",
            k7.LABELS[kind],
            words,
            "sentences, the phrase moved to the end",
            result["setup"]["parameters"][kind],
            result["settings"]["moving_train"],
            **_of(result["numbers"]["accuracy"]["end"][kind]),
        )


def _k8() -> Iterator[Row]:
    result = record.load("k8")
    settings, depth = result["settings"], result["settings"]["depths"][-1]
    told = {
        k8.PLAIN: "nothing",
        k8.RESIDUAL: "a layer adds to what it gets",
        k8.ZERO: "a layer adds to what it gets, and starts as the identity",
    }
    for kind, words in told.items():
        yield Row(
            "ch07_residual",
            "k8",
            f"{depth} layers, {k8.LABELS[kind]}",
            words,
            "MNIST-1D, its own training examples",
            result["setup"]["parameters"][str(depth)],
            settings["examples"],
            **_of(result["numbers"]["accuracy"][kind][str(depth)], -1),
            flops=flops(k8.classifier(40, settings["width"], depth, kind), torch.randn(2, 40)),
        )


def _k10() -> Iterator[Row]:
    result = record.load("k10")
    yield Row(
        "ch08_transformer",
        "k10",
        "Transformer",
        "any word may matter to any other; start from the identity",
        "English to French, whole sentences right",
        result["setup"]["parameters"],
        result["settings"]["sentences"],
        **_of(result["numbers"]["exact"], -1),
    )


TOLD = {
    rivals.LOGISTIC: "one weight for each place and class",
    rivals.MLP: "nothing",
    rivals.AUGMENTED: "nothing; the data are moved",
    rivals.LOCAL: "near numbers",
    rivals.CNN: "near numbers; one kernel for all places",
    rivals.POOLED: "near numbers; one kernel for all places; the largest answer wins, at every eighth place",
    rivals.DENSE: "near numbers; one kernel for all places; the largest answer wins, at every place",
    rivals.GRU: "one step after the other, alike",
    rivals.ATTENTION: "parts alike; any may matter to any other",
}


def _k11() -> Iterator[Row]:
    plain, strength, shuffled = (record.load(name) for name in ("k11", "ch09_strength", "ch09_shuffled"))
    strength = ch09_strength.whole(strength)
    for name, result, task in (("k11", plain, "MNIST-1D"), ("ch09_strength", strength, "MNIST-1D")):
        for kind in result["numbers"]["accuracy"]:
            if name == "k11" or kind not in plain["numbers"]["accuracy"]:
                yield _rival(name, result, kind, task)
    for kind in shuffled["numbers"]["accuracy"]:
        yield _rival("ch09_shuffled", shuffled, kind, "MNIST-1D, positions shuffled")


def _rival(name: str, result: dict[str, Any], kind: str, task: str) -> Row:
    accuracy, sizes = result["numbers"]["accuracy"], result["settings"]["sizes"]
    needed = worth.crossing(sizes, accuracy[kind]["mean"], accuracy[rivals.MLP]["mean"][-1])
    return Row(
        "ch09_prior_vs_data",
        name,
        rivals.LABELS[kind],
        TOLD[kind],
        task,
        result["setup"]["parameters"][kind],
        sizes[-1],
        **_of(accuracy[kind], -1),
        flops=result["setup"]["flops"][kind],
        saved=None if needed is None else sizes[-1] / needed,
        at_least=needed == sizes[0],
    )
