"""Boosted trees on a loss of one's own: the LINEX loss, written in linex.yaml as its paper states it.

Predicting too little disease progression is taken to be much worse than predicting too much. No boosting library ships
such a loss; here XGBoost gets the gradient and the Hessian diagonal that were derived from the one YAML file. Where
XGBoost is not installed, thirty lines of Newton boosting on scikit-learn's trees take its place.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeRegressor

import symloss

ASYMMETRY = -1.5
ROUNDS, RATE, DEPTH, PENALTY, LEAF = 80, 0.1, 2, 1.0, 5.0


def xgboost_predictions(objective, inputs, targets, others):
    """Train XGBoost on an objective's gradient and Hessian diagonal; predictions for other inputs."""
    import xgboost

    data = xgboost.DMatrix(inputs, targets)
    settings = {
        "max_depth": DEPTH,
        "eta": RATE,
        "lambda": PENALTY,
        "min_child_weight": LEAF,
        "base_score": 0,
        "nthread": 1,
    }
    model = xgboost.train(settings, data, ROUNDS, obj=lambda pred, data: objective(pred, data.get_label()))
    return model.predict(xgboost.DMatrix(others))


def tree_predictions(objective, inputs, targets, others):
    """The same by Newton boosting: each tree finds regions, in each of which one Newton step is taken."""
    current, predicted = np.zeros(len(inputs)), np.zeros(len(others))
    for _ in range(ROUNDS):
        gradient, curvature = objective(current, targets)
        tree = DecisionTreeRegressor(max_depth=DEPTH, min_weight_fraction_leaf=LEAF / len(inputs), random_state=0)
        tree.fit(inputs, -gradient / curvature, sample_weight=curvature)
        leaves = tree.apply(inputs)
        steps = np.zeros(tree.tree_.node_count)
        for leaf in np.unique(leaves):
            inside = leaves == leaf
            steps[leaf] = -RATE * gradient[inside].sum() / (curvature[inside].sum() + PENALTY)
        current += steps[leaves]
        predicted += steps[tree.apply(others)]
    return predicted


def default_backend():
    """XGBoost where it is installed, scikit-learn's trees otherwise."""
    return "xgboost" if find_spec("xgboost") else "trees"


def main(backend=None):
    """Cross-validated LINEX cost of boosting on LINEX and on the squared error, and how often each predicts too little.

    Args:
        backend: "xgboost" or "trees"; by default XGBoost if it is installed.
    """
    backend = backend or default_backend()
    predictions = {"xgboost": xgboost_predictions, "trees": tree_predictions}[backend]
    linex = symloss.load(Path(__file__).with_name("linex.yaml"))
    mse = symloss.load("mse")
    objectives = {
        "linex": lambda pred, target: linex.grad_hess_diag(pred, target, a=ASYMMETRY),
        "mse": mse.grad_hess_diag,
    }

    inputs, targets = load_diabetes(return_X_y=True)
    targets = (targets - targets.mean()) / targets.std()
    inputs, targets = inputs.astype(np.float32), targets.astype(np.float32)
    held_out = {name: np.empty_like(targets) for name in objectives}
    for train, test in KFold(5, shuffle=True, random_state=0).split(inputs):
        for name, objective in objectives.items():
            held_out[name][test] = predictions(objective, inputs[train], targets[train], inputs[test])
    return {
        "backend": backend,
        **{
            name: {"cost": linex(pred, targets, a=ASYMMETRY), "too_little": np.mean(pred < targets)}
            for name, pred in held_out.items()
        },
    }


if __name__ == "__main__":
    figures = main()
    print(f"boosted by {figures.pop('backend')}; LINEX cost and predictions that are too low, on held-out patients")
    for trained_on, found in figures.items():
        print(f"trained on {trained_on:6} cost {found['cost']:.3f}   too low {found['too_little']:.1%}")
