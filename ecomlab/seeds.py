"""One helper for every source of chance, so that a lesson gives the same numbers twice."""


def set_seed(seed):
    """Seed Python, NumPy and TensorFlow, and ask TensorFlow for repeatable operations.

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
