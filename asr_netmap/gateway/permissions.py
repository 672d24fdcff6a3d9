"""What the identity may do in a resource group, read before replication is enabled."""

from __future__ import annotations

from asr_netmap.arm_id import ArmId
from asr_netmap.gateway.connection import Connection
from asr_netmap.planning.rights_findings import Permission

# Microsoft Learn, Permissions - List For Resource Group.
PERMISSIONS_API = "2022-04-01"
PERMISSIONS_TYPE = "Microsoft.Authorization/permissions"


def read_permissions(connection: Connection, group: ArmId) -> tuple[Permission, ...]:
    """The caller's own rights at a group and above. Raises AzureErrors."""
    rows = connection.rows(f"{group}/providers/{PERMISSIONS_TYPE}", PERMISSIONS_API)
    return tuple(
        Permission(
            tuple(map(str, row.get("actions") or ())), tuple(map(str, row.get("notActions") or ()))
        )
        for row in rows
    )
