"""Wrong versions that students of chapter 2 really write. A docstring is three hints: the sight, the idea, the line."""

import math

import solution
import torch

from autograder.authoring import mistake


@mistake("sgd_momentum")
def decay_on_the_update(param, grad, velocity, lr, momentum=0.9, weight_decay=0.0):
    """The parameter is right or nearly so, the velocity lacks something: it does not depend on the parameter.

    Here the decay is part of the gradient, so it enters the velocity and is felt in later steps too. Decay taken off
    the parameter beside the velocity is another method (AdamW does it).

    velocity = momentum * velocity + grad + weight_decay * param
    """
    velocity = momentum * velocity + grad
    return param - lr * velocity - lr * weight_decay * param, velocity


@mistake("sgd_momentum")
def learning_rate_in_the_velocity(param, grad, velocity, lr, momentum=0.9, weight_decay=0.0):
    """The velocity is too small: the learning rate is in it.

    Both ways of writing agree while the rate stays the same. When a schedule lowers the rate, a velocity that holds the
    old rate goes on with steps that are too large. torch keeps the rate outside.

    The velocity sums gradients; multiply it by lr when you step.
    """
    velocity = momentum * velocity + lr * (grad + weight_decay * param)
    return param - velocity, velocity


@mistake("sgd_momentum")
def velocity_is_the_step(param, grad, velocity, lr, momentum=0.9, weight_decay=0.0):
    """The velocity has the wrong sign and the learning rate in it: it is the step itself, which is added.

    Some papers write it so, v' = mu v - eta g and theta' = theta + v'. Here the velocity sums gradients, as torch's
    does, and points uphill.

    velocity = momentum * velocity + grad + ..., then param - lr * velocity.
    """
    velocity = momentum * velocity - lr * (grad + weight_decay * param)
    return param + velocity, velocity


@mistake("sgd_momentum")
def steps_with_the_old_velocity(param, grad, velocity, lr, momentum=0.9, weight_decay=0.0):
    """The velocity is right, but the step does not use it: in the very first step the parameter does not move.

    The gradient of now must count now. Update the velocity first, then step with the new one.

    return param - lr * new_velocity, new_velocity
    """
    return param - lr * velocity, solution.sgd_momentum(param, grad, velocity, lr, momentum, weight_decay)[1]


@mistake("sgd_momentum")
def gradient_damped(param, grad, velocity, lr, momentum=0.9, weight_decay=0.0):
    """The gradient enters too weakly: only a share 1 - momentum of it arrives.

    A running *mean* takes (1 - mu) of what is new, as Adam does. This velocity is a running *sum*: at mu = 0.9 a steady
    gradient builds up to ten times itself.

    Add grad whole, not (1 - momentum) * grad.
    """
    return solution.sgd_momentum(param, (1 - momentum) * grad, velocity, lr, momentum, (1 - momentum) * weight_decay)


@mistake("sgd_momentum")
def changed_in_place(param, grad, velocity, lr, momentum=0.9, weight_decay=0.0):
    """The numbers are right, but what you were given has been changed.

    velocity *= momentum writes into the caller's tensor. torch.optim does that for speed; here a step is a function,
    and whoever calls it may want the old values again.

    velocity = momentum * velocity + ... makes a new tensor.
    """
    velocity *= momentum
    velocity += grad + weight_decay * param
    param -= lr * velocity
    return param, velocity


@mistake("adam")
def t_from_zero(param, grad, state, lr, betas=(0.9, 0.999), eps=1e-8):
    """At the first step the result is NaN or infinite; later the corrections are those of one step too early.

    t counts the steps taken so far. At the first step it is 0, and 1 - beta ** 0 is 0. The correction needs the number
    of the step that is being taken.

    t = t + 1 before the corrections.
    """
    m, v, t = state
    m = betas[0] * m + (1 - betas[0]) * grad
    v = betas[1] * v + (1 - betas[1]) * grad**2
    corrections = [torch.tensor(1 - beta**t, dtype=param.dtype) for beta in betas]
    return param - lr * (m / corrections[0]) / ((v / corrections[1]).sqrt() + eps), (m, v, t + 1)


