"""`python -m gophergate` is the command `gophergate`."""

from __future__ import annotations

from gophergate.cli.main import main

if __name__ == "__main__":
    main()
