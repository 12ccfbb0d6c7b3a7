"""What `pitfallcheck run` adds to a program that needs NumPy alone: seconds above `python` running it."""

from __future__ import annotations

from timing import PITFALLCHECK, PYTHON, finish, line, medians, run

PROGRAM = "fixtures/reused_buffer/broken_next_twice.py"
RUNS, LIMIT = 15, 0.5

if __name__ == "__main__":
    bare, ours = medians(lambda: run([PYTHON, PROGRAM])[0], lambda: run([PITFALLCHECK, "run", PROGRAM], (1,))[0], RUNS)
    measured = f"{ours:.2f} s against {bare:.2f} s: {ours - bare:.2f} s more"
    finish([line("pitfallcheck run / python, NumPy only (B3)", measured, f"{LIMIT} s more", kept=ours - bare <= LIMIT)])
