"""What is wrong with a shop's data."""

from ecomlab.errors import UserError


class OrdersError(UserError):
    """A shop's data cannot be used; the message lists every reason with row numbers."""
