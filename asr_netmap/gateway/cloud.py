"""Which Azure: one value drives the endpoint, the token's scope, the authority and the host pin.

The SDKs keep these apart, so a stray environment variable can send a token for one cloud to
another; here they can't be split. Values: Microsoft Learn, Azure sovereign cloud endpoints, and
azure-mgmt-core's table of Resource Manager endpoints.
"""

from __future__ import annotations

from enum import Enum


class Cloud(str, Enum):
    """An Azure cloud, by az CLI's name."""

    PUBLIC = "AzureCloud"
    US_GOVERNMENT = "AzureUSGovernment"
    CHINA = "AzureChinaCloud"

    @property
    def endpoint(self) -> str:
        """Base URL of Azure Resource Manager, without a slash at the end."""
        return f"https://{self.host}"

    @property
    def host(self) -> str:
        """The host name of Azure Resource Manager."""
        return _HOSTS[self]

    @property
    def scope(self) -> str:
        """What a token is asked for."""
        return _SCOPES[self]

    @property
    def authority(self) -> str:
        """Host of the Microsoft Entra endpoint that gives tokens."""
        return _AUTHORITIES[self]

    @property
    def regional_suffix(self) -> str:
        """What the names of the regional hosts of Resource Manager end with."""
        # ARM: a Site Recovery PUT was answered with a polling URL on a regional host of
        # Resource Manager (Azure PowerShell recording, 2021), so the token may go there, too.
        return f".{self.host}"


_HOSTS = {
    Cloud.PUBLIC: "management.azure.com",
    Cloud.US_GOVERNMENT: "management.usgovcloudapi.net",
    Cloud.CHINA: "management.chinacloudapi.cn",
}
_SCOPES = {
    Cloud.PUBLIC: "https://management.azure.com/.default",
    Cloud.US_GOVERNMENT: "https://management.core.usgovcloudapi.net/.default",
    Cloud.CHINA: "https://management.chinacloudapi.cn/.default",
}
_AUTHORITIES = {
    Cloud.PUBLIC: "login.microsoftonline.com",
    Cloud.US_GOVERNMENT: "login.microsoftonline.us",
    Cloud.CHINA: "login.chinacloudapi.cn",
}
