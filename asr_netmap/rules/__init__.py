"""The documented rules, one file a family: pure functions from models and settings to decisions.

Every decision names the branch that was taken and gives a reason that users are shown. Where a
branch follows a document, its docstring names it:

* 2017 -- Microsoft Docs, "Network mapping between two Azure regions", 2017-11-21.
* 2026 -- Microsoft Learn, "azure-to-azure-network-mapping", 2026-02-12.
"""
