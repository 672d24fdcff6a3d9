"""Azure regions: the short name ARM uses and the name that Site Recovery shows.

Short and display names: Microsoft Learn, "List of Azure regions".
"""

from __future__ import annotations

DISPLAY_NAMES = {
    "eastasia": "East Asia",
    "southeastasia": "Southeast Asia",
    "eastus": "East US",
    "eastus2": "East US 2",
    "westus": "West US",
    "westus2": "West US 2",
    "westus3": "West US 3",
    "centralus": "Central US",
    "northcentralus": "North Central US",
    "southcentralus": "South Central US",
    "westcentralus": "West Central US",
    "canadacentral": "Canada Central",
    "canadaeast": "Canada East",
    "brazilsouth": "Brazil South",
    "northeurope": "North Europe",
    "westeurope": "West Europe",
    "uksouth": "UK South",
    "ukwest": "UK West",
    "francecentral": "France Central",
    "germanywestcentral": "Germany West Central",
    "switzerlandnorth": "Switzerland North",
    "norwayeast": "Norway East",
    "swedencentral": "Sweden Central",
    "italynorth": "Italy North",
    "polandcentral": "Poland Central",
    "australiaeast": "Australia East",
    "australiasoutheast": "Australia Southeast",
    "japaneast": "Japan East",
    "japanwest": "Japan West",
    "koreacentral": "Korea Central",
    "koreasouth": "Korea South",
    "centralindia": "Central India",
    "southindia": "South India",
    "uaenorth": "UAE North",
    "southafricanorth": "South Africa North",
    "qatarcentral": "Qatar Central",
    "israelcentral": "Israel Central",
    "usgovvirginia": "USGov Virginia",
    "usgovtexas": "USGov Texas",
    "usgovarizona": "USGov Arizona",
    "chinaeast2": "China East 2",
    "chinanorth3": "China North 3",
}


def short_name(text: str) -> str:
    """`East Asia` and `eastasia` are one region; ARM answers with the short name."""
    return text.replace(" ", "").lower()


def display_name(region: str) -> str:
    """Return the shown name of a region; an unlisted one shows as it is written."""
    return DISPLAY_NAMES.get(short_name(region), region)
