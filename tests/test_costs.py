"""What the page for instructors says about costs is what was measured."""

import copy

import costs


def test_the_page_has_the_published_measurements():
    assert (costs.RESULTS / "costs.md").read_text(encoding="utf-8") == costs.render(*costs.load()), (
        "benchmarks/results/costs.md is out of date: python benchmarks/costs.py"
    )


def test_the_same_class_is_given_the_same_points_by_every_grader():
    grading, _ = costs.load()
    assert grading["students"] == 40
    assert {"nbgrader", "otter"} <= set(grading["ended"])
    assert grading["ended"]["different_scores"] + grading["stopped"]["different_scores"] == []


def test_the_engine_needs_a_fraction_of_what_others_need():
    grading, _ = costs.load()
    assert all(ratio > 5 for ratio in grading["ended"]["cpu_ratio"].values())


def test_points_that_differ_are_told():
    grading, forks = copy.deepcopy(costs.load())
    grading["ended"]["different_scores"] = ["s01 conv1d: engine 4.0, otter 0.0"]
    assert "In 1 exercises the points were not the same" in costs.render(grading, forks)


def test_a_grader_that_could_not_be_installed_is_told_and_left_out():
    grading, forks = copy.deepcopy(costs.load())
    for label in ("ended", "stopped"):
        del grading[label]["otter"], grading[label]["cpu_ratio"]["otter"]
    grading["no_otter"] = "no network"
    text = costs.render(grading, forks)
    assert "otter-grader could not be installed there" in text and "| otter-grader 7.0.0 |" not in text
