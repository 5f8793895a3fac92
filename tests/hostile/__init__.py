"""Whole files in every dress, and texts that have broken other programs."""
