"""Findings to text, JSON and other forms; one module each."""
