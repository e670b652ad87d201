"""Correct versions of the exercises on the Transformer, written in other ways than the solution. All must pass."""

import math

import solution
import torch
import torch.nn.functional as F
from torch import nn

from autograder.authoring.cases import variant


@variant("embed")
def by_functional(tokens, table):
    waves = solution.sinusoidal_positions(tokens.size(1), table.size(1))
    return F.embedding(tokens, table) * table.size(1) ** 0.5 + waves.to(table)[None]


@variant("embed")
def by_one_hot(tokens, table):
    words = F.one_hot(tokens, table.shape[0]).to(table.dtype) @ (table * math.sqrt(table.shape[1]))
    return words + solution.sinusoidal_positions(words.shape[1], words.shape[2]).to(words.dtype)


@variant("EncoderLayer")
class WithHelper(nn.Module):
    def __init__(self, d_model, heads, d_ff, norm_first=False):
        super().__init__()
        self.norm2, self.norm1 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.narrow, self.wide = nn.Linear(d_ff, d_model), nn.Linear(d_model, d_ff)
        self.attend = solution.MultiHeadAttention(d_model, heads)
        self.pre = norm_first

    def block(self, x, norm, f):
        return x + f(norm(x)) if self.pre else norm(x + f(x))

    def forward(self, x, mask=None):
        x = self.block(x, self.norm1, lambda h: self.attend(h, h, mask))
        return self.block(x, self.norm2, lambda h: self.narrow(F.relu(self.wide(h))))


@variant("EncoderLayer")
class LineByLine(solution.EncoderLayer):
    def forward(self, x, mask=None):
        h = self.norm1(x) if self.norm_first else x
        h = self.attend(h, None, mask) + x
        h = h if self.norm_first else self.norm1(h)
        g = self.norm2(h) if self.norm_first else h
        g = self.narrow(self.wide(g).clamp(min=0)) + h
        return g if self.norm_first else self.norm2(g)


@variant("DecoderLayer")
class DecoderWithHelper(nn.Module):
    def __init__(self, d_model, heads, d_ff, norm_first=False):
        super().__init__()
        self.pre = norm_first
        for name in ("attend", "look"):
            setattr(self, name, solution.MultiHeadAttention(d_model, heads))
        for name in ("norm1", "norm2", "norm3"):
            setattr(self, name, nn.LayerNorm(d_model))
        self.wide, self.narrow = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)

    def block(self, y, norm, f):
        return y + f(norm(y)) if self.pre else norm(y + f(y))

    def forward(self, y, memory, mask=None, memory_mask=None):
        y = self.block(y, self.norm1, lambda h: self.attend(h, h, mask))
        y = self.block(y, self.norm2, lambda h: self.look(h, source=memory, mask=memory_mask))
        return self.block(y, self.norm3, lambda h: self.narrow(F.relu(self.wide(h))))


@variant("DecoderLayer")
class DecoderLineByLine(solution.DecoderLayer):
    def forward(self, y, memory, mask=None, memory_mask=None):
        if self.norm_first:
            y = y + self.attend(self.norm1(y), mask=mask)
            y = y + self.look(self.norm2(y), memory, memory_mask)
            return y + self.narrow(self.wide(self.norm3(y)).relu())
        y = self.norm1(y + self.attend(y, mask=mask))
        y = self.norm2(y + self.look(y, memory, memory_mask))
        return self.norm3(y + self.narrow(self.wide(y).relu()))


@variant("shift_right")
def by_roll(target, start):
    shifted = target.roll(1, dims=1)
    shifted[:, 0] = start
    return shifted


@variant("shift_right")
def by_pad(target, start):
    return F.pad(target, (1, 0), value=start)[:, :-1]


@variant("label_smoothing")
def by_distribution(scores, target, eps=0.1, padding=0):
    classes = scores.shape[-1]
    wanted = F.one_hot(target, classes).to(scores.dtype) * (1 - eps) + eps / classes
    losses = -(wanted * F.log_softmax(scores, -1)).sum(-1)
    words = (target != padding).to(scores.dtype)
    return (losses * words).sum() / words.sum()


@variant("label_smoothing")
def word_by_word(scores, target, eps=0.1, padding=0):
    losses = []
    for row, wanted in zip(scores.flatten(0, 1), target.flatten().tolist(), strict=True):
        if wanted != padding:
            log_p = row - row.logsumexp(0)
            losses.append(-(1 - eps) * log_p[wanted] - eps * log_p.mean())
    return torch.stack(losses).mean()


@variant("noam_rate")
def by_cases(step, d_model, warmup):
    if step < 1:
        step = 1
    slope = step / (warmup * math.sqrt(warmup)) if step < warmup else 1 / math.sqrt(step)
    return slope / math.sqrt(d_model)


@variant("noam_rate")
def from_the_peak(step, d_model, warmup):
    step = step or 1
    return (d_model * warmup) ** -0.5 * min(step / warmup, (warmup / step) ** 0.5)


@variant("greedy_decode")
def with_lists(next_scores, batch, start, end, longest, padding=0):
    rows = [[start] for _ in range(batch)]
    for _ in range(longest):
        best = next_scores(torch.tensor(rows)).max(-1).indices.tolist()
        for row, word in zip(rows, best, strict=True):
            row.append(padding if end in row[1:] else word)
    return torch.tensor(rows)[:, 1:]


