"""Entry point of `pitfallcheck` and `python -m pitfallcheck`: answers `--version` alone, leaves the rest to `cli`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns the exit status."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from pitfallcheck import __version__

        print(f"pitfallcheck {__version__}")
        return 0
    from pitfallcheck.cli import main as cli_main

    return cli_main()


if __name__ == "__main__":
    # `python -m` put the working directory first, where a user's own `random.py` would shadow the library's.
    if not sys.flags.safe_path:
        del sys.path[0]
    sys.exit(main())
