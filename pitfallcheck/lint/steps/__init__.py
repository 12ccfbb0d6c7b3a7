"""Reads a training step: which calls run in which order, in which loop, under which conditions, on which optimizer."""
