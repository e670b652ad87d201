"""What the exercises on convolution are tried on: nothing square, no symmetric kernel, so that no mistake can hide."""

from autograder.authoring.cases import call, case, exercise

OWN_SUM = "Write the sum yourself: that is the exercise."


@exercise(
    points=4,
    minutes=10,
    difficulty=1,
    forbid=("*conv*", "*correlate*"),
    reason=OWN_SUM,
    equivalent={"0 -> -1": "A signal has one axis, so that the first is the last."},
)
def conv1d(draw):
    n = draw.integer(9, 13)
    yield case("three weights", draw.normal(n), draw.normal(3), gradients=("x", "w"))
    yield case("four weights", draw.normal(n + 4), draw.normal(4), gradients=("x", "w"))
    yield case("a kernel as long as the signal", draw.normal(5), draw.normal(5), gradients=("x", "w"))
    yield case("a kernel of one weight", draw.normal(6), draw.normal(1), gradients=("x", "w"))


@exercise(points=3, minutes=10, difficulty=1)
def conv_output_size(draw):
    n, k = draw.integer(20, 30), draw.integer(3, 7)
    yield case("plain", call(n, k), call(n + 1, k + 1), call(k, k))
    yield case("padding", call(n, k, padding=draw.integer(1, 3)), call(n + 3, k, padding=3))
    stride = draw.integer(3, 6)
    fits = k + stride * draw.integer(4, 9)
    yield case(
        "strides, with and without a rest",
        call(fits, k, stride=stride),
        call(fits + 1, k, stride=stride),
        call(fits + stride - 1, k, stride=stride),
    )
    dilation = draw.integer(2, 5)
    yield case("dilation", call(n + 10, k, dilation=dilation), call(5 * dilation + 1, 6, dilation=dilation))
    yield case("everything at once", call(n + 13, 4, 2, 3, 2), call(n + 20, 3, 1, 2, 5), call(n + 14, 4, 2, 3, 2))


@exercise(points=8, minutes=30, difficulty=3, forbid=("*conv*", "*correlate*"), reason=OWN_SUM)
def conv2d(draw):
    # more channels out than in; from one channel, so that exchanged channels give a wrong output and not only an error
    x, w = draw.normal(2, 1, 6, 9), draw.normal(3, 1, 2, 3)
    yield case("three channels from one", x, w, gradients=("x", "w"))
    x, w, b = draw.normal(3, 2, 7, 5), draw.normal(2, 2, 3, 2), draw.normal(2)
    yield case("several channels and a bias", x, w, b, gradients=("x", "w", "b"))
    x, w, b = draw.normal(2, 3, 4, 6), draw.normal(3, 3, 3, 4), draw.normal(3)
    yield case("padding 2", x, w, b, 1, 2, gradients=("x", "w", "b"))
    # sizes at which a stride of 3 leaves a rest in both directions; the budget allows no output that is thrown away
    x, w, b = draw.normal(2, 2, 13, 18), draw.normal(2, 2, 2, 4), draw.normal(2)
    yield case("stride 3 and padding 1", x, w, b, 3, 1, gradients=("x", "w", "b"), flops=1.5)
    x, w, b = draw.normal(1, 1, 3, 2), draw.normal(1, 1, 3, 2), draw.normal(1)
    yield case("one window in all", x, w, b, 2, gradients=("x", "w", "b"))


@exercise(points=5, minutes=15, difficulty=2)
def toeplitz(draw):
    yield case("three weights", draw.normal(3), draw.integer(7, 10), gradients=("w",))
    yield case("four weights", draw.normal(4), draw.integer(11, 14), gradients=("w",))
    yield case("a kernel as long as the signal", draw.normal(4), 4, gradients=("w",))
    yield case("a kernel of one weight", draw.normal(1), 5, gradients=("w",))


@exercise(
    points=5,
    minutes=15,
    difficulty=2,
    forbid=("*max_pool*", "*fractional_max*"),
    reason="Take the maximum of each window yourself: that is the exercise.",
)
def max_pool2d(draw):
    yield case("windows of two", draw.normal(2, 3, 4, 6), 2, gradients=("x",))
    # all values below zero, so that a padding of zeros would win
    yield case("negative values with padding", draw.uniform(2, 2, 5, 8, low=-9.0, high=-1.0), 3, 2, 1, gradients=("x",))
    yield case("a rest that no window covers", draw.normal(1, 2, 8, 11), 3, gradients=("x",))
    yield case("overlapping windows", draw.normal(2, 1, 6, 9), 3, 2, gradients=("x",))
    x = draw.normal(1, 2, 7, 10, mean=-3.0)
    yield case("padding at the default stride", call(x, 4, padding=2), gradients=("x",))


@exercise(
    points=7,
    minutes=25,
    difficulty=3,
    forbid=("conv*", "_conv*", "torch.autograd.grad", "torch.autograd.backward"),
    reason="Write the sum yourself: it is what autograd would do for you.",
)
def conv_weight_gradient(draw):
    yield case("several pictures", draw.normal(3, 2, 6, 8), draw.normal(3, 4, 5, 6))
    yield case("as many channels out as in", draw.normal(2, 3, 5, 7), draw.normal(2, 3, 3, 6))
    yield case("one picture", draw.normal(1, 2, 4, 7), draw.normal(1, 1, 2, 5))
    yield case("a kernel of one weight", draw.normal(4, 1, 2, 3), draw.normal(4, 2, 2, 3))


@exercise(points=4, minutes=15, difficulty=2)
def receptive_field(draw):
    k = draw.integer(3, 6)
    yield case("one layer, and none", call([(k, 3, 1)]), call([]), call([(2, 2, 4)]))
    yield case("convolutions on convolutions", [(k, 1, 1), (3, 1, 1), (k + 2, 1, 1)])
    yield case("strides", [(3, 2, 1), (k, 3, 1), (2, 1, 1), (4, 2, 1)])
    yield case("dilation", [(3, 1, 1), (3, 1, 2), (k, 1, 4)])
    yield case("everything at once", [(4, 2, 3), (2, 2, 1), (k, 3, 2), (3, 2, 5)])


@exercise(
    points=8,
    minutes=30,
    difficulty=3,
    forbid=("*conv*", "*max_pool*"),
    reason="Use the conv2d and max_pool2d that you wrote above.",
    equivalent={
        f"torch.zeros({n}) -> torch.ones({n})": "Training may begin with any biases; a case loads its own."
        for n in ("first", "second", "classes")
    },
)
def SmallCNN(draw):
    both = ("x", "parameters")
    shape = call(2, (3, 5), 4)
    yield case("a batch of pictures", draw.normal(3, 2, 7, 10), init=shape, gradients=both)
    # one place is left after pooling: here a ReLU that is missing shows
    yield case("the smallest pictures", draw.normal(5, 1, 2, 3), init=call(1, (6, 9), 3), gradients=both)
    first = draw.integer(3, 6)
    yield case("other sizes", draw.normal(2, 3, 9, 4), init=call(3, (first, first + 1), first + 3), gradients=both)
