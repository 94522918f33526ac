"""Seeds, and the wait at the end of a pass that set_seed switches off."""

import inspect
import random
import sys
from types import ModuleType

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # TensorFlow alone takes ten seconds to import


@pytest.fixture
def array_batches():
    """Return a function that reads arrays as Keras' fit does, and the method behind it."""
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    from ecomlab.seeds import set_seed

    set_seed(1)
    x = np.arange(20.0, dtype="float32")[:, None]

    def batches(shuffle):
        return ArrayDataAdapter(x, x, batch_size=8, shuffle=shuffle).get_tf_dataset()

    return batches, ArrayDataAdapter.get_tf_dataset


def test_the_private_door_of_keras_is_where_it_was():
    from ecomlab.seeds import _array_adapter

    adapter = _array_adapter()
    assert adapter is not None, "Keras has moved ArrayDataAdapter.get_tf_dataset: see seeds.py"
    assert list(inspect.signature(adapter.get_tf_dataset).parameters) == ["self"]


def test_without_that_door_seeds_are_set_all_the_same(monkeypatch):
    from ecomlab.seeds import set_seed

    monkeypatch.setitem(
        sys.modules, "keras.src.trainers.data_adapters.array_data_adapter", ModuleType("moved")
    )
    set_seed(1)
    first = random.random()
    set_seed(1)
    assert random.random() == first


def test_keras_reads_arrays_without_the_autotuner(array_batches):
    batches, _ = array_batches
    assert batches(shuffle=False).options().autotune.enabled is False


def test_a_second_seed_wraps_nothing_twice(array_batches):
    from ecomlab.seeds import set_seed

    _, first = array_batches
    set_seed(2)
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    assert ArrayDataAdapter.get_tf_dataset is first
    assert not hasattr(first.__wrapped__, "__wrapped__")


@pytest.mark.parametrize("shuffle", [False, True])
def test_without_the_autotuner_the_batches_are_the_same(array_batches, monkeypatch, shuffle):
    import keras
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    batches, wrapped = array_batches
    seen = []
    for reader in (wrapped, wrapped.__wrapped__):
        monkeypatch.setattr(ArrayDataAdapter, "get_tf_dataset", reader)
        keras.utils.set_random_seed(3)
        seen.append([x.numpy().ravel().tolist() for x, _ in batches(shuffle)])
    assert seen[0] == seen[1] and len(seen[0]) == 3
    assert sorted(np.concatenate(seen[0])) == list(range(20))


def test_the_same_seed_gives_the_same_training():
    import keras

    from ecomlab.seeds import set_seed

    x = np.random.default_rng(1).normal(size=(64, 3)).astype("float32")
    losses = []
    for _ in range(2):
        set_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
        model.compile("adam", "mse", jit_compile=False)
        losses.append(model.fit(x, x[:, :1], batch_size=16, epochs=2, verbose=0).history["loss"])
    assert losses[0] == losses[1]
