"""`python -m ecomlab` is the command line."""

from ecomlab.cli import main

main()
