"""Faults on purpose: kills, full disks, two nights at once, jumping clocks, busy readers, broken bytes.

`python -m tests.campaign` runs all of it for hours and prints what was tried and what was found;
`make campaign` does the same. Short versions of every part are tests of the suite. The house under
attack is always worked by the product's own commands; whether it is right afterwards is judged by
code of its own that knows the files, not the product (`onlooker`).
"""
