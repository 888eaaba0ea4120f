"""A soak of the desk: days of customers, faults and killed processes in minutes, and a count of what went wrong.

`python -m tools.soak --seed 7` is the whole command; `docs/reliability.md` holds its last table. The networks' clock
and the desk's stand still while the desk's processes work and are moved on between two rounds, so that a day passes as
fast as the machine can work, and every deadline, window and lease still means what it says.
"""
