"""Staff pages across contexts: my day, lists, the case page, the telephone page. Writes nothing by itself."""
