"""The command line, `ecomlab`: one module a group of commands. None imports TensorFlow."""
