"""`python -m ecomlab` is the command line."""

from ecomlab.cli.main import main

main()
