from suyuan.evidence.models.bundles import BundleExport
from suyuan.evidence.models.hearing import Interview, InterviewSupplement, Observation
from suyuan.evidence.models.items import CustodyEntry, Item
from suyuan.evidence.models.pictures import Picture
from suyuan.evidence.models.requests import EvidenceRequest, Need

__all__ = [
    "BundleExport",
    "CustodyEntry",
    "EvidenceRequest",
    "Interview",
    "InterviewSupplement",
    "Item",
    "Need",
    "Observation",
    "Picture",
]
