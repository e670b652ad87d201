"""Wrong versions that students really write. A docstring is the hint, in steps: what is seen, the idea, the line."""

import math

import solution
import torch
import torch.nn.functional as F

from autograder.authoring.cases import mistake


@mistake("rnn_step")
def weights_exchanged(x, h, W_x, W_h, b):
    """W_x meets the state and W_h meets the input: where both have the same size the values differ, else shapes clash.

    W_x says what an input does to the state: its columns are features. W_h says what becomes of the old state: its
    columns are hidden numbers.

    Compute x @ W_x.T + h @ W_h.T + b inside the tanh.
    """
    return torch.tanh(x @ W_h.T + h @ W_x.T + b)


@mistake("rnn_step")
def tanh_forgotten(x, h, W_x, W_h, b):
    """Your new state is the sum itself: values leave the range from -1 to 1.

    Without something nonlinear a recurrence is a power of one matrix: it explodes or fades, and many steps say no more
    than one.

    Wrap the whole sum: torch.tanh(x @ W_x.T + h @ W_h.T + b).
    """
    return x @ W_x.T + h @ W_h.T + b


@mistake("rnn_step")
def bias_outside(x, h, W_x, W_h, b):
    """The bias is added after the tanh, so that states can be larger than 1.

    The bias decides where the tanh bends; it belongs to the sum that the tanh is taken of.

    Put + b inside the parentheses of torch.tanh.
    """
    return torch.tanh(x @ W_x.T + h @ W_h.T) + b


@mistake("rnn_step")
def state_ignored(x, h, W_x, W_h, b):
    """Your output does not depend on h: no gradient flows to h and to W_h.

    Then nothing of the past survives a step, and this is a fully connected layer.

    Add h @ W_h.T to the sum.
    """
    return torch.tanh(x @ W_x.T + b)


@mistake("rnn_step")
def state_weight_not_transposed(x, h, W_x, W_h, b):
    """The part of the input is right, the part of the state is not: W_h is square, and it was used without a transpose.

    A weight has one row for each output. A batch has its examples as rows, so that it meets the transposed weight.

    Write h @ W_h.T, as for the input.
    """
    return torch.tanh(x @ W_x.T + h @ W_h + b)


@mistake("rnn_forward")
def state_not_carried(x, h0, W_x, W_h, b):
    """Only the first state is right: every step starts from h0 again.

    The state is what one step hands to the next. A step that starts from h0 knows nothing of the inputs before it.

    Inside the loop write h = rnn_step(x_t, h, ...), and begin with h = h0 before it.
    """
    return torch.stack([solution.rnn_step(x_t, h0, W_x, W_h, b) for x_t in x.unbind(1)], dim=1)


@mistake("rnn_forward")
def last_state_only(x, h0, W_x, W_h, b):
    """You return the last state alone, of shape (batch, hidden). All states are asked for.

    What reads the layer from above wants a value at every time, and so does bptt.

    Collect every h in a list and return torch.stack(states, dim=1).
    """
    return solution.rnn_forward(x, h0, W_x, W_h, b)[:, -1]


@mistake("rnn_forward")
def time_before_batch(x, h0, W_x, W_h, b):
    """The axes batch and time of your output are exchanged.

    torch.stack puts the new axis where dim says; without dim it comes first.

    Return torch.stack(states, dim=1), which gives (batch, time, hidden).
    """
    return solution.rnn_forward(x, h0, W_x, W_h, b).transpose(0, 1)


@mistake("rnn_forward")
def initial_state_ignored(x, h0, W_x, W_h, b):
    """Your first state is that of a start from zeros; h0 has no influence.

    Zeros are a common initial state, but not the only one: a long text is read in pieces, and each starts from the
    state that the one before has left.

    Begin with h = h0.
    """
    return solution.rnn_forward(x, torch.zeros_like(h0), W_x, W_h, b)


@mistake("rnn_forward")
def states_before_the_steps(x, h0, W_x, W_h, b):
    """Your states come one step late: the first one is h0, and the last one is missing.

    State t is what is known *after* input t was read.

    Append h to the list after the call of rnn_step, not before it.
    """
    states = solution.rnn_forward(x, h0, W_x, W_h, b)
    return torch.cat([h0[:, None], states[:, :-1]], dim=1)


