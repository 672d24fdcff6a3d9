"""The bundle for Azure Automation: one wheel, one runbook, a Bicep file and a page of steps.

    requirements.lock ──► lock.pins_for(target)         which wheels, with which hashes
    pip, or a folder  ──► fetching.wheels               those wheels, hashes checked
                          contents.gather               their files, less what trimming leaves out
                          wheel_file.wheel_bytes        one wheel, the same bytes on every run
    templates/        ──► deployment.files              runbook, Bicep, steps
                          folder.write_folder           all of it at once, or nothing

`building.build` is the way through. The lock in this folder is a copy of the project's own, so
that an installed program can build, too.
"""
