"""The stored results: whole, up to date, true in what they say of themselves, and enough for figure and summary."""

import copy
import json
from dataclasses import asdict

import numpy as np
import pytest
from matplotlib.figure import Figure

import experiments
from experiments import cli, k1, k2, models, record

NAMES = record.names()


def plain(value):
    """`value` as it is after a round through JSON."""
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("name", NAMES)
def test_no_result_is_older_than_its_code(name):
    assert not experiments.is_stale(name), f"run: python -m experiments.{name}"


@pytest.mark.parametrize("name", NAMES)
def test_a_result_is_of_the_default_settings(name):
    assert experiments.load(name)["settings"] == plain(asdict(record.module(name).DEFAULT))


@pytest.mark.parametrize("name", NAMES)
def test_a_result_names_its_claim_and_what_would_count_against_it(name):
    result, module = experiments.load(name), record.module(name)
    assert (result["claim"], result["against"]) == (module.CLAIM, module.AGAINST)


@pytest.mark.parametrize("name", NAMES)
def test_a_result_has_at_least_three_seeds_and_a_number_for_each(name):
    result = experiments.load(name)
    spreads = list(spreads_in(result["numbers"]))
    assert len(set(result["seeds"])) >= 3
    assert spreads
    assert all(len(found["by_seed"]) == len(result["seeds"]) for found in spreads)


@pytest.mark.parametrize("name", NAMES)
def test_means_and_deviations_follow_from_the_numbers_of_the_seeds(name):
    for found in spreads_in(experiments.load(name)["numbers"]):
        again = record.spread(found["by_seed"])
        np.testing.assert_allclose(again["mean"], found["mean"], rtol=1e-4, atol=1e-12)
        np.testing.assert_allclose(again["std"], found["std"], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_result_names_the_versions_it_was_made_with(name):
    assert set(experiments.load(name)["versions"]) == {"python", *record.LIBRARIES}


@pytest.mark.parametrize("name", NAMES)
def test_a_result_took_at_most_90_cpu_seconds(name):
    assert 0 < experiments.load(name)["cpu_seconds"] <= 90


@pytest.mark.parametrize(("module", "name"), [(k1, "k1"), (k2, "k2")], ids=["k1", "k2"])
def test_the_parameters_a_result_states_are_those_of_the_nets_and_match_within_a_unit(module, name):
    stated = experiments.load(name)["setup"]["parameters"]
    built = {net: models.count_parameters(build()) for net, build in module.matched(module.DEFAULT).items()}
    assert stated == built
    # One hidden unit more or less moves a count by 1.4 % at most.
    assert max(built.values()) <= 1.015 * min(built.values())


@pytest.mark.parametrize("name", NAMES)
def test_figure_and_summary_need_the_stored_result_alone(name, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a figure measured something")

    module, result = record.module(name), experiments.load(name)
    monkeypatch.setattr(module, "measure", refuse)
    for function in ("mnist_digits", "small_digits", "mnist1d", "blobs"):
        monkeypatch.setattr(f"experiments.data.{function}", refuse)
    before = copy.deepcopy(result)
    assert all(isinstance(module.figure(result, dark=dark), Figure) for dark in (False, True))
    assert all(isinstance(value, str) and value for value in module.summary(result).values())
    assert result == before


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_of_a_figure_has_named_axes_and_error_bars(name):
    for axes in record.module(name).figure(experiments.load(name)).axes:
        assert axes.get_ylabel()
        assert axes.get_xlabel() or all(tick.get_text() for tick in axes.get_xticklabels())
        assert any(type(container).__name__ == "ErrorbarContainer" for container in axes.containers)


def test_a_figure_draws_the_numbers_of_the_result():
    result = experiments.load("k1")
    result["numbers"]["mlp"]["mean"][3] = 0.777
    drawn = {tuple(round(y, 4) for y in line.get_ydata()) for line in k1.figure(result).axes[0].lines}
    for name in k1.LABELS:
        assert tuple(round(100 * y, 4) for y in result["numbers"][name]["mean"]) in drawn


@pytest.mark.parametrize("name", NAMES)
def test_a_page_gets_a_picture_for_light_and_one_for_dark_with_words_for_both(name):
    page = experiments.show(name).data
    assert page.count("<img") == page.count('alt="') == page.count("data:image/webp") == 2
    assert len(page) < 200_000
    assert 'class="only-light"' in page
    assert 'class="only-dark dark-light"' in page


def test_a_result_of_other_code_is_stale(tmp_path):
    record.store(experiments.load("k1") | {"sources": "0" * 16}, tmp_path)
    assert experiments.is_stale("k1", tmp_path)


def test_a_missing_result_is_stale_and_its_error_names_the_command(tmp_path):
    assert experiments.is_stale("k2", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"python -m experiments\.k2"):
        experiments.load("k2", tmp_path)


def test_half_a_result_is_stale_and_its_error_names_the_command(tmp_path):
    path = record.store(experiments.load("k3"), tmp_path)
    path.write_text(path.read_text()[:500])
    assert experiments.is_stale("k3", tmp_path)
    with pytest.raises(ValueError, match=r"damaged.*python -m experiments\.k3"):
        experiments.load("k3", tmp_path)


def test_storing_and_loading_changes_nothing(tmp_path):
    result = experiments.load("k3")
    record.store(result, tmp_path)
    assert experiments.load("k3", tmp_path) == result


def test_an_unknown_experiment_is_named():
    with pytest.raises(KeyError, match="no experiment called 'k99'"):
        record.module("k99")


def test_check_fails_and_names_the_command_when_a_result_is_stale(monkeypatch, capsys):
    monkeypatch.setattr(record, "is_stale", lambda name: name == "k2")
    assert cli.main_all(["--check"]) == 1
    assert "python -m experiments.k2" in capsys.readouterr().out


def test_a_verdict_says_when_the_cnn_loses_shifted_digits():
    result = experiments.load("k1")
    result["numbers"][k1.DENSE]["mean"][-1] = 0.5
    assert "the claim fails" in k1.summary(result)["verdict"]


def test_a_verdict_says_when_the_shuffle_moves_the_fully_connected_net():
    result = experiments.load("k2")
    found = result["numbers"]["accuracy"][k2.MLP]["shuffled"]
    found["by_seed"] = [value - 0.05 for value in found["by_seed"]]
    assert "moves the fully connected net" in k2.summary(result)["verdict"]


def test_a_verdict_says_when_the_cnn_keeps_its_advantage():
    result = experiments.load("k2")
    accuracy = result["numbers"]["accuracy"]
    accuracy[k2.FLAT]["shuffled"] = accuracy[k2.FLAT]["original"]
    assert "keeps part of its advantage" in k2.summary(result)["verdict"]


def test_percent_gives_mean_and_deviation():
    assert record.percent({"mean": [0.5, 0.978], "std": [0.1, 0.0031]}, 1) == "97.8 ± 0.3 %"


def test_spread_is_over_the_seeds_with_n_minus_one():
    found = record.spread([[1.0, 4.0], [2.0, 4.0], [3.0, 7.0]])
    assert found["mean"] == [2.0, 5.0]
    assert found["std"] == pytest.approx([1.0, 3.0**0.5], rel=1e-5)


def spreads_in(numbers):
    """Every record of mean and deviation, at any depth."""
    if "by_seed" in numbers:
        yield numbers
        return
    for value in numbers.values():
        if isinstance(value, dict):
            yield from spreads_in(value)
