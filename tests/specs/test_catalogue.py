"""Every name of the catalogue has a specification whose public interface is the catalogue's, transcribed here by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
FIXTURES = ROOT / "tests" / "fixtures"

P, T, C = "prediction", "target", "coefficient"
REAL, POSITIVE, NONNEGATIVE = "real", "positive", "nonnegative"
UNIT, OPEN, BINARY = "[0,1]", "(0,1)", "{0,1}"

PAIR = [("pred", P, 1, REAL), ("target", T, 1, REAL)]
ROW = [("z", P, 2, REAL), ("y", T, 1, "index(k)")]
BOX = [("pred", P, 2, REAL), ("target", T, 2, REAL)]
MASK = [("p", P, 2, UNIT), ("y", T, 2, UNIT)]
TRIPLE = [(name, P, 2, REAL) for name in ("anchor", "positive", "negative")]
SCORES = [("s_pos", P, 1, REAL), ("s_neg", P, 1, REAL)]
LATENT = [("mu", P, 2, REAL), ("logvar", P, 2, REAL)]
STEP = [("alpha", C, 1, OPEN), ("alpha_bar", C, 1, OPEN), ("sigma2", C, 1, POSITIVE)]
CRITIC = [("f_real", P, 1, REAL), ("f_fake", P, 1, REAL)]
NOISE = [("eps_hat", P, 2, REAL), ("eps", T, 2, REAL)]

#: name → (family, [(input, role, number of axes, domain)] in order, {parameter: (default, domain)}).
CATALOGUE: dict[str, tuple[str, list[tuple[str, str, int, str]], dict[str, tuple[str, str]]]] = {
    "mse": ("regression", PAIR, {}),
    "mae": ("regression", PAIR, {}),
    "huber": ("regression", PAIR, {"delta": ("1", POSITIVE)}),
    "smooth_l1": ("regression", PAIR, {"beta": ("1", NONNEGATIVE)}),
    "log_cosh": ("regression", PAIR, {}),
    "quantile": ("regression", PAIR, {"tau": ("0.5", OPEN)}),
    "bce": ("classification", [("p", P, 1, UNIT), ("y", T, 1, UNIT)], {}),
    "bce_with_logits": (
        "classification",
        [("z", P, 1, REAL), ("y", T, 1, UNIT), ("pos_weight", C, 1, POSITIVE)],
        {},
    ),
    "softmax_cross_entropy": ("classification", [*ROW, ("class_weight", C, 1, NONNEGATIVE)], {}),
    "softmax_cross_entropy_soft": ("classification", [("z", P, 2, REAL), ("y", T, 2, "simplex(k)")], {}),
    "sigmoid_cross_entropy": ("classification", [("z", P, 2, REAL), ("y", T, 2, UNIT)], {}),
    "label_smoothing": ("classification", ROW, {"epsilon": ("0.1", "[0,1)")}),
    "focal": (
        "classification",
        [("z", P, 1, REAL), ("y", T, 1, BINARY)],
        {"alpha": ("0.25", UNIT), "gamma": ("2", NONNEGATIVE)},
    ),
    "focal_multiclass": ("classification", ROW, {"gamma": ("2", NONNEGATIVE)}),
    "hinge": ("classification", [("score", P, 1, REAL), ("y", T, 1, "{-1,1}")], {"margin": ("1", POSITIVE)}),
    "iou": ("vision", BOX, {}),
    "giou": ("vision", BOX, {}),
    "dice": ("vision", MASK, {"smooth": ("1", NONNEGATIVE)}),
    "dice_bce": ("vision", MASK, {"lam": ("0.5", UNIT), "smooth": ("1", NONNEGATIVE)}),
    "contrastive": (
        "representation",
        [("a", P, 2, REAL), ("b", P, 2, REAL), ("y", T, 1, BINARY)],
        {"margin": ("1", POSITIVE)},
    ),
    "triplet": ("representation", TRIPLE, {"margin": ("1", POSITIVE)}),
    "triplet_margin": ("representation", TRIPLE, {"margin": ("1", POSITIVE)}),
    "info_nce": ("representation", [("u", P, 2, REAL), ("v", P, 2, REAL)], {"tau": ("0.07", POSITIVE)}),
    "nt_xent": ("representation", [("z", P, 2, REAL)], {"tau": ("0.5", POSITIVE)}),
    "pairwise_hinge": ("ranking", SCORES, {"margin": ("1", NONNEGATIVE)}),
    "pairwise_logistic": ("ranking", SCORES, {}),
    "listnet": ("ranking", [("s", P, 2, REAL), ("y", T, 2, REAL), ("valid", C, 2, "boolean")], {}),
    "reconstruction_gaussian": ("autoencoder", [("x_hat", P, 2, REAL), ("x", T, 2, REAL)], {}),
    "reconstruction_bernoulli": ("autoencoder", [("logits", P, 2, REAL), ("x", T, 2, UNIT)], {}),
    "kl_divergence": ("autoencoder", [("p", P, 2, "simplex(k)"), ("q", P, 2, "simplex(k)")], {}),
    "kl_gaussian": ("autoencoder", [(name, P, 2, REAL) for name in ("mu1", "logvar1", "mu2", "logvar2")], {}),
    "kl_standard_normal": ("autoencoder", LATENT, {}),
    "vae_gaussian": (
        "autoencoder",
        [("reconstruction", P, 2, REAL), *LATENT, ("x", T, 2, REAL)],
        {"beta": ("1", NONNEGATIVE)},
    ),
    "vae_bernoulli": (
        "autoencoder",
        [("reconstruction", P, 2, REAL), *LATENT, ("x", T, 2, UNIT)],
        {"beta": ("1", NONNEGATIVE)},
    ),
    "gan_discriminator": ("gan", [("d_real", P, 1, REAL), ("d_fake", P, 1, REAL)], {}),
    "gan_generator_minimax": ("gan", [("d_fake", P, 1, REAL)], {}),
    "gan_generator_nonsaturating": ("gan", [("d_fake", P, 1, REAL)], {}),
    "wgan_critic": ("gan", CRITIC, {}),
    "wgan_generator": ("gan", [("f_fake", P, 1, REAL)], {}),
    "gradient_penalty": ("gan", [("g", P, 2, REAL)], {"lam": ("10", NONNEGATIVE)}),
    "wgan_gp_critic": ("gan", [*CRITIC, ("g", P, 2, REAL)], {"lam": ("10", NONNEGATIVE)}),
    "noise_prediction": ("diffusion", NOISE, {}),
    "diffusion_posterior_kl": (
        "diffusion",
        [("mu_theta", P, 2, REAL), ("x0", T, 2, REAL), ("xt", T, 2, REAL), *STEP],
        {},
    ),
    "diffusion_vlb": ("diffusion", [*NOISE, *STEP], {}),
}
OPTIONAL = {("bce_with_logits", "pos_weight"): "1", ("softmax_cross_entropy", "class_weight"): "1"}
TERMS = {
    "gan_discriminator": ["real", "fake"],
    "wgan_critic": ["real", "fake"],
    "wgan_gp_critic": ["real", "fake", "penalty"],
}
#: Losses whose sample axis takes all remaining dimensions.
SPANS = {"dice", "dice_bce", "reconstruction_gaussian", "gradient_penalty", "noise_prediction"}
KEY_ORDER = (
    "symloss name title axes inputs parameters constraints define slopes value terms differentiate "
    "claims references doc"
).split()


def raw(name: str) -> Any:
    """The YAML of one specification as plain objects, read without the compiler."""
    file = SPECS / CATALOGUE[name][0] / f"{name}.yaml"
    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))


def compact(domain: str) -> str:
    return "".join(str(domain).split())


def test_the_catalogue_is_exactly_the_specs() -> None:
    assert len(CATALOGUE) == 44
    found = {(file.parent.name, file.stem) for file in SPECS.rglob("*.yaml")}
    assert found == {(family, name) for name, (family, _, _) in CATALOGUE.items()}


@pytest.mark.parametrize("name", CATALOGUE)
def test_interface(name: str) -> None:
    spec = raw(name)
    _, inputs, parameters = CATALOGUE[name]
    assert spec["symloss"] == 1
    assert spec["name"] == name
    assert [
        (key, entry["role"], len(entry["axes"]), compact(entry["domain"])) for key, entry in spec["inputs"].items()
    ] == [(key, role, rank, compact(domain)) for key, role, rank, domain in inputs]
    found = {key: (str(entry["default"]), compact(entry["domain"])) for key, entry in spec.get("parameters", {}).items()}
    assert found == parameters
    assert list(found) == list(parameters)
    optional = {(name, key): str(entry["optional"]) for key, entry in spec["inputs"].items() if "optional" in entry}
    assert optional == {key: value for key, value in OPTIONAL.items() if key[0] == name}
    assert list(spec.get("terms", [])) == TERMS.get(name, [])
    assert ("value" in spec) == (name not in TERMS)


@pytest.mark.parametrize("name", CATALOGUE)
def test_documentation(name: str) -> None:
    spec = raw(name)
    assert list(spec) == [key for key in KEY_ORDER if key in spec]
    assert spec["title"]
    assert spec["doc"]
    for entry in (*spec["inputs"].values(), *spec.get("parameters", {}).values()):
        assert entry["doc"]
    assert spec["references"]
    for reference in spec["references"]:
        assert {"authors", "title", "venue", "year"} <= set(reference)
        assert 1800 < int(reference["year"]) < 2027


@pytest.mark.parametrize("name", CATALOGUE)
def test_spans(name: str) -> None:
    spans = [axis for axis in raw(name)["axes"].values() if isinstance(axis, dict) and axis.get("span") == "many"]
    if name in SPANS:
        assert len(spans) == 1


def test_boxes_are_constrained_and_four_wide() -> None:
    for name in ("iou", "giou"):
        spec = raw(name)
        assert [axis["size"] for axis in spec["axes"].values() if isinstance(axis, dict)] == [4]
        assert [compact(text) for text in spec["constraints"]] == [
            f"{box}[n,{low}]<{box}[n,{low + 2}]" for box in ("pred", "target") for low in (0, 1)
        ]


def test_diffusion_coefficients_are_ordered() -> None:
    for name in ("diffusion_posterior_kl", "diffusion_vlb"):
        assert [compact(text) for text in raw(name)["constraints"]] == ["alpha_bar[n]<alpha[n]"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_claims(name: str) -> None:
    claims = raw(name)["claims"]
    assert claims
    assert all(isinstance(claim, dict) for claim in claims)
    texts = [json.dumps(claim, sort_keys=True) for claim in claims]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", CATALOGUE)
def test_fixture(name: str) -> None:
    file = FIXTURES / f"{name}.json"
    assert file.stat().st_size < 4096
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["loss"] == name
    assert record["cases"]
    spec = raw(name)
    for case in record["cases"]:
        assert list(case["inputs"]) == [key for key in spec["inputs"] if key in case["inputs"]]
        missing = set(spec["inputs"]) - set(case["inputs"])
        assert all("optional" in spec["inputs"][key] for key in missing)
        assert set(case["parameters"]) <= set(spec.get("parameters", {}))
        assert case["peer"]
        assert case["call"]
        assert case["kind"] in ("library", "composition", "formula")
        assert 0 < case["tolerance"] <= 1e-11
        assert case["reason"]
