"""Reads what a file trains towards: the network's output, the loss, the labels and the metrics, side by side."""