@mistake("adam")
def eps_inside_the_root(param, grad, state, lr, betas=(0.9, 0.999), eps=1e-8):
    """With the usual eps nothing shows; with a large one the steps are too short.

    Inside the root eps acts like its own root: 1e-8 becomes 1e-4, far more than many gradients.

    v_hat.sqrt() + eps, not (v_hat + eps).sqrt().
    """
    _, (m, v, t) = solution.adam(param, grad, state, lr, betas, eps)
    return param - lr * (m / (1 - betas[0] ** t)) / (v / (1 - betas[1] ** t) + eps).sqrt(), (m, v, t)


@mistake("adam")
def correction_forgotten(param, grad, state, lr, betas=(0.9, 0.999), eps=1e-8):
    """The state is right, the first steps are too large: about three times, with the usual betas.

    Both means start at 0 and need time to fill. v fills more slowly than m, so their ratio begins too large.

    Divide m by 1 - beta1 ** t and v by 1 - beta2 ** t.
    """
    _, (m, v, t) = solution.adam(param, grad, state, lr, betas, eps)
    return param - lr * m / (v.sqrt() + eps), (m, v, t)


@mistake("adam")
def correction_kept_in_the_state(param, grad, state, lr, betas=(0.9, 0.999), eps=1e-8):
    """The parameter is right, the state is not: it holds the corrected means.

    The correction belongs to the step. A state that was corrected once would be corrected again at the next step.

    Return m and v as they were before the division.
    """
    param, (m, v, t) = solution.adam(param, grad, state, lr, betas, eps)
    return param, (m / (1 - betas[0] ** t), v / (1 - betas[1] ** t), t)


@mistake("adam")
def step_not_counted(param, grad, state, lr, betas=(0.9, 0.999), eps=1e-8):
    """The step is right; the state that you return says that it was not taken.

    t counts the steps taken so far. If it does not move, every step is corrected as if it were the first.

    Return t + 1 as the third part of the state.
    """
    param, (m, v, t) = solution.adam(param, grad, state, lr, betas, eps)
    return param, (m, v, t - 1)


@mistake("adam")
def square_of_the_mean(param, grad, state, lr, betas=(0.9, 0.999), eps=1e-8):
    """The second mean is wrong: it averages the square of m, not of the gradient.

    The mean of squares tells how large the gradient is, whatever its sign; the square of the mean forgets what cancels.

    v = beta2 * v + (1 - beta2) * grad ** 2
    """
    m, v, t = state
    t = t + 1
    m = betas[0] * m + (1 - betas[0]) * grad
    v = betas[1] * v + (1 - betas[1]) * m**2
    return param - lr * (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)).sqrt() + eps), (m, v, t)


@mistake("adam")
def root_forgotten(param, grad, state, lr, betas=(0.9, 0.999), eps=1e-8):
    """The state is right; the step is too large where gradients are small and too small where they are large.

    v has the unit of a gradient squared. Only its root can be divided into m so that the units cancel.

    Divide by v_hat.sqrt() + eps.
    """
    _, (m, v, t) = solution.adam(param, grad, state, lr, betas, eps)
    return param - lr * (m / (1 - betas[0] ** t)) / (v / (1 - betas[1] ** t) + eps), (m, v, t)


@mistake("minibatches")
def shuffled_apart(X, y, batch_size, generator):
    """All rows and all labels are there, but they no longer belong together.

    Two calls of randperm give two orders. A net trained on such pairs learns nothing, and no error is raised: the
    costliest kind of mistake.

    Draw one order and use it for X and for y.
    """
    rows, labels = (torch.randperm(len(X), generator=generator) for _ in range(2))
    return list(zip(X[rows].split(batch_size), y[labels].split(batch_size), strict=True))


@mistake("minibatches")
def last_batch_lost(X, y, batch_size, generator):
    """When the examples do not divide evenly, the rest is missing.

    len(X) // batch_size counts whole batches. What is left over makes a short batch of its own.

    Step through range(0, len(X), batch_size); a slice past the end is simply shorter.
    """
    order = torch.randperm(len(X), generator=generator)
    whole = len(X) // batch_size
    batches = [order[i * batch_size : (i + 1) * batch_size] for i in range(whole)]
    return [(X[rows], y[rows]) for rows in batches]


