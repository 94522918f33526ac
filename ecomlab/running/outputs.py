"""An IPython extension that lets a kernel keep every output until it is read.

ZMQ keeps a thousand messages for a reader that is slower than the writer, and drops the rest
without a word. A cell that prints fast would lose lines, what it recorded, or the message that
says that the cell is done, and the run would wait for it in vain.
"""


def load_ipython_extension(shell):
    """Lift the limit as the first cell starts: it can be lifted once a reader is connected."""
    import zmq

    def lift(_cell):
        shell.events.unregister("pre_run_cell", lift)
        thread = shell.kernel.iopub_thread
        thread.schedule(lambda: thread.socket.setsockopt(zmq.SNDHWM, 0))

    shell.events.register("pre_run_cell", lift)
