"""``python -m symloss``: the command line, for an interpreter whose scripts are not on the path."""

from __future__ import annotations

from symloss.cli import main

if __name__ == "__main__":
    main()
