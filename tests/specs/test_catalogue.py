"""Every name of the catalogue has a specification with the catalogue's interface, transcribed here by hand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from symloss.language import SpecLibrary

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
FIXTURES = ROOT / "tests" / "fixtures"
LIBRARY = SpecLibrary([SPECS])

P, T, C = "prediction", "target", "coefficient"
REAL, POSITIVE, NONNEGATIVE = "real", "positive", "nonnegative"
UNIT, OPEN, BINARY = "[0,1]", "(0,1)", "{0,1}"

PAIR = [("pred", P, 1, REAL), ("target", T, 1, REAL)]
ROW = [("z", P, 2, REAL), ("y", T, 1, "index(k)")]
BOX = [("pred", P, 2, "finite"), ("target", T, 2, "finite")]
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
#: The catalogue marks an axis where a family first uses it.
SPANS = {
    "dice", "dice_bce", "reconstruction_gaussian", "reconstruction_bernoulli", "vae_gaussian", "vae_bernoulli",
    "gradient_penalty", "wgan_gp_critic", "noise_prediction", "diffusion_posterior_kl", "diffusion_vlb",
}  # fmt: skip
#: The claims that the catalogue lists, by the property that states each; ! marks one that is expected to be refuted.
CLAIMS = {
    "mse": "nonnegative convex zero_iff gradient hessian lipschitz",
    "mae": "nonnegative convex zero_iff gradient lipschitz hessian",
    "huber": "nonnegative convex zero_iff lipschitz gradient smooth smooth! limit at_most at_most",
    "smooth_l1": "equals limit lipschitz",
    "log_cosh": "nonnegative convex zero_iff gradient lipschitz limit limit smooth bounds bounds at_most",
    "quantile": "nonnegative convex zero_iff gradient lipschitz equals equals",
    "bce": "nonnegative convex zero_iff zero excess",
    "bce_with_logits": "nonnegative convex gradient lipschitz hessian equals gradient bounds",
    "softmax_cross_entropy": "nonnegative convex gradient zero invariant hessian equals",
    "softmax_cross_entropy_soft": "equals excess nonnegative convex",
    "sigmoid_cross_entropy": "equals hessian nonnegative convex",
    "label_smoothing": "equals equals positive convex",
    "focal": "nonnegative equals at_most convex! strictly_convex maximum limit",
    "focal_multiclass": "equals at_most nonnegative convex!",
    "hinge": "nonnegative convex lipschitz zero_iff gradient at_least",
    "iou": "bounds zero_iff equals gradient invariant invariant invariant convex! at_most",
    "giou": "bounds at_least zero_iff positive positive positive positive invariant invariant convex!",
    "dice": "bounds zero_iff equals invariant invariant convex! bounds at_most at_most!",
    "dice_bce": "equals equals nonnegative",
    "contrastive": "nonnegative zero_iff gradient gradient convex! zero",
    "triplet": "nonnegative zero_iff zero invariant invariant convex convex convex!",
    "triplet_margin": "nonnegative zero_iff zero invariant invariant lipschitz convex!",
    "info_nce": "nonnegative convex convex! at_most zero invariant zero invariant equivariant",
    "nt_xent": "nonnegative convex convex! at_most zero invariant zero invariant equivariant invariant!",
    "pairwise_hinge": "nonnegative convex zero_iff gradient gradient invariant lipschitz",
    "pairwise_logistic": "equals nonnegative convex zero at_least",
    "listnet": "gradient invariant invariant at_least zero_iff convex invariant",
    "reconstruction_gaussian": "nonnegative convex zero_iff",
    "reconstruction_bernoulli": "nonnegative convex",
    "kl_divergence": "nonnegative zero_iff convex equals invariant! lipschitz",
    "kl_gaussian": "nonnegative zero_iff equals invariant! convex convex!",
    "kl_standard_normal": "equals nonnegative convex zero_iff",
    "vae_gaussian": "equals nonnegative",
    "vae_bernoulli": "equals nonnegative",
    "gan_discriminator": "nonnegative nonnegative convex convex argmin minimum",
    "gan_generator_minimax": "equals limit limit limit nonnegative! concave",
    "gan_generator_nonsaturating": "limit positive convex",
    "wgan_critic": "convex concave convex concave",
    "wgan_generator": "convex concave gradient",
    "gradient_penalty": "nonnegative zero_iff convex! convex invariant",
    "wgan_gp_critic": "equals equals equals",
    "noise_prediction": "nonnegative convex zero_iff",
    "diffusion_posterior_kl": "nonnegative equals equals",
    "diffusion_vlb": "equals equals positive",
}
KEY_ORDER = [
    "symloss", "name", "title", "axes", "inputs", "parameters", "constraints", "define", "slopes", "value", "terms",
    "differentiate", "accuracy", "claims", "references", "doc", "elsewhere",
]  # fmt: skip


def raw(name: str) -> Any:
    """The YAML of one specification as plain objects, read without the compiler."""
    file = SPECS / CATALOGUE[name][0] / f"{name}.yaml"
    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))


def compact(domain: str) -> str:
    return "".join(str(domain).split())


def test_the_catalogue_is_among_the_specs() -> None:
    """A further loss is one further file: it needs no entry here."""
    assert len(CATALOGUE) == 44
    files = list(SPECS.rglob("*.yaml"))
    assert {(file.parent.name, file.stem) for file in files} >= {(key[0], name) for name, key in CATALOGUE.items()}
    assert len({file.stem for file in files}) == len(files)


@pytest.mark.parametrize("name", CATALOGUE)
def test_interface(name: str) -> None:
    spec = raw(name)
    _, inputs, parameters = CATALOGUE[name]
    assert spec["symloss"] == 1
    assert spec["name"] == name
    assert [
        (key, entry["role"], len(entry["axes"]), compact(entry["domain"])) for key, entry in spec["inputs"].items()
    ] == [(key, role, rank, compact(domain)) for key, role, rank, domain in inputs]
    found = {
        key: (str(entry["default"]), compact(entry["domain"])) for key, entry in spec.get("parameters", {}).items()
    }
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
    spans = [axis.name for axis in LIBRARY.load(name).axes if axis.span]
    assert len(spans) == (name in SPANS)


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
    read = LIBRARY.load(name).claims
    assert len(read) == len(claims)
    found = Counter(claim.property + "!" * (claim.expect == "refuted") for claim in read)
    missing = Counter(CLAIMS[name].split()) - found
    assert not missing
    surplus = {key for key in found if key.endswith("!")} - set(CLAIMS[name].split())
    assert not surplus


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
