"""Inputs for every shipped loss: about as many elements as asked for, inside the domains and the constraints."""

import numpy as np


class Draw:
    """Random arrays of about ``elements`` elements in one dtype, in rows of ``width`` for the losses that have rows."""

    def __init__(self, elements, dtype="float32", width=256, seed=0):
        self.elements, self.dtype, self.width = elements, np.dtype(dtype), width
        self.generator = np.random.default_rng(seed)

    @property
    def rows(self):
        """The shape of a batch of rows."""
        return max(2, self.elements // self.width), self.width

    @property
    def flat(self):
        """The shape of a batch of numbers."""
        return (self.elements,)

    def real(self, shape=None):
        """Standard normal numbers."""
        return self.generator.standard_normal(shape or self.flat, np.float32).astype(self.dtype, copy=False)

    def between(self, low, high, shape=None):
        """Uniform numbers."""
        drawn = self.generator.random(shape or self.flat, np.float32) * np.float32(high - low) + np.float32(low)
        return drawn.astype(self.dtype, copy=False)

    def either(self, low, high, shape=None):
        """One of two numbers each."""
        return np.where(self.generator.random(shape or self.flat, np.float32) < 0.5, low, high).astype(self.dtype)

    def simplex(self):
        """Rows that sum to one."""
        rows = self.generator.random(self.rows) + 0.05
        return (rows / rows.sum(axis=1, keepdims=True)).astype(self.dtype)

    def labels(self):
        """A column number per row."""
        return self.generator.integers(0, self.rows[1], self.rows[0])

    def boxes(self):
        """Corners x1, y1, x2, y2 with x1 < x2 and y1 < y2."""
        low = self.generator.random((max(1, self.elements // 4), 2))
        return np.concatenate([low, low + 0.05 + self.generator.random(low.shape)], axis=1).astype(self.dtype)

    def embeddings(self):
        """Rows for a loss that compares all rows with all: as many pairs of rows as elements."""
        return self.real((2 * max(1, round(self.elements**0.5 / 2)), 64))

    def schedule(self):
        """alpha, alpha_bar and sigma2 of a diffusion step per row."""
        count = (self.rows[0],)
        return [self.between(0.9, 0.99, count), self.between(0.1, 0.8, count), self.between(0.01, 0.1, count)]


CASES = {
    "bce": lambda d: [d.between(0.01, 0.99), d.either(0, 1)],
    "bce_with_logits": lambda d: [d.real(), d.either(0, 1)],
    "contrastive": lambda d: [d.real(d.rows), d.real(d.rows), d.either(0, 1, d.rows[:1])],
    "dice": lambda d: [d.between(0.01, 0.99, d.rows), d.either(0, 1, d.rows)],
    "dice_bce": lambda d: [d.between(0.01, 0.99, d.rows), d.either(0, 1, d.rows)],
    "diffusion_posterior_kl": lambda d: [d.real(d.rows), d.real(d.rows), d.real(d.rows), *d.schedule()],
    "diffusion_vlb": lambda d: [d.real(d.rows), d.real(d.rows), *d.schedule()],
    "focal": lambda d: [d.real(), d.either(0, 1)],
    "focal_multiclass": lambda d: [d.real(d.rows), d.labels()],
    "gan_discriminator": lambda d: [d.real(), d.real()],
    "gan_generator_minimax": lambda d: [d.real()],
    "gan_generator_nonsaturating": lambda d: [d.real()],
    "giou": lambda d: [d.boxes(), d.boxes()],
    "gradient_penalty": lambda d: [d.real(d.rows)],
    "hinge": lambda d: [d.real(), d.either(-1, 1)],
    "huber": lambda d: [d.real(), d.real()],
    "info_nce": lambda d: [d.embeddings(), d.embeddings()],
    "iou": lambda d: [d.boxes(), d.boxes()],
    "kl_divergence": lambda d: [d.simplex(), d.simplex()],
    "kl_gaussian": lambda d: [d.real(d.rows), d.real(d.rows), d.real(d.rows), d.real(d.rows)],
    "kl_standard_normal": lambda d: [d.real(d.rows), d.real(d.rows)],
    "label_smoothing": lambda d: [d.real(d.rows), d.labels()],
    "listnet": lambda d: [d.real(d.rows), d.real(d.rows), d.either(0, 1, d.rows).astype(bool) | (np.arange(256) == 0)],
    "log_cosh": lambda d: [d.real(), d.real()],
    "mae": lambda d: [d.real(), d.real()],
    "mse": lambda d: [d.real(), d.real()],
    "noise_prediction": lambda d: [d.real(d.rows), d.real(d.rows)],
    "nt_xent": lambda d: [d.embeddings()],
    "pairwise_hinge": lambda d: [d.real(), d.real()],
    "pairwise_logistic": lambda d: [d.real(), d.real()],
    "quantile": lambda d: [d.real(), d.real()],
    "reconstruction_bernoulli": lambda d: [d.real(d.rows), d.between(0, 1, d.rows)],
    "reconstruction_gaussian": lambda d: [d.real(d.rows), d.real(d.rows)],
    "sigmoid_cross_entropy": lambda d: [d.real(d.rows), d.between(0, 1, d.rows)],
    "smooth_l1": lambda d: [d.real(), d.real()],
    "softmax_cross_entropy": lambda d: [d.real(d.rows), d.labels()],
    "softmax_cross_entropy_soft": lambda d: [d.real(d.rows), d.simplex()],
    "triplet": lambda d: [d.real(d.rows), d.real(d.rows), d.real(d.rows)],
    "triplet_margin": lambda d: [d.real(d.rows), d.real(d.rows), d.real(d.rows)],
    "vae_bernoulli": lambda d: [
        d.real(d.rows),
        d.real((d.rows[0], 32)),
        d.real((d.rows[0], 32)),
        d.between(0, 1, d.rows),
    ],
    "vae_gaussian": lambda d: [d.real(d.rows), d.real((d.rows[0], 32)), d.real((d.rows[0], 32)), d.real(d.rows)],
    "wgan_critic": lambda d: [d.real(), d.real()],
    "wgan_generator": lambda d: [d.real()],
    "wgan_gp_critic": lambda d: [d.real(d.rows[:1]), d.real(d.rows[:1]), d.real(d.rows)],
}


def inputs(name, elements, dtype="float32", width=256):
    """The inputs of a loss, in declared order."""
    return CASES[name](Draw(elements, dtype, width))


def predictions(loss, arrays):
    """Those of the inputs that are predictions."""
    declared = zip(loss.meta["inputs"], arrays, strict=False)
    return tuple(array for item, array in declared if item["role"] == "prediction")


def calling(loss, entry, arrays):
    """An entry point of a loss on inputs, writing into buffers made once, as a function without arguments."""
    if entry == "value":
        return lambda: loss(*arrays)
    predicted = predictions(loss, arrays)
    # Written to here, so that their pages are not counted or timed as the call's.
    room = tuple(np.full_like(array, 0.5) for array in predicted)
    again = tuple(np.full_like(array, 0.5) for array in predicted)
    alone = len(predicted) == 1
    if entry == "grad_hess_diag":
        out = (room[0], again[0]) if alone else (room, again)
        return lambda: loss.grad_hess_diag(*arrays, out=out)
    if entry == "hvp":
        direction = tuple(array.copy() for array in predicted)
        return lambda: loss.hvp(*arrays, v=direction[0] if alone else direction, out=room[0] if alone else room)
    return lambda: loss.value_and_grad(*arrays, out=room[0] if alone else room)
