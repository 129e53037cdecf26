"""The points of the contract gate."""

from __future__ import annotations

VALID = "contract: valid, clean, its examples too"
GENERATED = "generated code: without drift"
DOCUMENTED = "contract: what the documentation says"
RELEASED = "contract: against the released one"
PRISM = "Prism: obeys the contract"
SCHEMATHESIS = "simulator: obeys the contract"
MODEL = "simulator: lives as the model does"
PROXY = "simulator and client: clean through Prism's proxy"
SEEDED_FAULTS = "simulator: each seeded fault is caught"
FIDELITY = "client: says on the wire what was said"
MUTANTS = "client: each mutant is caught"
TARGETS = "client: the same against every target"
VENDOR = "the vendor's own SDK: works unchanged"

POINTS = (
    *(VALID, GENERATED, DOCUMENTED, RELEASED, PRISM, SCHEMATHESIS, MODEL, PROXY, SEEDED_FAULTS),
    *(FIDELITY, MUTANTS, TARGETS, VENDOR),
)
