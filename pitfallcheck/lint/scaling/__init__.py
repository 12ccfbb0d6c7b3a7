"""Which numbers an array visibly holds, what scaled them on the way, and which network they are fed to."""
