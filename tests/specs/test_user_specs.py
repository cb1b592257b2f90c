"""Losses outside the catalogue, written as a user would: each is read and agrees with NumPy, SciPy or scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import integrate, special, stats
from sklearn.metrics import mean_gamma_deviance, mean_poisson_deviance, mean_tweedie_deviance, ndcg_score

from symloss.calculus import derive
from symloss.errors import SpecError
from symloss.language import SpecLibrary
from symloss.oracle import Interpreter, evaluate_adaptively

ROOT = Path(__file__).parents[2]
USER = ROOT / "tests" / "user_specs"
FILES = {file.stem: file for file in sorted(USER.glob("*.yaml"))}
UNSUPPORTED = sorted((USER / "unsupported").glob("*.yaml"))
LIBRARY = SpecLibrary([ROOT / "specs", USER])

Arrays = dict[str, Any]
RNG = np.random.default_rng(20240611)


def real(*shape: int, scale: float = 1.0) -> np.ndarray:
    return RNG.normal(0, scale, shape)


def positive(*shape: int) -> np.ndarray:
    return np.exp(RNG.normal(0, 0.5, shape))


def unit(*shape: int) -> np.ndarray:
    return RNG.uniform(0.05, 0.95, shape)


def binary(*shape: int) -> np.ndarray:
    found = (RNG.uniform(size=shape) < 0.5).astype(float)
    found.flat[:2] = 0, 1
    return found


def boxes(count: int) -> np.ndarray:
    low = RNG.uniform(-1, 1, (count, 2))
    return np.hstack([low, low + RNG.uniform(0.3, 2, (count, 2))])


def pair(size: int = 6) -> Arrays:
    return {"pred": real(size, scale=2), "target": real(size, scale=2)}


def bce(z: Any, y: Any) -> Any:
    return np.logaddexp(0, z) - y * z


def unit_rows(z: Any) -> Any:
    return z / np.linalg.norm(z, axis=-1, keepdims=True)


def rows(function: Callable[..., float]) -> Callable[..., np.ndarray]:
    """A reference for one sample, applied to each; scalars are shared."""

    def apply(**arrays: Any) -> np.ndarray:
        count = max(len(array) for array in arrays.values() if np.ndim(array))
        return np.array(
            [
                function(**{key: array[i] if np.ndim(array) else array for key, array in arrays.items()})
                for i in range(count)
            ]
        )

    return apply


def crps_by_integration(mu: float, sigma: float, target: float) -> float:
    cdf = stats.norm(mu, sigma).cdf
    below = integrate.quad(lambda x: cdf(x) ** 2, mu - 40 * sigma, target, epsabs=0, epsrel=1e-13, limit=400)[0]
    above = integrate.quad(lambda x: (1 - cdf(x)) ** 2, target, mu + 40 * sigma, epsabs=0, epsrel=1e-13, limit=400)[0]
    return below + above


def arcface(x: Any, w: Any, y: Any, s: float, m: float) -> Any:
    cosine = unit_rows(x) @ unit_rows(w).T
    own = np.arange(len(y)), y
    logits = s * cosine
    logits[own] = s * np.cos(np.arccos(cosine[own]) + m)
    return special.logsumexp(logits, axis=1) - logits[own]


def circle(s_pos: Any, s_neg: Any, gamma: float = 4, m: float = 0.25) -> Any:
    up = -gamma * np.maximum(0, 1 + m - s_pos) * (s_pos - (1 - m))
    down = gamma * np.maximum(0, s_neg + m) * (s_neg - m)
    return np.log1p(np.exp(up).sum() * np.exp(down).sum())


def multi_similarity(z: Any, label: Any, alpha: float = 2, beta: float = 50, lam: float = 0.5) -> Any:
    s = unit_rows(z) @ unit_rows(z).T
    found = []
    for i in range(len(z)):
        near = [s[i, j] for j in range(len(z)) if j != i and label[j] == label[i]]
        far = [s[i, j] for j in range(len(z)) if label[j] != label[i]]
        found.append(
            np.log1p(sum(np.exp(-alpha * (x - lam)) for x in near)) / alpha
            + np.log1p(sum(np.exp(beta * (x - lam)) for x in far)) / beta
        )
    return np.array(found)


def supcon(z: Any, label: Any, tau: float = 0.1) -> Any:
    s = unit_rows(z) @ unit_rows(z).T / tau
    found = []
    for i in range(len(z)):
        others = [j for j in range(len(z)) if j != i]
        total = special.logsumexp(s[i, others])
        found.append(np.mean([total - s[i, j] for j in others if label[j] == label[i]]))
    return np.array(found)


def ciou(pred: Any, target: Any, full: bool = True) -> float:
    low, high = np.maximum(pred[:2], target[:2]), np.minimum(pred[2:], target[2:])
    inter = np.prod(np.maximum(0, high - low))
    union = np.prod(pred[2:] - pred[:2]) + np.prod(target[2:] - target[:2]) - inter
    hull = np.maximum(pred[2:], target[2:]) - np.minimum(pred[:2], target[:2])
    centre = (pred[:2] + pred[2:] - target[:2] - target[2:]) / 2
    loss = 1 - inter / union
    found = loss + (centre @ centre) / (hull @ hull)
    if full:
        shapes = [np.arctan2(*(box[2:] - box[:2])) for box in (target, pred)]
        v = 4 / np.pi**2 * (shapes[0] - shapes[1]) ** 2
        found += v * v / (loss + v)
    return float(found)


def lovasz_hinge(z: Any, y: Any) -> float:
    errors = 1 - z * (2 * y - 1)
    order = np.argsort(-errors)
    labels = y[order]
    inter = labels.sum() - labels.cumsum()
    union = labels.sum() + (1 - labels).cumsum()
    jaccard = 1 - inter / union
    steps = np.diff(jaccard, prepend=0)
    return float(np.maximum(errors[order], 0) @ steps)


def lambdarank(s: Any, y: Any) -> float:
    place = np.argsort(np.argsort(-s))
    gain, discount = 2**y - 1, 1 / np.log2(2 + place)
    best = (np.sort(gain)[::-1] / np.log2(2 + np.arange(len(y)))).sum()
    return sum(
        abs(gain[k] - gain[j]) * abs(discount[k] - discount[j]) * np.logaddexp(0, s[j] - s[k])
        for k in range(len(y)) for j in range(len(y)) if y[k] > y[j]
    ) / best  # fmt: skip


def approx_ndcg(s: Any, y: Any, temperature: float = 0.1) -> float:
    place = np.array([1 + sum(special.expit((s[j] - s[k]) / temperature) for j in range(len(s)) if j != k)
                      for k in range(len(s))])  # fmt: skip
    gain = 2**y - 1
    best = (np.sort(gain)[::-1] / np.log2(2 + np.arange(len(y)))).sum()
    return 1 - (gain / np.log2(1 + place)).sum() / best


def mmd(x: Any, y: Any, sigma: float = 1) -> float:
    def kernel(a: Any, b: Any) -> float:
        return float(np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / (2 * sigma**2)).mean())

    return kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)


def evidential_regression(
    gamma: float, nu: float, alpha: float, beta: float, target: float, lam: float = 0.01
) -> float:
    # The marginal likelihood of the normal inverse-gamma prior is a Student t distribution.
    scale = np.sqrt(beta * (1 + nu) / (nu * alpha))
    return -stats.t.logpdf(target, 2 * alpha, gamma, scale) + lam * abs(target - gamma) * (2 * nu + alpha)


def negative_binomial(mu: Any, r: Any, count: Any) -> Any:
    return -stats.nbinom.logpmf(count, float(r), float(r) / (float(r) + mu))


def vicreg(z: Any, target_std: float = 1, eps: float = 1e-4) -> Any:
    return np.maximum(0, target_std - np.sqrt(z.var(axis=0, ddof=1) + eps)).mean()


def barlow(a: Any, b: Any, lam: float = 0.005) -> Any:
    corr = np.corrcoef(a.T, b.T)[: a.shape[1], a.shape[1] :]
    off = corr - np.diag(np.diag(corr))
    return ((1 - np.diag(corr)) ** 2).sum() + lam * (off**2).sum()


def cox(risk: Any, time: Any, event: Any) -> Any:
    return np.array([event[i] * (special.logsumexp(risk[time >= time[i]]) - risk[i]) for i in range(len(risk))])


def tversky(p: Any, y: Any, alpha_fp: float = 0.3, beta_fn: float = 0.7, smooth: float = 1) -> Any:
    tp, fp, fn = (p * y).sum(-1), (p * (1 - y)).sum(-1), ((1 - p) * y).sum(-1)
    return 1 - (tp + smooth) / (tp + alpha_fp * fp + beta_fn * fn + smooth)


def robust(pred: Any, target: Any, alpha: Any, c: Any) -> Any:
    x, b = ((pred - target) / c) ** 2, abs(alpha - 2)
    return b / alpha * ((x / b + 1) ** (alpha / 2) - 1)


def preference() -> Arrays:
    return {key: -positive(5) * 3 for key in ("chosen", "rejected", "ref_chosen", "ref_rejected")}


def margin(chosen: Any, rejected: Any, ref_chosen: Any, ref_rejected: Any) -> Any:
    return (chosen - ref_chosen) - (rejected - ref_rejected)


def masks() -> tuple[np.ndarray, np.ndarray]:
    found = np.ones((3, 5), bool), np.ones((3, 4), bool)
    found[0][0, 3:], found[1][1, 1:] = False, False
    return found


TOKENS = masks()
LABELS = np.array([0.0, 1, 0, 1, 2, 2])
SAMPLES = {"p": unit(3, 7), "y": binary(3, 7)}

#: name → (inputs, parameters, reference over the same names).
REFERENCES: dict[str, tuple[Arrays, Mapping[str, float], Callable[..., Any]]] = {
    "approx_ndcg": ({"s": real(3, 5), "y": RNG.integers(0, 4, (3, 5)).astype(float)}, {}, rows(approx_ndcg)),
    "arcface": ({"x": real(3, 4), "w": real(5, 4), "y": np.array([0, 4, 2])}, {"s": 8, "m": 0.3}, arcface),
    "barlow_twins": ({"a": real(6, 3), "b": real(6, 3)}, {}, barlow),
    "beta_nll": (
        {"mu": real(5), "logvar": np.array([-12.0, 0.3, 11.0, -0.5, 1.0]), "target": real(5)},
        {"beta": 0.5},
        lambda mu, logvar, target, beta: (
            np.exp(beta * np.clip(logvar, -10, 10))
            * (-stats.norm.logpdf(target, mu, np.exp(np.clip(logvar, -10, 10) / 2)) - np.log(2 * np.pi) / 2)
        ),
    ),
    "bradley_terry": ({"a": real(5), "b": real(5), "won": unit(5)}, {}, lambda a, b, won: bce(a - b, won)),
    "cauchy": (pair(), {"c": 1.5}, lambda pred, target, c: np.log1p(((pred - target) / c) ** 2 / 2)),
    "ciou": ({"pred": boxes(5), "target": boxes(5)}, {}, rows(ciou)),
    "circle_loss": ({"s_pos": unit(3, 4), "s_neg": unit(3, 5) - 0.5}, {"gamma": 4}, rows(circle)),
    "cox_partial_likelihood": ({"risk": real(6), "time": positive(6), "event": binary(6)}, {}, cox),
    "crps_ensemble": (
        {"member": real(4, 6), "target": real(4)},
        {},
        rows(lambda member, target: abs(member - target).mean() - abs(member[:, None] - member).mean() / 2),
    ),
    "crps_gaussian": ({"mu": real(4), "sigma": positive(4), "target": real(4)}, {}, rows(crps_by_integration)),
    "diou": ({"pred": boxes(5), "target": boxes(5)}, {}, rows(lambda pred, target: ciou(pred, target, full=False))),
    "dpo": (preference(), {"beta": 0.3}, lambda beta, **x: -np.log(special.expit(beta * margin(**x)))),
    "eps_insensitive": (pair(), {"eps": 0.5}, lambda pred, target, eps: np.maximum(0, abs(pred - target) - eps)),
    "evidential_classification": (
        {"z": real(4, 3), "y": np.array([0, 2, 1, 1])},
        {},
        rows(lambda z, y: special.digamma((np.logaddexp(0, z) + 1).sum()) - special.digamma(np.logaddexp(0, z)[y] + 1)),
    ),
    "evidential_regression": (
        {"gamma": real(4), "nu": positive(4), "alpha": 1 + positive(4), "beta": positive(4), "target": real(4)},
        {},
        rows(evidential_regression),
    ),
    "expectile": (
        pair(),
        {"tau": 0.8},
        lambda pred, target, tau: np.where(target > pred, tau, 1 - tau) * (target - pred) ** 2,
    ),
    "focal_tversky": (SAMPLES, {"gamma": 0.75}, lambda p, y, gamma: tversky(p, y) ** gamma),
    "gamma_deviance": (
        {"mu": positive(5), "target": positive(5)},
        {},
        rows(lambda mu, target: mean_gamma_deviance([target], [mu])),
    ),
    "general_robust": ({**pair(), "alpha": np.array(1.25), "c": np.array(0.7)}, {}, robust),
    "ipo": (preference(), {"beta": 0.3}, lambda beta, **x: (margin(**x) - 1 / (2 * beta)) ** 2),
    "lambdarank": ({"s": real(3, 5), "y": RNG.integers(0, 4, (3, 5)).astype(float)}, {}, rows(lambdarank)),
    "listmle": (
        {"s": real(3, 5)},
        {},
        rows(lambda s: sum(special.logsumexp(s[k:]) - s[k] for k in range(len(s)))),
    ),
    "lovasz_hinge": ({"z": real(3, 6), "y": binary(3, 6)}, {}, rows(lovasz_hinge)),
    "lsgan_discriminator": (
        {"d_real": real(3), "d_fake": real(5)},
        {},
        lambda d_real, d_fake: {"real": (d_real - 1) ** 2 / 2, "fake": d_fake**2 / 2},
    ),
    "mmd_rbf": ({"x": real(4, 2), "y": real(5, 2)}, {"sigma": 1.5}, mmd),
    "multi_similarity": ({"z": real(6, 3), "label": LABELS}, {"beta": 5}, multi_similarity),
    "negative_binomial_nll": (
        {"mu": positive(5), "r": np.array(2.5), "count": RNG.integers(0, 6, 5).astype(float)},
        {},
        negative_binomial,
    ),
    "ordinal_cumulative_link": (
        {"score": real(4), "theta": np.sort(real(3)), "above": binary(4, 3)},
        {},
        lambda score, theta, above: bce(score[:, None] - theta, above).sum(1),
    ),
    "ordered_logit": (
        {
            "score": np.array([0.3, -2.0, 1.5]),
            "low": np.array([-1.0, 0.0, 1.0]),
            "high": np.array([0.0, 2.5, 1.2]),
        },
        {},
        lambda score, low, high: -np.log(stats.logistic.cdf(high - score) - stats.logistic.cdf(low - score)),
    ),
    "poisson_nll": (
        {"log_rate": real(6), "count": RNG.integers(0, 6, 6).astype(float)},
        {},
        lambda log_rate, count: -stats.poisson.logpmf(count, np.exp(log_rate)),
    ),
    "ppo_clip": (
        {"logp": real(6, scale=0.3), "logp_old": real(6, scale=0.3), "advantage": real(6)},
        {"epsilon": 0.2},
        lambda logp, logp_old, advantage, epsilon: (
            -np.minimum(
                np.exp(logp - logp_old) * advantage,
                np.clip(np.exp(logp - logp_old), 1 - epsilon, 1 + epsilon) * advantage,
            )
        ),
    ),
    "pseudo_huber": (pair(), {"delta": 1.5}, lambda pred, target, delta: special.pseudo_huber(delta, pred - target)),
    "quality_focal": (
        {"z": real(5), "y": unit(5)},
        {"beta": 1.5},
        lambda z, y, beta: abs(y - special.expit(z)) ** beta * bce(z, y),
    ),
    "simpo": (
        {
            "chosen": -positive(3, 5),
            "rejected": -positive(3, 4),
            "in_chosen": TOKENS[0],
            "in_rejected": TOKENS[1],
        },
        {"beta": 2, "gamma": 0.5},
        rows(
            lambda chosen, rejected, in_chosen, in_rejected, beta, gamma: np.logaddexp(
                0, -(beta * chosen[in_chosen].mean() - beta * rejected[in_rejected].mean() - gamma)
            )
        ),
    ),
    "concordance": (
        pair(7),
        {},
        lambda pred, target: (
            1
            - 2 * np.cov(pred, target, ddof=0)[0, 1] / (pred.var() + target.var() + (pred.mean() - target.mean()) ** 2)
        ),
    ),
    "siglip": (
        {"image": real(4, 3), "text": real(4, 3)},
        {"scale": 3.0, "bias": -1.0},
        lambda image, text, scale, bias: np.logaddexp(
            0, (1 - 2 * np.eye(len(image))) * (scale * unit_rows(image) @ unit_rows(text).T + bias)
        ).sum(1),
    ),
    "zinb_nll": (
        {"log_mean": real(6), "zero_logit": real(6), "count": np.array([0.0, 1.0, 5.0, 0.0, 2.0, 12.0])},
        {"r": 1.5},
        lambda log_mean, zero_logit, count, r: (
            -np.log(
                special.expit(zero_logit) * (count == 0)
                + special.expit(-zero_logit) * stats.nbinom.pmf(count, r, r / (r + np.exp(log_mean)))
            )
        ),
    ),
    "mixture_density": (
        {"logit": real(5, 3), "mu": real(5, 3), "log_sigma": real(5, 3), "target": real(5)},
        {},
        lambda logit, mu, log_sigma, target: (
            -special.logsumexp(
                special.log_softmax(logit, axis=1) + stats.norm.logpdf(target[:, None], mu, np.exp(log_sigma)), axis=1
            )
        ),
    ),
    "total_variation": (
        {"x": real(2, 4, 3), "y": real(2, 4, 3)},
        {"lam": 0.3},
        lambda x, y, lam: (
            ((x - y) ** 2).sum((1, 2)) / 2
            + lam * (abs(np.diff(x, axis=1)).sum((1, 2)) + abs(np.diff(x, axis=2)).sum((1, 2)))
        ),
    ),
    "squared_emd": (
        {"z": real(4, 5), "q": np.full((4, 5), 0.2)},
        {},
        lambda z, q: ((special.softmax(z, axis=1) - q).cumsum(1) ** 2).mean(1),
    ),
    "student_t_nll": (
        {"mu": real(5), "sigma": positive(5), "target": real(5, scale=3)},
        {"nu": 3.5},
        lambda mu, sigma, target, nu: -stats.t.logpdf(target, nu, mu, sigma),
    ),
    "supcon": ({"z": real(6, 3), "label": LABELS}, {"tau": 0.3}, supcon),
    "td_huber": (
        {"q": real(4, 3), "q_next": real(4, 3), "action": np.array([0, 2, 1, 1]), "reward": real(4), "done": binary(4)},
        {"gamma": 0.9},
        rows(
            lambda q, q_next, action, reward, done, gamma: special.huber(
                1, q[action] - reward - gamma * (1 - done) * q_next.max()
            )
        ),
    ),
    "tukey_biweight": (
        pair(),
        {"c": 2.0},
        lambda pred, target, c: c**2 / 6 * (1 - np.maximum(0, 1 - ((pred - target) / c) ** 2) ** 3),
    ),
    "tversky": (SAMPLES, {"smooth": 0.5}, tversky),
    "tweedie_deviance": (
        {"mu": positive(5), "target": np.array([0.0, 0.5, 2.0, 1.0, 3.0])},
        {"power": 1.3},
        rows(lambda mu, target, power: mean_tweedie_deviance([target], [mu], power=power)),
    ),
    "vicreg_variance": ({"z": real(6, 4)}, {}, vicreg),
    "wasserstein_1d": ({"a": real(3, 6), "b": real(3, 6)}, {}, rows(lambda a, b: stats.wasserstein_distance(a, b))),
    "welsch": (pair(), {"c": 1.5}, lambda pred, target, c: -np.expm1(-(((pred - target) / c) ** 2) / 2)),
    "wing": (
        {"pred": real(6, scale=10), "target": real(6, scale=10)},
        {"w": 8, "epsilon": 2},
        lambda pred, target, w, epsilon: np.where(
            abs(pred - target) < w,
            w * np.log1p(abs(pred - target) / epsilon),
            abs(pred - target) - (w - w * np.log1p(w / epsilon)),
        ),
    ),
    "winkler_interval_score": (
        {"lower": -positive(6), "upper": positive(6), "target": real(6, scale=2)},
        {"alpha": 0.2},
        lambda lower, upper, target, alpha: (
            (upper - lower)
            + 2 / alpha * (lower - target) * (target < lower)
            + 2 / alpha * (target - upper) * (target > upper)
        ),
    ),
}


def angle(a: Any, b: Any) -> float:
    return float(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


def nearest(x: Any, y: Any) -> float:
    distances = ((x[:, None] - y[None]) ** 2).sum(-1)
    return distances.min(0).mean() + distances.min(1).mean()


def proxies(x: Any, proxy: Any, y: Any, a: float, delta: float = 0.1) -> float:
    s = unit_rows(x) @ unit_rows(proxy).T
    own = y[:, None] == np.arange(len(proxy))
    near = np.log1p((np.exp(-a * (s - delta)) * own).sum(0))[own.any(0)]
    return near.mean() + np.log1p((np.exp(a * (s + delta)) * ~own).sum(0)).mean()


REFERENCES |= {
    "angular_triplet": (
        {"anchor": real(4, 3), "pos": real(4, 3), "neg": real(4, 3)},
        {"margin": 0.5},
        rows(lambda anchor, pos, neg, margin: max(0, angle(anchor, pos) - angle(anchor, neg) + margin)),
    ),
    "beta_regression": (
        {"eta": real(5), "log_phi": real(5), "y": unit(5)},
        {},
        lambda eta, log_phi, y: (
            -stats.beta.logpdf(y, special.expit(eta) * np.exp(log_phi), special.expit(-eta) * np.exp(log_phi))
        ),
    ),
    "chamfer": ({"x": real(3, 4, 3), "y": real(3, 5, 3)}, {}, rows(nearest)),
    "coral": (
        {"score": real(4), "bias": real(3), "level": np.array([0.0, 3, 1, 2])},
        {},
        lambda score, bias, level: bce(score[:, None] + bias, level[:, None] > np.arange(3)).sum(1),
    ),
    "dirichlet_multinomial": (
        {"alpha": positive(4, 3), "count": RNG.integers(0, 6, (4, 3)).astype(float)},
        {},
        rows(
            lambda alpha, count: (
                special.loggamma(count.sum() + 1)
                - special.loggamma(count + 1).sum()
                - stats.dirichlet_multinomial.logpmf(count.astype(int), alpha, int(count.sum()))
            )
        ),
    ),
    "keypoint_uncertainty": (
        {"x": real(3, 2, 4), "log_sigma": real(4, 2), "log_tau": real(2), "y": real(3, 4, 2)},
        {},
        lambda x, log_sigma, log_tau, y: (
            -stats.norm.logpdf(x.swapaxes(1, 2), y, np.exp(log_sigma + log_tau)) - np.log(2 * np.pi) / 2
        ).sum((1, 2)),
    ),
    "multi_quantile": (
        {"pred": real(4, 3), "target": real(4), "tau": np.array([0.1, 0.5, 0.9])},
        {"strength": 0.5},
        lambda pred, target, tau, strength: (
            (np.where(target[:, None] > pred, tau, tau - 1) * (target[:, None] - pred)).mean(1)
            + strength * (np.maximum(0, -np.diff(pred, axis=1)) ** 2).sum(1)
        ),
    ),
    "proxy_anchor": ({"x": real(5, 3), "proxy": real(4, 3), "y": np.array([0, 2, 2, 3, 0])}, {"a": 8}, proxies),
    "zip_nll": (
        {"log_rate": real(6), "logit": real(6), "count": np.array([0.0, 1, 5, 0, 2, 9])},
        {},
        lambda log_rate, logit, count: (
            -np.log(
                special.expit(logit) * (count == 0) + special.expit(-logit) * stats.poisson.pmf(count, np.exp(log_rate))
            )
        ),
    ),
}


def test_there_are_enough_and_every_one_has_a_reference() -> None:
    assert len(FILES) >= 18
    assert set(FILES) == set(REFERENCES)
    shipped = {file.stem for file in (ROOT / "specs").rglob("*.yaml")}
    assert not shipped & set(FILES)


def test_the_language_is_stressed() -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in FILES.values())
    for construct in (
        "erf(", "lgamma(", "digamma(", "atan(", "acos(", "cos(", "cumsum[", "sort[", "rank[", "stop_gradient(",
        "clamp(", "where(", "axes: []", "differentiate:", "terms:", "size: 4", "like ", "span: many", "iou(",
        "bce_with_logits(", "huber(", "boolean", "logsumexp[j, ", "norm[n]", "xlogy(", "pi", " and ",
        "constraints:", "max[a]", "h + 1", "w - 1",
    ):  # fmt: skip
        assert construct in text, construct


@pytest.mark.parametrize("name", FILES)
def test_value_against_an_independent_formula(name: str) -> None:
    inputs, parameters, reference = REFERENCES[name]
    spec = LIBRARY.read(FILES[name])
    assert list(inputs) == [tensor.name for tensor in spec.inputs]
    arrays = {key: array if np.ndim(array) else float(array) for key, array in inputs.items()}
    found = evaluate_adaptively(spec.program, {}, arrays, parameters)
    expected = reference(**inputs, **parameters)
    expected = expected if isinstance(expected, dict) else {"value": expected}
    assert set(found) == set(expected)
    for term, values in found.items():
        numbers = np.array([float(values[index]) for index in sorted(values)])
        np.testing.assert_allclose(numbers, np.atleast_1d(expected[term]), rtol=2e-11, atol=0)


#: Their gradient leaves out, by declaration, a factor that differences see.
STOPPED = {"beta_nll", "ciou", "circle_loss"}


@pytest.mark.parametrize("name", sorted(set(FILES) - STOPPED))
def test_derived_gradient_against_differences(name: str) -> None:
    """The derived gradient is that of the textbook program, by central differences at 300 bits."""
    inputs, parameters, _ = REFERENCES[name]
    spec = LIBRARY.read(FILES[name])
    arrays = {key: array if np.ndim(array) else float(array) for key, array in inputs.items()}
    interpreter = Interpreter(spec.program)
    gradient = derive(spec.program, spec.differentiate).gradient
    counts = {term: len(values) for term, values in interpreter.evaluate({}, arrays, parameters).items()}
    seeds = {
        tensor.name: np.ones(counts[tensor.name.removeprefix("_seed_") if len(counts) > 1 else "value"])
        if tensor.axes
        else 1.0
        for tensor in gradient.tensors.values()
        if tensor.role == "seed"
    }
    derived = evaluate_adaptively(gradient, {}, {**arrays, **seeds}, parameters)

    def total(moved: Arrays, settings: Mapping[str, Any]) -> Any:
        found = interpreter.evaluate({}, moved, settings, precision=300)
        return mp.fsum(number for values in found.values() for number in values.values())

    compared = 0
    with mp.workprec(300):
        step = mpf(2) ** -90
        for key, values in derived.items():
            variable = key.removeprefix("grad ")
            if variable == key:
                continue
            for index, slope in values.items():
                sides = []
                for sign in (1, -1):
                    if variable in arrays:
                        array = np.array(arrays[variable], dtype=object)
                        array[index] = mpf(array[index]) + sign * step
                        sides.append(total({**arrays, variable: array.tolist()}, parameters))
                    else:
                        point = {**parameters, variable: mpf(parameters[variable]) + sign * step}
                        sides.append(total(arrays, point))
                expected = (sides[0] - sides[1]) / (2 * step)
                assert abs(slope - expected) <= mpf(10) ** -25 * abs(expected), (key, index)
                compared += 1
    assert compared


@pytest.mark.parametrize("file", UNSUPPORTED, ids=lambda file: file.stem)
def test_what_is_not_supported_is_named(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    expected = first.removeprefix("# expected error: ")
    assert expected != first
    with pytest.raises(SpecError, match=expected):
        LIBRARY.read(file)


def test_ndcg_reference_is_scikit_learns() -> None:
    """The hard limit of the sigmoid ranks, where the scores are far apart."""
    scores, grades = np.array([[5.0, 1.0, 3.0, -2.0]]), np.array([[1.0, 3.0, 0.0, 2.0]])
    found = evaluate_adaptively(
        LIBRARY.read(FILES["approx_ndcg"]).program, {}, {"s": scores, "y": grades}, {"temperature": 0.01}
    )
    assert float(found["value"][(0,)]) == pytest.approx(1 - ndcg_score(2**grades - 1, scores), rel=1e-12)


def test_poisson_deviance_is_scikit_learns() -> None:
    """Twice the difference between the negative log-likelihood and that of the saturated model."""
    count, rate = np.array([1.0, 3.0, 2.0]), np.array([0.5, 4.0, 2.5])
    program = LIBRARY.read(FILES["poisson_nll"]).program

    def nll(means: np.ndarray) -> float:
        found = evaluate_adaptively(program, {}, {"log_rate": np.log(means), "count": count})
        return sum(map(float, found["value"].values()))

    assert 2 * (nll(rate) - nll(count)) / 3 == pytest.approx(mean_poisson_deviance(count, rate), rel=1e-12)
