"""Reading evidence. Whoever asks has opened the door of what it belongs to, and says which compartments stand open."""
