"""What a job says that was given nothing to do."""

from __future__ import annotations

EXPLANATION = """\
asr-netmap as a runbook: it keeps the network side of Azure-to-Azure disaster recovery as declared.

Give it one parameter, in any of these forms:

  netmap                                   an Automation variable that holds a netmap.yaml
  verify --config netmap --fail-on-drift   words, as on a command line
  {"mode": "finish", "config": "netmap"}   JSON with the same names
  {"mode": "verify", "settings": {...}}    JSON with the netmap.yaml inside

Modes:
  verify   reads and reports what is not as declared; writes nothing (default)
  finish   sets NICs that nobody has set yet, and carries out an approved plan:
           finish --config netmap --plan approved --expect-sha256 HEX
  apply    carries out what is declared; creates no network, re-points nothing and overwrites
           nobody's value unless the configuration says so

Often used:
  --only vm=app1,network=vnet-app   a part of it
  --fail-on-drift                   fail the job if something is not as declared
  --window "Sat,Sun 22:00-04:00"    write only then (UTC)
  --deadline 90m                    start nothing after that; default 2 h 45 min
  --max-changes 50                  refuse more changes
  --max-failures 1                  stop after so many; 1 is the default
  --client-id GUID                  the user-assigned identity to use
  --format markdown                 or json, csv
  --help                            all of them

Exit codes: 0 done, also with something pending; 1 error; 2 usage; 3 drift, if asked for;
4 refused; 5 incomplete; 6 outcome unknown. The last line of every job is JSON."""