@mistake("minibatches")
def not_shuffled(X, y, batch_size, generator):
    """The batches are cut well, but the examples come as they are stored, or in that order turned around.

    Stored data are often sorted by class. A batch of one class only pulls the net to that class.

    Draw order = torch.randperm(len(X), generator=generator) and index with it.
    """
    return list(zip(X.split(batch_size), y.split(batch_size), strict=True))


@mistake("minibatches")
def drawn_with_replacement(X, y, batch_size, generator):
    """Some rows come twice and some not at all.

    Random indices repeat. In an epoch every example has its turn once: that is a permutation.

    torch.randperm, not torch.randint.
    """
    order = torch.randint(len(X), (len(X),), generator=generator)
    return [(X[rows], y[rows]) for rows in order.split(batch_size)]


@mistake("minibatches")
def seed_of_its_own(X, y, batch_size, generator):
    """Shuffled well, but every seed gives the same order, and so would every epoch.

    The caller chooses the seed, and draws on: the next epoch has another order because the generator has moved. One
    that is made, or seeded, inside the function always starts at one place.

    Pass the generator that you were given to torch.randperm.
    """
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
    return [(X[rows], y[rows]) for rows in order.split(batch_size)]


@mistake("minibatches")
def only_the_batches_shuffled(X, y, batch_size, generator):
    """The batches come in random order, but each holds neighbours.

    Whoever sits together in a batch should change from epoch to epoch. Shuffle the examples first, then cut.

    Permute len(X) row numbers, not the list of batches.
    """
    pairs = list(zip(X.split(batch_size), y.split(batch_size), strict=True))
    return [pairs[i] for i in torch.randperm(len(pairs), generator=generator).tolist()]


@mistake("minibatches")
def generator_ignored(X, y, batch_size, generator):
    """The batches are right, but the same seed does not give the same batches twice.

    A run that cannot be repeated cannot be compared with another one. The generator carries the seed.

    torch.randperm(len(X), generator=generator)
    """
    order = torch.randperm(len(X))
    return [(X[rows], y[rows]) for rows in order.split(batch_size)]


@mistake("l2_gradient")
def factor_two_forgotten(grads, params, strength):
    """Half of the penalty's gradient is missing.

    The derivative of W^2 is 2 W. Who writes the penalty as strength / 2 times the sum has no factor, but here it is
    strength times the sum.

    dW + 2 * strength * W
    """
    return solution.l2_gradient(grads, params, strength / 2)


@mistake("l2_gradient")
def bias_decayed(grads, params, strength):
    """The weights' gradients are right; the biases' are changed, and should not be.

    The penalty sums the squares of the weights only. A bias shifts a curve but does not bend it.

    Return db as it came.
    """
    return [
        (dW + 2 * strength * W, db + 2 * strength * b) for (dW, db), (W, b) in zip(grads, params, strict=True)
    ]  # fmt: skip


@mistake("l2_gradient")
def pushed_away_from_zero(grads, params, strength):
    """The penalty's gradient has the wrong sign.

    The optimizer steps *against* the gradient. A gradient along +W makes W smaller; along -W it would grow.

    Add 2 * strength * W.
    """
    return solution.l2_gradient(grads, params, -strength)


@mistake("l2_gradient")
def sign_for_value(grads, params, strength):
    """Every weight is pulled with the same force, however large it is.

    That is the gradient of the sum of *absolute values* (L1), which drives small weights to exactly 0. The square pulls
    in proportion.

    W, not W.sign().
    """
    return [(dW + strength * W.sign(), db) for (dW, db), (W, _) in zip(grads, params, strict=True)]


@mistake("l2_gradient")
def loss_gradient_lost(grads, params, strength):
    """Only the penalty's gradient is there; the loss's own is gone.

    What is minimized is a sum, and its gradient is the sum of both.

    Add to dW and keep db.
    """
    return [(2 * strength * W, torch.zeros_like(b)) for W, b in params]


@mistake("dropout")
def not_rescaled(x, p, training, generator):
    """The right share is dropped, but what is kept has its old size.

    With a share p gone, the next layer gets less than it will get in evaluation, where nothing is dropped. What is kept
    makes up for it.

    Divide by 1 - p.
    """
    return solution.dropout(x, p, training, generator) * ((1 - p) if training else 1)


