# Written by `symloss build` from the specifications; do not edit.
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, Unpack, overload

from numpy.typing import ArrayLike, NDArray

from symloss.runtime.loss import Loss

_Array: TypeAlias = NDArray[Any]
_PerTerm: TypeAlias = ArrayLike | Sequence[ArrayLike | None] | Mapping[str, ArrayLike]
_Reduced: TypeAlias = Literal["mean", "sum"]
_Any: TypeAlias = Literal["mean", "sum", "none"]

class _Options(TypedDict, total=False):
    weight: _PerTerm | None
    mask: _PerTerm | None
    normalizer: float | None
    ignore_index: int | None
    validate: bool
    threads: int | None
    axis: int | None
    deterministic: bool

__all__ = [
    "bce",
    "bce_with_logits",
    "contrastive",
    "dice",
    "dice_bce",
    "diffusion_posterior_kl",
    "diffusion_vlb",
    "focal",
    "focal_multiclass",
    "gan_discriminator",
    "gan_generator_minimax",
    "gan_generator_nonsaturating",
    "giou",
    "gradient_penalty",
    "hinge",
    "huber",
    "info_nce",
    "iou",
    "kl_divergence",
    "kl_gaussian",
    "kl_standard_normal",
    "label_smoothing",
    "listnet",
    "log_cosh",
    "mae",
    "mse",
    "noise_prediction",
    "nt_xent",
    "pairwise_hinge",
    "pairwise_logistic",
    "quantile",
    "reconstruction_bernoulli",
    "reconstruction_gaussian",
    "sigmoid_cross_entropy",
    "smooth_l1",
    "softmax_cross_entropy",
    "softmax_cross_entropy_soft",
    "triplet",
    "triplet_margin",
    "vae_bernoulli",
    "vae_gaussian",
    "wgan_critic",
    "wgan_generator",
    "wgan_gp_critic",
]

