"""Follows array shapes through a file without running it: what rank does this expression visibly have?"""
