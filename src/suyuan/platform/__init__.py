"""What every context stands on: chain, texts, jobs, files, keys, access log, holds, search, clock, HTTP."""
