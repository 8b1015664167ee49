from suyuan.evidence.models.bundles import BundleExport
from suyuan.evidence.models.hearing import Interview, InterviewSupplement, Observation
from suyuan.evidence.models.items import CustodyEntry, Item
from suyuan.evidence.models.makings import Making
from suyuan.evidence.models.pictures import Picture
from suyuan.evidence.models.requests import EvidenceRequest, Need
from suyuan.evidence.models.rights import CopiedItem, CopyHandover, CopySet, Seal, SealedItem, SealOpening

__all__ = [
    "BundleExport",
    "CopiedItem",
    "CopyHandover",
    "CopySet",
    "CustodyEntry",
    "EvidenceRequest",
    "Interview",
    "InterviewSupplement",
    "Item",
    "Making",
    "Need",
    "Observation",
    "Picture",
    "Seal",
    "SealOpening",
    "SealedItem",
]
