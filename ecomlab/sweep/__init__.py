"""Many runs of one notebook on Dask: the grid, the client, the workers, the table."""

from ecomlab.sweep.grid import parse_grid, plan

__all__ = ["parse_grid", "plan"]
