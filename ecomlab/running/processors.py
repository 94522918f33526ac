"""How many threads a kernel takes, and how it is made to compute as on another processor.

Both are there for the same numbers everywhere.
"""

_THREAD_LIMITS = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)


def environment_of_threads(number=1):
    """Return the environment variables under which a kernel takes so many threads.

    Two kernels on two cores that take two threads each wait for each other: small matrices
    then cost up to twice the processor's time. And sums are added up in another order where
    there are more threads, so one thread gives the same digits on two cores and on sixteen.

    Parameters
    ----------
    number : int

    Returns
    -------
    dict of str to str
        For `ecomlab.running.one.run`'s `environment`.
    """
    return dict.fromkeys(_THREAD_LIMITS, str(number))


def environment_of_another():
    """Return the environment variables under which a kernel computes as on another processor.

    The libraries choose their code by what the processor can do, and each choice adds up
    and sorts in an order of its own. On a processor with AVX-512 the variables stand for
    one with AVX2 only, as in most laptops; on any other for one a step older still.
    TensorFlow's own kernels are compiled for one processor and stay as they are, the
    matrix products that it leaves to oneDNN change.

    Returns
    -------
    dict of str to str
        For `ecomlab.running.one.run`'s `environment`. Only features that this processor has
        are named: NumPy warns of others.
    """
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    # Read afresh where a program is started, so they act in a new process only.
    chosen = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
    wide = [name for name in chosen if name == "X86_V4" or name.startswith("AVX512")]
    environment = {"NPY_DISABLE_CPU_FEATURES": " ".join(wide or chosen)}
    if __cpu_features__["SSE2"]:  # any x86
        isa, core, faiss = ("AVX2", "Haswell", "AVX2") if wide else ("SSE41", "Nehalem", "NONE")
        environment |= {
            "ONEDNN_MAX_CPU_ISA": isa,
            "OPENBLAS_CORETYPE": core,
            "FAISS_SIMD_LEVEL": faiss,
        }
    return environment
