"""Keeps the network side of Azure-to-Azure disaster recovery as declared.

The way data flows; every arrow is a function that can be called alone:

     Azure (ARM)            netmap.yaml, options
         │ gateway.reading       │ settings
         ▼                       ▼
     models.Inventory        settings.Settings
         └──────────┬────────────┘
                    ▼ planning.planner, which asks rules/ (pure)
              planning.Plan ──► report/ (text, JSON, Markdown, CSV, HTML), plan_file
                    │ applying.driver: the scheduler decides, the gateway acts
                    ▼
              applying.Outcome for each change
                    │
             verify = read again and plan again; what is left is drift

Reading comes before deciding, writing after it. Deciding is pure: no I/O, no clock, no SDK types.
Where to look:

* a documented rule, and why an address was chosen -- `rules/`, one file for each family
* what stops a plan from doing harm -- `planning/safety.py`
* what `verify` looks at around the networks -- `planning/estate_findings/`, one file for each
  family; what every code of a finding means -- `planning/finding_codes/`
* the few calls that change anything -- `gateway/changing.py`; what may be sent at all --
  `gateway/guard.py`
* what happens when one of forty changes fails -- `applying/scheduler.py`
* Azure's quirks -- ``grep -rn "# ARM:" asr_netmap``
* the fake Resource Manager -- `sandbox/`; what of it has no source is listed in
  ``sandbox/INVENTED.md``

`api` is the public surface. A test reads the imports and holds who may import whom.
"""

__version__ = "0.1.0"
