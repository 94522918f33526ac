"""Fashion-MNIST: product photos of ten classes."""

from typing import NamedTuple

from .loading import files_of

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


class FashionMnist(NamedTuple):
    """Images and labels of the two splits; see `load_fashion_mnist`."""

    x_train: "np.ndarray"  # noqa: F821 - NumPy is imported when data are loaded
    y_train: "np.ndarray"  # noqa: F821
    x_test: "np.ndarray"  # noqa: F821
    y_test: "np.ndarray"  # noqa: F821


def load_fashion_mnist(size="full"):
    """Load the product photos, split as published.

    Parameters
    ----------
    size : {"full", "sample"}
        All 60,000 + 10,000 photos, or 4,000 + 1,000 of them that lie in the project.

    Returns
    -------
    FashionMnist
        A named tuple of four arrays of uint8:

        - ``x_train`` (60000, 28, 28): grey levels, 0 is background and 255 is darkest cloth
        - ``y_train`` (60000,): labels 0 to 9, named by `FASHION_CLASSES`
        - ``x_test`` (10000, 28, 28) and ``y_test`` (10000,): the same

    Notes
    -----
    Source: Zalando Research, MIT licence. Every class has 6,000 training and 1,000 test
    photos (sample: 400 and 100).

    Known traps: the values are integers from 0 to 255, so scale them; there is no channel
    axis, so a convolution needs ``x[..., None]``; subtracting arrays of uint8 wraps around.

    Examples
    --------
    >>> photos = load_fashion_mnist(size="sample")
    >>> photos.x_train.shape
    (4000, 28, 28)
    """
    from .idx import read_idx

    paths = files_of("fashion_mnist", size)
    return FashionMnist(
        x_train=read_idx(paths["train-images-idx3-ubyte"]),
        y_train=read_idx(paths["train-labels-idx1-ubyte"]),
        x_test=read_idx(paths["t10k-images-idx3-ubyte"]),
        y_test=read_idx(paths["t10k-labels-idx1-ubyte"]),
    )
