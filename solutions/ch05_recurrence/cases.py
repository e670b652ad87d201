"""What recurrence is tried on: more hidden numbers than features, several steps, nothing symmetric."""

from autograder.authoring.cases import call, case, exercise, probe

BY_HAND = "Walk back through time yourself: it is what autograd would do for you."


def weights(draw, hidden, feature, scale=1.0):
    """W_x, W_h and b of a plain layer, of a size at which tanh bends but does not saturate."""
    W_x = draw.normal(hidden, feature, std=0.7 * feature**-0.5)
    return W_x, draw.normal(hidden, hidden, std=scale * hidden**-0.5), draw.normal(hidden, std=0.3)


@exercise(points=3, minutes=8, difficulty=1, forbid=("rnn*",), reason="Write the sum and the tanh yourself.")
def rnn_step(draw):
    everything = ("x", "h", "W_x", "W_h", "b")
    hidden = draw.integer(5, 8)
    yield case("a batch", draw.normal(4, 3), draw.normal(4, hidden), *weights(draw, hidden, 3), gradients=everything)
    # as many features as hidden numbers, so that exchanged weights give a wrong output and not only an error
    yield case("a state as large as the input", draw.normal(2, 4), draw.normal(2, 4), *weights(draw, 4, 4))
    yield case("one example, one number", draw.normal(1, 2), draw.normal(1, 1), *weights(draw, 1, 2))


@exercise(points=3, minutes=10, difficulty=1, forbid=("rnn*",), reason="Write the loop yourself, with your rnn_step.")
def rnn_forward(draw):
    everything = ("x", "h0", "W_x", "W_h", "b")
    time = draw.integer(6, 9)
    yield case("a batch", draw.normal(3, time, 2), draw.normal(3, 5), *weights(draw, 5, 2), gradients=everything)
    # batch and time are equal, so that exchanged axes give a wrong output and not only another shape
    yield case("as many examples as steps", draw.normal(4, 4, 3), draw.normal(4, 2), *weights(draw, 2, 3))
    yield case("one step", draw.normal(2, 1, 3), draw.normal(2, 4), *weights(draw, 4, 3))


def run_of_states(draw, batch, time, feature, hidden):
    """Arguments of bptt; the states need not come from a run: every formula holds for any."""
    states = draw.uniform(batch, time, hidden, low=-0.9, high=0.9)
    inputs = draw.normal(batch, time, feature), draw.uniform(batch, hidden, low=-0.9, high=0.9)
    return draw.normal(batch, time, hidden), *inputs, states, draw.normal(hidden, hidden, std=1.2 * hidden**-0.5)


@exercise(
    points=7,
    minutes=30,
    difficulty=3,
    forbid=("torch.autograd.grad", "torch.autograd.backward"),
    reason=BY_HAND,
    equivalent={"True -> False": "The gradients and the states are as many in every case."},
)
def bptt(draw):
    yield case("a batch", *run_of_states(draw, 3, draw.integer(5, 8), 2, 4))
    yield case("one example", *run_of_states(draw, 1, 4, 3, 2))
    yield case("one step", *run_of_states(draw, 4, 1, 2, 3))
    grad, *rest = run_of_states(draw, 2, 6, 3, 5)
    grad[:, :-1] = 0
    yield case("a loss at the last step only", grad, *rest)


@exercise(
    points=5,
    minutes=20,
    difficulty=2,
    equivalent={
        "0 -> -1": "One tensor is asked for, and the result has one axis: the first is the last.",
        "x.detach() -> x": "The norms are the same; the caller's x would ask for gradients from then on.",
    },
)
def gradient_norm_by_lag(draw):
    def layer(hidden, feature, scale):
        W_x, W_h, b = weights(draw, hidden, feature, scale)
        return probe("recurrence", W_x=W_x, W_h=W_h, b=b)

    yield case("a layer that forgets", layer(4, 2, 0.5), draw.normal(draw.integer(7, 10), 2))
    yield case("a layer that remembers", layer(5, 3, 1.6), draw.normal(6, 3, std=0.2))
    yield case("one hidden number", layer(1, 3, 0.8), draw.normal(5, 3))
    yield case("no memory at all", probe("affine_tanh", W=draw.normal(3, 4), b=draw.normal(4)), draw.normal(4, 3))


