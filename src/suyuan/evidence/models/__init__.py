from suyuan.evidence.models.bundles import BundleExport
from suyuan.evidence.models.items import CustodyEntry, Item

__all__ = ["BundleExport", "CustodyEntry", "Item"]
