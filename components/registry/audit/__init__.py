"""Who changed what, and when: entries that are only added, each with the digest of the last."""

from components.registry.audit.log import AuditLog
from components.registry.audit.record import Record

__all__ = ["AuditLog", "Record"]