@variant("greedy_decode")
def all_the_way(next_scores, batch, start, end, longest, padding=0):
    written = torch.full((batch, 1), start)
    for _ in range(longest):
        written = torch.cat([written, next_scores(written).argmax(-1, keepdim=True)], 1)
    written = written[:, 1:]
    before = (written == end).cumsum(1) - (written == end).long()
    return written.masked_fill(before > 0, padding)


@variant("beam_search")
def with_sorted_lists(next_scores, beam, start, end, longest, alpha=0.6):
    begun, done = [(0.0, [start])], []
    for length in range(1, longest + 1):
        table = next_scores(torch.tensor([words for _, words in begun])).tolist()
        extended = [
            (log_p + more, [*words, word])
            for (log_p, words), row in zip(begun, table, strict=True)
            for word, more in enumerate(row)
        ]
        kept = sorted(extended, key=lambda pair: -pair[0])[:beam]
        over = [pair for pair in kept if pair[1][-1] == end or length == longest]
        done += [(log_p / ((5 + len(words) - 1) / 6) ** alpha, words[1:]) for log_p, words in over]
        begun = [pair for pair in kept if pair not in over]
        if not begun:
            break
    value, words = max(done)
    return torch.tensor(words), value


@variant("beam_search")
def one_beginning_at_a_time(next_scores, beam, start, end, longest, alpha=0.6):
    begun, done, length = [(torch.tensor([start]), 0.0)], [], 0
    while begun and length < longest:
        length += 1
        pool = []
        for words, log_p in begun:
            for word, more in enumerate(next_scores(words[None])[0]):
                pool.append((torch.cat([words, torch.tensor([word])]), log_p + float(more)))
        pool.sort(key=lambda pair: pair[1], reverse=True)
        done += [pair for pair in pool[:beam] if int(pair[0][-1]) == end]
        begun = [pair for pair in pool[:beam] if int(pair[0][-1]) != end]
    rated = [(log_p * (6 / (4 + len(words))) ** alpha, words[1:]) for words, log_p in [*done, *begun]]
    value, words = max(rated, key=lambda pair: pair[0])
    return words, value


@variant("count_transformer_parameters")
def by_meta_modules(vocabulary, d_model, d_ff, layers, heads, d_key=None, d_value=None):
    keys, values = (heads * (d or d_model // heads) for d in (d_key, d_value))
    with torch.device("meta"):
        shapes = [(d_model, keys), (d_model, keys), (d_model, values), (values, d_model)]
        attention = [nn.Linear(*shape) for shape in shapes]
        rest = [nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)]
        norm = nn.LayerNorm(d_model)
    size = lambda *modules: sum(p.numel() for module in modules for p in module.parameters())  # noqa: E731
    return vocabulary * d_model + layers * (3 * size(*attention) + 2 * size(*rest) + 5 * size(norm))


@variant("count_transformer_parameters")
def in_one_line(vocabulary, d_model, d_ff, layers, heads, d_key=None, d_value=None):
    k = heads * (d_key if d_key is not None else d_model // heads)
    v = heads * (d_value if d_value is not None else d_model // heads)
    attention = 2 * d_model * k + 2 * k + 2 * d_model * v + v + d_model
    feed = 2 * d_model * d_ff + d_ff + d_model
    return vocabulary * d_model + layers * (3 * attention + 2 * feed + 10 * d_model)


@variant("Transformer")
class WithOneLoop(solution.Transformer):
    def encode(self, source):
        x = solution.embed(source, self.words.weight)
        for layer in [*self.encoder, *([self.encoder_norm] if self.norm_first else [])]:
            x = layer(x, source.ne(0).unsqueeze(1)) if isinstance(layer, solution.EncoderLayer) else layer(x)
        return x

    def learn(self, source, target, steps, batch=64, warmup=400, eps=0.1):
        optimizer = torch.optim.Adam(self.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)
        rate = lambda done: solution.noam_rate(done + 1, self.words.weight.shape[1], warmup)  # noqa: E731
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        losses = []
        for _ in range(steps):
            rows = torch.randperm(len(source))[:batch]
            scores = self(source[rows], solution.shift_right(target[rows], 1))
            loss = F.cross_entropy(scores.mT, target[rows], ignore_index=0, label_smoothing=eps)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(float(loss))
        return losses


@variant("Transformer")
class EncodesEveryTime(solution.Transformer):
    def decode(self, target, memory, source):
        n = target.shape[1]
        mask = (torch.arange(n) <= torch.arange(n)[:, None]) & target.ne(0).unsqueeze(1)
        y = solution.embed(target, self.words.weight)
        for layer in self.decoder:
            y = layer(y, memory, mask, source.ne(0).unsqueeze(1))
        return F.linear(self.decoder_norm(y) if self.norm_first else y, self.words.weight)

    @torch.no_grad()
    def translate(self, source, longest):
        return solution.greedy_decode(lambda y: self(source, y)[:, -1], len(source), 1, 2, longest)
