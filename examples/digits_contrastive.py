"""Contrastive embeddings of scikit-learn's digits with ``nt_xent`` (SimCLR), in NumPy.

A linear encoder learns, without any label, to map two distorted copies of one image close together and copies of
different images apart. Judged by how well a nearest-neighbour search then finds the digit from a few labelled images.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

import symloss

WIDTH, BATCH, STEPS, RATE, TAU = 16, 128, 400, 0.003, 0.2
LABELLED = 100


def distorted(images, generator):
    """Copies of 8x8 images with noise and other contrast, some of them moved by one pixel."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    rows, columns = generator.choice(3, (2, len(images), 1, 1), p=[1 / 12, 10 / 12, 1 / 12])
    moved = padded[np.arange(len(images))[:, None, None], rows + np.arange(8)[:, None], columns + np.arange(8)]
    contrast = generator.uniform(0.7, 1.3, (len(images), 1, 1))
    return moved * contrast + generator.normal(0, 0.3, images.shape)


class Adam:
    """Adam (Kingma and Ba, 2015) for one array."""

    def __init__(self, weights, rate):
        self.weights, self.rate, self.time = weights, rate, 0
        self.mean, self.square = np.zeros_like(weights), np.zeros_like(weights)

    def step(self, gradient):
        """Move the weights against a gradient."""
        self.time += 1
        self.mean += 0.1 * (gradient - self.mean)
        self.square += 0.001 * (gradient**2 - self.square)
        mean, square = self.mean / (1 - 0.9**self.time), self.square / (1 - 0.999**self.time)
        self.weights -= self.rate * mean / (np.sqrt(square) + 1e-8)


def accuracy(encoder, images, labels):
    """Of images whose nearest labelled neighbour, by the angle between embeddings, shows the same digit."""
    codes = images.reshape(len(images), -1) @ encoder
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    known, rest = slice(0, LABELLED), slice(LABELLED, None)
    search = KNeighborsClassifier(1).fit(codes[known], labels[known])
    return search.score(codes[rest], labels[rest])


def main():
    """Accuracy of bare pixels and of embeddings before and after training; the loss at the start and at the end."""
    loss = symloss.load("nt_xent")
    generator = np.random.default_rng(0)
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8) / 16
    order = generator.permutation(len(images))
    images, labels = images[order], labels[order]

    encoder = generator.normal(0, 1 / 8, (64, WIDTH))
    optimiser = Adam(encoder.copy(), RATE)
    losses = []
    for _ in range(STEPS):
        chosen = images[generator.choice(len(images), BATCH, replace=False)]
        views = np.concatenate([distorted(chosen, generator), distorted(chosen, generator)]).reshape(2 * BATCH, -1)
        value, slope = loss.value_and_grad(views @ optimiser.weights, tau=TAU)
        optimiser.step(views.T @ slope)
        losses.append(value)
    return {
        "pixels": accuracy(np.eye(64), images, labels),
        "before": accuracy(encoder, images, labels),
        "after": accuracy(optimiser.weights, images, labels),
        "first_loss": np.mean(losses[:20]),
        "last_loss": np.mean(losses[-20:]),
    }


if __name__ == "__main__":
    figures = main()
    print(f"nt_xent  {figures['first_loss']:.3f} at the start, {figures['last_loss']:.3f} at the end")
    print(f"right by the nearest of {LABELLED} labelled images, from 64 pixels: {figures['pixels']:.1%}")
    print(f"from {WIDTH} numbers: {figures['before']:.1%} before training, {figures['after']:.1%} after")
