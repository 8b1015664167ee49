"""Papers: a document described as data becomes a PDF that looks the same everywhere and for ever.

    pdf = paper_render(document, at=signed_at, pictures=[png, svg])

The document is what a page shows too: a head, sections of blocks, a foot (`papers/shapes/paper.typ` lists the blocks); with
`shape: letter` it is a letter for an envelope with a window (`letter.typ`). It
is data and is never evaluated. Only our own fonts are used, so the same document gives the same bytes on every machine;
`at` is the only time in it. PDF/A-2a and PDF/UA-1: readable in thirty years, and read aloud.
"""
from suyuan.platform.papers.render import PaperFailed, paper_pages, paper_render, picture_kind

__all__ = ["PaperFailed", "paper_pages", "paper_render", "picture_kind"]
