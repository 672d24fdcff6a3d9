"""The only door to Azure: our types in, our types out, our errors.

    connection   who we are and where: credentials, cloud, clients over one pipeline
    pipeline     what every request goes through: guard, retry, host pin, token, log
    transport    how it reaches the network, and how long an answer may take
    reading      one vault and the networks around it -> Inventory
    changing     the few calls that change anything
    translate    Azure's bodies -> models;  patch  the way back for a replicated item
    failure      every SDK exception and error body -> asr_netmap.errors

Nothing here is imported before it is used: the SDKs cost half a second to load, and ``--help``
needs none of them. Import from the modules, not from this package.
"""
