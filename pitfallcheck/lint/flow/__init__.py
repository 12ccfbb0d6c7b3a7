"""What values of a file come from: which binding reaches a name, how long an array is, what a draw can reach."""