def gates(draw, hidden, feature):
    """W_x, W_h, b_x and b_h of a GRU."""
    W_x = draw.normal(3 * hidden, feature, std=feature**-0.5)
    W_h = draw.normal(3 * hidden, hidden, std=hidden**-0.5)
    return W_x, W_h, draw.normal(3 * hidden, std=0.5), draw.normal(3 * hidden, std=0.5)


@exercise(points=5, minutes=20, difficulty=2, forbid=("gru*",), reason="Write the gates yourself.")
def gru_step(draw):
    everything = ("x", "h", "W_x", "W_h", "b_x", "b_h")
    hidden = draw.integer(4, 7)
    yield case("a batch", draw.normal(3, 2), draw.normal(3, hidden), *gates(draw, hidden, 2), gradients=everything)
    yield case("a state as large as the input", draw.normal(2, 3), draw.normal(2, 3), *gates(draw, 3, 3))
    yield case("one example, one number", draw.normal(1, 4), draw.normal(1, 1), *gates(draw, 1, 4))


@exercise(points=5, minutes=15, difficulty=2)
def causal_conv1d(draw):
    everything = ("x", "w", "b")
    time = draw.integer(9, 13)
    args = draw.normal(2, 3, time), draw.normal(4, 3, 3), draw.normal(4)
    yield case("three weights", *args, gradients=everything)
    yield case("four weights, dilation 2", draw.normal(3, 2, 11), draw.normal(3, 2, 4), draw.normal(3), 2)
    yield case("three weights, dilation 3", draw.normal(1, 2, 10), draw.normal(2, 2, 3), draw.normal(2), 3)
    yield case("a kernel that reaches before the start", draw.normal(2, 1, 4), draw.normal(2, 1, 3), draw.normal(2), 5)
    yield case("a kernel of one weight", draw.normal(2, 2, 5), draw.normal(3, 2, 1), draw.normal(3), 2)


def table(draw, values):
    """A random table of who reads whom, two to three sources each; the longest chain does not end in the last line."""
    reads = {}
    for i in range(values):
        names = [f"v{j}" for j in range(max(0, i - 4), i)] + ["x1", "x2"]
        reads[f"v{i}"] = [draw.choice(names) for _ in range(draw.integer(2, 4))]
    return reads | {"end": ["x2", "v0"]}


@exercise(points=4, minutes=15, difficulty=2)
def sequential_operations(draw):
    n = draw.integer(5, 9)
    recurrence = {f"h{t}": [f"x{t}", f"h{t - 1}"] for t in range(1, n + 1)}
    convolution = {f"y{t}": [f"x{s}" for s in range(max(1, t - 2), t + 1)] for t in range(1, n + 1)}
    above = {f"z{t}": [f"y{s}" for s in range(max(1, t - 2), t + 1)] for t in range(1, n + 1)}
    yield case("a recurrent layer", recurrence)
    yield case("a convolution, and two", call(convolution), call(convolution | above))
    yield case("any table", call(table(draw, 12)), call(table(draw, 20)))
    yield case("what reads nothing, and nothing at all", call({"a": [], "b": ["a", "x"]}), call({"a": []}), call({}))


LARGER = "max(1, math.ceil((n - 1) / (k - 1)))", "max(math.ceil((n - 1) / (k - 1)), 1)"


@exercise(
    points=4,
    minutes=15,
    difficulty=2,
    equivalent={" -> ".join(LARGER): "The larger of two numbers, in either order."},
)
def path_length(draw):
    n, k = draw.integer(40, 60), draw.integer(4, 7)
    yield case("recurrence", call("recurrence", n, k), call("recurrence", n + 7), call("recurrence", 1))
    rest = n - n % (k - 1)
    calls = [call("convolution", size, k) for size in (rest, rest + 1, rest + 2)]
    yield case("convolution", *calls, call("convolution", 1, 3), call("convolution", 9, 2))
    calls = [call("dilated", size, k) for size in (k**2, k**2 + 1, k**3 - 1, k**3, 1, k)]
    # where a rounded logarithm gives one too many (natural, binary, decimal) or, rounded down plus one, one too few
    misled = [call("dilated", *sizes) for sizes in ((125, 5), (126, 5), (243, 3), (512, 8), (244, 3))]
    yield case("dilated", *calls, *misled, call("dilated", n))
    yield case("attention", call("attention", n, k), call("attention", 1))
