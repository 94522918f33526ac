"""A shop's own orders: read, checked, modelled, reported."""
