"""Multinomial logistic regression on scikit-learn's digits, by two SciPy optimisers.

The model is linear, ``z = X W + b``, so by the chain rule all that an optimiser asks for comes from the loss at the
logits: the gradient is ``X' G`` with G from ``value_and_grad``, the Hessian times a direction V is ``X' H (X V)``, for
which ``hvp`` gives ``H (X V)``. Both optimisers must reach the optimum that scikit-learn's LogisticRegression finds.
"""

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import symloss

INVERSE_PENALTY = 1.0


class Objective:
    """Mean cross entropy plus ``|W|^2 / (2 C n)`` over flat coefficients, the last row of which is the intercept."""

    def __init__(self, inputs, labels):
        self.loss = symloss.load("softmax_cross_entropy")
        self.inputs = np.column_stack([inputs, np.ones(len(inputs))])
        self.labels = labels
        self.shape = self.inputs.shape[1], labels.max() + 1
        self.penalty = np.full((self.shape[0], 1), 1 / (INVERSE_PENALTY * len(inputs)))
        self.penalty[-1] = 0  # the intercept is free

    def value_and_grad(self, flat):
        """The objective and its gradient."""
        weights = flat.reshape(self.shape)
        value, slope = self.loss.value_and_grad(self.inputs @ weights, self.labels)
        gradient = self.inputs.T @ slope + self.penalty * weights
        return value + 0.5 * np.sum(self.penalty * weights**2), gradient.ravel()

    def gradient(self, flat):
        """The gradient alone, which Newton-CG asks for separately."""
        return self.value_and_grad(flat)[1]

    def hessian_product(self, flat, direction):
        """The Hessian times a direction."""
        weights, direction = flat.reshape(self.shape), direction.reshape(self.shape)
        curved = self.loss.hvp(self.inputs @ weights, self.labels, v=self.inputs @ direction)
        return (self.inputs.T @ curved + self.penalty * direction).ravel()


def main():
    """The optimum by each optimiser against scikit-learn's: relative excess, distance of coefficients, accuracy."""
    images, labels = load_digits(return_X_y=True)
    images = images / 16
    objective = Objective(images, labels)
    start = np.zeros(objective.shape).ravel()

    judge = LogisticRegression(C=INVERSE_PENALTY, tol=1e-10, max_iter=10_000).fit(images, labels)
    reference = np.vstack([judge.coef_.T, judge.intercept_])
    optimum = objective.value_and_grad(reference.ravel())[0]

    runs = {
        "L-BFGS": minimize(
            objective.value_and_grad,
            start,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 5000, "maxfun": 10_000, "ftol": 1e-15, "gtol": 1e-9},
        ),
        "Newton-CG": minimize(
            objective.value_and_grad,
            start,
            jac=True,
            hessp=objective.hessian_product,
            method="Newton-CG",
            options={"xtol": 1e-10},
        ),
    }
    figures = {}
    for name, run in runs.items():
        weights = run.x.reshape(objective.shape)
        # A constant added to all intercepts changes nothing, so they are compared without it.
        difference = weights - reference
        difference[-1] -= difference[-1].mean()
        figures[name] = {
            "objective": run.fun,
            "excess": (run.fun - optimum) / optimum,
            "distance": np.linalg.norm(difference) / np.linalg.norm(reference),
            "accuracy": np.mean((objective.inputs @ weights).argmax(axis=1) == labels),
            "iterations": run.nit,
        }
    return {"scikit-learn": optimum, **figures}


if __name__ == "__main__":
    results = main()
    print(f"objective at scikit-learn's optimum  {results.pop('scikit-learn'):.10f}")
    for optimiser, found in results.items():
        print(
            f"{optimiser:10} objective {found['objective']:.10f}  relative excess {found['excess']:+.1e}  "
            f"distance of coefficients {found['distance']:.1e}  accuracy {found['accuracy']:.3f}  "
            f"{found['iterations']} iterations"
        )
