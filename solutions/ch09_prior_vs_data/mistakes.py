"""Wrong versions of the exercises on prior and data that students write. A docstring's paragraphs are its hints, in
steps."""

import math

import solution
import torch

from autograder.authoring.cases import mistake

# ---- make_data ----


def drawn(n, seed, templates, width):
    """A generator, classes, starts, and noise of size 1."""
    generator = torch.Generator().manual_seed(seed)
    classes, length = templates.shape
    y = torch.randint(classes, (n,), generator=generator)
    start = torch.randint(width - length + 1, (n,), generator=generator)
    return y, start, torch.randn(n, width, generator=generator, dtype=templates.dtype)


def put(x, start, templates):
    """x with templates (batch, length) added from start on."""
    return x.scatter_add(1, start[:, None] + torch.arange(templates.shape[1]), templates)


@mistake("make_data")
def seed_ignored(n, seed, templates, width, noise):
    """The same seed gives other data when it is used again.

    You draw from torch's global generator, which goes on from where it was. Who repeats your experiment, or calls the
    function twice, gets something else.

    generator = torch.Generator().manual_seed(seed), and generator=generator in every call that draws.
    """
    seed = int(torch.randint(2**31, ()))
    return solution.make_data(n, seed, templates, width, noise)


@mistake("make_data")
def one_seed_for_all(n, seed, templates, width, noise):
    """Two different seeds give the same data.

    Then several seeds are one seed, and the error bars of your curves are zero for the wrong reason.

    manual_seed(seed), with the argument.
    """
    return solution.make_data(n, 0, templates, width, noise)


@mistake("make_data")
def noise_shared(n, seed, templates, width, noise):
    """All signals have the same noise on them.

    A row of noise that is broadcast over the batch is no noise: a net could learn it by heart and take it off.

    Draw torch.randn(n, width, ...), one number for each signal and position.
    """
    y, start, eps = drawn(n, seed, templates, width)
    return put((noise * eps[:1]).expand(n, width).clone(), start, templates[y]), y


@mistake("make_data")
def one_place_for_all(n, seed, templates, width, noise):
    """All templates start at the same place.

    Then the data are not what they are said to be: nothing has to be found wherever it stands, and the fully connected
    net has an easy life.

    Draw one start for every signal: torch.randint(..., (n,), ...).
    """
    y, start, eps = drawn(n, seed, templates, width)
    return put(noise * eps, start[:1].expand(n), templates[y]), y


@mistake("make_data")
def last_place_forgotten(n, seed, templates, width, noise):
    """One of the places never occurs: the last, or the first.

    A template of 5 fits into a line of 7 at the starts 0, 1 and 2: that is width - length + 1 places, and torch.randint
    does not include its end.

    torch.randint(width - length + 1, (n,), ...), which begins with 0.
    """
    y, start, eps = drawn(n, seed, templates, width)
    last = width - templates.shape[1]
    return put(noise * eps, start.clamp(max=max(last - 1, 0)), templates[y]), y


@mistake("make_data")
def comes_back_in_front(n, seed, templates, width, noise):
    """Some templates are cut in two: they leave at the end and come back in front.

    A template has to fit as a whole, so that not every position of the line can be a start.

    Draw the starts below width - length + 1, not below width.
    """
    y, start, eps = drawn(n, seed, templates, width)
    generator = torch.Generator().manual_seed(seed + 7)
    start = torch.randint(width, (n,), generator=generator)
    places = (start[:, None] + torch.arange(templates.shape[1])) % width
    return (noise * eps).scatter_add(1, places, templates[y]), y


@mistake("make_data")
def classes_drawn_again(n, seed, templates, width, noise):
    """The classes do not belong to the signals.

    What stands in a signal is not the template of the class that you give back: they were drawn apart, or shuffled
    apart.

    Draw y once, and use that y for the templates and for the answer.
    """
    x, _ = solution.make_data(n, seed, templates, width, noise)
    generator = torch.Generator().manual_seed(seed + 1)
    return x, torch.randint(len(templates), (n,), generator=generator)


@mistake("make_data")
def noise_as_variance(n, seed, templates, width, noise):
    """The noise is there, of the wrong size.

    `noise` is the standard deviation, in the unit of the signal. Its square is the variance.

    Multiply torch.randn by noise.
    """
    y, start, eps = drawn(n, seed, templates, width)
    return put(noise**2 * eps, start, templates[y]), y


@mistake("make_data")
def noise_uniform(n, seed, templates, width, noise):
    """The noise is smaller than asked, and never negative.

    torch.rand is uniform between 0 and 1; asked for is normal noise around 0.

    torch.randn, with an n.
    """
    y, start, _ = drawn(n, seed, templates, width)
    generator = torch.Generator().manual_seed(seed + 3)
    eps = torch.rand(n, width, generator=generator, dtype=templates.dtype)
    return put(noise * eps, start, templates[y]), y


@mistake("make_data")
def noise_overwritten(n, seed, templates, width, noise):
    """There is no noise where the templates stand.

    A template that is assigned takes the place of the noise that was there. Noise is on everything.

    x[i, start : start + length] += template, with a plus.
    """
    y, start, eps = drawn(n, seed, templates, width)
    places = start[:, None] + torch.arange(templates.shape[1])
    return (noise * eps).scatter(1, places, templates[y]), y