@mistake("dropout")
def active_in_evaluation(x, p, training, generator):
    """In training all is right; in evaluation elements are still dropped.

    A trained net should answer the same question twice in the same way. Dropout is a way of training.

    if not training: return x
    """
    return solution.dropout(x, p, True, generator)


@mistake("dropout")
def p_is_kept(x, p, training, generator):
    """The share of zeros is 1 - p: p was read as the probability to keep.

    The first papers did write it so. torch, and this exercise, call p the probability to *drop*.

    keep = torch.rand(x.shape, generator=generator) >= p
    """
    return x * (torch.rand(x.shape, generator=generator) < p) / p if training else x


@mistake("dropout")
def scaled_down_in_evaluation(x, p, training, generator):
    """In training what is kept has its old size, and in evaluation everything is multiplied by 1 - p.

    That is the original recipe, and it is consistent with itself. Today the correction is made in training, so that a
    trained net need not know about dropout at all.

    Divide by 1 - p in training; return x untouched in evaluation.
    """
    keep = torch.rand(x.shape, generator=generator) >= p
    return x * keep if training else x * (1 - p)


@mistake("dropout")
def one_mask_for_the_batch(x, p, training, generator):
    """Every row has its zeros in the same places.

    Units are dropped anew for every *example*: the mask has the whole shape of x.

    torch.rand(x.shape, ...), not torch.rand(x.shape[-1], ...).
    """
    if not training:
        return x
    return x * (torch.rand(x.shape[-1], generator=generator) >= p) / (1 - p)


@mistake("dropout")
def generator_ignored_in_dropout(x, p, training, generator):
    """Dropped as it should be, but the same seed does not give the same zeros twice.

    A run that cannot be repeated cannot be compared with another one. The generator carries the seed.

    torch.rand(x.shape, generator=generator)
    """
    return solution.dropout(x, p, training, None)


@mistake("dropout")
def multiplied_for_divided(x, p, training, generator):
    """The right share is dropped, but what is kept has become smaller, not larger.

    With a share p gone, the next layer gets less than it will get in evaluation. What is kept has to make up for it.

    Divide by 1 - p; do not multiply.
    """
    return solution.dropout(x, p, training, generator) * ((1 - p) ** 2 if training else 1)


@mistake("dropout")
def own_seed_in_dropout(x, p, training, generator):
    """Dropped as it should be, but every seed drops the same elements, and so would every step.

    Zeros are drawn anew for every step, because the generator has moved. One that is made, or seeded, inside the
    function always starts at one place.

    torch.rand(x.shape, generator=generator) with the generator that you were given.
    """
    return solution.dropout(x, p, training, torch.Generator().manual_seed(0))


@mistake("clip_grad_norm")
def always_rescales(grads, max_norm):
    """Gradients that were short enough have been *lengthened* to max_norm, and zeros have become NaN.

    Clipping is a ceiling, not a norm to be reached. Near a minimum gradients are short, and steps should be too.

    The factor is min(1, max_norm / norm).
    """
    norm = torch.stack([(g**2).sum() for g in grads]).sum().sqrt()
    return [g * max_norm / norm for g in grads], norm


@mistake("clip_grad_norm")
def each_on_its_own(grads, max_norm):
    """Each tensor has been clipped for itself, so that large ones lost more than small ones.

    Then the direction of the step is another one. One factor for all keeps the direction.

    Sum the squares over all tensors before you take the root.
    """
    clipped = [solution.clip_grad_norm([g], max_norm)[0][0] for g in grads]
    return clipped, solution.clip_grad_norm(grads, max_norm)[1]


@mistake("clip_grad_norm")
def clipped_by_value(grads, max_norm):
    """Every element was cut off at max_norm.

    That bends the gradient towards the diagonal, and n elements of size c still have norm c times the root of n. The
    norm looks at all elements together.

    Scale all elements by one factor; do not clamp them.
    """
    return [g.clamp(-max_norm, max_norm) for g in grads], solution.clip_grad_norm(grads, max_norm)[1]