@mistake("rnn_forward")
def initial_state_included(x, h0, W_x, W_h, b):
    """You return one state too many: h0 stands in front of the others.

    h0 is given. The result holds what the steps have made of it, h_1 to h_n: one state for every input.

    Begin with an empty list, states = [], and with h = h0 beside it.
    """
    return torch.cat([h0[:, None], solution.rnn_forward(x, h0, W_x, W_h, b)], dim=1)


@mistake("rnn_forward")
def read_backwards(x, h0, W_x, W_h, b):
    """Your loop reads the sequence from its end.

    That is a layer too (bidirectional nets use it), but here time runs forward: state t knows inputs 1 to t.

    Loop with `for x_t in x.unbind(1)`, without reversing.
    """
    return solution.rnn_forward(x.flip(1), h0, W_x, W_h, b).flip(1)


def _walk_back(grad, x, h0, h, W_h, carry=True, slope=True, transposed=False):
    """bptt with one thing or another left out; gives delta (batch, time, hidden) and what is carried to h0."""
    carried, deltas = torch.zeros_like(h0), []
    for g_t, h_t in zip(reversed(grad.unbind(1)), reversed(h.unbind(1)), strict=True):
        delta = (g_t + (carried if carry else 0)) * (1 - h_t**2 if slope else 1)
        carried = delta @ (W_h.T if transposed else W_h)
        deltas.insert(0, delta)
    return torch.stack(deltas, dim=1), carried


def _gradients(delta, x, before, carried):
    """The four gradients from delta."""
    dW_x, dW_h = torch.einsum("btm,btf->mf", delta, x), torch.einsum("btm,btk->mk", delta, before)
    return dW_x, dW_h, delta.sum(dim=(0, 1)), carried


def _before(h0, h):
    return torch.cat([h0[:, None], h[:, :-1]], dim=1)


@mistake("bptt")
def last_step_only(grad, x, h0, h, W_h):
    """The gradients of the weights hold the part of the last step alone.

    Every step used the same weights, and each use adds its part to their gradient.

    Sum over t: collect delta for every step and add up delta.T @ x_t over all of them.
    """
    delta, carried = _walk_back(grad, x, h0, h, W_h)
    return _gradients(delta[:, -1:], x[:, -1:], _before(h0, h)[:, -1:], carried)


@mistake("bptt")
def not_carried_back(grad, x, h0, h, W_h):
    """Only the last step is right: nothing comes back from the steps after.

    State t is used twice: as an output, and by step t + 1. Both uses send a gradient, and they add up.

    Keep carried = delta @ W_h, and in the step before use (g_t + carried) * (1 - h_t**2).
    """
    delta, _ = _walk_back(grad, x, h0, h, W_h, carry=False)
    return _gradients(delta, x, _before(h0, h), delta[:, 0] @ W_h)


@mistake("bptt")
def slope_forgotten(grad, x, h0, h, W_h):
    """All gradients are too large: the slope of the tanh is missing.

    The gradient with respect to the sum inside tanh is the gradient with respect to its output times the slope there,
    1 - tanh^2.

    delta = (g_t + carried) * (1 - h_t**2).
    """
    delta, carried = _walk_back(grad, x, h0, h, W_h, slope=False)
    return _gradients(delta, x, _before(h0, h), carried)


@mistake("bptt")
def state_after_for_state_before(grad, x, h0, h, W_h):
    """All is right but the gradient of W_h: it is paired with the states after the steps.

    W_h was multiplied by the state that the step *started* from: h_{t-1}, and h0 at the first step.

    before = torch.cat([h0[:, None], h[:, :-1]], dim=1), and the gradient of W_h sums delta_t h_{t-1}^T.
    """
    delta, carried = _walk_back(grad, x, h0, h, W_h)
    return _gradients(delta, x, h, carried)


@mistake("bptt")
def state_before_the_first_from_the_end(grad, x, h0, h, W_h):
    """All is right but the gradient of W_h: at the first step it is paired with the last state.

    h[:, t - 1] is h[:, -1] for t = 0, and in Python that is the end. The first step started from h0.

    before = h[:, t - 1] if t > 0 else h0.
    """
    delta, carried = _walk_back(grad, x, h0, h, W_h)
    return _gradients(delta, x, h.roll(1, dims=1), carried)


