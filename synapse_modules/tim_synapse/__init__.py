"""TI-M rules for a stock Synapse: `modules: [{module: tim_synapse.TimModule, config: {...}}]`."""

from tim_synapse.module import TimModule

__all__ = ["TimModule"]