@mistake("clip_grad_norm")
def norms_added_up(grads, max_norm):
    """The norm is too large: the tensors' norms were added.

    Two sides of a right angle of 3 and 4 span 5, not 7. Squares add up, lengths do not.

    Root of the sum of all squares.
    """
    norm = torch.stack([g.norm() for g in grads]).sum()
    return [g * min(1.0, max_norm / max(float(norm), 1e-12)) for g in grads], norm


@mistake("clip_grad_norm")
def root_of_the_norm_forgotten(grads, max_norm):
    """The norm that you return is the square of what it should be, and the gradients are far too short or untouched.

    A length has the unit of its parts; the sum of squares has that unit squared.

    Take the square root of the sum.
    """
    norm = torch.stack([(g**2).sum() for g in grads]).sum()
    return [g * min(1.0, max_norm / max(float(norm), 1e-12)) for g in grads], norm


@mistake("clip_grad_norm")
def norm_after_clipping(grads, max_norm):
    """The gradients are right; the norm that is returned is never above max_norm.

    The number is there to be watched: how often, and how far, gradients go over the ceiling.

    Return the norm as it was *before* the scaling.
    """
    clipped, norm = solution.clip_grad_norm(grads, max_norm)
    return clipped, norm.clamp(max=max_norm)


@mistake("early_stop")
def one_epoch_too_late(losses, patience):
    """The kept epoch is right, but training goes on one epoch longer.

    With patience 2 and the best epoch 3, epochs 4 and 5 are the two without improvement, and 5 is the last.

    Stop when epoch - best >= patience, not >.
    """
    return solution.early_stop(losses, patience + 1)


@mistake("early_stop")
def compared_with_the_epoch_before(losses, patience):
    """A loss that falls a little after a high one counts as improvement, though it is above the best.

    On the way back down from a bump each epoch is better than the one before and still worse than the best.

    Compare with the lowest loss so far and remember that.
    """
    best = waited = 0
    for epoch in range(1, len(losses)):
        waited = 0 if losses[epoch] < losses[epoch - 1] else waited + 1
        best = epoch if losses[epoch] < losses[best] else best
        if waited >= patience:
            return epoch, best
    return len(losses) - 1, best


@mistake("early_stop")
def a_tie_is_improvement(losses, patience):
    """Where a loss equals the best, it is taken for better.

    A net that has stopped learning can repeat its loss for ever, and would be waited for for ever.

    losses[epoch] < best, not <=.
    """
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch, best
    return len(losses) - 1, best


@mistake("early_stop")
def count_never_reset(losses, patience):
    """Training stops too early: all epochs without improvement are counted, not those in a row.

    Patience is about the time since the best. A new best starts the count again.

    Set the count to 0 when the loss improves, or count epoch - best.
    """
    best = waited = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        else:
            waited += 1
            if waited >= patience:
                return epoch, best
    return len(losses) - 1, best


@mistake("early_stop")
def keeps_the_last(losses, patience):
    """Training stops where it should, but the weights of the last epoch are kept.

    Those are by then `patience` epochs past the best. The weights of the best epoch have to be stored when it comes.

    Return the epoch of the lowest loss beside the last one.
    """
    last, _ = solution.early_stop(losses, patience)
    return last, last


@mistake("early_stop")
def looks_into_the_future(losses, patience):
    """The kept epoch lies after the end of training.

    At the moment of stopping, later losses do not exist yet. The list holds them only so that you can be tested.

    Take the lowest loss among epochs 0 to last.
    """
    last, _ = solution.early_stop(losses, patience)
    return last, min(range(len(losses)), key=losses.__getitem__)


def _curve(fit, X, y, X_test, y_test, sizes, statistics, *, examples=None, judged=None):
    """A learning curve whose standardization and choice of examples are given as functions of n."""
    train_errors, test_errors = [], []
    for n in sizes:
        (mean, std), test_mean, test_std = statistics(n)
        used = n if examples is None else examples
        seen, unseen = (X - mean) / std, (X_test - test_mean) / test_std
        predict = fit(seen[:used], y[:used])
        judge = used if judged is None else judged
        train_errors.append(((predict(seen[:judge]) - y[:judge]) ** 2).mean())
        test_errors.append(((predict(unseen) - y_test) ** 2).mean())
    return torch.stack(train_errors), torch.stack(test_errors)


