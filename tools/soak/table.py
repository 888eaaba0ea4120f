"""The soak's result as a table for people."""

from __future__ import annotations

from collections.abc import Mapping

from tools.soak.run import Plan, Result


def markdown(plan: Plan, results: Mapping[str, Result]) -> str:
    """One column a database, one row a figure; what went wrong stands under it."""
    stores = list(results)
    lines = [
        f"`python -m tools.soak --items {plan.items} --hours {plan.hours:g} --tick {plan.tick_min:g} "
        f"--replies {plan.replies:g} --seed {plan.seed}`",
        "",
        "| | " + " | ".join({"sqlite": "SQLite", "postgres": "PostgreSQL"}[store] for store in stores) + " |",
        "|---|" + "---:|" * len(stores),
    ]
    names = dict.fromkeys(name for result in results.values() for name in result.figures())
    for name in names:
        lines.append(f"| {name} | " + " | ".join(str(results[store].figures().get(name, 0)) for store in stores) + " |")
    broken = [f"- {store}: {fault}" for store, result in results.items() for fault in result.verdict.faults]
    broken += [f"- {store}, told: {one}" for store, result in results.items() for one in result.verdict.told]
    lines += ["", *(broken or ["Nothing missed, nothing doubled, no reply lost, no reply sent twice."]), ""]
    return "\n".join(lines)
