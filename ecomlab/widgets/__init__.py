"""Playgrounds: small interactive figures, each with a still figure beside it in its lesson.

Every playground returns an ipywidgets widget that answers the keyboard as well as the mouse,
and None where `ECOMLAB_HEADLESS=1`: a run by papermill has nobody to move a slider.
"""

from ecomlab.widgets.attention import attention_map
from ecomlab.widgets.gates import gate_reader
from ecomlab.widgets.kernel import KERNEL_PRESETS, kernel_playground
from ecomlab.widgets.neuron import neuron_playground
from ecomlab.widgets.recommendations import recommendation_list
from ecomlab.widgets.threshold import threshold_playground
from ecomlab.widgets.vae_map import vae_map

__all__ = [
    "KERNEL_PRESETS",
    "attention_map",
    "gate_reader",
    "kernel_playground",
    "neuron_playground",
    "recommendation_list",
    "threshold_playground",
    "vae_map",
]