@mistake("bptt")
def not_carried_to_h0(grad, x, h0, h, W_h):
    """All is right but the gradient of h0: you return the delta of the first step.

    delta_1 is the gradient inside the tanh of the first step. To h0 it goes back through W_h once more.

    Return carried as it stands after the loop: delta_1 @ W_h.
    """
    delta, _ = _walk_back(grad, x, h0, h, W_h)
    return _gradients(delta, x, _before(h0, h), delta[:, 0])


@mistake("bptt")
def carried_by_the_wrong_side(grad, x, h0, h, W_h):
    """The last step is right and the earlier ones are not: the gradient goes back through W_h the wrong way round.

    Forward a batch goes through W_h as h @ W_h.T. Backward it goes through the transpose of that.

    carried = delta @ W_h, without .T.
    """
    delta, carried = _walk_back(grad, x, h0, h, W_h, transposed=True)
    return _gradients(delta, x, _before(h0, h), carried)


@mistake("bptt")
def batch_averaged(grad, x, h0, h, W_h):
    """The gradients of the weights are too small by the size of the batch.

    grad is the gradient of the loss already; if the loss is a mean over the batch, grad has the 1/N in it.

    Sum over the batch: delta.T @ x_t does that by itself.
    """
    *weights, dh0 = solution.bptt(grad, x, h0, h, W_h)
    return *(w / len(x) for w in weights), dh0


def _jacobian(f, x):
    """The derivatives of the last output: (hidden, time, feature)."""
    return torch.autograd.functional.jacobian(lambda x: f(x)[-1], x)


@mistake("gradient_norm_by_lag")
def first_input_first(f, x):
    """Your norms are in the order of time: the first belongs to the first input. The last input has lag 0.

    The lag says how far back an input lies from the last output.

    Turn the result round: norms.flip(0).
    """
    return solution.gradient_norm_by_lag(f, x).flip(0)


@mistake("gradient_norm_by_lag")
def root_forgotten(f, x):
    """Each of your numbers is the square of what is expected.

    The Frobenius norm is a length: the root of the sum of squares.

    End with .sqrt().
    """
    return solution.gradient_norm_by_lag(f, x) ** 2


@mistake("gradient_norm_by_lag")
def outputs_added_first(f, x):
    """Your numbers are off, mostly too small: the numbers of the last output were added up before the gradient.

    The gradient of a sum adds the rows of the matrix of derivatives, and rows of different sign cancel. The norm asks
    for the squares of all of them.

    Take one gradient for every number of f(x)[-1], stack them, and sum the squares.
    """
    return _jacobian(f, x).sum(0).norm(dim=1).flip(0)


@mistake("gradient_norm_by_lag")
def every_output_counted(f, x):
    """You differentiate all outputs, not the last alone: inputs near the end look weak, early ones strong.

    An early input is seen by many outputs. The question here is what of it arrives at the last one.

    Use f(x)[-1].
    """
    jacobian = torch.autograd.functional.jacobian(f, x)  # (time, hidden, time, feature)
    return jacobian.square().sum(dim=(0, 1, 3)).sqrt().flip(0)


@mistake("gradient_norm_by_lag")
def first_number_only(f, x):
    """You take the gradient of one number of the last output; the others are missing.

    The last output has `hidden` numbers, and the matrix of derivatives a row for each.

    Loop over f(x)[-1], one gradient each, with retain_graph=True.
    """
    return _jacobian(f, x)[0].norm(dim=1).flip(0)


@mistake("gradient_norm_by_lag")
def gradients_piled_up(f, x):
    """The first number of the output is right, and every one after it holds those before as well.

    backward() *adds* to x.grad. Called once for every number of the output, it piles the rows of the matrix up.

    torch.autograd.grad(number, x, retain_graph=True)[0] gives one row; or set x.grad = None before every backward().
    """
    return _jacobian(f, x).cumsum(0).square().sum(dim=(0, 2)).sqrt().flip(0)


@mistake("gradient_norm_by_lag")
def mean_of_squares(f, x):
    """Every number is too small by one factor: you take the mean of the squares where the sum is asked for.

    A mean would make layers of different width comparable; the Frobenius norm is the plain length.

    jacobian.square().sum(dim=(0, 2)).sqrt()
    """
    return _jacobian(f, x).square().mean(dim=(0, 2)).sqrt().flip(0)


def _gru(x, h, W_x, W_h, b_x, b_h):
    """The pre-activations of a GRU: three from the input and three from the state."""
    return (x @ W_x.T + b_x).chunk(3, dim=1), (h @ W_h.T + b_h).chunk(3, dim=1)


