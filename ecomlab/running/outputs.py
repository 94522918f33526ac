"""An IPython extension that lets a kernel keep every output until it is read, and end at once.

ZMQ keeps a thousand messages for a reader that is slower than the writer, and drops the rest
without a word. A cell that prints fast would lose lines, what it recorded, or the message that
says that the cell is done, and the run would wait for it in vain.

A kernel that is told to end also waits, in two places. Its answer to that is written by one
thread through another, which may have been closed meanwhile: then it waits until it is killed,
two and a half seconds later. And Python looks for cycles among all objects that are left,
although the system takes the memory back anyway: with TensorFlow, a second of the processor.
"""

import atexit
import gc


def load_ipython_extension(shell):
    """Lift the limit as the first cell starts: it can be lifted once a reader is connected."""
    import zmq

    def lift(_cell):
        shell.events.unregister("pre_run_cell", lift)
        thread = shell.kernel.iopub_thread
        thread.schedule(lambda: thread.socket.setsockopt(zmq.SNDHWM, 0))

    def end():
        answering = shell.kernel.control_thread
        if answering and answering.is_alive():
            answering.join(1)
        gc.freeze()

    shell.events.register("pre_run_cell", lift)
    atexit.register(end)  # so it runs before the kernel closes its threads