class _Bce(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _BceWithLogits(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        pos_weight: ArrayLike | None = None,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Contrastive(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        a: ArrayLike,
        b: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Dice(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        smooth: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _DiceBce(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        p: ArrayLike,
        y: ArrayLike,
        *,
        lam: float = 0.5,
        smooth: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _DiffusionPosteriorKl(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        mu_theta: ArrayLike,
        x0: ArrayLike,
        xt: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _DiffusionVlb(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        alpha: ArrayLike,
        alpha_bar: ArrayLike,
        sigma2: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Focal(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        alpha: float = 0.25,
        gamma: float = 2.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _FocalMulticlass(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        gamma: float = 2.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _GanDiscriminator(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], _Array]: ...
    @overload
    def value_and_grad(
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        d_real: ArrayLike,
        d_fake: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _GanGeneratorMinimax(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        d_fake: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        d_fake: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        d_fake: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _GanGeneratorNonsaturating(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        d_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        d_fake: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        d_fake: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        d_fake: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Giou(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _GradientPenalty(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Hinge(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        score: ArrayLike,
        y: ArrayLike,
        *,
        margin: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Huber(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        delta: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _InfoNce(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        u: ArrayLike,
        v: ArrayLike,
        *,
        tau: float = 0.07,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        u: ArrayLike,
        v: ArrayLike,
        *,
        tau: float = 0.07,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        u: ArrayLike,
        v: ArrayLike,
        *,
        tau: float = 0.07,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        u: ArrayLike,
        v: ArrayLike,
        *,
        tau: float = 0.07,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        u: ArrayLike,
        v: ArrayLike,
        *,
        tau: float = 0.07,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        u: ArrayLike,
        v: ArrayLike,
        *,
        tau: float = 0.07,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        u: ArrayLike,
        v: ArrayLike,
        *,
        tau: float = 0.07,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        u: ArrayLike,
        v: ArrayLike,
        *,
        tau: float = 0.07,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def hvp(  # type: ignore[override]
        self,
        u: ArrayLike,
        v_: ArrayLike,
        /,
        *,
        tau: float = 0.07,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        u: ArrayLike,
        v: ArrayLike,
        *,
        tau: float = 0.07,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Iou(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _KlDivergence(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        p: ArrayLike,
        q: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _KlGaussian(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array, _Array, _Array], tuple[_Array, _Array, _Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array, _Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        mu1: ArrayLike,
        logvar1: ArrayLike,
        mu2: ArrayLike,
        logvar2: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _KlStandardNormal(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        mu: ArrayLike,
        logvar: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _LabelSmoothing(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        epsilon: float = 0.1,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Listnet(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        s: ArrayLike,
        y: ArrayLike,
        valid: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _LogCosh(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Mae(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Mse(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _NoisePrediction(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        eps_hat: ArrayLike,
        eps: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _NtXent(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        z: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        z: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        z: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def hvp(  # type: ignore[override]
        self,
        z: ArrayLike,
        *,
        tau: float = 0.5,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        z: ArrayLike,
        *,
        tau: float = 0.5,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _PairwiseHinge(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        margin: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _PairwiseLogistic(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        s_pos: ArrayLike,
        s_neg: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Quantile(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        tau: float = 0.5,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _ReconstructionBernoulli(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        logits: ArrayLike,
        x: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _ReconstructionGaussian(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        x_hat: ArrayLike,
        x: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _SigmoidCrossEntropy(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _SmoothL1(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        beta: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _SoftmaxCrossEntropy(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        class_weight: ArrayLike | None = None,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _SoftmaxCrossEntropySoft(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        z: ArrayLike,
        y: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _Triplet(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array, _Array], tuple[_Array, _Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _TripletMargin(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array, _Array], tuple[_Array, _Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        margin: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _VaeBernoulli(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array, _Array], tuple[_Array, _Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _VaeGaussian(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array, _Array], tuple[_Array, _Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        reconstruction: ArrayLike,
        mu: ArrayLike,
        logvar: ArrayLike,
        x: ArrayLike,
        *,
        beta: float = 1.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _WganCritic(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], _Array]: ...
    @overload
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array], tuple[_Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _WganGenerator(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        f_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        f_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> _Array: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        f_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        f_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        f_fake: ArrayLike,
        *,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        f_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        f_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        f_fake: ArrayLike,
        *,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        f_fake: ArrayLike,
        *,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array]: ...
    def hvp(  # type: ignore[override]
        self,
        f_fake: ArrayLike,
        *,
        v: ArrayLike,
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> _Array: ...
    def hessian(  # type: ignore[override]
        self,
        f_fake: ArrayLike,
        *,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

class _WganGpCritic(Loss):
    @overload  # type: ignore[override]
    def __call__(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: _Reduced = "mean",
        **options: Unpack[_Options],
    ) -> float: ...
    @overload
    def __call__(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: Literal["none"],
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array, _Array]: ...
    @overload  # type: ignore[override]
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: _Reduced = "mean",
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: _Reduced = "mean",
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: _Reduced = "mean",
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[float, tuple[_Array, ...]]: ...
    @overload
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: Literal["none"],
        wrt: None = None,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array, _Array], tuple[_Array, _Array, _Array]]: ...
    @overload
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: Literal["none"],
        wrt: str,
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array, _Array], _Array]: ...
    @overload
    def value_and_grad(
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: Literal["none"],
        wrt: tuple[str, ...],
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array, _Array], tuple[_Array, ...]]: ...
    def grad_hess_diag(  # type: ignore[override]
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        reduction: _Any = "sum",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[tuple[_Array, _Array, _Array], tuple[_Array, _Array, _Array]]: ...
    def hvp(  # type: ignore[override]
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        v: Sequence[ArrayLike],
        reduction: _Any = "mean",
        out: Any = None,
        **options: Unpack[_Options],
    ) -> tuple[_Array, _Array, _Array]: ...
    def hessian(  # type: ignore[override]
        self,
        f_real: ArrayLike,
        f_fake: ArrayLike,
        g: ArrayLike,
        *,
        lam: float = 10.0,
        cross: bool = False,
        reduction: _Any = "mean",
        **options: Unpack[_Options],
    ) -> Any: ...

bce: _Bce
bce_with_logits: _BceWithLogits
contrastive: _Contrastive
dice: _Dice
dice_bce: _DiceBce
diffusion_posterior_kl: _DiffusionPosteriorKl
diffusion_vlb: _DiffusionVlb
focal: _Focal
focal_multiclass: _FocalMulticlass
gan_discriminator: _GanDiscriminator
gan_generator_minimax: _GanGeneratorMinimax
gan_generator_nonsaturating: _GanGeneratorNonsaturating
giou: _Giou
gradient_penalty: _GradientPenalty
hinge: _Hinge
huber: _Huber
info_nce: _InfoNce
iou: _Iou
kl_divergence: _KlDivergence
kl_gaussian: _KlGaussian
kl_standard_normal: _KlStandardNormal
label_smoothing: _LabelSmoothing
listnet: _Listnet
log_cosh: _LogCosh
mae: _Mae
mse: _Mse
noise_prediction: _NoisePrediction
nt_xent: _NtXent
pairwise_hinge: _PairwiseHinge
pairwise_logistic: _PairwiseLogistic
quantile: _Quantile
reconstruction_bernoulli: _ReconstructionBernoulli
reconstruction_gaussian: _ReconstructionGaussian
sigmoid_cross_entropy: _SigmoidCrossEntropy
smooth_l1: _SmoothL1
softmax_cross_entropy: _SoftmaxCrossEntropy
softmax_cross_entropy_soft: _SoftmaxCrossEntropySoft
triplet: _Triplet
triplet_margin: _TripletMargin
vae_bernoulli: _VaeBernoulli
vae_gaussian: _VaeGaussian
wgan_critic: _WganCritic
wgan_generator: _WganGenerator
wgan_gp_critic: _WganGpCritic