@mistake("gru_step")
def keep_and_replace_exchanged(x, h, W_x, W_h, b_x, b_h):
    """The roles of z and 1 - z are exchanged: where yours keeps the old state, the new one is expected.

    Both conventions are in print. Here, and in torch, z = 1 means *keep*.

    Return (1 - z) * n + z * h.
    """
    (r_x, z_x, n_x), (r_h, z_h, n_h) = _gru(x, h, W_x, W_h, b_x, b_h)
    z, n = torch.sigmoid(z_x + z_h), torch.tanh(n_x + torch.sigmoid(r_x + r_h) * n_h)
    return z * n + (1 - z) * h


@mistake("gru_step")
def gates_in_another_order(x, h, W_x, W_h, b_x, b_h):
    """Reset and update are exchanged: you take the first rows of the weights for the update gate.

    The order of the three parts is a convention and cannot be seen from the numbers: reset, update, proposal.

    reset_x, update_x, new_x = (x @ W_x.T + b_x).chunk(3, dim=1)
    """
    (z_x, r_x, n_x), (z_h, r_h, n_h) = _gru(x, h, W_x, W_h, b_x, b_h)
    z, n = torch.sigmoid(z_x + z_h), torch.tanh(n_x + torch.sigmoid(r_x + r_h) * n_h)
    return (1 - z) * n + z * h


@mistake("gru_step")
def reset_before_the_matrix(x, h, W_x, W_h, b_x, b_h):
    """You multiply the state by the reset gate before the matrix: W_hn (r * h). Asked for is r * (W_hn h + b_hn).

    The first paper on the GRU has your form. torch has the other one, because then one product with W_h serves all
    three parts.

    new = torch.tanh(new_x + reset * new_h), where new_h is the third part of h @ W_h.T + b_h.
    """
    (r_x, z_x, n_x), (r_h, z_h, _) = _gru(x, h, W_x, W_h, b_x, b_h)
    m = h.shape[1]
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    n = torch.tanh(n_x + (r * h) @ W_h[2 * m :].T + b_h[2 * m :])
    return (1 - z) * n + z * h


@mistake("gru_step")
def reset_forgotten(x, h, W_x, W_h, b_x, b_h):
    """The reset gate has no influence: no gradient flows to its rows.

    The reset gate lets the proposal begin afresh, without the old state.

    Multiply the state's part of the proposal by it: torch.tanh(new_x + reset * new_h).
    """
    (_, z_x, n_x), (_, z_h, n_h) = _gru(x, h, W_x, W_h, b_x, b_h)
    z, n = torch.sigmoid(z_x + z_h), torch.tanh(n_x + n_h)
    return (1 - z) * n + z * h


@mistake("gru_step")
def reset_on_everything(x, h, W_x, W_h, b_x, b_h):
    """The reset gate multiplies the input's part of the proposal as well.

    It asks how much of the *old state* the proposal may see; the input is always seen.

    new_x + reset * new_h, not reset * (new_x + new_h).
    """
    (r_x, z_x, n_x), (r_h, z_h, n_h) = _gru(x, h, W_x, W_h, b_x, b_h)
    z, n = torch.sigmoid(z_x + z_h), torch.tanh(torch.sigmoid(r_x + r_h) * (n_x + n_h))
    return (1 - z) * n + z * h


@mistake("gru_step")
def proposal_by_sigmoid(x, h, W_x, W_h, b_x, b_h):
    """Your proposal is never negative: it was squeezed by a sigmoid.

    Gates are shares, from 0 to 1. The proposal is a value, from -1 to 1.

    Use torch.sigmoid for reset and update, and torch.tanh for the proposal.
    """
    (r_x, z_x, n_x), (r_h, z_h, n_h) = _gru(x, h, W_x, W_h, b_x, b_h)
    z, n = torch.sigmoid(z_x + z_h), torch.sigmoid(n_x + torch.sigmoid(r_x + r_h) * n_h)
    return (1 - z) * n + z * h