@mistake("make_data")
def noise_for_a_whole_signal(n, seed, templates, width, noise):
    """The noise of a signal is one number, at all its positions.

    That moves a signal up or down and leaves its shape as it is. Asked for is another number at each position.

    Draw torch.randn(n, width, ...), not (n, 1).
    """
    y, start, eps = drawn(n, seed, templates, width)
    return put((noise * eps[:, :1]).expand(n, width).clone(), start, templates[y]), y


@mistake("make_data")
def generator_made_anew(n, seed, templates, width, noise):
    """Where a template stands can be told from its class: some classes never occur at some places.

    You make a new generator from the seed for every draw, so that every draw begins with the same random numbers.

    Make one generator, and hand the same one to all functions that draw.
    """
    _, _, eps = drawn(n, seed, templates, width)
    classes, length = templates.shape
    y = torch.randint(classes, (n,), generator=torch.Generator().manual_seed(seed))
    start = torch.randint(width - length + 1, (n,), generator=torch.Generator().manual_seed(seed))
    return put(noise * eps, start, templates[y]), y


@mistake("make_data")
def classes_in_turn(n, seed, templates, width, noise):
    """The classes are not drawn: they come in turn, 0, 1, 2, 0, 1, ...

    Then they are the same for every seed, and whoever takes every third example has one class only.

    torch.randint(classes, (n,), generator=generator).
    """
    _, start, eps = drawn(n, seed, templates, width)
    y = torch.arange(n) % len(templates)
    return put(noise * eps, start, templates[y]), y


@mistake("make_data")
def classes_in_order(n, seed, templates, width, noise):
    """The classes are sorted: first all signals of class 0, then those of class 1.

    Whoever trains on the first 100 examples of such data sees one class only.

    Draw a class for each signal and leave them in the order in which they were drawn.
    """
    y, start, eps = drawn(n, seed, templates, width)
    y = y.sort().values
    return put(noise * eps, start, templates[y]), y


@mistake("make_data")
def always_float32(n, seed, templates, width, noise):
    """Right, but float64 templates give float32 signals.

    torch.zeros and torch.randn make float32 numbers unless they are told otherwise.

    dtype=templates.dtype.
    """
    x, y = solution.make_data(n, seed, templates, width, noise)
    return x.float(), y


# ---- match_parameters ----


def nearest(parameters, budget):
    """The width whose count is nearest to the budget."""
    width = 1
    while abs(parameters(width + 1) - budget) < abs(parameters(width) - budget):
        width += 1
    return width, parameters(width)


def counts(kind, biases=1, gates=3, gru_biases=2, kernels=(5, 3), places=5, positions=8):
    """The count of a kind of net as a function of its width, with one thing or another got wrong."""

    def parameters(w):
        if kind == "mlp":
            return 40 * w + w * w + w * 10 + biases * (2 * w + 10)
        if kind == "cnn":
            return kernels[0] * w + 2 * kernels[1] * w * w + places * w * 10 + biases * (3 * w + 10)
        if kind == "gru":
            return gates * (w + w * w + biases * gru_biases * w) + 40 * w * 10 + biases * 10
        return 5 * w + positions * w + 4 * w * w + w * 10 + biases * (5 * w + 10)

    return parameters


@mistake("match_parameters")
def biases_forgotten(kind, budget):
    """You count the weights and leave out the biases.

    Every layer in the table has a bias: one number for each of its outputs.

    A linear map from a to b has a * b + b parameters.
    """
    return nearest(counts(kind, biases=0), budget)


@mistake("match_parameters")
def one_gate(kind, budget):
    """The GRU is counted as if it had one gate.

    It has three sets of weights of the same shapes: reset, update and candidate.

    3 * (w + w * w + 2 * w).
    """
    return nearest(counts(kind, gates=1), budget)


@mistake("match_parameters")
def one_bias_in_the_gru(kind, budget):
    """The GRU is counted with one bias for each gate. torch's has two.

    One is added to what the input gives, and one to what the state gives.

    3 * (w + w * w + 2 * w).
    """
    return nearest(counts(kind, gru_biases=1), budget)


@mistake("match_parameters")
def one_channel_in_every_convolution(kind, budget):
    """The second and third convolution are counted as if they read one channel.

    They read w channels and give w: each output channel has a kernel for every input channel.

    A convolution of kernel 3 from w to w channels has 3 * w * w + w parameters.
    """

    def parameters(w):
        return (5 * w + w) + 2 * (3 * w + w) + (5 * w * 10 + 10)

    return nearest(parameters if kind == "cnn" else counts(kind), budget)


@mistake("match_parameters")
def answer_reads_one_place(kind, budget):
    """The last layer of the CNN is too small.

    It reads all w channels at all 5 places that are left: 5 * w numbers.

    5 * w * 10 + 10.
    """
    return nearest(counts(kind, places=1), budget)


@mistake("match_parameters")
def positions_not_counted(kind, budget):
    """The attention model has more parameters than you count.

    The positions are learned too: 8 vectors of w numbers.

    Add 8 * w.
    """
    return nearest(counts(kind, positions=0), budget)


@mistake("match_parameters")
def largest_that_fits(kind, budget):
    """Sometimes your net is smaller than the one asked for: yours never exceeds the budget.

    Asked for is the nearest count, above or below. The difference matters most where one unit costs much.

    Compare abs(parameters(w + 1) - budget) with abs(parameters(w) - budget).
    """
    parameters, width = counts(kind), 1
    while parameters(width + 1) <= budget:
        width += 1
    return width, parameters(width)


