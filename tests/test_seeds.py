"""Seeds, and what set_seed spares a training: a wait at the end of a pass, and a second trace."""

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


def test_the_door_to_keras_trainer_is_where_it_was():
    from ecomlab.seeds import _trainer

    trainer = _trainer()
    assert trainer is not None, "Keras has moved TensorFlowTrainer._maybe_symbolic_build: seeds.py"
    parameters = list(inspect.signature(trainer._maybe_symbolic_build).parameters)
    assert parameters == ["self", "iterator", "data_batch"]


def small_network(kind):
    """Return a network with all that chance and state touch, and the list of its traces."""
    import keras
    from keras import layers

    traces = []

    class Traced(layers.Layer):
        def call(self, x, training=False):
            traces.extend(["training"] if training else [])
            return x

    x = keras.Input((6,))
    h = layers.BatchNormalization()(layers.Dropout(0.5)(layers.Dense(8)(x)))
    network = kind(x, layers.Dense(3, activation="softmax")(Traced()(h)))
    network.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    return network, traces


def trained_both_ways(kind, monkeypatch):
    """Train a network as after set_seed and as Keras does by itself; tell history and traces."""
    from ecomlab.seeds import _trainer, set_seed

    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(64, 6)).astype("float32"), rng.integers(3, size=64)
    set_seed(1)
    wrapped = _trainer()._maybe_symbolic_build
    told = []
    for build in (wrapped, wrapped.__wrapped__):
        set_seed(1)
        monkeypatch.setattr(_trainer(), "_maybe_symbolic_build", build)
        network, traces = small_network(kind)
        options = {"batch_size": 24, "epochs": 2, "verbose": 0, "validation_data": (x, y)}
        history = network.fit(x, y, **options).history
        told.append((history, network.predict(x, verbose=0), len(traces)))
        monkeypatch.undo()
    return told


def test_variables_made_beforehand_change_no_number_and_spare_a_trace(monkeypatch):
    import keras

    (history, answers, traces), (plain, plain_answers, more) = trained_both_ways(
        keras.Model, monkeypatch
    )
    assert history == plain
    assert np.array_equal(answers, plain_answers)
    # The last batch of a pass is smaller: it is traced, too, in either way.
    assert traces < more, (traces, more)


def test_a_training_step_of_its_own_gives_the_same_numbers(monkeypatch):
    import keras

    class Own(keras.Model):
        def train_step(self, data):
            return super().train_step(data)

    (history, _, traces), (plain, _, more) = trained_both_ways(Own, monkeypatch)
    # Its metrics still make theirs in the first trace: nothing is spared here, and nothing added.
    assert history == plain and traces == more
