"""Source to findings: discover, screen, parse, judge, fix; nothing that is read is ever run."""