@mistake("match_parameters")
def first_that_reaches(kind, budget):
    """Sometimes your net is larger than the one asked for: you take the first that reaches the budget.

    The one before may be nearer.

    Of the two around the budget, take the nearer one.
    """
    parameters, width = counts(kind), 1
    while parameters(width) < budget:
        width += 1
    return width, parameters(width)


@mistake("match_parameters")
def larger_of_equals(kind, budget):
    """Right, but where two widths are equally near you take the larger.

    The docstring says which one: the smaller.

    Go on only while the next width is strictly nearer.
    """
    parameters, width = counts(kind), 1
    while abs(parameters(width + 1) - budget) <= abs(parameters(width) - budget):
        width += 1
    return width, parameters(width)


# ---- patchify ----


def grid(x, patch):
    """x cut into patches: (batch, channel, patch row, row in it, patch column, column in it)."""
    batch, channel, height, width = x.shape
    return x.reshape(batch, channel, height // patch, patch, width // patch, patch)


@mistake("patchify")
def columns_first(x, patch):
    """The patches are right, in another order: column by column.

    Pictures are read like a page here: along the first row of patches, then along the second.

    In permute, the axis of the patch row comes before that of the patch column.
    """
    batch, channel = x.shape[:2]
    return grid(x, patch).permute(0, 4, 2, 1, 3, 5).reshape(batch, -1, channel * patch**2)


@mistake("patchify")
def patches_turned(x, patch):
    """The numbers in each patch are in another order: column by column.

    A convolution's weights run (channel, row, column), and so should the numbers of a patch.

    The last two axes before the reshape are the row in the patch and the column in the patch, in this order.
    """
    batch, channel = x.shape[:2]
    return grid(x, patch).permute(0, 2, 4, 1, 5, 3).reshape(batch, -1, channel * patch**2)


@mistake("patchify")
def channels_last(x, patch):
    """With several channels the numbers in each patch are in another order: the channels of a pixel stand together.

    Asked for is one channel after the other, each with all its rows.

    The channel comes before the row and the column in the patch.
    """
    batch, channel = x.shape[:2]
    return grid(x, patch).permute(0, 2, 4, 3, 5, 1).reshape(batch, -1, channel * patch**2)


@mistake("patchify")
def cut_by_reshape(x, patch):
    """The shape is right, and the tokens are pieces of rows, not patches.

    reshape never changes the order of numbers in memory. The second row of a patch lies far behind its first.

    First reshape into six axes, then permute them, then reshape to tokens.
    """
    batch, channel = x.shape[:2]
    return x.reshape(batch, -1, channel * patch**2)


@mistake("patchify")
def every_nth_pixel(x, patch):
    """Your tokens hold pixels that stand far apart: every so-many-th pixel, not neighbours.

    height is (patch row, row in it), in this order: the first of the two new axes is the one that moves slowly.

    x.reshape(batch, channel, height // patch, patch, width // patch, patch).
    """
    batch, channel, height, width = x.shape
    far = x.reshape(batch, channel, patch, height // patch, patch, width // patch)
    return far.permute(0, 3, 5, 1, 2, 4).reshape(batch, -1, channel * patch**2)


@mistake("patchify")
def tokens_last(x, patch):
    """The axes are exchanged: you have (batch, number, token).

    That is what torch's unfold gives. A linear map works on the last axis, so the numbers of a token must be last.

    .transpose(1, 2).
    """
    return solution.patchify(x, patch).transpose(1, 2)


@mistake("patchify")
def channels_apart(x, patch):
    """With several channels your tokens are wrong: each holds several patches of one channel.

    The channel was left in front of the patches, so that the last reshape runs through all patches of a channel first.

    In permute, the channel comes after both axes that number the patches: 0, 2, 4, 1, 3, 5.
    """
    batch, channel = x.shape[:2]
    return grid(x, patch).permute(0, 1, 2, 4, 3, 5).reshape(batch, -1, channel * patch**2)


# ---- VisionTransformer ----


@mistake("VisionTransformer")
class PositionsForgotten(solution.VisionTransformer):
    """The positions have no effect.

    Attention and the mean do not know where a token stands. Without positions the picture is a bag of patches.

    Add self.positions after embed.
    """

    def forward(self, x):
        x = self.embed(solution.patchify(x, self.patch)) + 0 * self.positions
        for block in self.blocks:
            x = block(x)
        return self.answer(self.norm(x).mean(dim=1))


@mistake("VisionTransformer")
class FirstTokenAnswers(solution.VisionTransformer):
    """Only one patch answers: the first.

    In some Vision Transformers the first token is an extra one, made for the answer. Here it is the top left corner.

    .mean(dim=1) instead of [:, 0].
    """

    def forward(self, x):
        x = self.embed(solution.patchify(x, self.patch)) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.answer(self.norm(x)[:, 0])


@mistake("VisionTransformer")
class TokensSummed(solution.VisionTransformer):
    """The scores are too large where there are several tokens: you add them up.

    With a sum, the size of what the answer reads depends on how many patches there are.

    .mean(dim=1), not .sum(dim=1).
    """

    def forward(self, x):
        x = self.embed(solution.patchify(x, self.patch)) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.answer(self.norm(x).sum(dim=1))


@mistake("VisionTransformer")
class LastNormForgotten(solution.VisionTransformer):
    """`norm` has no effect.

    In a pre-norm net the sum of all branches leaves the last block as it is, of any size. The normalization after it
    holds the size of what the answer reads.

    self.norm(x) before the mean.
    """

    def forward(self, x):
        x = self.embed(solution.patchify(x, self.patch)) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.answer(x.mean(dim=1) + 0 * self.norm(x).sum())


@mistake("VisionTransformer")
class NormAfterTheMean(solution.VisionTransformer):
    """Right for one token, wrong for several: you take the mean first and normalize it then.

    The mean of normalized vectors is not the normalized mean.

    self.norm(x).mean(dim=1).
    """

    def forward(self, x):
        x = self.embed(solution.patchify(x, self.patch)) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.answer(self.norm(x.mean(dim=1)))


@mistake("VisionTransformer")
class OnlyOneBlock(solution.VisionTransformer):
    """With two blocks one of them has no effect.

    Each block goes on from what the one before gave.

    for block in self.blocks: x = block(x).
    """

    def forward(self, x):
        x = self.embed(solution.patchify(x, self.patch)) + self.positions
        y = x
        for block in self.blocks:
            y = block(x)
        return self.answer(self.norm(y).mean(dim=1))


@mistake("VisionTransformer")
class PatchesByColumns(solution.VisionTransformer):
    """The patches meet the wrong positions.

    Position 1 belongs to the patch right of the first, and yours is the one below it.

    Use your patchify, whose tokens come row by row.
    """

    def forward(self, x):
        x = self.embed(columns_first(x, self.patch)) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.answer(self.norm(x).mean(dim=1))


@mistake("VisionTransformer")
class SoftmaxAtTheEnd(solution.VisionTransformer):
    """You give probabilities; asked for are the scores before the softmax.

    cross_entropy takes a softmax itself. With a second one the net learns slowly and never becomes sure.

    Give back what `answer` gives.
    """

    def forward(self, x):
        return super().forward(x).softmax(dim=1)


@mistake("VisionTransformer")
class NormBeforeTheBlocks(solution.VisionTransformer):
    """`norm` stands in the wrong place: before the blocks.

    Each block has norms of its own in front of its branches. This one belongs behind the last block, where the sum of
    all branches comes out in any size.

    embed, positions, all blocks, then self.norm.
    """

    def forward(self, x):
        x = self.norm(self.embed(solution.patchify(x, self.patch)) + self.positions)
        for block in self.blocks:
            x = block(x)
        return self.answer(x.mean(dim=1))


# ---- accuracy_curve ----


def score(predict, part):
    """The share of a part that is right."""
    return (predict(part[0]).argmax(dim=1) == part[1]).double().mean().item()


def curves_by(models, sizes, seeds, one):
    """name -> (size, seed) of `one(learners, n, seed)`."""
    return {
        name: torch.tensor([[one(learners, n, seed) for seed in seeds] for n in sizes])
        for name, learners in models.items()
    }


@mistake("accuracy_curve")
def tuned_on_the_test_set(models, data, sizes, seeds):
    """Some of your accuracies are too good, and none is too bad.

    You note the best setting's accuracy, where best means best on the test examples. A best of several is no fair
    sample: part of it is luck with just these examples.

    Choose by the validation examples; read the test examples once, for the chosen one.
    """
    (x, y), _, test = data
    return curves_by(
        models, sizes, seeds, lambda group, n, seed: max(score(learn(x[:n], y[:n], seed), test) for learn in group)
    )


@mistake("accuracy_curve")
def one_seed(models, data, sizes, seeds):
    """All columns of a curve are equal.

    You train with one seed and write its number into all columns. The spread over seeds would be zero, and every
    difference would look sure.

    Hand each seed to the learner.
    """
    return solution.accuracy_curve(models, data, sizes, seeds[:1] * len(seeds))


@mistake("accuracy_curve")
def validation_reported(models, data, sizes, seeds):
    """You report the accuracy on the validation examples.

    They have chosen the setting, so that they are no longer fresh: the best of several is too good on them.

    Report the chosen setting's accuracy on the test examples.
    """
    (x, y), valid, _ = data
    return curves_by(
        models, sizes, seeds, lambda group, n, seed: max(score(learn(x[:n], y[:n], seed), valid) for learn in group)
    )


@mistake("accuracy_curve")
def chosen_on_training_examples(models, data, sizes, seeds):
    """Some settings are chosen wrongly: those that know their training examples by heart.

    On the examples it has seen, the freest setting is best. That says nothing about others.

    Choose by the validation examples.
    """
    (x, y), _, test = data

    def one(group, n, seed):
        trained = [learn(x[:n], y[:n], seed) for learn in group]
        return score(max(trained, key=lambda predict: score(predict, (x[:n], y[:n]))), test)

    return curves_by(models, sizes, seeds, one)


@mistake("accuracy_curve")
def never_tuned(models, data, sizes, seeds):
    """Where a model has several settings, you use the first one only.

    Then the comparison is of whoever was lucky with its first setting.

    Train each of the learners and choose by the validation examples.
    """
    (x, y), _, test = data
    return curves_by(models, sizes, seeds, lambda group, n, seed: score(group[0](x[:n], y[:n], seed), test))


@mistake("accuracy_curve")
def all_examples_every_time(models, data, sizes, seeds):
    """All rows of a curve are equal: you train on all examples, whatever the size.

    The curve is to say what a model does with few examples.

    learner(x[:n], y[:n], seed).
    """
    return solution.accuracy_curve(models, data, [len(data[0][0])] * len(sizes), seeds)


@mistake("accuracy_curve")
def trained_on_validation_too(models, data, sizes, seeds):
    """You train on the validation examples too.

    Then they cannot choose any more, and the curve stands at the wrong number of examples.

    The learner gets the first n training examples and nothing else.
    """
    (x, y), valid, test = data

    def one(group, n, seed):
        x_all, y_all = torch.cat([x[:n], valid[0]]), torch.cat([y[:n], valid[1]])
        trained = [learn(x_all, y_all, seed) for learn in group]
        return score(max(trained, key=lambda predict: score(predict, valid)), test)

    return curves_by(models, sizes, seeds, one)


@mistake("accuracy_curve")
def seeds_before_sizes(models, data, sizes, seeds):
    """The axes are exchanged: rows should be sizes, columns seeds.

    The shape asked for is (size, seed).

    The loop over the sizes is the outer one.
    """
    return {name: curve.T for name, curve in solution.accuracy_curve(models, data, sizes, seeds).items()}


@mistake("accuracy_curve")
def mean_over_seeds(models, data, sizes, seeds):
    """The axis of the seeds is missing: you take their mean.

    With the mean alone nobody can tell how sure it is.

    Keep all of them: (size, seed).
    """
    return {name: curve.mean(dim=1) for name, curve in solution.accuracy_curve(models, data, sizes, seeds).items()}


@mistake("accuracy_curve")
def last_of_equals(models, data, sizes, seeds):
    """Right, but where two settings are equal on the validation examples you take the later one.

    The docstring says which one: the first.

    Go over to another setting only if it is strictly better; max does so by itself.
    """
    backwards = {name: learners[::-1] for name, learners in models.items()}
    return solution.accuracy_curve(backwards, data, sizes, seeds)


@mistake("accuracy_curve")
def last_setting(models, data, sizes, seeds):
    """You report the setting that was trained last, not the best one.

    After the loop over the settings, the variable still holds the model of its last round.

    Keep the best one: best = predict, whenever its validation accuracy is higher than all before.
    """
    last = {name: learners[-1:] for name, learners in models.items()}
    return solution.accuracy_curve(last, data, sizes, seeds)


@mistake("accuracy_curve")
def chosen_once_for_all_seeds(models, data, sizes, seeds):
    """Some settings are chosen wrongly: you choose with the first seed, for all seeds.

    Another start may have another best setting. Each seed is an experiment of its own, its tuning included.

    Choose inside the loop over the seeds.
    """
    (x, y), valid, test = data

    def one(group, n, seed):
        tried = [score(learn(x[:n], y[:n], seeds[0]), valid) for learn in group]
        return score(group[tried.index(max(tried))](x[:n], y[:n], seed), test)

    return curves_by(models, sizes, seeds, one)


# ---- examples_needed ----


def reach(sizes, accuracies, wanted, between):
    """The first crossing, with `between(n, m, share)` for how it is read."""
    if accuracies[0] >= wanted:
        return float(sizes[0])
    for i in range(1, len(sizes)):
        low, high = accuracies[i - 1].item(), accuracies[i].item()
        if high >= wanted:
            return float(between(sizes[i - 1], sizes[i], (wanted - low) / (high - low)))
    return math.inf


@mistake("examples_needed")
def straight_in_n(sizes, accuracies, wanted):
    """Your numbers are too large: you draw the straight line over n itself.

    From 100 to 1,000 is as far as from 1,000 to 10,000, here: it is the logarithm of n in which the line is straight.

    Interpolate log n, and take exp of it at the end.
    """
    return reach(sizes, accuracies, wanted, lambda n, m, share: n + share * (m - n))


@mistake("examples_needed")
def next_size(sizes, accuracies, wanted):
    """You give the first of the sizes that reaches it.

    The curve was there before. How much before, the line between the two sizes says.

    share = (wanted - low) / (high - low), and then n * (m / n) ** share.
    """
    return reach(sizes, accuracies, wanted, lambda n, m, share: m)


@mistake("examples_needed")
def never_is_the_last_size(sizes, accuracies, wanted):
    """A curve that never gets there gets the largest size from you.

    It needs more than that; how much more, nobody knows. A number would be made up.

    Return math.inf.
    """
    found = solution.examples_needed(sizes, accuracies, wanted)
    return float(sizes[-1]) if found == math.inf else found


@mistake("examples_needed")
def goes_on_beyond(sizes, accuracies, wanted):
    """A curve that never gets there: you go on with its last piece, beyond the data.

    Curves bend, and an accuracy cannot pass 100 %. Nothing was measured out there.

    Return math.inf.
    """
    found = solution.examples_needed(sizes, accuracies, wanted)
    if found < math.inf or len(sizes) < 2:
        return found
    low, high = accuracies[-2].item(), accuracies[-1].item()
    return sizes[-2] * (sizes[-1] / sizes[-2]) ** ((wanted - low) / (high - low))


@mistake("examples_needed")
def last_crossing(sizes, accuracies, wanted):
    """Right for a curve that rises. Where one dips and comes back, you read the last crossing.

    Asked for is where it *first* reaches the level.

    Return as soon as one is found, from the small sizes up.
    """
    found = [
        solution.examples_needed(sizes[i - 1 : i + 1], accuracies[i - 1 : i + 1], wanted)
        for i in range(1, len(sizes))
        if accuracies[i - 1] < wanted <= accuracies[i]
    ]
    return found[-1] if found else solution.examples_needed(sizes, accuracies, wanted)


@mistake("examples_needed")
def before_the_first_size(sizes, accuracies, wanted):
    """A curve that is high enough from the start: you give a number of examples below the first size, or 0.

    At fewer examples nothing was measured. What is known is that the first size is enough.

    Return sizes[0] then.
    """
    return 0.0 if accuracies[0] >= wanted else solution.examples_needed(sizes, accuracies, wanted)


@mistake("examples_needed")
def share_from_above(sizes, accuracies, wanted):
    """Your numbers run backwards: the nearer the level is to the upper accuracy, the nearer you are to the lower size.

    The share is how much of the way from low to high is done.

    (wanted - low) / (high - low), not (high - wanted) / (high - low).
    """
    return reach(sizes, accuracies, wanted, lambda n, m, share: n * (m / n) ** (1 - share))


@mistake("examples_needed")
def judged_by_the_end(sizes, accuracies, wanted):
    """Right for a curve that rises. Where one ends below the level, you say that it never got there.

    A curve may reach a level and fall again. Asked for is where it first reaches it.

    Look for the first accuracy that is enough, not at the last one.
    """
    return math.inf if accuracies[-1] < wanted else solution.examples_needed(sizes, accuracies, wanted)


@mistake("examples_needed")
def more_than_asked(sizes, accuracies, wanted):
    """A curve that comes to the level exactly is not seen to reach it.

    To reach 75 % is to have 75 % or more.

    >= instead of >.
    """
    values = accuracies.tolist()
    above = torch.tensor([value if value != wanted else -1.0 for value in values], dtype=accuracies.dtype)
    return solution.examples_needed(sizes, above, wanted)


# ---- crossover ----


def by_seed(sizes, gap):
    """Where each column of the gap reaches 0."""
    return torch.tensor([solution.examples_needed(sizes, gap[:, s], 0.0) for s in range(gap.shape[1])])


@mistake("crossover")
def who_catches_whom(sizes, first, second):
    """You look for where the first curve catches up with the second.

    Asked for is the other way round: from where on is `second` not below `first`?

    The gap that has to become positive is second - first.
    """
    return by_seed(sizes, first - second)


@mistake("crossover")
def next_size_of_the_grid(sizes, first, second):
    """You give the first size at which the second curve is ahead.

    The two lines cross before it.

    The gap is straight in log n: find where it is zero. Your examples_needed does that.
    """
    ahead = second >= first
    rows = [[float(n) if here else math.inf for here in row] for n, row in zip(sizes, ahead.tolist(), strict=True)]
    return torch.tensor(rows).amin(dim=0)


@mistake("crossover")
def one_number_for_all_seeds(sizes, first, second):
    """You give one number; there should be one for each seed.

    The crossing of the means says nothing about how sure it is. Three seeds that cross at 100, 500 and never are
    another result than three that cross at 300.

    One column at a time.
    """
    return by_seed(sizes, (second - first).mean(dim=1, keepdim=True))[0]


@mistake("crossover")
def mean_for_every_seed(sizes, first, second):
    """Every seed has the same number: that of the mean curves.

    Then the spread over seeds is gone.

    Take the gap of one seed at a time: gap[:, seed].
    """
    gap = (second - first).mean(dim=1, keepdim=True)
    return by_seed(sizes, gap.expand_as(first))


@mistake("crossover")
def crossing_straight_in_n(sizes, first, second):
    """Your crossings are too far to the right: the gap is taken to be straight in n.

    Curves like these are drawn over the logarithm of n.

    Use your examples_needed.
    """
    gap = second - first
    columns = [reach(sizes, gap[:, s], 0.0, lambda n, m, share: n + share * (m - n)) for s in range(gap.shape[1])]
    return torch.tensor(columns)


@mistake("crossover")
def never_as_the_largest_size(sizes, first, second):
    """Where the second curve stays behind, you give the largest size.

    It did not catch up there. More examples may or may not help; we have not seen it.

    inf where it never reaches the first.
    """
    found = solution.crossover(sizes, first, second)
    return torch.where(found.isinf(), torch.tensor(float(sizes[-1])), found)


@mistake("crossover")
def last_catching_up(sizes, first, second):
    """Right where the curves cross once. Where they cross again, you give the last crossing.

    Curves that are close may cross several times. Asked for is where the second *first* reaches the first.

    Stop at the first crossing, from the small sizes up. Your examples_needed does that.
    """
    columns = []
    for gap in (second - first).T:
        found = float(sizes[0]) if gap[0] >= 0 else math.inf
        for i in range(1, len(sizes)):
            if gap[i - 1] < 0 <= gap[i]:
                found = solution.examples_needed(sizes[i - 1 : i + 1], gap[i - 1 : i + 1], 0.0)
        columns.append(found)
    return torch.tensor(columns)


@mistake("crossover")
def ahead_not_level(sizes, first, second):
    """Where the second curve is level with the first from the start, you do not give the first size.

    To reach a curve is to be as high as it is. sizes[0] is asked for where the second is *not below* the first.

    >= 0 instead of > 0.
    """
    gap = second - first
    return by_seed(sizes, torch.where(gap == 0, torch.full_like(gap, -1e-9), gap))


# ---- conv_as_attention ----


def places(rows, columns, like):
    """All places of a grid, row by row: (place, 2)."""
    return torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).to(like.dtype)


def parts(kernel, height, width):
    """What the scores are made of: offsets (head, 2), queries (query, 2), keys (key, 2)."""
    k = kernel.shape[-1]
    inner = places(height - k + 1, width - k + 1, kernel)
    return places(k, k, kernel), inner, places(height, width, kernel)


def shares_of(scores):
    """Softmax over the keys."""
    return torch.softmax(scores, dim=-1)


def matrices(kernel):
    """One matrix for each place in the kernel: (head, in_channel, out_channel)."""
    return kernel.permute(2, 3, 1, 0).flatten(0, 1)


@mistake("conv_as_attention")
def one_head_for_a_row(kernel, height, width, sharpness):
    """You have k heads: one for each row of the kernel, that looks at the whole row at once.

    A head gives one mean and passes on one matrix. The k places of a row have k matrices, and from their mean they
    cannot be told apart. It needs a head for each of the k^2 places.

    Shares have the shape (k * k, query, key).
    """
    k = kernel.shape[-1]
    shares, values = solution.conv_as_attention(kernel, height, width, sharpness)
    return shares.unflatten(0, (k, k)).mean(dim=1), values.unflatten(0, (k, k)).sum(dim=1)


@mistake("conv_as_attention")
def one_head_for_all(kernel, height, width, sharpness):
    """You have one head that looks at the whole window.

    That is the mean over the window times one matrix: a blur. A convolution has a matrix of its own for each place.

    One head for each of the k^2 places in the kernel.
    """
    shares, values = solution.conv_as_attention(kernel, height, width, sharpness)
    return shares.mean(dim=0, keepdim=True), values.sum(dim=0, keepdim=True)


@mistake("conv_as_attention")
def kernel_flipped(kernel, height, width, sharpness):
    """The heads look at the right places and pass on the matrices of the opposite ones.

    That is the convolution of mathematics, which flips the kernel. Deep learning does not flip.

    Head a * k + b carries kernel[:, :, a, b].
    """
    shares, _ = solution.conv_as_attention(kernel, height, width, sharpness)
    return shares, matrices(kernel.flip(-1, -2))


@mistake("conv_as_attention")
def kernel_around_the_query(kernel, height, width, sharpness):
    """The heads look at places around the query, before and after it.

    Here the query stands at the first row and column of its window, and the offsets run from 0 to k - 1.

    The target is (i + a, j + b), without taking off k // 2.
    """
    offsets, inner, keys = parts(kernel, height, width)
    targets = (offsets - kernel.shape[-1] // 2)[:, None] + inner
    distances = (targets[:, :, None] - keys).square().sum(-1)
    return shares_of(-sharpness * distances), matrices(kernel)


@mistake("conv_as_attention")
def distance_not_squared(kernel, height, width, sharpness):
    """The shares fall off too slowly: the distance is not squared.

    With |row| + |column|, or with a root, far keys keep more.

    .square().sum(dim=-1).
    """
    offsets, inner, keys = parts(kernel, height, width)
    distances = (offsets[:, None, None] + inner[:, None] - keys).abs().sum(-1)
    return shares_of(-sharpness * distances), matrices(kernel)


@mistake("conv_as_attention")
def farthest_key_wins(kernel, height, width, sharpness):
    """The farther a key, the larger its share.

    The score is *minus* beta times the squared distance.

    torch.softmax(-sharpness * distances, dim=-1).
    """
    offsets, inner, keys = parts(kernel, height, width)
    distances = (offsets[:, None, None] + inner[:, None] - keys).square().sum(-1)
    return shares_of(sharpness * distances), matrices(kernel)


@mistake("conv_as_attention")
def softmax_over_the_queries(kernel, height, width, sharpness):
    """Your shares add up to 1 over the queries, not over the keys.

    Each query deals out its attention among the keys: the last axis.

    softmax(..., dim=-1).
    """
    offsets, inner, keys = parts(kernel, height, width)
    distances = (offsets[:, None, None] + inner[:, None] - keys).square().sum(-1)
    return torch.softmax(-sharpness * distances, dim=1), matrices(kernel)


@mistake("conv_as_attention")
def channels_exchanged(kernel, height, width, sharpness):
    """The axes of the values are exchanged: you have (head, out_channel, in_channel).

    x is (key, in_channel) and stands on the left, so that the matrix has to take in_channel in front.

    kernel[:, :, a, b].T.
    """
    shares, _ = solution.conv_as_attention(kernel, height, width, sharpness)
    return shares, kernel.permute(2, 3, 0, 1).flatten(0, 1)


@mistake("conv_as_attention")
def heads_column_by_column(kernel, height, width, sharpness):
    """The heads are in another order: column by column.

    Head number a * k + b has row a and column b.

    The loop over the rows of the kernel is the outer one.
    """
    k = kernel.shape[-1]
    shares, values = solution.conv_as_attention(kernel, height, width, sharpness)
    order = torch.arange(k * k).reshape(k, k).T.flatten()
    return shares[order], values[order]


@mistake("conv_as_attention")
def keys_column_by_column(kernel, height, width, sharpness):
    """The keys are in another order: column by column.

    A picture is flattened row by row, and the key at row r, column c has number r * width + c.

    The place of key number i is (i // width, i % width).
    """
    offsets, inner, _ = parts(kernel, height, width)
    keys = places(width, height, kernel).flip(-1)
    distances = (offsets[:, None, None] + inner[:, None] - keys).square().sum(-1)
    return shares_of(-sharpness * distances), matrices(kernel)


@mistake("conv_as_attention")
def root_of_the_distance(kernel, height, width, sharpness):
    """The shares fall off too slowly: you take the distance, not its square.

    norm takes a root at the end. The score is minus beta times the *squared* distance.

    .square().sum(dim=-1), and no root.
    """
    offsets, inner, keys = parts(kernel, height, width)
    distances = (offsets[:, None, None] + inner[:, None] - keys).square().sum(-1).sqrt()
    return shares_of(-sharpness * distances), matrices(kernel)


@mistake("conv_as_attention")
def values_by_reshape(kernel, height, width, sharpness):
    """The shapes are right, and the numbers of the values stand at wrong places.

    reshape never changes the order of numbers in memory, and the kernel's is out_channel, in_channel, row, column.

    kernel.permute(2, 3, 1, 0) first, then flatten the two axes in front.
    """
    shares, _ = solution.conv_as_attention(kernel, height, width, sharpness)
    out_channel, in_channel, k, _ = kernel.shape
    return shares, kernel.reshape(k * k, in_channel, out_channel)


# ---- confidence_interval ----


@mistake("confidence_interval")
def simple_rule(accuracy, n, z=1.96):
    """You use the simple rule, p plus and minus z standard errors.

    It leaves the range from 0 to 1, and after 10 of 10 its interval has no width at all.

    Shift the middle towards one half and shrink: the formulas of Wilson above.
    """
    half = z * math.sqrt(accuracy * (1 - accuracy) / n)
    return accuracy - half, accuracy + half


@mistake("confidence_interval")
def spread_of_one_example(accuracy, n, z=1.96):
    """Your interval is far too wide: it does not shrink as it should with the number of examples.

    sqrt(p (1 - p)) is the spread of *one* answer, right or wrong. The mean of n of them varies less.

    Divide p (1 - p) by n inside the root.
    """
    shrink = 1 + z**2 / n
    middle = (accuracy + z**2 / (2 * n)) / shrink
    half = z / shrink * math.sqrt(accuracy * (1 - accuracy) + z**2 / (4 * n**2))
    return middle - half, middle + half


@mistake("confidence_interval")
def always_95(accuracy, n, z=1.96):
    """Right for 95 per cent, wrong for other values of z.

    The argument z says how sure one wants to be; you use 1.96 whatever it is.

    Use z in both formulas.
    """
    return solution.confidence_interval(accuracy, n)


@mistake("confidence_interval")
def root_forgotten(accuracy, n, z=1.96):
    """Your interval is too narrow: the square root is missing.

    A variance has the unit of accuracy squared; the width of an interval has that of an accuracy.

    math.sqrt(...) around the sum.
    """
    shrink = 1 + z**2 / n
    middle = (accuracy + z**2 / (2 * n)) / shrink
    half = z / shrink * (accuracy * (1 - accuracy) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


@mistake("confidence_interval")
def middle_not_shifted(accuracy, n, z=1.96):
    """The width is right, the middle is not: it stands at the accuracy that was seen.

    What was seen near 1 is more likely a lucky draw of something lower than an unlucky one of something higher.

    middle = (p + z^2 / 2n) / (1 + z^2 / n).
    """
    low, high = solution.confidence_interval(accuracy, n, z)
    half = (high - low) / 2
    return accuracy - half, accuracy + half


@mistake("confidence_interval")
def not_shrunk(accuracy, n, z=1.96):
    """Middle and width are both too large by one factor.

    Both are divided by 1 + z^2 / n.

    With few examples that matters: with n = 10 it is 1.38.
    """
    low, high = solution.confidence_interval(accuracy, n, z)
    return low * (1 + z**2 / n), high * (1 + z**2 / n)


@mistake("confidence_interval")
def half_an_interval(accuracy, n, z=1.96):
    """You give the middle and the half-width, or the half-width alone.

    Asked for are the two ends.

    return middle - half, middle + half.
    """
    low, high = solution.confidence_interval(accuracy, n, z)
    return (low + high) / 2, (high - low) / 2


@mistake("confidence_interval")
def n_not_squared(accuracy, n, z=1.96):
    """Your interval is too wide, and more examples hardly narrow it: in the second term under the root, n is not
    squared.

    That term is (z / 2n) squared. It matters when p is near 0 or 1, and is small next to the first one otherwise.

    z**2 / (4 * n**2).
    """
    shrink = 1 + z**2 / n
    middle = (accuracy + z**2 / (2 * n)) / shrink
    half = z / shrink * math.sqrt(accuracy * (1 - accuracy) / n + z**2 / (4 * n))
    return middle - half, middle + half


@mistake("confidence_interval")
def half_not_shrunk(accuracy, n, z=1.96):
    """The middle is right, the interval a little too wide.

    Both the middle and the half-width are divided by 1 + z^2 / n.

    half = z / (1 + z**2 / n) * math.sqrt(...).
    """
    low, high = solution.confidence_interval(accuracy, n, z)
    middle, half = (low + high) / 2, (high - low) / 2 * (1 + z**2 / n)
    return middle - half, middle + half
