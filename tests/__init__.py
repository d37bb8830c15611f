"""Proof that the warehouse says what happened."""
