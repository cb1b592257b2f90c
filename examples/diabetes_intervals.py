"""Prediction intervals on scikit-learn's diabetes data: two quantile regressions, coverage on held-out patients.

A linear model for the 5 % and one for the 95 % quantile give an interval that should hold nine patients of ten. The
pinball loss has a kink at every observation, so it is minimised by subgradient steps that shrink, and the result is
held against scikit-learn's QuantileRegressor, which solves the same problem exactly by linear programming.
"""

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import QuantileRegressor
from sklearn.model_selection import KFold

import symloss

QUANTILES = (0.05, 0.95)
STEPS = 4000


def fit(inputs, targets, tau):
    """Coefficients of the linear tau-quantile, in the units of the targets' spread."""
    loss = symloss.load("quantile")
    coefficients = np.zeros(inputs.shape[1])
    best, lowest = coefficients, np.inf
    for step in range(STEPS):
        value, slope = loss.value_and_grad(inputs @ coefficients, targets, tau=tau)
        if value < lowest:
            best, lowest = coefficients, value
        coefficients = coefficients - 0.5 / np.sqrt(1 + step) * (inputs.T @ slope)
    return best, lowest


def main():
    """Coverage and width of the intervals in five-fold cross-validation, and the excess over the exact minimum."""
    inputs, targets = load_diabetes(return_X_y=True)
    # Whitened inputs, so that one step size suits all directions; quantile regression does not mind.
    inputs = inputs - inputs.mean(axis=0)
    inputs = np.sqrt(len(inputs)) * np.linalg.svd(inputs, full_matrices=False)[0]
    inputs = np.column_stack([inputs, np.ones(len(inputs))])
    centre, spread = targets.mean(), targets.std()
    scaled = (targets - centre) / spread

    below, above, excess = [], [], []
    width = np.empty(len(targets))
    for train, test in KFold(5, shuffle=True, random_state=0).split(inputs):
        edges = []
        for tau in QUANTILES:
            coefficients, reached = fit(inputs[train], scaled[train], tau)
            edges.append(inputs[test] @ coefficients)
            exact = QuantileRegressor(quantile=tau, alpha=0, fit_intercept=False).fit(inputs[train], scaled[train])
            least = symloss.load("quantile")(exact.predict(inputs[train]), scaled[train], tau=tau)
            excess.append(reached / least - 1)
        below.append(scaled[test] < edges[0])
        above.append(scaled[test] > edges[1])
        width[test] = edges[1] - edges[0]
    below, above = np.concatenate(below), np.concatenate(above)
    return {
        "coverage": 1 - np.mean(below | above),
        "below": below.mean(),
        "above": above.mean(),
        "width": width.mean() * spread,
        "range": np.ptp(targets),
        "excess": max(excess),
        "least_excess": min(excess),
    }


if __name__ == "__main__":
    figures = main()
    print(f"held-out patients inside the 90 % interval  {figures['coverage']:.1%}")
    print(f"below the lower edge  {figures['below']:.1%}, above the upper edge  {figures['above']:.1%}")
    print(f"mean width  {figures['width']:.0f} of a range of {figures['range']:.0f}")
    print(f"pinball loss over the exact minimum  {figures['excess']:.1e} at most")
