"""How long a night takes at a million and ten million calls, beside hand-written SQL over the same files."""
