"""Each experiment in its quick setting: it runs, gives all that figure and summary need, and the same again."""

import json
from dataclasses import asdict

import pytest
import torch

import experiments
from experiments import cli, record

NAMES = record.names()


@pytest.fixture(scope="module", params=NAMES)
def quick(request):
    """(module, result) of the quick setting."""
    module = record.module(request.param)
    return module, module.run(module.QUICK)


def shape(value):
    """The keys of `value` at every depth."""
    return {key: shape(item) for key, item in value.items()} if isinstance(value, dict) else None


def test_a_quick_run_gives_what_the_stored_result_has(quick):
    module, result = quick
    stored = experiments.load(result["name"])
    assert shape(result) == shape(stored)
    assert result["settings"] == json.loads(json.dumps(asdict(module.QUICK)))
    assert result["sources"] == record.sources(result["name"])


def test_a_quick_run_can_be_drawn_and_quoted(quick, tmp_path):
    module, result = quick
    path = tmp_path / "figure.svg"
    module.figure(result).savefig(path)
    assert path.stat().st_size > 5000
    assert {"verdict", "setup", "alt", "seeds"} <= set(module.summary(result))


def test_a_second_run_gives_the_same_numbers(quick):
    module, result = quick
    torch.rand(3)
    again = module.run(module.QUICK)
    assert again["numbers"] == result["numbers"]


def test_a_run_leaves_threads_and_generator_as_they_were(quick):
    module, _ = quick
    before = torch.get_num_threads(), torch.random.get_rng_state()
    record.run(module.__name__.removeprefix("experiments."), module.QUICK)
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.random.get_rng_state(), before[1])


def test_seeds_give_different_numbers(quick):
    _, result = quick
    rows = [json.dumps(row) for row in first_rows(result["numbers"])]
    assert len(set(rows)) > 1


def test_a_quick_run_from_the_command_line_leaves_the_book_alone(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cli, "QUICK_RESULTS", tmp_path)
    before = (record.RESULTS / "k3.json").read_bytes()
    cli.main("k3", ["--quick"])
    assert (record.RESULTS / "k3.json").read_bytes() == before
    assert experiments.load("k3", tmp_path)["name"] == "k3"
    assert "Toeplitz" in capsys.readouterr().out


def first_rows(numbers):
    """The numbers by seed of the first record found."""
    return numbers["by_seed"] if "by_seed" in numbers else first_rows(next(iter(numbers.values())))