@mistake("causal_conv1d")
def pads_both_sides(x, w, b, dilation=1):
    """Your output at time t depends on inputs after t: it sees the future.

    Zeros on both sides centre the kernel on t. A net that is trained to predict the next value with such a layer has
    the answer in its input, and learns to copy.

    Put all dilation * (kernel_width - 1) zeros in front: F.pad(x, (past, 0)).
    """
    past = dilation * (w.shape[2] - 1)
    return F.conv1d(F.pad(x, (past - past // 2, past // 2)), w, b, dilation=dilation)


@mistake("causal_conv1d")
def pads_the_end(x, w, b, dilation=1):
    """Your output at time t reads inputs t and later, and none before: the zeros are at the wrong end.

    F.pad takes the end of an axis second: (front, end).

    F.pad(x, (past, 0)).
    """
    past = dilation * (w.shape[2] - 1)
    return F.conv1d(F.pad(x, (0, past)), w, b, dilation=dilation)


@mistake("causal_conv1d")
def dilation_not_in_padding(x, w, b, dilation=1):
    """With dilation your output is too short, or nothing fits: kernel_width - 1 zeros are not enough.

    A dilated kernel spans dilation * (kernel_width - 1) + 1 places.

    past = dilation * (w.shape[2] - 1).
    """
    return F.conv1d(F.pad(x, (w.shape[2] - 1, 0)), w, b, dilation=dilation)


@mistake("causal_conv1d")
def dilation_ignored(x, w, b, dilation=1):
    """With dilation your values differ: you compute those of dilation 1.

    Dilation spreads the kernel: neighbouring weights lie on inputs that are `dilation` steps apart.

    Pass dilation=dilation on to F.conv1d, and put dilation * (kernel_width - 1) zeros in front.
    """
    return solution.causal_conv1d(x, w, b)


@mistake("causal_conv1d")
def end_not_cropped(x, w, b, dilation=1):
    """Your output is longer than the input: padding= adds the zeros at both ends.

    The outputs that you want are all there; those that follow them read zeros behind the end.

    Keep the first x.shape[2] outputs, or pad in front only.
    """
    return F.conv1d(x, w, b, padding=dilation * (w.shape[2] - 1), dilation=dilation)


@mistake("causal_conv1d")
def cropped_by_minus_zero(x, w, b, dilation=1):
    """All is right but for a kernel of one weight: there your output is empty.

    With padding= on both sides the last outputs have to go, y[:, :, :-past]. Where past is 0 that is y[:, :, :-0], and
    so nothing at all.

    Keep the first ones instead, y[:, :, : x.shape[2]], or pad in front only.
    """
    past = dilation * (w.shape[2] - 1)
    return F.conv1d(x, w, b, padding=past, dilation=dilation)[:, :, :-past]


@mistake("causal_conv1d")
def kernel_flipped(x, w, b, dilation=1):
    """Your kernel runs backwards: its first weight lies on the present.

    In this formula the *last* weight lies on the present, and nothing is flipped: so F.conv1d has it.

    Pass w as it is.
    """
    return solution.causal_conv1d(x, w.flip(2), b, dilation)


@mistake("causal_conv1d")
def present_left_out(x, w, b, dilation=1):
    """Your outputs come one step late: output t does not read input t.

    Some nets want that in their first layer, so that a value is predicted from those before it. Here output t reads
    input t.

    dilation * (kernel_width - 1) zeros in front, and not one more.
    """
    return solution.causal_conv1d(F.pad(x, (1, 0))[:, :, :-1], w, b, dilation)


@mistake("sequential_operations")
def all_operations_counted(reads):
    """You count all operations. Those that do not wait for one another are done at once.

    The number of all operations is the work; what is asked for is the time with as many workers as you like.

    Give each value the moment at which it is there: one more than the latest of its sources. Return the largest.
    """
    return len(reads)


@mistake("sequential_operations")
def earliest_source(reads):
    """Your values come too early: they begin when the *first* of their sources is there.

    A value needs all of its sources, so that it waits for the last.

    1 + max(...) over the sources, not 1 + min(...).
    """
    moment = {}
    for value, sources in reads.items():
        moment[value] = 1 + min((moment.get(source, 0) for source in sources), default=0)
    return max(moment.values(), default=0)


@mistake("sequential_operations")
def last_value_only(reads):
    """You return the moment of the value in the last line. Another may take longer.

    Not everything ends in one value: the layer is finished when all values are there.

    Take the maximum over all values.
    """
    moment = {}
    for value, sources in reads.items():
        moment[value] = 1 + max((moment.get(source, 0) for source in sources), default=0)
    return moment[value] if reads else 0


@mistake("sequential_operations")
def inputs_take_a_moment(reads):
    """Your count is too large by one: it gives the inputs a moment of their own.

    Inputs are there from the start.

    A source without a line of its own counts 0: moment.get(source, 0).
    """
    moment = {}
    for value, sources in reads.items():
        moment[value] = 1 + max((moment.get(source, 1) for source in sources), default=0)
    return max(moment.values(), default=0)


@mistake("sequential_operations")
def first_moment_not_counted(reads):
    """Your count is too small by one: it counts the waits between operations, not the operations.

    A value that reads inputs only takes one moment as well.

    Start from 1: moment = 1 + the latest of the sources, where inputs count 0.
    """
    return max(0, solution.sequential_operations(reads) - 1)


@mistake("path_length")
def arrows_between_states(kind, n, k=3):
    """For the recurrence your number is too small by one: you count the ways from state to state.

    The signal must first get into the first state, and that is an operation as well. Then n - 1 more follow.

    The recurrence passes n operations.
    """
    return n - 1 if kind == "recurrence" else solution.path_length(kind, n, k)


@mistake("path_length")
def whole_kernel_a_layer(kind, n, k=3):
    """For the convolution your number is too small: a layer does not take the signal k places on.

    A kernel of k weights lies on k places; from the first of them to the last are k - 1 steps. And from the first of n
    inputs to the last are n - 1.

    max(1, ceil((n - 1) / (k - 1))).
    """
    return max(1, math.ceil(n / k)) if kind == "convolution" else solution.path_length(kind, n, k)


@mistake("path_length")
def inputs_not_steps(kind, n, k=3):
    """For the convolution your number is one too large where n - 1 is a multiple of k - 1: you divide all n inputs.

    From the first of n inputs to the last are n - 1 steps, as from the first of k weights to the last are k - 1.

    max(1, ceil((n - 1) / (k - 1))).
    """
    return max(1, math.ceil(n / (k - 1))) if kind == "convolution" else solution.path_length(kind, n, k)


@mistake("path_length")
def rest_dropped(kind, n, k=3):
    """For the convolution your number is too small by one wherever the division leaves a rest.

    After the last whole stride some places are left, and they need a layer too.

    Round up, not down: math.ceil((n - 1) / (k - 1)).
    """
    return max(1, (n - 1) // (k - 1)) if kind == "convolution" else solution.path_length(kind, n, k)


@mistake("path_length")
def logarithm_rounded(kind, n, k=3):
    """Right almost everywhere, and one too large for 125 inputs and kernels of 5: the logarithm is not exact.

    math.log(125, 5) is 3.0000000000000004, and rounding it up gives 4.

    Count in whole numbers: multiply by k until you have n.
    """
    if kind == "dilated":
        return max(1, math.ceil(math.log(n) / math.log(k)))
    return solution.path_length(kind, n, k)


@mistake("path_length")
def binary_logarithm_rounded(kind, n, k=3):
    """Right almost everywhere, and one too large for 243 inputs and kernels of 3: the logarithm is not exact.

    math.log2(243) / math.log2(3) is a little more than 5, and rounding it up gives 6. Every logarithm is wrong
    somewhere.

    Count in whole numbers: multiply by k until you have n.
    """
    if kind == "dilated":
        return max(1, math.ceil(math.log2(n) / math.log2(k)))
    return solution.path_length(kind, n, k)


@mistake("path_length")
def dilation_not_growing(kind, n, k=3):
    """For dilated layers your number is that of plain ones: it grows in proportion to n.

    Each layer's dilation is k times that of the layer below, so that the field is multiplied by k, not added to.

    Start from seen = k and multiply: seen * k a layer, until seen >= n.
    """
    return solution.path_length("convolution" if kind == "dilated" else kind, n, k)


@mistake("path_length")
def present_not_counted(kind, n, k=3):
    """For dilated layers you are one layer short when n is one more than a power of k.

    Three inputs are seen by one layer of kernel 3, nine by two. For ten a third is needed.

    Stop when seen >= n: `while seen < n`.
    """
    return solution.path_length(kind, max(1, n - 1), k) if kind == "dilated" else solution.path_length(kind, n, k)


@mistake("path_length")
def nothing_for_one_input(kind, n, k=3):
    """For a single input your number is 0. Even then the output is computed from the input.

    One operation is the least that stands between an input and an output.

    max(1, ...) for the convolution, and begin with one layer for the dilated ones.
    """
    return 0 if n == 1 and kind in ("convolution", "dilated") else solution.path_length(kind, n, k)
