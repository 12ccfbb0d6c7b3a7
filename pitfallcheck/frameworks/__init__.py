"""The only place that names keras, tensorflow, torch or jax; a framework is asked for, never imported."""
