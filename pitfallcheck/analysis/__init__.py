"""Numbers about a training problem: curvature, stability, forecasts, affine fits; NumPy alone, no framework."""
