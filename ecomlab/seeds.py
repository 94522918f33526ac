"""One helper for every source of chance, so that a lesson gives the same numbers twice."""

import functools

__all__ = ["set_seed", "switch_autotuner_off", "trace_once"]


def set_seed(seed):
    """Seed Python, NumPy and TensorFlow, and ask TensorFlow for repeatable operations.

    As every lesson calls this before it trains, it also spares `fit`, `evaluate` and
    `predict` two waits that change no number; see `switch_autotuner_off` and `trace_once`.

    Parameters
    ----------
    seed : int
        The same seed on the same machine gives the same numbers. Another machine may
        round differently, so results there agree within a band, not to the last digit.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    switch_autotuner_off()
    trace_once()


def switch_autotuner_off():
    """Let Keras read arrays without tf.data's autotuner, which makes passes wait at random.

    The autotuner's thread sleeps 10 ms, then 20, 40 and so on. At the end of a pass it is
    woken, but the flag that ends it is set a moment later: if the thread is quicker, it
    sleeps on, and the pass lasts until then, up to twice its time (TensorFlow 2.21: half of
    all passes on two cores). Arrays in memory have nothing to tune.
    """
    import tensorflow as tf

    adapter = _array_adapter()
    # None: a newer Keras has moved it, and passes may wait. Wrapped: done before.
    if adapter is None or hasattr(adapter.get_tf_dataset, "__wrapped__"):
        return
    plain = adapter.get_tf_dataset

    @functools.wraps(plain)
    def get_tf_dataset(self):
        options = tf.data.Options()
        options.autotune.enabled = False
        return plain(self).with_options(options)

    adapter.get_tf_dataset = get_tf_dataset


def trace_once():
    """Let Keras make a network's variables before it traces the training step, so only once.

    The optimizer and the metrics make theirs in the first step. TensorFlow traces that step,
    finds new variables in it, and traces it again: a third of the time of a short training
    (Keras 3.15 on TensorFlow 2.21). With its other backends Keras makes them beforehand. It
    does so here, too, for a network whose layers are built; where it has a training step of
    its own, only the optimizer's.
    """
    trainer = _trainer()
    # None: a newer Keras has moved it, and each training takes longer. Wrapped: done before.
    if trainer is None or hasattr(trainer._maybe_symbolic_build, "__wrapped__"):
        return
    deferred = trainer._maybe_symbolic_build

    @functools.wraps(deferred)
    def build_beforehand(self, iterator=None, data_batch=None):
        shapes = getattr(iterator, "_distributed_dataset", None)
        built = all(layer.built for layer in self._flatten_layers(include_self=False))
        if not built or self._distribute_strategy is not None:  # Keras itself builds for those
            return deferred(self, iterator, data_batch)
        if type(self).train_step is trainer.train_step and self.built and shapes is not None:
            # The shapes are enough. A batch of photos would be drawn from a shuffled order.
            self._symbolic_build(data_batch=shapes.element_spec)
        elif self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)

    trainer._maybe_symbolic_build = build_beforehand


def _array_adapter():
    """Return the class with which Keras reads arrays, private to Keras; None where it is not."""
    try:
        from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
    except ImportError:
        return None
    return ArrayDataAdapter if hasattr(ArrayDataAdapter, "get_tf_dataset") else None


def _trainer():
    """Return Keras' trainer on TensorFlow, private to Keras; None where it is not."""
    try:
        from keras.src.backend.tensorflow.trainer import TensorFlowTrainer
    except ImportError:
        return None
    whole = hasattr(TensorFlowTrainer, "_maybe_symbolic_build")
    return TensorFlowTrainer if whole else None
