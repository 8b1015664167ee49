from suyuan.evidence.models.items import CustodyEntry, Item

__all__ = ["CustodyEntry", "Item"]
