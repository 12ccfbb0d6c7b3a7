"""Program to events to findings: the probe, the session, the runner in the child and its supervisor."""
