"""First file of an observed process; run by its path, so that nothing of the user's is on `sys.path` yet."""

import os
import sys

if __name__ == "__main__":
    at_start = frozenset(sys.modules)
    # Python put this file's own folder first; the program is to find what `python program.py` would find there.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from pitfallcheck.observe import runner

    del sys.path[0]
    runner.main(sys.argv[1], at_start)
