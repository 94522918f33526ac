"""Read a PyTorch file of weights without PyTorch, and without running what it may hold.

Such a file is a stream of pickles, which may name any function for the reader to call. Here
only the few names are known of which a dict of tensors is made, each stands for code of this
module, and every other one is refused.
"""

import pickle
from collections import OrderedDict
from math import prod
from typing import NamedTuple

import numpy as np

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
# What may lie in a storage, and as what NumPy reads it (little-endian, as the file says).
STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class WeightsFileError(ValueError):
    """A file is not a dict of tensors, or holds more than one needs."""


class _Tensor(NamedTuple):
    """Where the numbers of a tensor lie: in which storage, from where on, and with which steps."""

    storage: tuple  # as persistent_load gives it
    offset: int
    shape: tuple
    strides: tuple


def _rebuild_tensor(storage, offset, shape, strides, requires_grad, hooks):
    """Stand in for the function of PyTorch that makes a tensor, with its arguments."""
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    **{("torch", name): name for name in STORAGES},
}


class _Reader(pickle.Unpickler):
    """An unpickler that knows the names in ALLOWED and no others."""

    def find_class(self, module, name):
        """Return what stands for a name; PyTorch itself is never imported."""
        if (module, name) not in ALLOWED:
            raise WeightsFileError(f"the file asks for {module}.{name}: refused")
        return ALLOWED[module, name]

    def persistent_load(self, pid):
        """Return a storage's key, kind and length; its numbers follow at the end of the file."""
        word, kind, key, _, length, _ = pid
        if word != "storage" or kind not in STORAGES:
            raise WeightsFileError(f"the file names a storage of an unknown kind: {kind}")
        return key, kind, length


def read_torch_weights(path):
    """Read a dict of tensors from a PyTorch file in its older form (before version 1.6).

    Parameters
    ----------
    path : Path
        A file written by ``torch.save(model.state_dict(), path)``.

    Returns
    -------
    dict of str to array
        In the file's order, float32 or int64. A tensor may lie in its storage with any
        strides; each array is a copy in the usual order of rows.

    Raises
    ------
    WeightsFileError
        If the file is no dict of tensors, is cut off, or asks for anything else.
    """
    with path.open("rb") as stream:
        try:
            head = [_Reader(stream).load() for _ in range(2)]
            if head != [MAGIC_NUMBER, PROTOCOL]:
                raise WeightsFileError(f"{path.name} is not a PyTorch file of the older form")
            system = _Reader(stream).load()
            if not system["little_endian"]:
                raise WeightsFileError(f"{path.name} has its bytes in the other order")
            tensors, keys = _Reader(stream).load(), _Reader(stream).load()
            storages = _read_storages(stream, tensors, keys)
            return {name: _array(tensor, storages) for name, tensor in tensors.items()}
        except WeightsFileError:
            raise
        except Exception as error:  # a damaged pickle may raise nearly anything
            raise WeightsFileError(f"{path.name} is damaged: {error}") from error


def _read_storages(stream, tensors, keys):
    """Return the numbers of each storage; they stand in the order of `keys`."""
    if not all(isinstance(tensor, _Tensor) for tensor in tensors.values()):
        raise WeightsFileError("the file holds something that is no tensor")
    expected = {tensor.storage[0]: tensor.storage for tensor in tensors.values()}
    storages = {}
    for key in keys:
        _, kind, length = expected[key]
        dtype = np.dtype(STORAGES[kind])
        if int.from_bytes(stream.read(8), "little") != length:
            raise WeightsFileError("the file gives a storage two lengths")
        raw = stream.read(length * dtype.itemsize)
        if len(raw) != length * dtype.itemsize:
            raise WeightsFileError("the file is cut off")
        storages[key] = np.frombuffer(raw, dtype)
    return storages


def _array(tensor, storages):
    """Take a tensor's numbers out of its storage, and never from beyond its end."""
    numbers, steps = (
        storages[tensor.storage[0]],
        list(zip(tensor.shape, tensor.strides, strict=True)),
    )
    last = tensor.offset + sum((count - 1) * step for count, step in steps)
    sound = all(count >= 1 and step >= 0 for count, step in steps) and tensor.offset >= 0
    if not sound or last >= len(numbers) or prod(tensor.shape) > len(numbers):
        raise WeightsFileError("a tensor reaches beyond its storage")
    view = np.lib.stride_tricks.as_strided(
        numbers[tensor.offset :],
        tensor.shape,
        [step * numbers.itemsize for step in tensor.strides],
        writeable=False,
    )
    return np.array(view, order="C")