def _moments(t):
    return t.mean(dim=0), t.std(dim=0, correction=0)


@mistake("learning_curve")
def test_set_leaks(fit, X, y, X_test, y_test, sizes):
    """Both errors are off: the inputs are standardized by numbers that the test examples helped to make.

    A mean over training *and* test data carries what the test set looks like into training. The test error then no
    longer says how the model does on what it has never seen.

    mean and std of X[:n] alone, applied to both.
    """

    def statistics(n):
        mean, std = _moments(torch.cat([X[:n], X_test]))
        return (mean, std), mean, std

    return _curve(fit, X, y, X_test, y_test, sizes, statistics)


@mistake("learning_curve")
def test_standardized_by_itself(fit, X, y, X_test, y_test, sizes):
    """The training error is right, the test error is not: the test inputs have been moved to a mean of 0.

    The model has learned in units of the training set. If the test data lie elsewhere, that is part of the test; and
    a single new example has no deviation of its own.

    (X_test - mean) / std with the *training* mean and std.
    """
    return _curve(fit, X, y, X_test, y_test, sizes, lambda n: (_moments(X[:n]), *_moments(X_test)))


@mistake("learning_curve")
def standardized_by_all_training_data(fit, X, y, X_test, y_test, sizes):
    """Right for the largest size, off for the smaller ones.

    A curve at n = 10 answers what ten examples are worth. Statistics of all the others are not among the ten.

    Compute mean and std inside the loop, from X[:n].
    """
    mean, std = _moments(X)
    return _curve(fit, X, y, X_test, y_test, sizes, lambda n: ((mean, std), mean, std))


@mistake("learning_curve")
def root_of_the_mean(fit, X, y, X_test, y_test, sizes):
    """Every error is the square root of what it should be.

    The root has the unit of y and is read more easily, but a mean squared error is what is asked for, and what is
    minimized.

    ((predict(seen) - y[:n]) ** 2).mean(), without the root.
    """
    return tuple(errors.sqrt() for errors in solution.learning_curve(fit, X, y, X_test, y_test, sizes))


@mistake("learning_curve")
def not_standardized(fit, X, y, X_test, y_test, sizes):
    """The errors are those of a model on raw inputs.

    Models with a penalty, and all that are trained by gradients, depend on the scale of their inputs.

    (X[:n] - mean) / std, feature by feature.
    """
    zero, one = torch.zeros(X.shape[1], dtype=X.dtype), torch.ones(X.shape[1], dtype=X.dtype)
    return _curve(fit, X, y, X_test, y_test, sizes, lambda n: ((zero, one), zero, one))


@mistake("learning_curve")
def trained_on_everything(fit, X, y, X_test, y_test, sizes):
    """The curve hardly moves with n: the model was trained on all examples each time.

    The size is the point of the curve. Cut the training set before you fit.

    fit(seen[:n], y[:n])
    """
    return _curve(fit, X, y, X_test, y_test, sizes, lambda n: (_moments(X[:n]), *_moments(X[:n])), examples=len(X))


@mistake("learning_curve")
def training_error_on_unused_examples(fit, X, y, X_test, y_test, sizes):
    """The test error is right; the training error is too high for small n.

    It was measured on all of X, most of which the model has not seen. The training error belongs to the n examples that
    the model was fitted to.

    predict(seen) against y[:n].
    """
    return _curve(fit, X, y, X_test, y_test, sizes, lambda n: (_moments(X[:n]), *_moments(X[:n])), judged=len(X))


@mistake("learning_curve")
def deviation_divides_by_n_minus_one(fit, X, y, X_test, y_test, sizes):
    """Nearly right, and nearer the larger n is.

    torch's std divides by n - 1 unless told otherwise. For small n that is a visible difference.

    X[:n].std(dim=0, correction=0)
    """

    def statistics(n):
        mean, std = _moments(X[:n])
        std = std * math.sqrt(n / (n - 1))
        return (mean, std), mean, std

    return _curve(fit, X, y, X_test, y_test, sizes, statistics)
