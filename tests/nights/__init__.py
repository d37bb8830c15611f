"""Any split of one company's history into nights: its files, what may be edited, and quick nights."""
