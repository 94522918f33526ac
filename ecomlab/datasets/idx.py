"""Read and write IDX, the plain array format in which the Fashion-MNIST files come."""

import gzip
import struct

import numpy as np

UNSIGNED_BYTE = 0x08


def read_idx(path):
    """Return the array of an IDX file of unsigned bytes, gzip-compressed or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as stream:
        content = bytearray(stream.read())
    zeros, kind, dimensions = struct.unpack_from(">HBB", content)
    if zeros != 0 or kind != UNSIGNED_BYTE:
        raise ValueError(f"{path.name} is not an IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    # A bytearray is writable memory, so the array may be changed in place and nothing is copied.
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def idx_bytes(array):
    """Return an array of unsigned bytes as the contents of an IDX file."""
    header = struct.pack(f">HBB{array.ndim}I", 0, UNSIGNED_BYTE, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()
