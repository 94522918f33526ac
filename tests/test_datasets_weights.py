"""The reader of PyTorch's files: it gives the right numbers, and runs nothing that a file names."""

import pickle

import numpy as np
import pytest

from ecomlab.datasets.torch_weights import (
    MAGIC_NUMBER,
    PROTOCOL,
    WeightsFileError,
    read_torch_weights,
)

NUMBERS = np.arange(12, dtype="<f4")
HEAD = [MAGIC_NUMBER, PROTOCOL, {"little_endian": True}]


def tensor(shape, strides, offset=0, kind="FloatStorage", length=12, key="a"):
    """Write what a file says of a tensor, in pickle's own words."""
    sizes, steps = ("(" + "".join(f"I{n}\n" for n in numbers) + "t" for numbers in (shape, strides))
    storage = f"(Vstorage\nctorch\n{kind}\nV{key}\nVcpu\nI{length}\nNtQ"
    rest = f"I{offset}\n{sizes}{steps}I00\nccollections\nOrderedDict\n)R"
    return f"ctorch._utils\n_rebuild_tensor_v2\n({storage}{rest}tR"


def dict_of(**values):
    """Write an ordered dict."""
    return (
        "ccollections\nOrderedDict\n)R(" + "".join(f"V{k}\n{v}" for k, v in values.items()) + "u."
    )


@pytest.fixture
def file_of(tmp_path):
    """Write a file as PyTorch did before version 1.6, with any dict and head."""

    def write(values, numbers=NUMBERS, head=HEAD):
        parts = [part if isinstance(part, bytes) else pickle.dumps(part, 2) for part in head]
        parts += [values.encode(), pickle.dumps(["a"], 2)]
        parts += [len(numbers).to_bytes(8, "little"), numbers.tobytes()]
        path = tmp_path / "weights.pth"
        path.write_bytes(b"".join(parts))
        return path

    return write


def test_strides_and_offsets_are_honoured(file_of):
    values = {
        "rows": tensor((3, 4), (4, 1)),
        "columns": tensor((4, 3), (1, 4)),
        "part": tensor((2, 2), (4, 1), offset=5),
        "one": tensor((), (), offset=7),
    }
    read = read_torch_weights(file_of(dict_of(**values)))
    assert list(read) == list(values)
    np.testing.assert_array_equal(read["rows"], NUMBERS.reshape(3, 4))
    np.testing.assert_array_equal(read["columns"], NUMBERS.reshape(3, 4).T)
    assert read["part"].tolist() == [[5, 6], [9, 10]]
    assert read["one"] == 7
    assert all(a.flags.c_contiguous and a.flags.writeable for a in read.values())


def test_integers_are_read_as_such(file_of):
    values = dict_of(counter=tensor((2,), (1,), kind="LongStorage", length=2))
    assert read_torch_weights(file_of(values, np.array([3, -4])))["counter"].tolist() == [3, -4]


CALLS = [
    "cos\nsystem\n(Vtouch {path}\ntR",
    "cbuiltins\neval\n(Vopen('{path}', 'w')\ntR",
    "cbuiltins\ngetattr\n(cos\npath\nVjoin\ntR",
    "ctorch._utils\n_import_dotted_name\n(Vos.system\ntR",
    "ctorch\nHalfStorage\n",
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("place", ["head", "value"])
def test_a_name_that_weights_do_not_need_is_refused(file_of, tmp_path, call, place):
    trace = tmp_path / "it_ran"
    call = call.format(path=trace)
    path = (
        file_of(dict_of(w=call))
        if place == "value"
        else file_of(dict_of(), head=[f"{call}.".encode(), *HEAD[1:]])
    )
    with pytest.raises(WeightsFileError, match="refused"):
        read_torch_weights(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "values",
    [
        dict_of(w=tensor((13,), (1,))),
        dict_of(w=tensor((3, 4), (5, 1))),
        dict_of(w=tensor((2,), (1,), offset=-1)),
        dict_of(w=tensor((2,), (-1,), offset=3)),
        dict_of(w=tensor((100, 100), (0, 0))),
        dict_of(w=tensor((2,), (1, 1))),
        dict_of(w=tensor((2,), (1,), length=13)),
        dict_of(w=tensor((2,), (1,), key="b")),
        dict_of(w="I1\n"),
        "I1\n.",
    ],
)
def test_what_is_no_sound_tensor_is_refused(file_of, values):
    with pytest.raises(WeightsFileError):
        read_torch_weights(file_of(values))


def test_a_damaged_file_or_another_one_is_refused(file_of, tmp_path):
    path = file_of(dict_of(w=tensor((3, 4), (4, 1))))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightsFileError):
            read_torch_weights(path)
    for head in ([1, *HEAD[1:]], [*HEAD[:2], {"little_endian": False}], [b"PK\x03\x04"]):
        with pytest.raises(WeightsFileError):
            read_torch_weights(file_of(dict_of(), head=head))
