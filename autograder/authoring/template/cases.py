"""What running means are tried on: several lengths, a share that is not one half, nothing constant."""

from autograder.authoring import case, exercise


@exercise(points=4, minutes=10, difficulty=1)
def running_mean(draw):
    yield case("a few values", draw.normal(6, mean=2.0), 0.3, gradients=("x",))
    yield case("a long run", draw.normal(draw.integer(30, 40)), 0.1)
    yield case("one value", draw.normal(1, mean=1.0), 0.6)
    yield case("no memory", draw.normal(5), 1.0)
