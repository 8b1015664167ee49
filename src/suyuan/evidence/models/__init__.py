from suyuan.evidence.models.bundles import BundleExport
from suyuan.evidence.models.items import CustodyEntry, Item
from suyuan.evidence.models.pictures import Picture

__all__ = ["BundleExport", "CustodyEntry", "Item", "Picture"]
